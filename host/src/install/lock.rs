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
    library::{is_library_name, is_name},
    packages::{Digest, Place, Reference},
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
pub struct Installed {
    /// What of it is installed.
    #[serde(flatten)]
    pub now: Content,
    /// Where it comes from, and which of its versions were asked for.
    #[serde(serialize_with = "shown", deserialize_with = "read")]
    pub source: Reference,
    /// Its file in the cogs folder.
    pub file: String,
    /// Whether `update` passes it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The version that failed right after it was installed, so that the host went back to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_back_from: Option<Version>,
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
    /// The public key that it was signed by, if that was a trusted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

impl Installed {
    /// Everything of it that is kept.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        std::iter::once(&self.now).chain(&self.before)
    }

    /// The same cog with another content; what is installed now is kept.
    #[must_use]
    pub fn with(&self, now: Content) -> Installed {
        let before = self.contents().filter(|it| it.package != now.package).take(BEFORE_MAX).cloned();
        Installed { before: before.collect(), now, went_back_from: None, ..self.clone() }
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
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            InstallError::Lock { file: file.clone(), line, why: error.message().to_owned() }
        };
        let form: FormVersion = toml::from_str(text).map_err(|error| odd(&error))?;
        if form.version != FORM {
            return Err(InstallError::OtherForm { file, found: form.version, known: FORM });
        }
        let Form { mut cogs, .. } = toml::from_str(text).map_err(|error| odd(&error))?;
        for (name, cog) in &mut cogs {
            let wrong = |why: String| InstallError::Lock { file: file.clone(), line: None, why };
            if !is_name(name) || cog.source.place.name() != name {
                return Err(wrong(format!("{name:?} is not the name of the package `{}`", cog.source)));
            }
            if cog.file.contains('/') || !is_library_name(Path::new(&cog.file)) {
                return Err(wrong(format!("{:?} of `{name}` is no name of a library", cog.file)));
            }
            if let Place::Folder(place) = &mut cog.source.place {
                *place = folder.join(&*place);
            }
        }
        Ok(Lock { cogs })
    }

    fn text(&self, folder: &Path) -> Result<String, toml::ser::Error> {
        let mut cogs = self.cogs.clone();
        for cog in cogs.values_mut() {
            // So that it holds on another machine.
            if let Place::Folder(place) = &mut cog.source.place
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

    /// The installed cog of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn cog(&self, name: &str) -> Result<&Installed, InstallError> {
        let known = || self.cogs.keys().cloned().collect();
        self.cogs
            .get(name)
            .ok_or_else(|| InstallError::NotInstalled { name: name.to_owned(), known: known() })
    }
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
        let here = std::path::absolute(".").map_err(D::Error::custom)?;
        *folder = folder.strip_prefix(here).map_or_else(|_| folder.clone(), PathBuf::from);
    }
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(version: &str) -> Content {
        Content {
            version: version.parse().unwrap(),
            package: Digest::of(version.as_bytes()),
            library: Digest::of(b"library"),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            signed_by: None,
        }
    }

    fn installed(source: &str) -> Installed {
        let source: Reference = source.parse().unwrap();
        Installed {
            now: content("1.0.0"),
            file: format!("lib{}.so", source.place.name()),
            source,
            pinned: false,
            went_back_from: None,
            before: Vec::new(),
        }
    }

    #[test]
    fn a_lock_is_read_as_it_is_written_and_a_folder_below_it_is_written_relative_to_it() {
        let folder = Path::new("/srv/bot");
        let mut lock = Lock::default();
        for source in ["ghcr.io/me/greeter@^1", "/srv/bot/packages/near", "/opt/packages/far:1.0.0"] {
            let one = installed(source);
            lock.cogs.insert(one.source.place.name().to_owned(), one);
        }
        let greeter = lock.cogs.get_mut("greeter").unwrap();
        greeter.pinned = true;
        *greeter = greeter.with(content("1.1.0")).with(content("1.2.0"));
        assert_eq!(greeter.before.len(), 2);
        let text = lock.text(folder).unwrap();
        assert!(text.contains("source = \"./packages/near\"\n"), "{text}");
        assert!(text.contains("source = \"/opt/packages/far:1.0.0\"\n"), "{text}");
        assert!(text.contains("version = 1\n"), "{text}");
        assert_eq!(Lock::parse(&text, folder).unwrap(), lock);
        let moved = Lock::parse(&text, Path::new("/home/me/bot")).unwrap();
        assert_eq!(moved.cogs["near"].source.to_string(), "/home/me/bot/packages/near");
        assert_eq!(moved.cogs["far"].source, lock.cogs["far"].source);
    }

    #[test]
    fn what_was_installed_before_is_kept_once_and_bounded() {
        let mut one = installed("ghcr.io/me/greeter");
        for minor in (1..20).chain([18]) {
            one = one.with(content(&format!("1.{minor}.0")));
        }
        let before: Vec<String> = one.before.iter().map(|it| it.version.to_string()).collect();
        assert_eq!(before, ["1.19.0", "1.17.0", "1.16.0", "1.15.0", "1.14.0"]);
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
        ] {
            let error = Lock::parse(&wrong, Path::new("/srv/bot")).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(error.help().is_some(), "{error}");
        }
    }
}
