//! The program of this process: how it was started, whether another file can replace it, and the replacement itself. It
//! closes nothing: the caller has already done that.
#![allow(unsafe_code, reason = "sets dispositions of signals and flags of descriptors")]

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    mem::MaybeUninit,
    ops::Range,
    os::{
        fd::{AsRawFd, FromRawFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Output, Stdio},
    ptr,
    time::Duration,
};

use rustix::fs::{Access, access};

use super::{
    exit::{Exit, Failure},
    signals::is_ignored,
};
use crate::{
    config::TOKEN_VARIABLE,
    duration::Shown,
    error::denied,
    handover::{Inherited, MEMORY_NAME},
    text::OneLine,
};

/// How long each check of the new program may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);
/// All signal numbers of Linux.
const SIGNALS: Range<i32> = 1..65;
/// The environment variable with the process and the descriptor of what a host has left to the next program.
const HANDOVER_VARIABLE: &str = "GEARSHIFT_HANDOVER";
/// The first descriptor that a service manager hands over, see sd_listen_fds(3).
const FIRST_PASSED_DESCRIPTOR: i32 = 3;

/// How this process was started; a program that replaces it is started in the same way.
#[derive(Debug)]
pub(super) struct Started {
    /// The program's file, by its path at that time.
    file: io::Result<PathBuf>,
    /// Includes the name of the program.
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: io::Result<PathBuf>,
    ignored: Vec<i32>,
    /// What the previous program in this process has left.
    inherited_bytes: Option<Vec<u8>>,
}

/// A program that can replace this one.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) file: PathBuf,
    /// `gearshift 0.2.0`
    pub(super) version: String,
}

impl Started {
    /// Notes how the process was started; to be called before anything is changed.
    pub(super) fn note() -> Started {
        Started {
            file: own_file(),
            arguments: env::args_os().collect(),
            environment: env::vars_os().filter(|(name, _)| name != HANDOVER_VARIABLE).collect(),
            folder: env::current_dir(),
            ignored: SIGNALS.filter(|signal| is_ignored(*signal)).collect(),
            inherited_bytes: env::var(HANDOVER_VARIABLE).ok().and_then(|text| read_inherited(&text)),
        }
    }

    /// What the previous host in this process has left.
    pub(super) fn inherited(&self) -> Inherited {
        self.inherited_bytes.as_deref().map(Inherited::read).unwrap_or_default()
    }

    /// Checks whether a file, or else the current file at the path that this process was started from, can replace it:
    /// whether it is Gearshift, accepts the arguments and the config, and can serve the libraries.
    pub(super) async fn check_program(
        &self,
        file: Option<PathBuf>,
        libraries: &[PathBuf],
    ) -> Result<Program, Failure> {
        let failed = |text: String| Failure::new(Exit::Failed, text);
        let file = match (file, &self.file) {
            (Some(file), _) => file,
            (None, Ok(file)) => file.clone(),
            (None, Err(error)) => {
                return Err(failed(format!("cannot tell which file this host was started from: {error}"))
                    .help("name the new program: `gearshift upgrade FILE`".to_owned()));
            }
        };
        let shown = file.display();
        let found = fs::metadata(&file);
        let found =
            found.map_err(|source| failed(format!("`{shown}`: {source}{}", denied(&file, &source))))?;
        if !found.is_file() || access(&file, Access::EXEC_OK).is_err() {
            return Err(failed(format!("`{shown}` is not a program, or cannot be executed"))
                .help("name a program, and let this user execute it (`chmod +x`)".to_owned()));
        }
        let output = self.run(&file, &["--version".into()], "--version").await?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !version.starts_with("gearshift ") || version.lines().count() != 1 {
            return Err(failed(format!(
                "`{shown}` is not Gearshift: `--version` does not print a version of it"
            )));
        }
        let own = self.arguments.iter().skip(1).cloned();
        self.run(&file, &own.chain(["--dry-run".into()]).collect::<Vec<_>>(), "run --dry-run").await?;
        if !libraries.is_empty() {
            let libraries = libraries.iter().map(Into::into);
            let arguments: Vec<OsString> = ["inspect".into()].into_iter().chain(libraries).collect();
            self.run(&file, &arguments, "inspect").await.map_err(|failure| {
                let help = "build the cogs for the new program first; its `gearshift inspect` shows what is wrong with \
                    each"
                    .to_owned();
                failure.help(help)
            })?;
        }
        Ok(Program { file, version })
    }

