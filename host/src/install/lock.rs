//! `gearshift.lock`: which version of which cog is installed, byte for byte, and from where. It says what is wanted, and
//! knows nothing of what is there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{error::InstallError, files};
use crate::{
    config::{absolute, syntax},
    library::{is_library_name, is_name},
    packages::{Digest, Place, Reference, Wanted},
    text,
};

/// The file's name, beside the config file.
pub(super) const FILE: &str = "gearshift.lock";
/// The version of its form.
const FORM: u32 = 1;
const HEADER: &str = "# What is installed, byte for byte. `gearshift` writes it; keep it with the config file: with it,\n\
    # `gearshift install --locked` installs the same on another machine.\n";
/// How many versions that served before are kept for each cog.
pub(super) const BEFORE_MAX: usize = 5;

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// By the cogs' names.
    pub cogs: BTreeMap<String, Installed>,
}

/// One cog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Installed {
    /// What of it is installed.
    #[serde(flatten)]
    pub now: Content,
    /// Its file in the cogs folder.
    pub file: String,
    /// Whether `update` passes it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The version that failed right after it was installed, so that the host went back. `update` goes to a newer one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_back_from: Option<Version>,
    /// The newest version that somebody rolled back from. `update` goes to a newer one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_from: Option<Version>,
    /// What was installed before and is kept, the last first.
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
    /// Where it comes from, and which versions were asked for there.
    #[serde(default = "unknown", serialize_with = "shown", deserialize_with = "read")]
    pub source: Reference,
    /// The public key that it was signed by, if that was a trusted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

impl Installed {
    /// Everything of it that is kept.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        std::iter::once(&self.now).chain(&self.before)
    }

    fn contents_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        std::iter::once(&mut self.now).chain(&mut self.before)
    }

    /// A cog that is installed for the first time, in a file of that name.
    pub(super) fn new(now: Content, file: String) -> Installed {
        let (went_back_from, rolled_back_from, before) = (None, None, Vec::new());
        Installed { now, file, pinned: false, went_back_from, rolled_back_from, before }
    }

    /// The same cog with another content; what is installed now is kept.
    #[must_use]
    pub fn with(&self, now: Content) -> Installed {
        let before = self.contents().filter(|it| it.package != now.package).take(BEFORE_MAX).cloned();
        let is_newer = |left: &&Version| **left > now.version;
        Installed {
            before: before.collect(),
            went_back_from: self.went_back_from.as_ref().filter(is_newer).cloned(),
            rolled_back_from: self.rolled_back_from.as_ref().filter(is_newer).cloned(),
            now,
            ..self.clone()
        }
    }

    /// The same cog with a content that was installed before, and from where that came. What is asked for there stays as it
    /// is, if that is where the cog comes from now.
    #[must_use]
    pub fn back_to(&self, before: &Content) -> Installed {
        let source = match before.source.place == self.now.source.place {
            true => &self.now.source,
            false => &before.source,
        };
        self.with(Content { source: source.clone(), ..before.clone() })
    }

    /// The same, because somebody wants it so: `update` does not take that back.
    #[must_use]
    pub fn rolled_back_to(&self, before: &Content) -> Installed {
        let left = [Some(&self.now.version), self.went_back_from.as_ref(), self.rolled_back_from.as_ref()];
        let left = left.into_iter().flatten().max().filter(|left| **left > before.version);
        Installed { rolled_back_from: left.cloned(), ..self.back_to(before) }
    }

    /// Why `update` does not go to a version: it was left, or one that is newer.
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
        // Once a lock named the source of what is installed alone.
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

/// The document.
#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    #[serde(default, rename = "cog")]
    cogs: BTreeMap<String, Installed>,
}

impl Lock {
    /// Reads the lock of a folder. Empty, if there is none.
    ///
    /// # Errors
    /// It cannot be read, or not be understood.
    pub fn read(folder: &Path) -> Result<Lock, InstallError> {
        let path = folder.join(FILE);
        match text::read(&path) {
            Ok(text) => Lock::parse(&text, folder),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
            Err(source) => Err(InstallError::io("read", path)(source)),
        }
    }

