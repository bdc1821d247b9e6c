//! Files that are there or not, whatever is killed: written beside their place and renamed, and the renaming written to
//! the disk.

use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use tempfile::NamedTempFile;

use super::error::InstallError;
use crate::packages::Digest;

/// How the names of files begin that are being written, or wait for their place. No library's name begins so.
pub(super) const UNFINISHED: &str = ".gearshift-";

/// A file that is being written in a folder. Who may read it says the process's umask.
pub(super) fn unfinished(folder: &Path, ending: &str) -> Result<NamedTempFile, InstallError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(ending).permissions(Permissions::from_mode(0o666));
    builder.tempfile_in(folder).map_err(InstallError::io("write in", folder))
}

/// Writes a file, or leaves the one before; where a link leads, and not the link.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), InstallError> {
    let path = &*fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = unfinished(folder, "")?;
    let failed = InstallError::io("write", path);
    let written = file.write_all(content).and_then(|()| file.as_file().sync_all());
    let written = written.and_then(|()| file.persist(path).map(drop).map_err(|error| error.error));
    written.and_then(|()| sync(folder)).map_err(failed)
}

/// Renames a file within a folder. After this it is there even if the power fails.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => path.parent().map_or(Ok(()), sync),
    }
}

/// Writes to the disk which files a folder has. <https://man7.org/linux/man-pages/man2/fsync.2.html>
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_is_written_and_not_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"after").unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&file).unwrap() == "after");
        write(&folder.path().join("new"), b"it was not there").unwrap();
    }
}
