//! One run of cargo. It does not decide when to build, nor what happens to the libraries.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cargo_metadata::{Artifact, Message};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
    time::interval,
};

use super::{
    output::BuildOutput,
    packages::{MANIFEST, Workspace, cargo},
};
use crate::duration::Shown;

/// How often a long build is reported as still running.
const REPORT_EVERY: Duration = Duration::from_secs(15);
/// How long after a write the change of a file may be noticed.
const SEEN_WITHIN: Duration = Duration::from_millis(50);
/// Processes that cargo leaves running may keep its pipes open: after this time no more output is expected.
const DRAIN_PIPES: Duration = Duration::from_millis(200);
/// Cargo's message when another cargo is using the same target folder.
const LOCKED: &str = "Blocking waiting for file lock on ";

/// The result of a build.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The libraries that were built, by package id.
    pub(super) libraries: BTreeMap<String, PathBuf>,
    /// The compiler's warnings; empty if there are none.
    pub(super) warnings: String,
    pub(super) failed: Option<Failed>,
}

/// Why something was not built.
#[derive(Debug)]
pub(super) struct Failed {
    /// The position and message of the first error.
    pub(super) first: Option<String>,
    /// All output of the compiler, or of cargo.
    pub(super) output: String,
    pub(super) status: ExitStatus,
}

/// Packages whose build script has not run yet in this build, and when the last one ran.
#[derive(Debug, Clone)]
pub(super) struct Scripts(Arc<Mutex<(BTreeSet<String>, Option<Instant>)>>);

impl Scripts {
    fn begin(pending: BTreeSet<String>) -> Scripts {
        Scripts(Arc::new(Mutex::new((pending, None))))
    }

    fn locked(&self) -> MutexGuard<'_, (BTreeSet<String>, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_run(&self, package: &str) {
        let mut scripts = self.locked();
        if scripts.0.remove(package) {
            scripts.1 = Some(Instant::now());
        }
    }

    /// Whether a file that is seen to change now may have been written by the build.
    pub(super) fn may_write(&self) -> bool {
        let scripts = self.locked();
        !scripts.0.is_empty() || scripts.1.is_some_and(|last| last.elapsed() < SEEN_WITHIN)
    }
}

/// A run of cargo. Dropping it kills it, with everything it has started.
#[derive(Debug)]
pub(super) struct Build {
    child: Child,
    group: Group,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
    cogs: BTreeSet<String>,
    scripts: Scripts,
}

impl Build {
    /// Starts to build all cogs of a workspace, for another target if one is given.
    pub(super) fn start(workspace: &Workspace, is_release: bool, target: Option<&str>) -> io::Result<Build> {
        let mut command = Command::from(cargo());
        // If one fails, the others are still built.
        command.args(["build", "--keep-going", "--message-format", "json", "--manifest-path"]);
        command.arg(workspace.root.join(MANIFEST));
        if is_release {
            command.arg("--release");
        }
        command.args(target.map(|target| ["--target", target]).into_iter().flatten());
        // By id: two packages among a workspace's dependencies may have the same name.
        command.args(workspace.cogs.iter().flat_map(|cog| ["--package", &cog.id]));
        command
            // The working directory determines cargo's configuration and the toolchain.
            .current_dir(workspace.folders.iter().find(|folder| folder.is_dir()).unwrap_or(&workspace.root))
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Killing cargo does not kill the compilers that it started.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Build {
            child,
            group,
            stdout: BufReader::new(stdout).lines(),
            stderr: BufReader::new(stderr).lines(),
            cogs: workspace.cogs.iter().map(|cog| cog.id.clone()).collect(),
            scripts: Scripts::begin(workspace.scripts.clone()),
        })
    }

    /// The state of the build scripts, updated during the build.
    pub(super) fn scripts(&self) -> Scripts {
        self.scripts.clone()
    }

    /// Waits until it ends; `arrived` receives all libraries so far whenever another one is built, with its package id.
    pub(super) async fn end(
        mut self,
        mut arrived: impl FnMut(&BTreeMap<String, PathBuf>, &str),
    ) -> io::Result<Outcome> {
        let since = Instant::now();
        let mut still = interval(REPORT_EVERY);
        still.tick().await;
        let (mut output, mut libraries, mut done) = (BuildOutput::default(), BTreeMap::new(), 0_usize);
        let (mut reads_messages, mut reads_errors) = (true, true);
        let mut ended = None;
        while reads_messages || reads_errors {
            tokio::select! {
                biased;
                line = self.stdout.next_line(), if reads_messages => match line? {
                    Some(line) => {
                        // Output printed by macros is not a message.
                        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
                        done += usize::from(matches!(message, Message::CompilerArtifact(_)));
                        if let Some((package, library)) = self.take(message, &mut output) {
                            libraries.insert(package.clone(), library);
                            arrived(&libraries, &package);
                        }
                    }
                    None => reads_messages = false,
                },
                line = self.stderr.next_line(), if reads_errors => match line? {
                    Some(line) => match line.trim_start().strip_prefix(LOCKED) {
                        Some(what) => tracing::info!("waiting for another cargo, which uses the {what}"),
                        None => output.cargo_says(&line),
                    },
                    None => reads_errors = false,
                },
                status = self.child.wait(), if ended.is_none() => ended = Some(status?),
                () = tokio::time::sleep(DRAIN_PIPES), if ended.is_some() => break,
                _ = still.tick() => {
                    let seconds = Duration::from_secs(since.elapsed().as_secs());
                    tracing::info!("still building after {}: {done} crates so far", Shown(seconds));
                }
            }
        }
        let status = match ended {
            Some(status) => status,
            None => self.child.wait().await?,
        };
        // Whatever is still running, such as a compiler cache's server, must be left running.
        self.group.0 = None;
        let failed = (!status.success()).then(|| Failed {
            first: output.first_error(),
            output: output.errors(),
            status,
        });
        Ok(Outcome { libraries, warnings: output.warnings(), failed })
    }

    /// The library of a cog and its package id, if the message is about one.
    fn take(&self, message: Message, output: &mut BuildOutput) -> Option<(String, PathBuf)> {
        match message {
            Message::CompilerMessage(message) => output.compiler_says(&message.message),
            Message::BuildScriptExecuted(script) => self.scripts.has_run(&script.package_id.repr),
            // Cargo sends it once the library is complete and in place.
            Message::CompilerArtifact(Artifact { package_id, filenames, .. })
                if self.cogs.contains(&package_id.repr) =>
            {
                let is_library = |file: &PathBuf| {
                    file.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
                };
                let library = filenames.into_iter().map(PathBuf::from).find(is_library);
                return library.map(|library| (package_id.repr, library));
            }
            _ => {}
        }
        None
    }
}

/// The process group of a build; `None` once it has ended.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Cargo and rustc leave no partial output that they would take for complete.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