    fn parse(text: &str, folder: &Path) -> Result<Lock, InstallError> {
        #[derive(Deserialize)]
        struct FormVersion {
            version: u32,
        }
        let file = folder.join(FILE);
        let odd = |error: &toml::de::Error| {
            let (line, key, what) = syntax(text, error);
            let why = if key.is_empty() { what } else { format!("`{key}`: {what}") };
            InstallError::Lock { file: file.clone(), line, why }
        };
        let form: FormVersion = toml::from_str(text).map_err(|error| odd(&error))?;
        if form.version != FORM {
            return Err(InstallError::OtherForm { file, found: form.version, known: FORM });
        }
        let Form { mut cogs, .. } = toml::from_str(text).map_err(|error| odd(&error))?;
        for (name, cog) in &mut cogs {
            let wrong = |why: String| InstallError::Lock { file: file.clone(), line: None, why };
            if cog.file.contains('/') || !is_library_name(Path::new(&cog.file)) {
                return Err(wrong(format!("{:?} of `{name}` is no name of a library", cog.file)));
            }
            for Content { source, .. } in cog.contents_mut() {
                if !is_name(name) || source.place.name() != name {
                    return Err(wrong(format!("{name:?} is not the name of the package `{source}`")));
                }
                if let Place::Folder(place) = &mut source.place {
                    *place = absolute(&folder.join(&*place));
                }
            }
        }
        Ok(Lock { cogs })
    }

    fn text(&self, folder: &Path) -> Result<String, toml::ser::Error> {
        let mut cogs = self.cogs.clone();
        for content in cogs.values_mut().flat_map(Installed::contents_mut) {
            // So that it holds on another machine.
            if let Place::Folder(place) = &mut content.source.place
                && let Ok(below) = place.strip_prefix(folder)
            {
                *place = below.to_owned();
            }
        }
        Ok(format!("{HEADER}{}", toml::to_string(&Form { version: FORM, cogs })?))
    }

    /// Writes the lock of a folder: a process that reads it meanwhile, or after a `kill -9`, finds the one before or this one.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn write(&self, folder: &Path) -> Result<(), InstallError> {
        let text = self.text(folder).map_err(|error| InstallError::Host(error.to_string()))?;
        files::write(&folder.join(FILE), text.as_bytes())
    }
}

/// No package: it has no name.
fn unknown() -> Reference {
    Reference { place: Place::Folder(PathBuf::new()), wanted: Wanted::Newest, digest: None }
}

