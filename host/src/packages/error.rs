//! Why a package could not be read, accepted or written: what failed, which package, and what to do.

use std::{io, path::PathBuf};

use semver::Version;

use super::{
    digest::Digest,
    reference::{Place, Wanted},
};
use crate::error::{denied, shortage};

/// An operation on a package failed.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The package has no versions, or the repository does not exist.
    #[error("there is no package `{0}`")]
    NoPackage(Place),
    /// The package exists, but not in the wanted version.
    #[error("`{place}` has no {}; it has {}", shown(.wanted), listed(.versions))]
    NoVersion {
        /// Where, in words.
        place: String,
        /// The wanted version.
        wanted: Wanted,
        /// The existing versions in ascending order.
        versions: Vec<Version>,
    },
    /// The version's tag does not point to the digest in the reference.
    #[error("`{what}` is {found} now, but should be {expected}: its tag has been moved")]
    DigestChanged {
        /// Place and version.
        what: String,
        /// The digest in the reference.
        expected: Digest,
        /// The digest that the tag points to.
        found: Digest,
    },
    /// Something other than a package has this name, such as a container image.
    #[error("`{what}` is not a package of a cog: {why}")]
    NotAPackage {
        /// A reference.
        what: String,
        /// What is unexpected about it.
        why: String,
    },
    /// It declares a different name or version than the one it was found under.
    #[error("`{what}` contains {found}, but should contain {expected}")]
    WrongIdentity {
        /// A reference.
        what: String,
        /// The name or version that it declares.
        found: String,
        /// The name or version that it was found under.
        expected: String,
    },
    /// It does not match its digest.
    #[error("`{what}` is damaged: it should be {expected}, but is {found}")]
    Damaged {
        /// A reference, with the part of the package.
        what: String,
        /// The digest that it should have.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// It is shorter or longer than declared.
    #[error("`{what}` is incomplete: it should have {expected} bytes, but has {found}{}", more(*.found, *.expected))]
    Length {
        /// A reference, with the part of the package.
        what: String,
        /// The number of bytes it should have.
        expected: u64,
        /// The number of bytes received.
        found: u64,
    },
    /// It is larger than anything of its kind.
    #[error("`{what}` has {size} bytes; at most {max} are allowed")]
    TooLarge {
        /// A reference, with the part of the package.
        what: String,
        /// The size that it declares, in bytes.
        size: u64,
        /// The maximum number of bytes.
        max: u64,
    },
    /// A part that the package names is missing.
    #[error("`{what}` is missing, though the package names it")]
    Missing {
        /// A reference, with the part of the package.
        what: String,
    },
    /// It has no build for this target.
    #[error("`{what}` is not available for `{target}`; it is for {}", .there.join(", "))]
    NoTarget {
        /// A reference.
        what: String,
        /// The wanted triple.
        target: String,
        /// The triples that it has.
        there: Vec<String>,
    },
    /// It is not signed, but must be.
    #[error("`{what}` is not signed, but must be")]
    Unsigned {
        /// A reference.
        what: String,
    },
    /// It is signed only by keys that are not trusted.
    #[error("`{what}` is signed by {}, but none of them is trusted", .keys.join(", "))]
    Untrusted {
        /// A reference.
        what: String,
        /// Ids of those keys.
        keys: Vec<String>,
        /// The command that makes one of them trusted there.
        add: String,
    },
    /// A signature of a trusted key is not valid.
    #[error("the signature of `{what}` by {key} does not match it: {why}")]
    Forged {
        /// A reference.
        what: String,
        /// Id of the key.
        key: String,
        /// minisign's error.
        why: String,
    },
    /// The version exists with different content.
    #[error("`{what}` already exists, as {there}; this is {new}")]
    VersionExists {
        /// Place and version.
        what: String,
        /// The digest that the tag points to.
        there: Digest,
        /// The digest that was to be put there.
        new: Digest,
    },
    /// The registry requires a login, or rejects this one.
    #[error("`{registry}` refuses {}: {why}", if *.anonymous { "requests without a login" } else { "this login" })]
    Refused {
        /// The host.
        registry: String,
        /// Whether no login was used.
        anonymous: bool,
        /// The registry's message.
        why: String,
    },
    /// The login for a registry cannot be read.
    #[error("cannot read the login for `{registry}`: {why}")]
    Login {
        /// The host.
        registry: String,
        /// What is wrong.
        why: String,
    },
    /// There are no root certificates to verify a registry with.
    #[error("cannot ask any registry: this system has no certificates")]
    NoCertificates,
    /// The registry does not answer, or not like a registry.
    #[error("failed to ask `{registry}`: {why}")]
    Registry {
        /// The host.
        registry: String,
        /// The message of the registry or the system.
        why: String,
    },
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
}

