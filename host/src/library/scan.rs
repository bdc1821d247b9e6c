//! Where libraries are: those of a folder, and the place for private copies. It judges no content but a name.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    file::{self, Stamp},
    manifest,
};

/// The libraries of a folder, by name, each as it is now. Files that are no libraries by name are passed over. A library
/// without a stamp is there and cannot be looked at.
///
/// # Errors
/// When the folder cannot be read.
pub fn listing(folder: &Path) -> io::Result<BTreeMap<PathBuf, Option<Stamp>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !file::is_library_name(&path) {
            continue;
        }
        match stamp(&path) {
            Ok(None) => {}
            found => _ = files.insert(path, found.ok().flatten()),
        }
    }
    Ok(files)
}

/// The stamp of what a path leads to; none if it leads to no file.
///
/// # Errors
/// When the system does not say: a link leads in a circle, a file server is away.
pub fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Stamp::from_metadata(&metadata).map(Some),
        Ok(_) => Ok(None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The libraries of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(listing(folder)?.into_keys().collect())
}

/// The library of a folder that is the cog `name`. Files that are no cogs are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let is_it = |file: &PathBuf| manifest::read(file).is_ok_and(|contents| contents.manifest.name == name);
    Ok(candidates(folder)?.into_iter().find(is_it))
}

/// Where private copies are made if nothing else is said: in the runtime directory of this user, else in a folder of
/// this user below the one for temporary files.
pub fn default_base() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(runtime) => PathBuf::from(runtime).join("gearshift"),
        None => env::temp_dir().join(format!("gearshift-{}", user())),
    }
}

#[allow(unsafe_code, reason = "asks the system for a number")]
fn user() -> u32 {
    // SAFETY: geteuid(2) has no preconditions and cannot fail.
    unsafe { libc::geteuid() }
}
