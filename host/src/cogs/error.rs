//! Why a cog was not loaded, reloaded or unloaded: what failed, for which cog, and what happens next.

use std::{fmt, io, path::PathBuf, time::Duration};

use super::claim::{Claim, LimitScope};
use crate::{
    error::{chain, denied, shortage, system_error},
    fault::{Fault, FaultKind},
    lane::OrderError,
    library::{CopyError, OpenError, Refusal, Refused},
    step::Step,
};

/// Why an operation on a cog failed. Whatever ran before still runs, unless the text says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum CogError {
    /// The file was refused before any of its code was executed.
    #[error(transparent)]
    File(#[from] Box<Refused>),
    /// The folder cannot be read.
    #[error("failed to read the cogs folder `{}`{}", .folder.display(), denied(.folder, .source))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another file holds the cog with that name.
    #[error("cannot load `{name}` from `{}`: `{}` has that name already", .file.display(), .other.display())]
    NameTaken {
        /// The name.
        name: String,
        /// The second file.
        file: PathBuf,
        /// The first file.
        other: PathBuf,
    },
    /// Another cog owns one of its commands, or a prefix name or alias.
    #[error("cannot load `{name}` from `{}`: its {claim} belongs to `{other}` from `{}`", .file.display(), .other_file.display())]
    CommandTaken {
        /// What both claim.
        claim: Box<Claim>,
        /// The second cog.
        name: String,
        /// Its file.
        file: PathBuf,
        /// The first cog.
        other: String,
        /// Its file.
        other_file: PathBuf,
    },
    /// All cogs together would have more commands than an application may have.
    #[error(
        "cannot load `{name}` from `{}`: its {own} {scope} and the {others} of the other cogs are more than the {} that a bot may have", .file.display(), .scope.limit()
    )]
    TooManyCommands {
        /// The cog.
        name: String,
        /// Its file.
        file: PathBuf,
        /// Which commands.
        scope: LimitScope,
        /// How many it declares.
        own: usize,
        /// How many the others have.
        others: usize,
    },
    /// The host went back from this content; it is not tried again automatically.
    #[error("`{name}` is not loaded from `{}`: it is the version that the host went back from", .file.display())]
    WentBackFrom {
        /// The cog.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// The configuration disables it.
    #[error("cannot load `{name}`: `[cogs] disabled` names it")]
    Disabled {
        /// The cog.
        name: String,
    },
    /// Too many retired generations are still mapped.
    #[error(
        "cannot load `{name}`: {held} retired generations are held, one of its own among them (`[limits] held_max`)"
    )]
    TooManyHeld {
        /// The cog.
        name: String,
        /// How many.
        held: usize,
    },
    /// The verified library could not be opened.
    #[error("failed to open `{name}` from `{}`{kept}{retry_in}", .file.display())]
    Open {
        /// The generation.
        name: String,
        /// The file.
        file: PathBuf,
        /// What keeps serving, as a clause; empty if nothing serves.
        kept: String,
        /// Whether it is tried again automatically.
        retry_in: RetryIn,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// A step of the new generation failed; the previous one keeps serving.
    #[error("`{name}` failed in `{step}`{kept}{retry_in}")]
    Step {
        /// The new generation.
        name: String,
        /// Which step.
        step: Step,
        /// What keeps serving, as a clause.
        kept: String,
        /// Whether it is tried again automatically.
        retry_in: RetryIn,
        /// Whether it ran in its own process, which ends with it.
        has_process: bool,
        /// Why.
        #[source]
        source: OrderError,
    },
    /// The running generation could not be replaced; it keeps serving, unless the failure ended it.
    #[error("cannot replace `{name}`: it failed in `{step}`{follows}")]
    Stays {
        /// The running generation.
        name: String,
        /// Which step.
        step: Step,
        /// What happens to it, as a clause.
        follows: String,
        /// Why.
        #[source]
        source: OrderError,
    },
    /// Its state is larger than allowed.
    #[error(
        "cannot replace `{name}`: its state has {bytes} bytes, {limit} are allowed (`[limits] \
         state_max_bytes`); it keeps serving"
    )]
    StateTooLarge {
        /// The running generation.
        name: String,
        /// How large it is.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The cog is already loaded.
    #[error("cannot load `{name}`: it is loaded already, from `{}`", .source_file.display())]
    Loaded {
        /// The cog.
        name: String,
        /// Its file.
        source_file: PathBuf,
    },
    /// No such cog is loaded.
    #[error("no cog `{name}` is loaded")]
    NotLoaded {
        /// The name asked for.
        name: String,
        /// The loaded cogs.
        known: Vec<String>,
    },
    /// No library in the folder holds that cog.
    #[error("no library in `{}` is the cog `{name}`", .folder.display())]
    NotFound {
        /// The name asked for.
        name: String,
        /// The folder.
        folder: PathBuf,
        /// The cogs in the folder.
        known: Vec<String>,
    },
    /// It is sandboxed, and the sandbox needs a process.
    #[error("cannot move `{name}` to a thread: its sandbox is a process of its own")]
    Sandboxed {
        /// The cog.
        name: String,
    },
    /// Something inside the host failed.
    #[error("the host failed: {0}")]
    Host(String),
}

