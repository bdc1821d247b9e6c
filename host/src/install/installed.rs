//! One installed cog: its current version and earlier ones, each with its source, and the versions that were left.
//! Nothing is read or written here.

use std::path::{Path, PathBuf};

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::error::InstallError;
use crate::packages::{Artifact, Digest, Package, Place, Reference, Wanted};

/// Maximum number of earlier versions that are kept for each cog.
const BEFORE_MAX: usize = 5;

/// One cog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Installed {
    /// The installed version.
    #[serde(flatten)]
    pub now: Content,
    /// Its file in the cogs folder.
    pub file: String,
    /// Whether `update` skips it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The version that the host went back from, right after it was installed. `update` only goes to a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_back_from: Option<Version>,
    /// The newest version that a user rolled back from. `update` only goes to a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_from: Option<Version>,
    /// Earlier versions that are kept, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Content>,
}

/// One version of a cog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its version.
    pub version: Version,
    /// The digest of the package, which is that of its index.
    pub package: Digest,
    /// The digest of its library for `target`.
    pub library: Digest,
    /// The triple.
    pub target: String,
    /// Its source, and the versions that were requested there.
    #[serde(default = "unknown", serialize_with = "shown", deserialize_with = "read")]
    pub source: Reference,
    /// The trusted public key that it was signed by, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

impl Content {
    /// Checks that a package is this version and has this library: somebody may have edited or merged the lock.
    pub(super) fn check(&self, package: &Package, artifact: &Artifact) -> Result<(), InstallError> {
        let what = || Reference { wanted: Wanted::Newest, digest: Some(self.package), ..self.source.clone() };
        let (version, library) = (package.version(), artifact.library_digest());
        if *version != self.version {
            let (what, expected) = (what().to_string(), self.version.clone());
            return Err(InstallError::OtherVersion { what, found: version.clone(), expected });
        }
        // For another target the library is another one.
        if self.target == artifact.about.target && library != self.library {
            let (what, expected) = (what().to_string(), self.library);
            return Err(InstallError::OtherLibrary { what, found: library, expected });
        }
        Ok(())
    }
}

impl Installed {
    /// All versions that are kept.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        std::iter::once(&self.now).chain(&self.before)
    }

    pub(super) fn contents_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        std::iter::once(&mut self.now).chain(&mut self.before)
    }

    /// A cog that is installed for the first time, in a file with that name.
    pub(super) fn new(now: Content, file: String) -> Installed {
        let (went_back_from, rolled_back_from, before) = (None, None, Vec::new());
        Installed { now, file, pinned: false, went_back_from, rolled_back_from, before }
    }

    /// The same cog with different content; the content installed so far is kept.
    #[must_use]
    pub fn with(&self, now: Content) -> Installed {
        let before = self.contents().filter(|it| it.package != now.package).take(BEFORE_MAX).cloned();
        // Versions of one source say nothing about those of another.
        let is_there = self.now.source.place == now.source.place;
        let is_newer = |left: &&Version| is_there && **left > now.version;
        Installed {
            before: before.collect(),
            went_back_from: self.went_back_from.as_ref().filter(is_newer).cloned(),
            rolled_back_from: self.rolled_back_from.as_ref().filter(is_newer).cloned(),
            now,
            ..self.clone()
        }
    }

    /// The same cog with content that was installed before, and its source. The current request stays in force if it
    /// is for the same source and admits that version.
    #[must_use]
    pub fn back_to(&self, before: &Content) -> Installed {
        let now = &self.now.source;
        let source = match before.source.place == now.place && now.wanted.admits(&before.version) {
            true => now,
            false => &before.source,
        };
        self.with(Content { source: source.clone(), ..before.clone() })
    }

    /// The same cog with content that it is to stay at for a while. The current request stays in force if it is for
    /// the same source: `update` follows it again once the cog is no longer pinned.
    #[must_use]
    pub(super) fn pinned_to(&self, before: &Content) -> Installed {
        let source = match before.source.place == self.now.source.place {
            true => &self.now.source,
            false => &before.source,
        };
        self.with(Content { source: source.clone(), ..before.clone() })
    }

    /// Like [`back_to`](Self::back_to), on a user's request: `update` does not undo it.
    #[must_use]
    pub fn rolled_back_to(&self, before: &Content) -> Installed {
        Installed { rolled_back_from: self.newest_left(before), ..self.back_to(before) }
    }

    /// Like [`back_to`](Self::back_to), because the installed version has failed.
    pub(super) fn went_back_to(&self, before: &Content) -> Installed {
        Installed { went_back_from: self.newest_left(before), ..self.back_to(before) }
    }

    /// The newest version that is being left, if it has the same source as `before`.
    fn newest_left(&self, before: &Content) -> Option<Version> {
        let left = [Some(&self.now.version), self.went_back_from.as_ref(), self.rolled_back_from.as_ref()];
        let is_left =
            |left: &&Version| self.now.source.place == before.source.place && **left > before.version;
        left.into_iter().flatten().max().filter(is_left).cloned()
    }

    /// Why `update` does not install a version: it is, or is older than, a version that was left.
    #[must_use]
    pub fn left(&self, version: &Version) -> Option<String> {
        let is_left = |left: &Version| version <= left;
        match (&self.rolled_back_from, &self.went_back_from) {
            (Some(left), _) if is_left(left) => Some(format!("it was rolled back from {left}")),
            (_, Some(left)) if is_left(left) => Some(format!("the host went back from {left} by itself")),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Installed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Installed, D::Error> {
        let mut read = Installed::deserialize(deserializer)?;
        if read.now.source == unknown() {
            return Err(D::Error::missing_field("source"));
        }
        // Old locks named the source only for the installed version.
        for before in read.before.iter_mut().filter(|before| before.source == unknown()) {
            before.source.clone_from(&read.now.source);
        }
        Ok(read)
    }
}

impl Serialize for Installed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Installed::serialize(self, serializer)
    }
}

