//! Regular files: opened without blocking, and replaced atomically. It does not know their content.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use tempfile::NamedTempFile;

/// Opens a file for reading, without blocking: opening a pipe could wait forever for its other end, and a device may
/// never end.
///
/// # Errors
/// If it cannot be opened, or is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_by(File::options().read(true), path)
}

/// Like [`open`], with other options than for reading.
///
/// # Errors
/// As for [`open`].
pub fn open_by(how: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    // <https://man7.org/linux/man-pages/man7/fifo.7.html>
    let file = how.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map_err(|error| {
        // A socket, or a pipe without a reader. <https://man7.org/linux/man-pages/man2/open.2.html>
        if error.raw_os_error() == Some(libc::ENXIO) { not_regular() } else { error }
    })?;
    let found = file.metadata()?;
    match found.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false if found.is_file() => Ok(file),
        false => Err(not_regular()),
    }
}

fn not_regular() -> io::Error {
    let why = "it is a pipe, a socket or a device, not a regular file";
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// A file that is written next to its destination and then renamed to it: if a process is killed at any moment, the
/// destination holds either the old content or all of the new one.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    place: PathBuf,
}

impl AtomicFile {
    /// Begins one for `place`; if that is a link, for the link's target. The name of the temporary file begins with
    /// `begin`. It takes mode and owner of the existing file; for a new one the umask decides the mode.
    ///
    /// # Errors
    /// If the system refuses, or what is there is not a regular file.
    pub fn begin(place: &Path, begin: &str) -> io::Result<AtomicFile> {
        let place = resolve_link(place);
        let before = fs::metadata(&place).ok();
        if let Some(before) = before.as_ref().filter(|before| !before.is_file()) {
            return Err(if before.is_dir() { io::ErrorKind::IsADirectory.into() } else { not_regular() });
        }
        let folder = folder_of(&place);
        let mut builder = tempfile::Builder::new();
        builder.prefix(begin).permissions(Permissions::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        if let Some(before) = &before {
            file.as_file().set_permissions(before.permissions())?;
        }
        if let Ok(owner) = before.map_or_else(|| fs::metadata(folder), Ok) {
            chown_like(file.as_file(), &owner)?;
        }
        Ok(AtomicFile { file, place })
    }

    /// Flushes it to disk. Only the rename is left then, which needs no more space.
    ///
    /// # Errors
    /// If the system refuses, for example because the disk is full.
    pub fn finish(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Renames the finished file to its destination. Once this returns, it survives a power failure.
    ///
    /// # Errors
    /// If the system refuses; the old content is unchanged.
    pub fn commit(self) -> io::Result<()> {
        self.file.persist(&self.place).map_err(|error| error.error)?;
        sync(folder_of(&self.place))
    }
}

impl Write for AtomicFile {
    // To the file itself: errors of `NamedTempFile` name the temporary file.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Replaces or creates a file atomically, as [`AtomicFile`] does.
///
/// # Errors
/// If the system refuses; the old content is unchanged.
pub fn replace(place: &Path, content: &[u8], begin: &str) -> io::Result<()> {
    let mut file = AtomicFile::begin(place, begin)?;
    file.write_all(content)?;
    file.finish()?;
    file.commit()
}

/// Flushes a folder's entries to disk. <https://man7.org/linux/man-pages/man2/fsync.2.html>
///
/// # Errors
/// If the system refuses.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// If this process is root, gives a file that it creates among another user's files to that user: otherwise they could
/// not change it.
///
/// # Errors
/// If the system refuses.
pub fn chown_like(file: &File, like: &fs::Metadata) -> io::Result<()> {
    match geteuid().is_root() && like.uid() != 0 {
        true => fchown(file, Some(like.uid()), Some(like.gid())),
        false => Ok(()),
    }
}

/// Creates a folder and its missing parents. Each gets the owner of the folder above it, as [`chown_like`] does it.
///
/// # Errors
/// If the system refuses, or something else is there.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folder(above)?;
    match fs::create_dir(folder) {
        Ok(()) => chown_like(&File::open(folder)?, &fs::metadata(above)?),
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(io::ErrorKind::NotADirectory.into())
        }
        Err(error) => Err(error),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a link leads, even if its target does not exist yet.
fn resolve_link(path: &Path) -> PathBuf {
    let leads = |_| Ok::<_, io::Error>(folder_of(path).join(fs::read_link(path)?));
    fs::canonicalize(path).or_else(leads).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_a_link_leads_to_is_replaced_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, new, to_be] = ["file", "link", "new", "to-be"].map(|name| folder.path().join(name));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        replace(&link, b"after", ".x-").unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&file).unwrap() == "after");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        symlink("to-be", &new).unwrap();
        replace(&new, b"it was not there", ".x-").unwrap();
        assert!(new.is_symlink() && to_be.is_file());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "nothing is left beside them");
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_replaced_nor_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, socket, inner] = ["pipe", "socket", "folder"].map(|name| folder.path().join(name));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _listens = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        fs::create_dir(&inner).unwrap();
        for path in [&pipe, &socket, Path::new("/dev/null")] {
            for error in [open(path).unwrap_err(), replace(path, b"new", ".x-").unwrap_err()] {
                assert!(error.to_string().contains("not a regular file"), "{}: {error}", path.display());
            }
        }
        let error = make_folder(&pipe.join("folder")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        for error in [open(&inner).unwrap_err(), replace(&inner, b"new", ".x-").unwrap_err()] {
            assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }

    #[test]
    fn what_root_makes_among_the_files_of_another_user_is_that_users() {
        if !geteuid().is_root() {
            return writeln!(io::stderr(), "SKIPPED: only root can give a file away").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(12345), Some(54321)).unwrap();
        let inner = folder.path().join("one/two");
        make_folder(&inner).unwrap();
        replace(&inner.join("file"), b"new", ".x-").unwrap();
        for path in [inner.join("file"), inner.clone(), folder.path().join("one")] {
            let owner = fs::metadata(&path).unwrap();
            assert_eq!((owner.uid(), owner.gid()), (12345, 54321), "{}", path.display());
        }
    }
}
