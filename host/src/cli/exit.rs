//! How a command ends: its exit code, and what it says when it failed.
//! It knows no command; every command hands its end to it.
//!
//! | code | name | when |
//! |---|---|---|
//! | 0 | ok | done; a host that was asked to end has closed everything in order |
//! | 1 | failed | a cog was refused, a host or its store does not do what was asked, a shard is not ready (`gearshift status`), a check, also one of `gearshift doctor`, or a smoke script failed, a file is no library, a package is not there, damaged, not trusted or would replace another, or a cog is not installed or updated, a key cannot be used |
//! | 2 | usage | the command line is not understood, also a reference to a package; `gearshift new` cannot use the name or the SDK |
//! | 65 | data | a smoke script, a world file, an exported state or `gearshift.lock` cannot be read or understood; `gearshift dev` or `pack` finds no cog, or a package that cargo does not understand; `pack` cannot build a cog or use a library |
//! | 69 | unavailable | a session could not be opened, no host answers on the control socket, a registry does not answer or refuses the login, or `gearshift dev` or `pack` finds no cargo |
//! | 70 | internal | the host itself failed; report it |
//! | 73 | cannot create | a folder, the control socket, the metrics' address, a private copy, a key, a folder of packages or a thread cannot be made or used, another host serves the bot, or another command changes what is installed |
//! | 74 | output | what is printed or recorded cannot be written: the disk is full, the terminal is gone |
//! | 77 | refused | Discord refuses the bot for good: its token, its intents, its shards |
//! | 78 | configuration | `gearshift.toml` or the log filter is wrong, there is no token, or no folder of that name for cogs |
//! | 130, 131, 143 | ended at once | a second SIGINT, SIGQUIT or SIGTERM came while it was closing, a second or more after the first |

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
  0    done; a host that was asked to end has closed everything in order
  1    failed: a cog was refused, a host or its store does not do what was asked,
       a check or a smoke script failed; a package is not there, damaged, not trusted
       or would replace another; a cog is not installed; a key cannot be used
  2    usage: the command line or a reference is not understood; `new`: a name or an
       SDK will not do
  65   data: a smoke script, a world file, an exported state or gearshift.lock cannot
       be read or understood; `dev`, `pack`: no cog, or a package that cargo does not
       understand; `pack`: a cog that does not build, or an unfit library
  69   unavailable: a session could not be opened, no host answers, a registry does
       not answer or refuses the login, `dev`, `pack`: no cargo
  70   internal: the host itself failed; please report it
  73   cannot create: a folder, the control socket, the metrics' address, a key or a
       thread cannot be had, another host serves the bot, or another command
       changes what is installed
  74   output: what is printed or recorded cannot be written
  77   refused: Discord refuses the bot (token, intents, shards)
  78   configuration: gearshift.toml or the log filter is wrong, no token, or no cogs folder
  130  ended at once by a second SIGINT; 131 by a second SIGQUIT, 143 by a second SIGTERM";

/// An exit code other than 0. Named after `sysexits.h` where that has a fitting one.
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
    /// None: everything was said already.
    text: Option<String>,
    help: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl Into<String>) -> Failure {
        Failure { exit, text: Some(text.into()), help: None }
    }

    /// A panic for what the system is short of, such as threads, which is no mistake of the host; none: it is another one.
    pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Option<Failure> {
        let error = system_error(panic_text(payload))?;
        shortage(&error).map(|_| Failure::from(error))
    }

    /// The command has already said what failed.
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

    /// What failed; may be several lines.
    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("failed")
    }

    /// What failed, and what the reader can do: some errors hold their help in their own text.
    pub(super) fn parts(&self) -> (&str, Option<&str>) {
        match (self.text().rsplit_once("\nhelp: "), &self.help) {
            (Some((text, help)), None) => (text, Some(help)),
            (_, help) => (self.text(), help.as_deref()),
        }
    }

    /// The same, to keep.
    pub(super) fn into_parts(self) -> (String, Option<String>) {
        let (text, help) = self.parts();
        (text.to_owned(), help.map(str::to_owned))
    }

    /// Says what failed on stderr.
    pub(super) fn end(self) -> ExitCode {
        if self.text.is_some() {
            // After what the log still holds, and like it without waiting for a reader.
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
            // Of inotify, too many open files are its own.
            HostError::Watch { .. } => None,
            error => shortage(error),
        };
        let help = short.map(str::to_owned).or_else(|| match &error {
            HostError::Copies(error) => Some(error.help().to_owned()),
            HostError::Folder { source, .. } if source.kind() == ErrorKind::NotFound => {
                Some("make it, or correct `[cogs] folder` or --cogs".to_owned())
            }
            HostError::Folder { .. } => {
                Some("`[cogs] folder` names it; it must be a folder that this user can read".to_owned())
            }
            HostError::Watch { .. } => Some(
                "set `[cogs] watch = false` to go without, or raise the limits of inotify (`sysctl fs.inotify`) or of this user's threads"
                    .to_owned(),
            ),
            // Their texts hold their own help, or there is none.
            HostError::Sessions(_) | HostError::Ended(EndError::Panicked) | HostError::Gateway(_) => None,
            HostError::Ended(EndError::Refused(refused)) => Some(refused.help.clone()),
            HostError::Taken(error) => Some(error.help()),
            HostError::Lost(_) => {
                Some("the log says why: a full disk, or a cog that did not give its state".to_owned())
            }
        });
        let exit = match &error {
            HostError::Sessions(error) => exit_of(error),
            // A name that is mistyped is the likely one, and an empty folder made for it would be no help.
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
            // The reader of stdout has left, and wants no more.
            ErrorKind::BrokenPipe => Failure::reported(Exit::Failed),
            ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::WriteZero => Failure::new(Exit::Output, format!("failed to write: {error}"))
                .help("make room, or send the output somewhere else".to_owned()),
            // Of a terminal that is gone, or a disk that is broken; it has no name in `ErrorKind`.
            _ if error.raw_os_error() == Some(libc::EIO) => {
                Failure::new(Exit::Output, format!("failed to write: {error}"))
            }
            // What is read is text.
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
        assert!(text.ends_with("\nhelp: make it, or correct `[cogs] folder` or --cogs"), "{text}");
    }

    #[test]
    fn a_failure_is_one_line_and_its_help_another() {
        let failure = Failure::new(Exit::Failed, "cannot do it").help("do something else".to_owned());
        assert_eq!(failure.to_string(), "error: cannot do it\nhelp: do something else");
        assert_eq!(Failure::new(Exit::Failed, "cannot do it").to_string(), "error: cannot do it");
    }
}
