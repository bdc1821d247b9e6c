//! Where libraries are: those of a folder, and the place for private copies. It judges no content but a name.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use super::{file, manifest};

/// The libraries of a folder, by name. Files that are no libraries by name are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if file::is_library_name(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
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