impl PackageError {
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> PackageError {
        let path = path.into();
        move |source| PackageError::Io { action, path, source }
    }

    /// What the reader can do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::NoPackage(Place::Folder(_)) => {
                "`gearshift pack` puts packages into a folder, by default `packages`"
            }
            Self::NoPackage(_) => {
                "check the spelling; a registry may also say this about a package that the login cannot access; \
                 a folder begins with `./`"
            }
            Self::NoVersion { versions, .. } if versions.iter().all(|it| !it.pre.is_empty()) => {
                "a pre-release is only used if its full version is given, such as `:1.2.0-rc.1`"
            }
            Self::NoVersion { .. } => "name one of those",
            Self::DigestChanged { .. } => {
                "it was replaced by someone with write access; ask its author before you use the new digest"
            }
            Self::NotAPackage { .. } | Self::TooLarge { .. } => "packages are made by `gearshift pack`",
            Self::WrongIdentity { .. } => "it was replaced by someone with write access; ask its author",
            Self::Damaged { .. } | Self::Length { .. } => {
                "try again; if that does not help, the package there is damaged and must be packed and pushed again"
            }
            Self::Missing { .. } => "it must be packed and pushed again",
            Self::NoTarget { .. } => {
                "its author can pack it for that target, too (`gearshift pack --target`)"
            }
            Self::Unsigned { .. } => {
                "its author can sign it (`gearshift pack --sign`); `require_signed` in the config asks for it"
            }
            Self::Untrusted { add, .. } => {
                return Some(format!("if it is its author's key, `{add}` makes it trusted there"));
            }
            Self::Forged { .. } => "the package or its signature was modified; do not use it",
            Self::VersionExists { .. } => "give it a new version; `--force` replaces what is there",
            Self::Refused { registry, .. } => {
                return Some(format!(
                    "`docker login {registry}`, as a user who may do this; `podman login` is not enough"
                ));
            }
            Self::Login { .. } => {
                "`docker login` writes it again; `DOCKER_CONFIG` names the folder of its file"
            }
            Self::NoCertificates => "install `ca-certificates`, or name a file of them in SSL_CERT_FILE",
            Self::Registry { .. } => {
                "is the host right, and does it answer? Without TLS only loopback is used, unless `plain_http = \
                 true` is set"
            }
            Self::Io { source, .. } => return shortage(source).map(str::to_owned),
        };
        Some(text.to_owned())
    }

    /// Whether the package could not be requested at all, so that nothing is known to be wrong with it.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Registry { .. } | Self::Refused { .. } | Self::Login { .. } | Self::NoCertificates
        )
    }
}

fn more(found: u64, expected: u64) -> &'static str {
    if found > expected { " or more" } else { "" }
}

fn shown(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Newest => "version but pre-releases".to_owned(),
        Wanted::Version(version) => format!("version {version}"),
        Wanted::Range(range) => format!("version of {range}"),
    }
}

fn listed(versions: &[Version]) -> String {
    const SHOWN: usize = 8;
    let mut text: Vec<String> = versions.iter().rev().take(SHOWN).map(Version::to_string).collect();
    if versions.len() > SHOWN {
        text.push(format!("{} older ones", versions.len() - SHOWN));
    }
    text.join(", ")
}
