//! Rebuilds cogs from their sources while the host runs: an edit of a source is a new library a moment later.
//! It loads nothing: the new library lands in the cogs folder, and the watcher there does the rest.
//!
//! The simplest folder is cargo's own, `target/debug` or `target/release`: cargo makes the finished library appear there
//! in one step, as a hard link, and the watcher tries such a file at once. Every other command must do likewise: write
//! elsewhere, and rename into the cogs folder.

mod package;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use notify::{EventKind, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::{process::Command, sync::mpsc, time::timeout};

use self::package::{is_source, package_of};
use crate::{
    config::{Build, TOKEN_VARIABLE},
    duration::Shown,
};

/// A build begins when no source has changed for so long: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(40);
/// The argument that stands for the changed package.
const PACKAGE: &str = "{package}";
/// What is shown of a failed build's output, in bytes; the first error counts.
const OUTPUT_MAX_BYTES: usize = 16 << 10;

/// Watches sources and builds, one build at a time.
#[derive(Debug)]
pub struct Rebuild {
    sources: PathBuf,
    command: Vec<String>,
    /// Where the command runs.
    folder: PathBuf,
}

impl Rebuild {
    /// For a section `[build]` of the config file in `folder`.
    pub fn new(build: &Build, folder: &Path) -> Rebuild {
        Rebuild { sources: build.sources.clone(), command: build.command.clone(), folder: folder.to_owned() }
    }

    /// Builds whenever sources have changed. Ends only when they cannot be watched, and says so in the log.
    pub async fn run(self) {
        let (send, mut changes) = mpsc::unbounded_channel();
        let _watcher = match self.watch(send) {
            Ok(watcher) => watcher,
            Err(error) => {
                return tracing::error!("cannot watch the sources in `{}`: {error}", self.sources.display());
            }
        };
        tracing::info!("cogs are rebuilt when their sources in `{}` change", self.sources.display());
        while let Some(first) = changes.recv().await {
            let mut files = BTreeSet::from([first]);
            // What changes during a build waits in the channel, and leads to another one.
            while let Ok(Some(file)) = timeout(SETTLE, changes.recv()).await {
                files.insert(file);
            }
            for package in self.changed(&files) {
                self.build(&package).await;
            }
        }
    }

    fn watch(&self, send: mpsc::UnboundedSender<PathBuf>) -> notify::Result<notify::RecommendedWatcher> {
        let sources = fs::canonicalize(&self.sources)?;
        let root = sources.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if !is_change(&event.kind) {
                return;
            }
            for path in event.paths.into_iter().filter(|path| is_source(&root, path)) {
                let _ = send.send(path);
            }
        })?;
        watcher.watch(&sources, RecursiveMode::Recursive)?;
        Ok(watcher)
    }

    /// What to build: each changed package; an empty name stands for everything, if the command takes no name.
    fn changed(&self, files: &BTreeSet<PathBuf>) -> BTreeSet<String> {
        if !self.command.iter().any(|argument| argument.contains(PACKAGE)) {
            return BTreeSet::from([String::new()]);
        }
        files.iter().filter_map(|file| package_of(file)).collect()
    }

    async fn build(&self, package: &str) {
        let arguments: Vec<String> =
            self.command.iter().map(|argument| argument.replace(PACKAGE, package)).collect();
        let what = if package.is_empty() { "the cogs".to_owned() } else { format!("`{package}`") };
        tracing::info!("building {what}");
        let since = Instant::now();
        match self.output(&arguments).await {
            Err(error) => tracing::error!("failed to run `{}`: {error}", arguments.join(" ")),
            Ok(output) if output.status.success() => {
                tracing::info!("built {what} in {}", Shown(since.elapsed()));
            }
            Ok(output) => {
                let words = readable(&output.stderr);
                tracing::error!(
                    output = %words,
                    "failed to build {what} ({}); what runs is left alone",
                    output.status
                );
            }
        }
    }

    async fn output(&self, arguments: &[String]) -> io::Result<std::process::Output> {
        let (program, arguments) = arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            // A build script is code of others, and needs no token.
            .env_remove(TOKEN_VARIABLE)
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
    }
}

fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) => false,
        EventKind::Modify(_) => true,
        EventKind::Any | EventKind::Other => false,
    }
}

/// The compiler's own words, without what cargo says of packages that were built well.
fn readable(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[..output.len().min(OUTPUT_MAX_BYTES)]);
    let is_noise = |line: &str| {
        ["Compiling ", "Checking ", "Finished ", "Blocking "]
            .iter()
            .any(|word| line.trim_start().starts_with(word))
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_noise(line)).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuild(command: &[&str], sources: &Path) -> Rebuild {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Rebuild { sources: sources.to_owned(), command, folder: sources.to_owned() }
    }

    #[test]
    fn each_changed_package_is_built_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = BTreeSet::new();
        for (path, name) in [("one", "first"), ("two", "second")] {
            fs::create_dir_all(folder.path().join(path).join("src")).unwrap();
            let manifest = format!("[package]\nname = \"{name}\"\n");
            fs::write(folder.path().join(path).join("Cargo.toml"), manifest).unwrap();
            files.insert(folder.path().join(path).join("src/lib.rs"));
            files.insert(folder.path().join(path).join("src/other.rs"));
        }
        let named = rebuild(&["cargo", "build", "-p", "{package}"], folder.path());
        assert_eq!(named.changed(&files), BTreeSet::from(["first".to_owned(), "second".to_owned()]));
        let whole = rebuild(&["make"], folder.path());
        assert_eq!(whole.changed(&files), BTreeSet::from([String::new()]));
    }

    #[test]
    fn the_compilers_words_are_kept_and_cargos_are_not() {
        let output =
            b"   Compiling ping v0.1.0 (/srv)\nerror[E0308]: mismatched types\n --> src/lib.rs:1:1\n\n";
        assert_eq!(readable(output), "error[E0308]: mismatched types\n --> src/lib.rs:1:1");
    }
}