/// A folder below that of the lock is written relative to it.
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
    if let (Place::Folder(folder), true) = (&mut reference.place, text.starts_with("./")) {
        // It was read as if relative to where this process stands.
        let here = absolute(Path::new("."));
        *folder = folder.strip_prefix(here).map_or_else(|_| folder.clone(), PathBuf::from);
    }
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(version: &str, source: &str) -> Content {
        Content {
            version: version.parse().unwrap(),
            package: Digest::of(version.as_bytes()),
            library: Digest::of(b"library"),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            source: source.parse().unwrap(),
            signed_by: None,
        }
    }

    fn installed(source: &str) -> Installed {
        let now = content("1.0.0", source);
        let file = format!("lib{}.so", now.source.place.name());
        Installed::new(now, file)
    }

    fn versions(before: &[Content]) -> Vec<String> {
        before.iter().map(|it| it.version.to_string()).collect()
    }

    #[test]
    fn a_lock_is_read_as_it_is_written_and_a_folder_below_it_is_written_relative_to_it() {
        let folder = Path::new("/srv/bot");
        let mut lock = Lock::default();
        for source in ["ghcr.io/me/greeter@^1", "/srv/bot/packages/near", "/opt/packages/far:1.0.0"] {
            let one = installed(source);
            lock.cogs.insert(one.now.source.place.name().to_owned(), one);
        }
        let greeter = lock.cogs.get_mut("greeter").unwrap();
        greeter.pinned = true;
        let more = ["/srv/bot/packages/greeter", "me/greeter:1.2.0"].into_iter().zip(["1.1.0", "1.2.0"]);
        *greeter = more.fold(greeter.clone(), |it, (source, version)| it.with(content(version, source)));
        assert_eq!(versions(&greeter.before), ["1.1.0", "1.0.0"]);
        let text = lock.text(folder).unwrap();
        assert!(text.contains("source = \"./packages/near\"\n"), "{text}");
        assert!(text.contains("source = \"/opt/packages/far:1.0.0\"\n"), "{text}");
        assert!(text.contains("version = 1\n"), "{text}");
        assert_eq!(Lock::parse(&text, folder).unwrap(), lock);
        let moved = Lock::parse(&text, Path::new("/home/me/bot")).unwrap();
        assert_eq!(moved.cogs["near"].now.source.to_string(), "/home/me/bot/packages/near");
        assert_eq!(moved.cogs["far"].now.source, lock.cogs["far"].now.source);
        let before = moved.cogs["greeter"].before.iter().map(|it| it.source.to_string());
        assert_eq!(before.collect::<Vec<_>>(), ["/home/me/bot/packages/greeter", "ghcr.io/me/greeter@^1"]);
    }

    #[test]
    fn a_lock_that_names_one_source_means_it_for_every_version() {
        let one = installed("/srv/bot/packages/near@^1");
        let one = one.with(content("1.1.0", "/srv/bot/packages/near@^1"));
        let lock = Lock { cogs: BTreeMap::from([("near".to_owned(), one)]) };
        let text = lock.text(Path::new("/srv/bot")).unwrap();
        let (now, before) = text.split_once("[[cog.near.before]]").unwrap();
        let source = "source = \"./packages/near@^1\"\n";
        let earlier = format!("{now}[[cog.near.before]]{}", before.replace(source, ""));
        assert_ne!(earlier, text);
        assert_eq!(Lock::parse(&earlier, Path::new("/srv/bot")).unwrap(), lock);
        let error = Lock::parse(&text.replace(source, ""), Path::new("/srv/bot")).unwrap_err().to_string();
        assert!(error.contains("missing field `source`"), "{error}");
    }

    #[test]
    fn a_version_that_is_gone_back_to_has_the_source_that_it_came_from() {
        let mut one = installed("ghcr.io/me/greeter@^1");
        let first = one.now.clone();
        one = one.with(content("1.1.0", "ghcr.io/me/greeter:1.1.0"));
        assert_eq!(one.back_to(&first).now.source, one.now.source, "what is asked for there stays");
        one = one.with(content("1.2.0", "ghcr.io/others/greeter"));
        assert_eq!(one.back_to(&first).now.source, first.source);
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
        let went_back = Installed { went_back_from: Some(v3.clone()), ..third.back_to(&of("1.1.0")) };
        assert_eq!(went_back.left(&v3).unwrap(), "the host went back from 1.2.0 by itself");
        assert_eq!(went_back.rolled_back_to(&of("1.0.0")).rolled_back_from, Some(v3));
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
    fn a_lock_that_cannot_be_understood_names_file_and_line_and_is_never_taken_for_empty() {
        let lock = Lock { cogs: BTreeMap::from([("far".to_owned(), installed("/opt/far:1.0.0"))]) };
        let good = lock.text(Path::new("/srv/bot")).unwrap();
        for (wrong, why) in [
            ("".to_owned(), "missing field `version`"),
            (good.replace("version = 1\n", "version = 2\n"), "is of form 2, and this gearshift reads form 1"),
            (good.replace("\"1.0.0\"", "\"1.0\""), "gearshift.lock:5: "),
            (good.replace("libfar.so", "../libfar.so"), "is no name of a library"),
            (good.replace("/opt/far", "/opt/fur"), "is not the name of the package"),
            (good.replace("sha256:", "sha512:"), "is no digest"),
            (good.replace("[cog.far]", "[cog.far"), "gearshift.lock:5: "),
            (format!("{good}[cog.far]\n"), ": `cog.far`: is there already, on line 5"),
        ] {
            let error = Lock::parse(&wrong, Path::new("/srv/bot")).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(error.help().is_some(), "{error}");
        }
    }
}
