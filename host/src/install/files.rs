//! Files that are there or not, whatever is killed: written beside their place and renamed, and the renaming written to
//! the disk.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use tempfile::NamedTempFile;

use super::error::InstallError;
use crate::{
    file::{self, Aside},
    packages::Digest,
};

/// How the names of files begin that are being written, or wait for their place. No library's name begins so.
pub(super) const UNFINISHED: &str = ".gearshift-";

/// A library that is being written in the cogs folder. Who may read it says the process's umask.
pub(super) fn unfinished(folder: &Path, ending: &str) -> Result<NamedTempFile, InstallError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(ending).permissions(Permissions::from_mode(0o666));
    let made = builder.tempfile_in(folder).and_then(|file| {
        file::give(file.as_file(), &fs::metadata(folder)?)?;
        Ok(file)
    });
    made.map_err(InstallError::io("write in", folder))
}

/// Writes what a file is to hold beside it and has the system store it: to put it there takes no more room.
pub(super) fn write_aside(path: &Path, content: &[u8]) -> Result<Aside, InstallError> {
    let written = Aside::begin(path, UNFINISHED).and_then(|mut aside| {
        aside.write_all(content)?;
        aside.finish()?;
        Ok(aside)
    });
    written.map_err(InstallError::io("write", path))
}

/// Writes a file, or leaves the one before.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), InstallError> {
    write_aside(path, content)?.put().map_err(InstallError::io("write", path))
}

/// Renames a file within a folder. After this it is there even if the power fails.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), file::sync)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => path.parent().map_or(Ok(()), file::sync),
    }
}

/// The digest of a file; none if it is not there.
pub(super) fn digest(path: &Path) -> Result<Option<Digest>, InstallError> {
    match Digest::of_file(path) {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(InstallError::io("read", path)(error)),
    }
}

/// Removes what was being written in a folder when its process was killed. Nobody writes there now.
pub(super) fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
