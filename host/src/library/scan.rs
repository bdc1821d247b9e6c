//! Where libraries are: those of a folder, and the place for private copies. It judges files by their names only.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use gearshift_cog::manifest::Manifest;

use super::{
    file::{self, NotALibrary, Stamp},
    manifest,
};

/// The libraries of a folder, by name, each with its current stamp. Files without a library's name are skipped. A
/// library without a stamp exists but cannot be examined.
///
/// # Errors
/// If the folder cannot be read.
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

/// The stamp of the file that a path leads to; `None` if nothing has that path.
///
/// # Errors
/// If it leads to something else, such as a folder or a pipe, or is a link to nothing; or if the system cannot tell,
/// because a link leads in a circle or a file server is away.
pub fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Stamp::from_metadata(&metadata).map(Some),
        Ok(_) => Err(io::Error::other(NotALibrary::NotAFile)),
        Err(error) if is_absent(&error) && fs::symlink_metadata(path).is_err() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a link leads whose target does not exist. This may be temporary: the target, or a link on the way to it, may
/// be in the middle of being replaced.
pub fn dangling_target(path: &Path) -> Option<PathBuf> {
    let to = fs::read_link(path).ok()?;
    fs::metadata(path).is_err_and(|error| is_absent(&error)).then_some(to)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The libraries of a folder, by name.
///
/// # Errors
/// If the folder cannot be read.
pub fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(listing(folder)?.into_keys().collect())
}

/// The manifests of a folder's libraries, by file name. Files that are not cogs are skipped.
///
/// # Errors
/// If the folder cannot be read.
pub fn manifests(folder: &Path) -> io::Result<Vec<(PathBuf, Manifest)>> {
    let read = |file: PathBuf| manifest::read(&file).ok().map(|contents| (file, contents.manifest));
    // A path without a stamp is not a file, and opening a pipe would wait for its writer.
    let files = listing(folder)?.into_iter().filter_map(|(file, stamp)| stamp.map(|_| file));
    Ok(files.filter(|file| file::is_named_in_text(file)).filter_map(read).collect())
}

/// Where private copies are made unless configured otherwise: in this user's runtime directory, else in a folder of
/// this user below the one for temporary files. Always absolute, so that every process finds the same one wherever it
/// is started; and constant for the life of the process, although a cog may change its environment.
pub fn default_base() -> PathBuf {
    static BASE: LazyLock<PathBuf> =
        LazyLock::new(|| base_in(env::var_os("XDG_RUNTIME_DIR"), env::temp_dir()));
    BASE.clone()
}

fn base_in(runtime: Option<OsString>, temporary: PathBuf) -> PathBuf {
    // "All paths set in these environment variables must be absolute. If an implementation encounters a relative path
    // […] it should consider the path invalid and ignore it": https://specifications.freedesktop.org/basedir-spec/latest/
    match runtime.map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(runtime) => runtime.join("gearshift"),
        None if temporary.is_absolute() => temporary.join(own_name()),
        None => Path::new("/tmp").join(own_name()),
    }
}

fn own_name() -> String {
    format!("gearshift-{}", rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_directory_that_is_empty_or_relative_is_ignored() {
        let base = |runtime: Option<&str>, temporary: &str| {
            let base = base_in(runtime.map(OsString::from), PathBuf::from(temporary));
            base.to_str().unwrap().to_owned()
        };
        let own = own_name();
        assert_eq!(base(Some("/run/user/7"), "/t"), "/run/user/7/gearshift");
        for runtime in [None, Some(""), Some("run"), Some("./run")] {
            assert_eq!(base(runtime, "/t"), format!("/t/{own}"));
            for temporary in ["", "t"] {
                assert_eq!(base(runtime, temporary), format!("/tmp/{own}"));
            }
        }
    }
}
