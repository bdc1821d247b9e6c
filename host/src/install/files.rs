//! Files that are complete or absent, whatever is killed: they are written to a temporary name and renamed, and the
//! rename is flushed to disk.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use tempfile::NamedTempFile;

use super::error::InstallError;
use crate::{
    file::{self, AtomicFile},
    packages::Digest,
};

/// Prefix of the names of files that are being written, or wait to be put in place. No library's name begins with it.
pub(super) const UNFINISHED: &str = ".gearshift-";

/// A temporary file in the cogs folder for a library. The process's umask decides who may read it.
pub(super) fn unfinished(folder: &Path, ending: &str) -> Result<NamedTempFile, InstallError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(ending).permissions(Permissions::from_mode(0o666));
    let made = builder.tempfile_in(folder).and_then(|file| {
        file::chown_like(file.as_file(), &fs::metadata(folder)?)?;
        Ok(file)
    });
    made.map_err(InstallError::io("write in", folder))
}

/// Writes a file's new content to a temporary file and flushes it: putting it in place then needs no more space.
pub(super) fn write_aside(path: &Path, content: &[u8]) -> Result<AtomicFile, InstallError> {
    let written = AtomicFile::begin(path, UNFINISHED).and_then(|mut aside| {
        aside.write_all(content)?;
        aside.finish()?;
        Ok(aside)
    });
    written.map_err(InstallError::io("write", path))
}

/// Writes a file, or leaves the previous one in place.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), InstallError> {
    write_aside(path, content)?.commit().map_err(InstallError::io("write", path))
}

/// Renames a file within a folder. Once this returns, the rename survives a loss of power.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), file::sync)
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => path.parent().map_or(Ok(()), file::sync),
    }
}

/// The digest of a file; `None` if it does not exist.
pub(super) fn digest(path: &Path) -> Result<Option<Digest>, InstallError> {
    match Digest::of_file(path) {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(InstallError::io("read", path)(error)),
    }
}

/// Removes temporary files that a killed process left in a folder. Nobody else is writing there now.
pub(super) fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