/// When something is tried again automatically; `None` if it is not.
#[derive(Clone, Copy, Debug)]
pub struct RetryIn(pub(super) Option<Duration>);

impl fmt::Display for RetryIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pause| write!(out, "; it is tried again in {} s", pause.as_secs()))
    }
}

impl CogError {
    /// Whether trying again in a moment may help, because the file is still being written.
    pub fn may_pass(&self) -> bool {
        matches!(self, CogError::File(refused) if refused.why.is_passing())
    }

    /// Whether the only problem was that the library's copy had vanished.
    pub(super) fn has_lost_copy(&self) -> bool {
        matches!(self, CogError::File(refused) if matches!(refused.why, Refusal::Copy(CopyError::Vanished)))
    }

    /// Whether trying the same code again later may help. It may if `setup` returned an error, ended its
    /// process or did not return in time, which may be due to something it uses, or if the system had no thread
    /// or process for it. A panic, an unreadable state or an unusable setting would occur again, and a host
    /// thread that was blocked would be blocked again.
    pub(super) fn is_worth_retrying(&self) -> bool {
        match self {
            CogError::Step { step: Step::Setup, source: OrderError::Fault(fault), .. } => !would_recur(fault),
            CogError::Step { step: Step::Setup, source: OrderError::Ended(_), .. } => true,
            CogError::Step { step: Step::Setup, source: OrderError::Deadline(_), has_process, .. } => {
                *has_process
            }
            CogError::Open {
                source: OpenError::Thread(_) | OpenError::Spawn(_) | OpenError::Died, ..
            } => true,
            _ => false,
        }
    }

    /// Whether code that has served may serve again later, though bringing it back failed now.
    pub(super) fn may_recover(&self) -> bool {
        match self {
            CogError::Step { source: OrderError::Fault(fault), .. } => !would_recur(fault),
            CogError::Step { source: OrderError::Closing, .. } => false,
            CogError::Step { .. } | CogError::Open { .. } | CogError::File(_) | CogError::Host(_) => true,
            _ => false,
        }
    }

    /// Whether the failure lost a generation: it crashed, or did not return.
    pub(super) fn is_loss(&self) -> bool {
        matches!(
            self,
            CogError::Step { source: OrderError::Ended(_) | OrderError::Deadline(_), .. }
                | CogError::Open { source: OpenError::Died | OpenError::Deadline(_), .. }
        )
    }

