//! Where libraries are: those of a folder, and the place for private copies. It judges no content but a name.

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

/// The stamp of the file that a path leads to; none if nothing has that path.
///
/// # Errors
/// When it leads to something else, as a folder or a pipe, or a link to nothing. Or when the system does not say: a link
/// leads in a circle, a file server is away.
pub fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Stamp::from_metadata(&metadata).map(Some),
        Ok(_) => Err(io::Error::other(NotALibrary::NotAFile)),
        Err(error) if is_absent(&error) && fs::symlink_metadata(path).is_err() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a link leads at whose end nothing is. Not for good, as long as the link is there: what it leads to, or a link on
/// the way, is being replaced.
pub fn leads_nowhere(path: &Path) -> Option<PathBuf> {
    let to = fs::read_link(path).ok()?;
    fs::metadata(path).is_err_and(|error| is_absent(&error)).then_some(to)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The libraries of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn candidates(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(listing(folder)?.into_keys().collect())
}

/// What the libraries of a folder say about themselves, by name. Files that are no cogs are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn manifests(folder: &Path) -> io::Result<Vec<(PathBuf, Manifest)>> {
    let read = |file: PathBuf| manifest::read(&file).ok().map(|contents| (file, contents.manifest));
    // What has no stamp is no file, and to open a pipe is to wait for its writer.
    let files = listing(folder)?.into_iter().filter_map(|(file, stamp)| stamp.map(|_| file));
    Ok(files.filter(|file| file::is_named_in_text(file)).filter_map(read).collect())
}

/// Where private copies are made if nothing else is said: in the runtime directory of this user, else in a folder of
/// this user below the one for temporary files. Always absolute, so that every process finds the same from wherever it
/// is started, and the same as long as the process lives: a cog may change its environment.
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
