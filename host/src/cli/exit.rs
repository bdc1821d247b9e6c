//! How a command ends: its exit code, and the error that it prints.
//! It knows no particular command; every command returns its failure to it.
//!
//! | code | name | when |
//! |---|---|---|
//! | 0 | ok | success; a host that was asked to end has closed everything in order |
//! | 1 | failed | a cog was refused; a host or its store does not do what was asked; a shard is not ready (`gearshift status`); a check, including one of `gearshift doctor`, or a smoke script failed; a file is not a library; a package is missing, damaged, not trusted or would replace another; a cog is not installed or not updated; a key cannot be used |
//! | 2 | usage | the command line or a package reference is invalid; `gearshift new` cannot use the name or the SDK |
//! | 65 | data | a smoke script, a world file, an exported state or `gearshift.lock` cannot be read or parsed; `gearshift dev` or `pack` finds no cog, or a package that cargo cannot read; `pack` cannot build a cog or use a library |
//! | 69 | unavailable | a session could not be opened, no host answers on the control socket, a registry does not answer or refuses the login, or `gearshift dev` or `pack` finds no cargo |
//! | 70 | internal | a bug in the host; please report it |
//! | 73 | cannot create | a folder, the control socket, the metrics' address, a private copy, a key, a folder of packages or a thread cannot be created or used; another host is serving the bot; or another command is changing the installed cogs |
//! | 74 | output | output or a recording cannot be written: the disk is full, the terminal is gone |
//! | 77 | refused | Discord refuses the bot permanently: its token, its intents, its shards |
//! | 78 | configuration | `gearshift.toml` or the log filter is invalid, there is no token, or the cogs folder does not exist |
//! | 130, 131, 143 | ended at once | another SIGINT, SIGQUIT or SIGTERM arrived while the host was closing, a second or more after the first signal |

use std::{any::Any, fmt, io::ErrorKind, process::ExitCode};

use crate::{
    cogs::CogError,
    config::ConfigError,
    control::{CallError, SocketError},
    error::{chain, shortage, system_error},
    gateway::EndError,
    host::HostError,
    lane::panic_text,
    log::{self, LogError},
    metrics::EndpointError,
    sessions::{OpenError, OpenErrorKind},
};

/// The table of exit codes, for `--help`.
pub(super) const TABLE: &str = "\
Exit codes:
  0    success; a host that was asked to end has closed everything in order
  1    failed: a cog was refused, a host or its store does not do what was asked,
       a check or a smoke script failed; a package is missing, damaged, not trusted
       or would replace another; a cog is not installed; a key cannot be used
  2    usage: the command line or a package reference is invalid; `new`: the name or
       the SDK cannot be used
  65   data: a smoke script, a world file, an exported state or gearshift.lock cannot
       be read or parsed; `dev`, `pack`: no cog, or a package that cargo cannot read;
       `pack`: a cog that does not build, or a library that cannot be used
  69   unavailable: a session could not be opened, no host answers, a registry does
       not answer or refuses the login; `dev`, `pack`: no cargo
  70   internal: a bug in the host; please report it
  73   cannot create: a folder, the control socket, the metrics' address, a key or a
       thread cannot be created, another host is serving the bot, or another
       command is changing the installed cogs
  74   output: output or a recording cannot be written
  77   refused: Discord refuses the bot (token, intents, shards)
  78   configuration: gearshift.toml or the log filter is invalid, no token, or no cogs folder
  130  ended at once by a second SIGINT; 131 by a second SIGQUIT, 143 by a second SIGTERM";