    /// What the operator can do about it, if anything.
    pub fn help(&self) -> Option<String> {
        if let Some(help) = shortage(self) {
            return Some(help.to_owned());
        }
        Some(match self {
            CogError::File(refused) => return refused.why.help(),
            CogError::NameTaken { .. } | CogError::CommandTaken { .. } => {
                "remove one of the two files, or rename the cog or the command in one of them".to_owned()
            }
            CogError::TooManyCommands { .. } => {
                "let some cogs declare fewer, or remove some from the folder".to_owned()
            }
            CogError::WentBackFrom { name, .. } => {
                format!("put another version there, or load it anyway with `gearshift cogs reload {name}`")
            }
            CogError::TooManyHeld { .. } => {
                "end the host and start it again to unmap them; `gearshift cogs list` says why they are held"
                    .to_owned()
            }
            CogError::Loaded { name, .. } => format!("`gearshift cogs reload {name}` replaces it"),
            CogError::NotLoaded { known, .. } if known.is_empty() => "no cog is loaded".to_owned(),
            CogError::NotLoaded { known, .. } => format!("loaded cogs: {}", known.join(", ")),
            CogError::NotFound { known, .. } if known.is_empty() => {
                "none of its libraries is a cog".to_owned()
            }
            CogError::NotFound { known, .. } => {
                format!(
                    "the folder has: {}; a cog has the name of its package, or the one in `#[cog(name = …)]`",
                    known.join(", ")
                )
            }
            CogError::Step { source: OrderError::Fault(Fault { kind: FaultKind::Settings, .. }), .. } => {
                "correct it there, or create the file if it does not exist: the cog is tried again when the \
                 file changes and when the host starts again"
                    .to_owned()
            }
            CogError::Step { step: Step::Restore, name, .. } => {
                let cog = name_of(name);
                format!(
                    "a new field needs `#[serde(default)]`; another shape needs a higher `state` in `#[cog]` \
                     and a `#[migrate]` that reads the old one. To start without this state: `gearshift cogs \
                     unload {cog}`, `gearshift state export {cog} FILE` to keep it, `gearshift state drop \
                     {cog}`, `gearshift cogs load {cog}`"
                )
            }
            CogError::Stays { name, step: Step::Pause, source: OrderError::Deadline(_), .. } => format!(
                "the new version is loaded when `{name}` returns to its loop or is given up (`[limits] \
                 stuck_after_ms`)"
            ),
            CogError::Stays { source: OrderError::Ended(_), .. } => return None,
            CogError::Stays { name, .. } | CogError::StateTooLarge { name, .. } => {
                let cog = name_of(name);
                format!(
                    "load the new version with the state that was saved last: `gearshift cogs unload {cog}`, `gearshift cogs \
                     load {cog}`"
                )
            }
            CogError::Sandboxed { name } => {
                format!("remove `sandbox` from `[cog.{name}]` in the config if you trust it")
            }
            CogError::Open { source: OpenError::Spawn(error), .. }
                if error.kind() == io::ErrorKind::NotFound =>
            {
                "mount it (`mount -t proc proc /proc`), or run the cog on a thread (`lane = \"thread\"`)"
                    .to_owned()
            }
            // Another process sends its errors only as text.
            CogError::Open { source: OpenError::Process(why), .. } => {
                return system_error(why).and_then(|error| shortage(&error)).map(str::to_owned);
            }
            CogError::Open { source: OpenError::Layout(_) | OpenError::Header(_), .. } => {
                "rebuild it against this host's version of gearshift-cog".to_owned()
            }
            _ => return None,
        })
    }
}

/// Whether the same code would fail in the same way again.
fn would_recur(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Panic | FaultKind::State | FaultKind::Settings)
}

/// The cog's name in the name of a generation.
fn name_of(generation: &str) -> &str {
    generation.split('#').next().unwrap_or(generation)
}

/// Logs an error, with what the operator can do about it.
pub fn log_error(error: &CogError) {
    let help = error.help();
    tracing::error!(help = help.as_deref(), "{}", chain(error));
}