    /// Runs the program until it ends; an error contains its output.
    async fn run(&self, file: &Path, arguments: &[OsString], what: &str) -> Result<Output, Failure> {
        let shown = file.display();
        let failed = |text: String| Failure::new(Exit::Failed, format!("`{shown} {what}` {text}"));
        let mut command = tokio::process::Command::new(file);
        command.args(arguments).env_clear().envs(self.environment.iter().cloned()).env_remove(TOKEN_VARIABLE);
        if let Ok(folder) = &self.folder {
            command.current_dir(folder);
        }
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let output = match tokio::time::timeout(CHECK_TIMEOUT, output).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(failed(format!("did not run: {error}"))),
            Err(_) => return Err(failed(format!("did not end within {}", Shown(CHECK_TIMEOUT)))),
        };
        if output.status.success() {
            return Ok(output);
        }
        if let Some(signal) = output.status.signal() {
            return Err(failed(format!("was ended by signal {signal}")));
        }
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said);
        let said: Vec<String> = said
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(4)
            .map(|line| OneLine(line).to_string())
            .collect();
        Err(failed(format!("failed ({}): {}", output.status, said.join("; "))))
    }

    /// Replaces this program with another one in the same process, and passes it what is `left`. Returns only if the
    /// system refuses; then everything is as before.
    pub(super) fn replace(&self, program: &Program, left: Option<&File>) -> io::Error {
        let mut arguments = self.arguments.iter();
        let mut command = std::process::Command::new(&program.file);
        command.arg0(arguments.next().map_or(program.file.as_os_str(), |name| name));
        command.args(arguments).env_clear().envs(self.environment.iter().cloned());
        if let Ok(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Err(error) = close_on_exec(self.passed_descriptors(), left) {
            return error;
        }
        if let Some(left) = left {
            command.env(HANDOVER_VARIABLE, format!("{}:{}", std::process::id(), left.as_raw_fd()));
        }
        let before = self.restore_signals();
        let error = command.exec();
        for (signal, action) in before {
            set(signal, &action);
        }
        error
    }

    /// The descriptors that the service manager has handed over, which the next program gets as well. The environment,
    /// which stays the same, names them.
    fn passed_descriptors(&self) -> Range<i32> {
        let value = |name: &str| {
            let found = self.environment.iter().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.to_str()?.parse::<i32>().ok())
        };
        let is_ours =
            value("LISTEN_PID").is_some_and(|process| u32::try_from(process) == Ok(std::process::id()));
        let count = value("LISTEN_FDS").filter(|_| is_ours).unwrap_or(0);
        FIRST_PASSED_DESCRIPTOR..FIRST_PASSED_DESCRIPTOR.saturating_add(count)
    }

    /// Restores the signal dispositions of the start: an ignored signal is inherited, and a cog may have changed some.
    /// Returns the dispositions that it replaced.
    fn restore_signals(&self) -> Vec<(i32, libc::sigaction)> {
        let mut before = Vec::new();
        for signal in SIGNALS {
            let mut now = MaybeUninit::uninit();
            // SAFETY: nothing is set, and the kernel fills in the action if it returns 0.
            if unsafe { libc::sigaction(signal, ptr::null(), now.as_mut_ptr()) } != 0 {
                continue;
            }
            // SAFETY: the call succeeded, so `now` was filled in.
            before.push((signal, unsafe { now.assume_init() }));
            // SAFETY: a `sigaction` of zeros is a valid one: the default disposition, no flags, an empty mask.
            let mut first: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
            first.sa_sigaction = if self.ignored.contains(&signal) { libc::SIG_IGN } else { libc::SIG_DFL };
            set(signal, &first);
        }
        before
    }
}

/// Sets a disposition. One that cannot be set, such as that of SIGKILL, stays as it is.
fn set(signal: i32, action: &libc::sigaction) {
    // SAFETY: the disposition is the default, to ignore, or one that was set before.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

/// The file of this program, by the name that it was called with if that leads to the file: if the name is a link, it
/// may later point to another version.
fn own_file() -> io::Result<PathBuf> {
    let file = env::current_exe()?;
    let name = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let folders = env::var_os("PATH").unwrap_or_default();
    let called: Vec<PathBuf> = match name.components().count() {
        1 => env::split_paths(&folders).map(|folder| folder.join(&name)).collect(),
        _ => std::path::absolute(&name).into_iter().collect(),
    };
    let is_it = |path: &PathBuf| fs::canonicalize(path).is_ok_and(|path| path == file);
    Ok(called.into_iter().find(is_it).unwrap_or(file))
}

/// Reads what the previous program has left. The variable also names the process, because children inherit the variable
/// but not the descriptor.
fn read_inherited(text: &str) -> Option<Vec<u8>> {
    let (process, descriptor) = text.split_once(':')?;
    if process.parse() != Ok(std::process::id()) {
        return None;
    }
    let target = fs::read_link(Path::new("/proc/self/fd").join(descriptor)).ok()?;
    if !target.to_string_lossy().starts_with(&format!("/memfd:{MEMORY_NAME}")) {
        return None;
    }
    // SAFETY: nothing else owns the descriptor: it is that memory, and the process has only just started.
    let mut memory = unsafe { File::from_raw_fd(descriptor.parse().ok()?) };
    let mut bytes = Vec::new();
    memory.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Marks every descriptor except the standard ones, those in `kept` and that of `left` to be closed when another
/// program takes over this process: a cog may have opened some without this flag, which Rust sets.
fn close_on_exec(kept: Range<i32>, left: Option<&File>) -> io::Result<()> {
    let left = left.map(AsRawFd::as_raw_fd);
    for entry in fs::read_dir("/proc/self/fd")? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if number > libc::STDERR_FILENO && !kept.contains(&number) && Some(number) != left {
            // SAFETY: this sets a flag of a descriptor. For one that was closed meanwhile, such as that of the listing,
            // it fails.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}