/// A placeholder reference without a name.
fn unknown() -> Reference {
    Reference { place: Place::Folder(PathBuf::new()), wanted: Wanted::Newest, digest: None }
}

/// A folder below the lock's folder is written relative to it.
fn shown<S: Serializer>(reference: &Reference, serializer: S) -> Result<S::Ok, S::Error> {
    let begin = match &reference.place {
        Place::Folder(folder) if folder.is_relative() => "./",
        _ => "",
    };
    serializer.serialize_str(&format!("{begin}{reference}"))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reference, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut reference: Reference = text.parse().map_err(D::Error::custom)?;
    if let Place::Folder(folder) = &mut reference.place {
        // It was parsed relative to the working directory, and is meant relative to the lock's folder.
        let path = text.strip_prefix("file:").unwrap_or(&text);
        let (above, _) = path.rsplit_once('/').unwrap_or_default();
        if !path.starts_with('/') {
            *folder = Path::new(above).join(folder.file_name().unwrap_or_default());
        }
    }
    Ok(reference)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::install) fn content(version: &str, source: &str) -> Content {
        Content {
            version: version.parse().unwrap(),
            package: Digest::of(version.as_bytes()),
            library: Digest::of(b"library"),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            source: source.parse().unwrap(),
            signed_by: None,
        }
    }

    pub(in crate::install) fn installed(source: &str) -> Installed {
        let now = content("1.0.0", source);
        let file = format!("lib{}.so", now.source.place.name());
        Installed::new(now, file)
    }

    pub(in crate::install) fn versions(before: &[Content]) -> Vec<String> {
        before.iter().map(|it| it.version.to_string()).collect()
    }

    #[test]
    fn what_was_installed_before_is_kept_once_and_bounded() {
        let mut one = installed("ghcr.io/me/greeter");
        for minor in (1..20).chain([18]) {
            one = one.with(content(&format!("1.{minor}.0"), "ghcr.io/me/greeter"));
        }
        assert_eq!(versions(&one.before), ["1.19.0", "1.17.0", "1.16.0", "1.15.0", "1.14.0"]);
    }

    #[test]
    fn a_version_that_is_gone_back_to_has_the_source_that_it_came_from() {
        let mut one = installed("ghcr.io/me/greeter@^1");
        let first = one.now.clone();
        let newest = one.with(content("1.1.0", "ghcr.io/me/greeter"));
        assert_eq!(newest.back_to(&first).now.source, newest.now.source, "what is asked for by now stays");
        one = one.with(content("1.1.0", "ghcr.io/me/greeter:1.1.0"));
        assert_eq!(one.back_to(&first).now.source, first.source, "it is not what is asked for by now");
        one = one.with(content("1.2.0", "ghcr.io/others/greeter"));
        assert_eq!(one.back_to(&first).now.source, first.source);
    }

    #[test]
    fn a_version_that_is_pinned_leaves_what_is_asked_for_as_it_is() {
        let first = installed("ghcr.io/me/greeter:1.0.0");
        let one = first.with(content("1.1.0", "ghcr.io/me/greeter@^1.1"));
        let pinned = one.pinned_to(&first.now);
        assert_eq!((&pinned.now.version, &pinned.now.source), (&first.now.version, &one.now.source));
        let others = first.with(content("1.1.0", "ghcr.io/others/greeter@^1.1"));
        assert_eq!(others.pinned_to(&first.now).now.source, first.now.source);
    }

    #[test]
    fn a_version_that_was_left_is_not_gone_to_until_a_newer_one_is_there() {
        let of = |version: &str| content(version, "ghcr.io/me/greeter");
        let [v2, v3] = [Version::new(1, 1, 0), Version::new(1, 2, 0)];
        let third = installed("ghcr.io/me/greeter").with(of("1.1.0")).with(of("1.2.0"));
        assert_eq!(third.left(&v3), None);
        let second = third.rolled_back_to(&of("1.1.0"));
        let first = second.rolled_back_to(&of("1.0.0"));
        for one in [&second, &first, &first.with(of("1.1.0"))] {
            assert_eq!(one.left(&v3).unwrap(), "it was rolled back from 1.2.0");
            assert!(one.left(&Version::new(1, 2, 1)).is_none());
        }
        assert!(first.left(&v2).is_some(), "it was left as well");
        for taken in [first.with(of("1.2.0")), first.rolled_back_to(&of("1.2.0"))] {
            assert_eq!(taken.left(&v3), None);
        }
        let went_back = third.went_back_to(&of("1.1.0"));
        assert_eq!(went_back.left(&v3).unwrap(), "the host went back from 1.2.0 by itself");
        assert_eq!(went_back.rolled_back_to(&of("1.0.0")).rolled_back_from, Some(v3.clone()));
        let others = first.with(content("1.3.0", "ghcr.io/others/greeter"));
        let back = others.rolled_back_to(&of("1.0.0"));
        assert_eq!([others.left(&v3), back.left(&v3)], [None, None], "they are of another source");
    }
}