/// An exit code other than 0. The numbers are those of `sysexits.h` where one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    Failed = 1,
    Usage = 2,
    Data = 65,
    Unavailable = 69,
    Internal = 70,
    CannotCreate = 73,
    Output = 74,
    Refused = 77,
    Configuration = 78,
}

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    /// `None` if the error has already been printed.
    text: Option<String>,
    help: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Failure {
        Failure { exit, text: Some(text.into()), help: None }
    }

    /// The failure for a panic because the system ran out of something, such as threads, which is not a bug in the
    /// host. `None` for any other panic.
    pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Option<Failure> {
        let error = system_error(panic_text(payload))?;
        shortage(&error).map(|_| Failure::from(error))
    }

    /// A failure that the command has already printed.
    pub(super) fn reported(exit: Exit) -> Failure {
        Failure { exit, text: None, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Failure {
        self.help = help.into();
        self
    }

    pub(super) fn is(&self, exit: Exit) -> bool {
        self.exit == exit
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    /// What failed, possibly in several lines.
    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("failed")
    }

    /// What failed, and the help. Some errors have their help in their own text.
    pub(super) fn parts(&self) -> (&str, Option<&str>) {
        match (self.text().rsplit_once("\nhelp: "), &self.help) {
            (Some((text, help)), None) => (text, Some(help)),
            (_, help) => (self.text(), help.as_deref()),
        }
    }

    /// Like [`Failure::parts`], but owned.
    pub(super) fn into_parts(self) -> (String, Option<String>) {
        let (text, help) = self.parts();
        (text.to_owned(), help.map(str::to_owned))
    }

    /// Prints the error to stderr, and returns the exit code.
    pub(super) fn end(self) -> ExitCode {
        if self.text.is_some() {
            // Through the log: after the lines that it still holds, and without waiting for a reader.
            log::write(&format!("{self}\n"));
        }
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "error: {}", self.text())?;
        match &self.help {
            Some(help) => write!(out, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(Exit::Configuration, chain(&error)).help(error.help().map(str::to_owned))
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Failure {
        Failure::new(Exit::Configuration, chain(&error)).help(error.help())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        Failure::new(exit_of(&error), error.to_string())
    }
}

fn exit_of(error: &OpenError) -> Exit {
    match error.kind {
        OpenErrorKind::Unavailable => Exit::Unavailable,
        OpenErrorKind::Configuration => Exit::Configuration,
        OpenErrorKind::Refused => Exit::Refused,
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Failure {
        let short = match &error {
            // Here "too many open files" means inotify's own limit.
            HostError::Watch { .. } => None,
            error => shortage(error),
        };
        let help = short.map(str::to_owned).or_else(|| match &error {
            HostError::Copies(error) => Some(error.help().to_owned()),
            HostError::Folder { source, .. } if source.kind() == ErrorKind::NotFound => {
                Some("create it, or correct `[cogs] folder` or --cogs".to_owned())
            }
            HostError::Folder { .. } => {
                Some("`[cogs] folder` names it; it must be a folder that this user can read".to_owned())
            }
            HostError::Watch { .. } => Some(
                "set `[cogs] watch = false` to do without, or raise the limits of inotify (`sysctl fs.inotify`) or of this user's threads"
                    .to_owned(),
            ),
            // Their texts contain their help, or there is none.
            HostError::Sessions(_) | HostError::Ended(EndError::Panicked) | HostError::Gateway(_) => None,
            HostError::Ended(EndError::Refused(refused)) => Some(refused.help.clone()),
            HostError::Taken(error) => Some(error.help()),
            HostError::Lost(_) => {
                Some("the log says why: a full disk, or a cog that did not return its state".to_owned())
            }
        });
        let exit = match &error {
            HostError::Sessions(error) => exit_of(error),
            // Most likely the name is mistyped, so creating an empty folder would not help.
            HostError::Folder { source, .. } if source.kind() == ErrorKind::NotFound => Exit::Configuration,
            HostError::Taken(_)
            | HostError::Copies(_)
            | HostError::Folder { .. }
            | HostError::Watch { .. }
            | HostError::Gateway(_) => Exit::CannotCreate,
            HostError::Ended(EndError::Refused(_)) => Exit::Refused,
            HostError::Ended(EndError::Panicked) => Exit::Internal,
            HostError::Lost(_) => Exit::Failed,
        };
        Failure::new(exit, chain(&error)).help(help)
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Failure {
        let help = shortage(&error).map_or_else(|| error.help(), str::to_owned);
        Failure::new(Exit::CannotCreate, chain(&error)).help(help)
    }
}

impl From<EndpointError> for Failure {
    fn from(error: EndpointError) -> Failure {
        let help = shortage(&error).map_or_else(|| error.help(), str::to_owned);
        Failure::new(Exit::CannotCreate, chain(&error)).help(help)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        Failure::new(Exit::Unavailable, chain(&error)).help(error.help())
    }
}

impl From<CogError> for Failure {
    fn from(error: CogError) -> Failure {
        Failure::new(Exit::Failed, chain(&error)).help(error.help())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            // The reader of stdout has closed it.
            ErrorKind::BrokenPipe => Failure::reported(Exit::Failed),
            ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::WriteZero => Failure::new(Exit::Output, format!("failed to write: {error}"))
                .help("free some space, or send the output somewhere else".to_owned()),
            // The terminal is gone, or the disk is broken; `ErrorKind` has no variant for it.
            _ if error.raw_os_error() == Some(libc::EIO) => {
                Failure::new(Exit::Output, format!("failed to write: {error}"))
            }
            // All input is text.
            ErrorKind::InvalidData => Failure::new(Exit::Data, format!("cannot read the input: {error}")),
            _ => Failure::new(Exit::CannotCreate, format!("the system refused: {error}"))
                .help(shortage(&error).map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_tables_name_the_same_codes() {
        let source = include_str!("exit.rs");
        let documented = source.lines().filter_map(|line| line.strip_prefix("//! | "));
        for code in documented.filter_map(|line| line.split(" |").next()).skip(1) {
            let code = code.split(',').next().unwrap_or(code);
            assert!(TABLE.contains(&format!("  {code} ")), "{code} is not in the table of --help");
        }
    }

    #[test]
    fn what_the_system_refuses_is_not_a_mistake_of_the_host() {
        let exit = |number: i32| Failure::from(std::io::Error::from_raw_os_error(number)).exit;
        let output = [libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EROFS, libc::EIO].map(exit);
        assert_eq!(output, [Exit::Output; 5]);
        assert_eq!(
            [libc::EPIPE, libc::EAGAIN, libc::EMFILE].map(exit),
            [Exit::Failed, Exit::CannotCreate, Exit::CannotCreate]
        );
        let threads = "OS can't spawn worker thread: Resource temporarily unavailable (os error 11)";
        let failure = Failure::of_panic(&threads).expect("it is the system");
        assert_eq!(failure.exit, Exit::CannotCreate);
        assert!(failure.help.as_ref().is_some_and(|help| help.contains("ulimit -u")), "{failure}");
        assert!(Failure::of_panic(&"index out of bounds").is_none());
    }

    #[test]
    fn a_cogs_folder_that_is_not_there_is_a_wrong_configuration() {
        let failure = |kind: ErrorKind| {
            Failure::from(HostError::Folder { folder: "/srv/bot/cgos".into(), source: kind.into() })
        };
        assert_eq!(failure(ErrorKind::NotADirectory).exit, Exit::CannotCreate);
        let missing = failure(ErrorKind::NotFound);
        assert_eq!(missing.exit, Exit::Configuration);
        let text = missing.to_string();
        assert!(text.starts_with("error: cannot use the cogs folder `/srv/bot/cgos`: "), "{text}");
        assert!(text.ends_with("\nhelp: create it, or correct `[cogs] folder` or --cogs"), "{text}");
    }

    #[test]
    fn a_failure_is_one_line_and_its_help_another() {
        let failure = Failure::new(Exit::Failed, "cannot do it").help("do something else".to_owned());
        assert_eq!(failure.to_string(), "error: cannot do it\nhelp: do something else");
        assert_eq!(Failure::new(Exit::Failed, "cannot do it").to_string(), "error: cannot do it");
    }
}
