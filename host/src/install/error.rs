//! Why something could not be installed: what failed, with what, and what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use semver::Version;

use super::{change::Refusal, choose::PassedOver, confirmation::Confirmation};
use crate::{
    error::{argument, denied, shortage},
    packages::{Digest, PackageError},
};

/// An installation failed. What was installed before still is.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The system returned an error for a folder or a file.
    #[error("cannot {action} `{}`{}", .path.display(), denied(.path, .source))]
    Io {
        /// `read`, `write`.
        action: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The lock file is malformed.
    #[error("{}{}: {why}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Lock {
        /// The lock file.
        file: PathBuf,
        /// The line of the error.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
    /// The lock file was written by another version of gearshift.
    #[error("`{}` has format {found}, and this gearshift reads format {known}", .file.display())]
    OtherForm {
        /// The lock file.
        file: PathBuf,
        /// The version of its format.
        found: u32,
        /// The version of the format that is known here.
        known: u32,
    },
    /// Another command is changing what is installed.
    #[error("{who} what is installed in `{}`", .folder.display())]
    Busy {
        /// A process, and what it is doing.
        who: String,
        /// The folder of the lock file.
        folder: PathBuf,
    },
    /// No such cog is installed.
    #[error("`{name}` is not installed{}", by_hand(.file.as_deref()))]
    NotInstalled {
        /// The name.
        name: String,
        /// The names of installed cogs.
        known: Vec<String>,
        /// Its library, if it was put there by hand.
        file: Option<PathBuf>,
    },
    /// An operation on the package failed.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// None of the matching versions can be installed.
    #[error("no version of `{reference}` can be installed here: {}", first(.passed_over))]
    NoUsableVersion {
        /// The request.
        reference: String,
        /// The matching versions, newest first.
        passed_over: Vec<PassedOver>,
    },
    /// The source has only versions that are older than what is installed.
    #[error("the newest version of `{reference}` is {newest}, and {installed} is installed")]
    Older {
        /// The request.
        reference: String,
        /// The newest version that can be chosen.
        newest: Version,
        /// What is installed.
        installed: Version,
    },
    /// A known version has different content now.
    #[error("`{what}` is {found} now, and was {known} when it was installed: its tag has been moved")]
    Moved {
        /// Place and version.
        what: String,
        /// The digest in the lock.
        known: Digest,
        /// The digest that the tag points to.
        found: Digest,
    },
    /// The digest in the lock leads to another version.
    #[error("`{what}` is version {found}, and `gearshift.lock` says {expected}")]
    OtherVersion {
        /// Place and digest.
        what: String,
        /// The package's version.
        found: Version,
        /// The version in the lock.
        expected: Version,
    },
    /// The digest in the lock leads to a package with another library.
    #[error("`{what}` has the library {found}, and `gearshift.lock` says {expected}")]
    OtherLibrary {
        /// Place and digest.
        what: String,
        /// The package's library for the target in the lock.
        found: Digest,
        /// The library in the lock.
        expected: Digest,
    },
    /// The source no longer has it.
    #[error("`{what}`, which is version {version}, is no longer there")]
    NoLongerAvailable {
        /// Place and digest.
        what: String,
        /// Its version.
        version: Version,
    },
    /// A journal cannot be read.
    #[error("cannot read the interrupted change `{}`: {why}", .file.display())]
    Journal {
        /// The journal.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The cog is pinned, so `update` skips it.
    #[error("`{name}` is pinned to {version}")]
    Pinned {
        /// The cog.
        name: String,
        /// What is installed.
        version: Version,
    },
    /// The change was made, but could not be recorded in the lock.
    #[error("`{cog}` {}, but not all of that could be recorded", became(.to.as_ref()))]
    Unsettled {
        /// The cog.
        cog: String,
        /// The version installed now.
        to: Option<Version>,
        /// The error that prevented it.
        source: Box<InstallError>,
    },
    /// The user must agree first.
    #[error("{} of `{what}`: {}", .action, joined(.confirmations))]
    NeedsConfirmation {
        /// `installation`, `update`.
        action: &'static str,
        /// Cog and version.
        what: String,
        /// What the user must agree to.
        confirmations: Vec<Confirmation>,
    },
    /// The library is not what its package declares, or cannot be served.
    #[error("the library of `{what}` is refused: {why}")]
    Library {
        /// Cog and version.
        what: String,
        /// Why.
        why: String,
    },
    /// A file that is not a library of this cog has its name.
    #[error("`{}` is in the way: it is {holds}", .file.display())]
    InTheWay {
        /// The file.
        file: PathBuf,
        /// What it is.
        holds: String,
    },
    /// There is no earlier version to roll back to.
    #[error("no version of `{name}` that is older than {installed} is kept{}", listed(.kept))]
    NoEarlierVersion {
        /// The cog.
        name: String,
        /// What is installed.
        installed: Version,
        /// The versions that are kept nonetheless.
        kept: Vec<String>,
    },
    /// The requested version is not kept, so it cannot be rolled back to.
    #[error("version {version} of `{name}` is not kept{}", listed(.kept))]
    NotKept {
        /// The cog.
        name: String,
        /// The version.
        version: Version,
        /// The versions that are kept.
        kept: Vec<String>,
    },
    /// The running host, or the trial, refused.
    #[error("{}", .0.text)]
    Refused(Refusal),
    /// An internal error.
    #[error("the program failed: {0}")]
    Host(String),
}

impl InstallError {
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> InstallError {
        let path = path.into();
        move |source| InstallError::Io { action, path, source }
    }

    /// What the reader can do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Package(error) => return error.help(),
            Self::Refused(refusal) => return refusal.help.clone(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "is `[cogs] folder` right? It is not created automatically"
            }
            Self::Io { source, .. } => return shortage(source).map(str::to_owned),
            Self::Host(_) => return None,
            Self::Lock { .. } => "fix it, or restore its previous version (`git checkout gearshift.lock`)",
            Self::OtherForm { .. } => "use the gearshift that wrote it, or a newer one",
            Self::Busy { .. } => "try again when it has ended",
            Self::NotInstalled { file: Some(file), .. } => {
                return Some(format!(
                    "`rm {}` removes it from the bot, even while it runs; `gearshift install REFERENCE --yes` \
                     replaces it with a package",
                    argument(&file.display().to_string())
                ));
            }
            Self::NotInstalled { name, .. } if name.contains(['/', ':', '@']) => {
                let cog = name.rsplit('/').next().and_then(|last| last.split([':', '@']).next());
                return Some(format!("give only the name of the cog: `{}`", cog.unwrap_or_default()));
            }
            Self::NotInstalled { known, .. } if known.is_empty() => {
                "nothing is installed; `gearshift install REFERENCE` installs a cog"
            }
            Self::NotInstalled { known, .. } => return Some(format!("installed cogs: {}", known.join(", "))),
            Self::NoUsableVersion { passed_over, .. } => return helps(passed_over),
            Self::Older { .. } => {
                "was it withdrawn, or is an old version offered again? `gearshift rollback` goes back to a kept \
                 version; `gearshift install REFERENCE:VERSION --yes` installs an older one"
            }
            Self::Moved { .. } => {
                "it was replaced by someone with write access; ask its author, and wait for a new version"
            }
            Self::OtherVersion { .. } | Self::OtherLibrary { .. } => {
                "`gearshift.lock` was changed; restore its previous version"
            }
            Self::NoLongerAvailable { .. } => "install another version: `gearshift install REFERENCE`",
            Self::Journal { .. } => {
                "was it written by a newer gearshift? Otherwise remove it, and run `gearshift verify`"
            }
            Self::Pinned { name, .. } => return Some(format!("`gearshift unpin {name}` lets it be updated")),
            Self::Unsettled { .. } => {
                "fix that; the next command that changes something, or the next start of the host, records it"
            }
            Self::NeedsConfirmation { .. } => "`--yes` accepts that",
            Self::Library { .. } => "ask its author; nothing of it was executed",
            Self::InTheWay { .. } => "move it away, or rename it",
            Self::NoEarlierVersion { .. } | Self::NotKept { .. } => {
                "`gearshift install REFERENCE:VERSION` installs any version that its source has"
            }
        };
        Some(text.to_owned())
    }

    /// Whether it only prevents one version from being installed here, and says nothing against others from its source.
    pub(super) fn is_of_one_version(&self) -> bool {
        matches!(
            self,
            Self::Library { .. }
                | Self::Package(
                    PackageError::NoTarget { .. }
                        | PackageError::Unsigned { .. }
                        | PackageError::Untrusted { .. }
                )
        )
    }

    /// Whether the lock contradicts itself.
    pub(super) fn is_of_the_lock(&self) -> bool {
        matches!(self, Self::OtherVersion { .. } | Self::OtherLibrary { .. })
    }

    /// Whether the network or the registry is to blame, so that another attempt may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Package(error) if error.is_unavailable())
    }
}

