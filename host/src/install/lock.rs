//! `gearshift.lock`: which version of which cog is installed, byte for byte, and from where. It describes the desired
//! state, and knows nothing of the actual one.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    error::InstallError,
    files,
    installed::{Content, Installed},
};
use crate::{
    config::{absolute, syntax},
    file::AtomicFile,
    library::{is_library_name, is_name},
    packages::Place,
    text,
};

/// The file's name; it lies beside the config file.
pub(super) const FILE: &str = "gearshift.lock";
/// The version of the file's format.
const FORM: u32 = 1;
const HEADER: &str = "# What is installed, byte for byte. `gearshift` writes it; keep it with the config file: with it,\n\
    # `gearshift install --locked` installs the same on another machine.\n";

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// By cog name.
    pub cogs: BTreeMap<String, Installed>,
}

/// A lock that has been written, but is not in place yet.
#[derive(Debug)]
pub(super) struct Written {
    lock: Lock,
    aside: AtomicFile,
    path: PathBuf,
}

impl Written {
    /// Puts it in place.
    ///
    /// # Errors
    /// The system returned an error; the previous lock is still in place.
    pub(super) fn put(self) -> Result<Lock, InstallError> {
        self.aside.commit().map_err(InstallError::io("write", self.path))?;
        Ok(self.lock)
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
    /// Reads the lock in a folder; empty if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is malformed.
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
        let mut files = BTreeMap::new();
        for (name, cog) in &mut cogs {
            let wrong = |why: String| InstallError::Lock { file: file.clone(), line: None, why };
            let is_odd = |letter: char| letter == '/' || letter.is_control();
            if cog.file.contains(is_odd) || !is_library_name(Path::new(&cog.file)) {
                return Err(wrong(format!("{:?} of `{name}` is not the name of a library", cog.file)));
            }
            if let Some(other) = files.insert(cog.file.clone(), name.clone()) {
                return Err(wrong(format!(
                    "`{other}` and `{name}` cannot both have the file `{}`",
                    cog.file
                )));
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
            // So that it is valid on another machine.
            if let Place::Folder(place) = &mut content.source.place
                && let Ok(below) = place.strip_prefix(folder)
            {
                *place = below.to_owned();
            }
        }
        Ok(format!("{HEADER}{}", toml::to_string(&Form { version: FORM, cogs })?))
    }

    /// Writes the lock to a temporary file in a folder: a process that reads the lock meanwhile, or after a
    /// `kill -9`, finds either the previous one or this one.
    ///
    /// # Errors
    /// The system returned an error.
    pub(super) fn write(&self, folder: &Path) -> Result<Written, InstallError> {
        let text = self.text(folder).map_err(|error| InstallError::Host(error.to_string()))?;
        let path = folder.join(FILE);
        Ok(Written { lock: self.clone(), aside: files::write_aside(&path, text.as_bytes())?, path })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::installed::tests::{content, installed, versions},
        *,
    };

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
    fn a_source_that_is_not_absolute_is_relative_to_the_lock_wherever_a_command_runs() {
        let lock = Lock { cogs: BTreeMap::from([("far".to_owned(), installed("/opt/far@^1"))]) };
        let text = lock.text(Path::new("/srv/bot")).unwrap();
        for (source, folder) in [
            ("./far", "/srv/bot/far"),
            ("./packages/far", "/srv/bot/packages/far"),
            ("../packages/far", "/srv/packages/far"),
            ("./../../packages/far", "/packages/far"),
            ("file:packages/far", "/srv/bot/packages/far"),
            ("file:///srv/packages/far", "/srv/packages/far"),
        ] {
            let lock = Lock::parse(&text.replace("/opt/far", source), Path::new("/srv/bot")).unwrap();
            assert_eq!(lock.cogs["far"].now.source.to_string(), format!("{folder}@^1"), "{source}");
        }
    }

    #[test]
    fn a_lock_that_cannot_be_understood_names_file_and_line_and_is_never_taken_for_empty() {
        let lock = Lock { cogs: BTreeMap::from([("far".to_owned(), installed("/opt/far:1.0.0"))]) };
        let good = lock.text(Path::new("/srv/bot")).unwrap();
        let section = &good[good.find("[cog.far]").unwrap()..];
        for (wrong, why) in [
            ("".to_owned(), "missing field `version`"),
            (
                good.replace("version = 1\n", "version = 2\n"),
                "has format 2, and this gearshift reads format 1",
            ),
            (good.replace("\"1.0.0\"", "\"1.0\""), "gearshift.lock:5: "),
            (good.replace("libfar.so", "../libfar.so"), "is not the name of a library"),
            (
                good.replace("libfar.so", "lib\\nfar.so"),
                "\"lib\\nfar.so\" of `far` is not the name of a library",
            ),
            (good.replace("/opt/far", "/opt/fur"), "is not the name of the package"),
            (good.replace("sha256:", "sha512:"), "is not a digest"),
            (good.replace("[cog.far]", "[cog.far"), "gearshift.lock:5: "),
            (format!("{good}[cog.far]\n"), ": `cog.far`: is there already, on line 5"),
            (
                format!("{good}{}", section.replace("far", "near").replace("libnear", "libfar")),
                ": `far` and `near` cannot both have the file `libfar.so`",
            ),
        ] {
            let error = Lock::parse(&wrong, Path::new("/srv/bot")).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(error.help().is_some(), "{error}");
        }
    }
}
