//! Folders that only this user can change, held by a handle: what was checked is what is used, whatever becomes of the
//! path meanwhile (<https://man7.org/linux/man-pages/man2/open.2.html>, "Rationale for openat()").

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, fstat, mkdirat, openat},
    io::Errno,
    process::geteuid,
};

/// Files and folders made here are nobody else's.
const OWNER_ONLY: u32 = 0o700;
/// Of a mode: others may write.
pub(crate) const OTHERS_WRITE: u32 = 0o022;
/// Of a folder's mode: who may write may still not replace what is not theirs.
const STICKY: u32 = 0o1000;

/// Why a folder or a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// It is another user's, who can change it, or whose it must not be changed.
    #[error("`{}` belongs to user {owner}, and this process runs as user {user}", .path.display())]
    Owner {
        /// The folder or the file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// This process's.
        user: u32,
    },
    /// Others can put something there.
    #[error("other users can write there")]
    Shared,
    /// Not a file that this program has made: a link, a pipe, a device, a socket, a file with a second name.
    #[error("`{}` there is not a plain file of its own", .0.display())]
    NotPlain(PathBuf),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Errno> for PrivateError {
    fn from(errno: Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// Whether others may write in a folder that keeps them from replacing what is not theirs, as `/tmp` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// They may not write at all.
    Refused,
    /// They may.
    Allowed,
}

/// A folder of this user's or root's that nobody else can change.
#[derive(Debug)]
pub struct PrivateFolder {
    handle: OwnedFd,
    /// Without links.
    path: PathBuf,
}

impl PrivateFolder {
    /// Opens a folder that is there. Nothing is made or changed in it.
    ///
    /// # Errors
    /// It is not there, is no folder, is behind somebody else's link, or others can change what is in it.
    pub fn open(path: &Path, sticky: Sticky) -> Result<Self, PrivateError> {
        let named = fs::symlink_metadata(path)?;
        if named.is_symlink() {
            check_owner(path, named.uid())?;
        }
        let path = fs::canonicalize(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match openat(CWD, &path, flags, Mode::empty()) {
            Err(Errno::ACCESS) => return Err(denied(&path)),
            opened => opened?,
        };
        let stat = fstat(&handle)?;
        check_owner(&path, stat.st_uid)?;
        let is_shared = stat.st_mode & OTHERS_WRITE != 0;
        if is_shared && (sticky == Sticky::Refused || stat.st_mode & STICKY == 0) {
            return Err(PrivateError::Shared);
        }
        Ok(Self { handle, path })
    }

    /// Where it is, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps `systemd-tmpfiles` from removing what gets old in it, for as long as this is held: it passes over folders
    /// that somebody has locked (<https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html>, "Age").
    ///
    /// # Errors
    /// The file system knows no locks.
    pub fn keep_from_cleanup(&self) -> io::Result<()> {
        match flock(&self.handle, FlockOperation::NonBlockingLockShared) {
            // It is being cleaned up at this moment; what needs something of it looks whether it is there.
            Err(Errno::WOULDBLOCK) => Ok(()),
            locked => Ok(locked?),
        }
    }

    /// Makes a folder in it, mode 0700.
    ///
    /// # Errors
    /// There is something of that name, or the system refuses.
    pub fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.handle, name, Mode::from_raw_mode(OWNER_ONLY))?)
    }

    /// Opens a file for a lock, mode 0600, and makes it if it is not there. It is not locked yet.
    ///
    /// # Errors
    /// There is something else of that name, which is left as it is, or the system refuses.
    pub fn lock_file(&self, name: &OsStr) -> Result<File, PrivateError> {
        self.plain_file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Opens a lock that is there.
    ///
    /// # Errors
    /// As for [`PrivateFolder::lock_file`]; not being there is one.
    pub fn existing_lock(&self, name: &OsStr) -> Result<File, PrivateError> {
        self.plain_file(name, OFlags::RDONLY)
    }

    fn plain_file(&self, name: &OsStr, access: OFlags) -> Result<File, PrivateError> {
        let not_plain = || PrivateError::NotPlain(self.path.join(name));
        // NONBLOCK: to open a pipe would wait for its other end.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let handle = match openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(handle) => handle,
            // A link; a socket or a pipe.
            Err(Errno::LOOP | Errno::NXIO) => return Err(not_plain()),
            // To be made in a folder of root's, or there and somebody else's.
            Err(Errno::ACCESS) => {
                let path = self.path.join(name);
                return Err(denied(if fs::symlink_metadata(&path).is_ok() { &path } else { &self.path }));
            }
            Err(errno) => return Err(errno.into()),
        };
        let stat = fstat(&handle)?;
        let is_regular = FileType::from_raw_mode(stat.st_mode).is_file();
        // A second name may be one that somebody else gave to a file of ours.
        if !is_regular || stat.st_nlink > 1 {
            return Err(not_plain());
        }
        let user = geteuid().as_raw();
        if stat.st_uid != user {
            return Err(PrivateError::Owner { path: self.path.join(name), owner: stat.st_uid, user });
        }
        Ok(File::from(handle))
    }
}

/// Whether `path` leads to the file that is open as `file`.
pub fn leads_to(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(open)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    (there.dev(), there.ino()) == (open.dev(), open.ino())
}

/// Whether a file, and a link that leads to it, is this user's or root's.
///
/// # Errors
/// It is somebody else's, or cannot be looked at.
pub(crate) fn check_file_owner(path: &Path) -> Result<(), PrivateError> {
    check_owner(path, fs::symlink_metadata(path)?.uid())?;
    check_owner(path, fs::metadata(path)?.uid())
}

/// Whether what belongs to `owner` can be trusted: root can change everything anyway.
fn check_owner(path: &Path, owner: u32) -> Result<(), PrivateError> {
    let user = geteuid().as_raw();
    match owner == user || owner == 0 {
        true => Ok(()),
        false => Err(PrivateError::Owner { path: path.to_owned(), owner, user }),
    }
}

/// Why this user may not use `path`: most often a program was once run as root.
fn denied(path: &Path) -> PrivateError {
    let user = geteuid().as_raw();
    match fs::symlink_metadata(path) {
        Ok(there) if there.uid() != user => {
            PrivateError::Owner { path: path.to_owned(), owner: there.uid(), user }
        }
        _ => PrivateError::Io(io::ErrorKind::PermissionDenied.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::chown};

    use super::*;

    #[test]
    fn what_is_another_users_is_named_with_both_users() {
        if !geteuid().is_root() {
            return writeln!(io::stderr(), "SKIPPED: only root can give a file away").unwrap();
        }
        let place = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(place.path()).unwrap();
        let private = PrivateFolder::open(&folder, Sticky::Refused).unwrap();
        let lock = folder.join("lock");
        drop(private.lock_file(OsStr::new("lock")).unwrap());
        let link = folder.join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let error = |path: &Path, error: PrivateError| {
            let text = format!("`{}` belongs to user 12345, and this process runs as user 0", path.display());
            assert_eq!(error.to_string(), text);
        };
        chown(&lock, Some(12345), None).unwrap();
        error(&lock, private.lock_file(OsStr::new("lock")).unwrap_err());
        std::os::unix::fs::lchown(&link, Some(12345), None).unwrap();
        error(&link, PrivateFolder::open(&link, Sticky::Refused).unwrap_err());
        chown(&folder, Some(12345), None).unwrap();
        error(&folder, PrivateFolder::open(&folder, Sticky::Allowed).unwrap_err());
    }
}
