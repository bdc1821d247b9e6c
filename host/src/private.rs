//! Folders that only this user can change, held by a file descriptor: what is used is what was checked, even if the
//! path changes in between (<https://man7.org/linux/man-pages/man2/open.2.html>, "Rationale for openat()").

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

/// The mode of folders created here: no access for other users.
const OWNER_ONLY: u32 = 0o700;
/// Mode bits: group or others may write.
pub(crate) const OTHERS_WRITE: u32 = 0o022;
/// Mode bit of a folder: users who may write in it may still not replace other users' files.
const STICKY: u32 = 0o1000;

/// Why a folder or a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// It belongs to another user, who could change it, or whose file this process must not change.
    #[error("`{}` belongs to user {owner}, and this process runs as user {user}", .path.display())]
    Owner {
        /// The folder or the file.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
        /// This process's user.
        user: u32,
    },
    /// Other users can write there.
    #[error("other users can write there")]
    Shared,
    /// Not a file that this program has created: a link, a pipe, a device, a socket, or a file with a second hard link.
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

/// Whether others may write in a folder whose sticky bit keeps them from replacing files of other users, like `/tmp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// Other users may not write at all.
    Refused,
    /// Other users may write, if the sticky bit is set.
    Allowed,
}

/// A folder of this user or of root that no other user can change.
#[derive(Debug)]
pub struct PrivateFolder {
    handle: OwnedFd,
    /// Canonical: without links.
    path: PathBuf,
}

impl PrivateFolder {
    /// Opens an existing folder. Nothing in it is created or changed.
    ///
    /// # Errors
    /// If it does not exist, is not a folder, is reached through another user's link, or others can change its content.
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

    /// Its path, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps `systemd-tmpfiles` from removing old files in it, for as long as this is held: it skips folders that are
    /// locked (<https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html>, "Age").
    ///
    /// # Errors
    /// If the file system does not support locks.
    pub fn keep_from_cleanup(&self) -> io::Result<()> {
        match flock(&self.handle, FlockOperation::NonBlockingLockShared) {
            // It is being cleaned up right now; callers check that what they need exists.
            Err(Errno::WOULDBLOCK) => Ok(()),
            locked => Ok(locked?),
        }
    }

    /// Creates a folder in it, mode 0700.
    ///
    /// # Errors
    /// If something with that name exists, or the system refuses.
    pub fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.handle, name, Mode::from_raw_mode(OWNER_ONLY))?)
    }

    /// Opens a lock file, mode 0600, and creates it if it does not exist. It is not locked yet.
    ///
    /// # Errors
    /// If something else with that name exists, which is left untouched, or the system refuses.
    pub fn lock_file(&self, name: &OsStr) -> Result<File, PrivateError> {
        self.plain_file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Opens an existing lock file.
    ///
    /// # Errors
    /// As for [`PrivateFolder::lock_file`], and if it does not exist.
    pub fn existing_lock(&self, name: &OsStr) -> Result<File, PrivateError> {
        self.plain_file(name, OFlags::RDONLY)
    }

    fn plain_file(&self, name: &OsStr, access: OFlags) -> Result<File, PrivateError> {
        let not_plain = || PrivateError::NotPlain(self.path.join(name));
        // NONBLOCK: opening a pipe would otherwise wait for its other end.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let handle = match openat(&self.handle, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(handle) => handle,
            // LOOP: it is a link. NXIO: it is a socket or a pipe.
            Err(Errno::LOOP | Errno::NXIO) => return Err(not_plain()),
            // Either the folder is root's, so no file can be created in it, or the file is another user's.
            Err(Errno::ACCESS) => {
                let path = self.path.join(name);
                return Err(denied(if fs::symlink_metadata(&path).is_ok() { &path } else { &self.path }));
            }
            Err(errno) => return Err(errno.into()),
        };
        let stat = fstat(&handle)?;
        let is_regular = FileType::from_raw_mode(stat.st_mode).is_file();
        // With a second hard link, another user may have given the name to a file of ours.
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

/// Whether `path` still leads to the open `file`: same device and inode.
pub fn leads_to(path: &Path, file: &File) -> bool {
    let (Ok(there), Ok(open)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    (there.dev(), there.ino()) == (open.dev(), open.ino())
}

/// Checks that a file, and a link that leads to it, belong to this user or to root.
///
/// # Errors
/// If it belongs to another user, or cannot be examined.
pub(crate) fn check_file_owner(path: &Path) -> Result<(), PrivateError> {
    check_owner(path, fs::symlink_metadata(path)?.uid())?;
    check_owner(path, fs::metadata(path)?.uid())
}

/// Checks that `owner` can be trusted: this user, or root, who can change everything anyway.
fn check_owner(path: &Path, owner: u32) -> Result<(), PrivateError> {
    let user = geteuid().as_raw();
    match owner == user || owner == 0 {
        true => Ok(()),
        false => Err(PrivateError::Owner { path: path.to_owned(), owner, user }),
    }
}

/// Why this user may not use `path`: most often because the program once ran as root.
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