fn by_hand(file: Option<&Path>) -> String {
    let said = |file: &Path| format!(" from a package: `{}` was put there by hand", file.display());
    file.map(said).unwrap_or_default()
}

fn became(to: Option<&Version>) -> String {
    to.map_or_else(|| "is uninstalled".to_owned(), |version| format!("is {version} now"))
}

fn joined(confirmations: &[Confirmation]) -> String {
    confirmations.iter().map(Confirmation::to_string).collect::<Vec<_>>().join("; ")
}

fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        items => format!(": {}", items.join("; ")),
    }
}

/// What can be done about the listed versions, without repetition.
fn helps(passed_over: &[PassedOver]) -> Option<String> {
    let mut helps: Vec<String> = Vec::new();
    for help in passed_over.iter().take(PASSED_OVER_SHOWN).filter_map(|it| it.why.help()) {
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    (!helps.is_empty()).then(|| helps.join("; or "))
}

/// How many versions that cannot be installed are listed.
const PASSED_OVER_SHOWN: usize = 3;

fn first(passed_over: &[PassedOver]) -> String {
    let shown: Vec<String> = passed_over.iter().take(PASSED_OVER_SHOWN).map(ToString::to_string).collect();
    let more = match passed_over.len().saturating_sub(PASSED_OVER_SHOWN) {
        0 => String::new(),
        more => format!("; nor {more} older ones"),
    };
    shown.join("; ") + &more
}
