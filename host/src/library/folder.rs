//! The private folder of this process, from which copies of libraries are mapped. It knows nothing about their content.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::executable;
use crate::error::denied;
use crate::private::{PrivateError, PrivateFolder, Sticky, leads_to};

/// How the folders of this and of other Gearshift processes begin.
const FOLDER: &str = "gearshift-copies-";
/// Locked by a process for its whole life.
const LOCK: &str = "lock";
/// Locked while folders are created and removed, so that no process removes one that is not locked yet.
const MAKING: &str = ".gearshift-copies.lock";

/// Why there is no private folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be created.
    #[error("failed to create a private folder in `{}`{}", .folder.display(), denied(.folder, .source))]
    Failed {
        /// Where.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Other users could put other code there.
    #[error("cannot keep libraries in `{}`: other users can write there", .0.display())]
    Shared(PathBuf),
    /// It belongs to another user, or another user has put something there.
    #[error("cannot keep libraries in `{}`: {why}", .folder.display())]
    NotPrivate {
        /// Where.
        folder: PathBuf,
        /// What is wrong with it.
        why: PrivateError,
    },
    /// Nothing there can be executed.
    #[error("cannot keep libraries in `{}`: code cannot be mapped from there", .folder.display())]
    NoExec {
        /// Where.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl FolderError {
    /// What the operator can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Failed { .. } => {
                "it must be writable for this user, with space left; XDG_RUNTIME_DIR, or TMPDIR without it, name another"
            }
            Self::Shared(_) | Self::NotPrivate { .. } => {
                "it must belong to the user who runs this, with mode 0700; XDG_RUNTIME_DIR, or TMPDIR without it, name another"
            }
            Self::NoExec { .. } => {
                "it must be on a file system that is not mounted with `noexec`; XDG_RUNTIME_DIR, or TMPDIR without it, name another"
            }
        }
    }
}

/// The folder of this process. Removed when it and all its copies are dropped; the folders of crashed processes are
/// removed by the next process that creates one.
#[derive(Clone, Debug)]
pub struct CopyFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: PathBuf,
    path: PathBuf,
    /// How many copies have been made, so that no two share a name.
    made: AtomicU64,
    hold: Mutex<Hold>,
}

/// Kept open for as long as a copy may exist.
#[derive(Debug)]
struct Hold {
    /// Shows other processes that the folder is in use.
    lock: File,
    /// Keeps its content from being removed because of its age.
    _base: PrivateFolder,
}

impl CopyFolder {
    /// Creates the folder below `base`, which is created as well if needed, and removes those of dead processes.
    ///
    /// # Errors
    /// If `base` cannot be written, is open to other users, or does not allow code to be mapped.
    pub fn create(base: &Path) -> Result<Self, FolderError> {
        let refused = |why| refused(base, why);
        let (private, _making) = enter(base).map_err(refused)?;
        remove_dead(&private).map_err(|source| refused(source.into()))?;
        let path = make(&private).map_err(|source| refused(source.into()))?;
        let hold = hold(private, &path).map_err(refused)?;
        let inner = Inner { base: base.to_owned(), path, made: AtomicU64::new(0), hold: Mutex::new(hold) };
        let folder = Self { inner: Arc::new(inner) };
        folder.probe().map_err(|source| FolderError::NoExec { folder: base.to_owned(), source })?;
        Ok(folder)
    }

    /// Where the copies are.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A path in it that was not used before, for a copy that has no generation yet. If the folder has vanished, it is
    /// created again: other programs clean up runtime directories and folders for temporary files.
    ///
    /// # Errors
    /// If it cannot be created again.
    pub fn unused(&self) -> Result<PathBuf, FolderError> {
        self.ensure().map_err(|why| refused(&self.inner.base, why))?;
        let number = self.inner.made.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(self.inner.path.join(format!(".incoming-{number}{}", std::env::consts::DLL_SUFFIX)))
    }

    fn ensure(&self) -> Result<(), PrivateError> {
        let mut hold = self.inner.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if leads_to(&self.inner.path.join(LOCK), &hold.lock) {
            return Ok(());
        }
        let (private, _making) = enter(&self.inner.base)?;
        let name = self.inner.path.file_name().unwrap_or_default();
        match private.make_folder(name) {
            // Only its content is gone.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        *hold = self::hold(private, &self.inner.path)?;
        Ok(())
    }

    /// Tries to map a file in it as code.
    fn probe(&self) -> io::Result<()> {
        let path = self.inner.path.join("probe");
        let mut file = new_file(&path)?;
        file.write_all(b"probe")?;
        let outcome = executable::map_as_code(&file);
        fs::remove_file(&path)?;
        outcome
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Files of libraries that are still mapped stay, and so does the folder; the next process removes both.
        let empty = fs::read_dir(&self.path)
            .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK));
        if empty {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn refused(base: &Path, why: PrivateError) -> FolderError {
    let folder = base.to_owned();
    match why {
        PrivateError::Io(source) => FolderError::Failed { folder, source },
        PrivateError::Shared => FolderError::Shared(folder),
        why => FolderError::NotPrivate { folder, why },
    }
}

/// Creates a file that only this user can access.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Creates `base` if needed, and waits until no other process creates or removes folders in it; none can while the
/// returned file is open. Nothing is created in it before it is known to be private.
fn enter(base: &Path) -> Result<(PrivateFolder, File), PrivateError> {
    DirBuilder::new().recursive(true).mode(0o700).create(base)?;
    let private = PrivateFolder::open(base, Sticky::Refused)?;
    let making = private.lock_file(OsStr::new(MAKING))?;
    making.lock()?;
    Ok((private, making))
}

/// Creates a folder that did not exist before.
fn make(base: &PrivateFolder) -> io::Result<PathBuf> {
    // No path is used twice in a process, not even after its file is gone: the loader would take the new file for the
    // library of the same name that is still mapped, and return the old code.
    static MADE: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{FOLDER}{}-{number}", process::id());
        match base.make_folder(OsStr::new(&name)) {
            // Without links, as `/proc/self/maps` shows the paths of mapped files.
            Ok(()) => return Ok(base.path().join(name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Locks a folder of this process in `base`.
fn hold(base: PrivateFolder, folder: &Path) -> Result<Hold, PrivateError> {
    let lock = PrivateFolder::open(folder, Sticky::Refused)?.lock_file(OsStr::new(LOCK))?;
    lock.lock()?;
    base.keep_from_cleanup()?;
    Ok(Hold { lock, _base: base })
}

/// Removes the folders of dead processes. One that cannot be checked or removed is left there and logged.
fn remove_dead(base: &PrivateFolder) -> io::Result<()> {
    for entry in fs::read_dir(base.path())? {
        let entry = entry?;
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(FOLDER));
        if is_ours
            && entry.file_type()?.is_dir()
            && let Err(why) = remove_if_dead(&entry.path())
        {
            tracing::warn!("`{}` is left where it is: {why}", entry.path().display());
        }
    }
    Ok(())
}

/// Removes the folder of a dead process: nothing holds its lock.
fn remove_if_dead(path: &Path) -> Result<(), PrivateError> {
    let is_gone = |why: &PrivateError| matches!(why, PrivateError::Io(error) if error.kind() == io::ErrorKind::NotFound);
    let folder = match PrivateFolder::open(path, Sticky::Refused) {
        // Its process was just ending, and has removed the folder itself.
        Err(why) if is_gone(&why) => return Ok(()),
        opened => opened?,
    };
    let lock = match folder.existing_lock(OsStr::new(LOCK)) {
        // Its process died between creating the folder and the lock.
        Err(why) if is_gone(&why) => None,
        opened => Some(opened?),
    };
    match lock.as_ref().map(File::try_lock) {
        Some(Err(TryLockError::WouldBlock)) => Ok(()),
        Some(Err(TryLockError::Error(error))) => Err(error.into()),
        None | Some(Ok(())) => match fs::remove_dir_all(path) {
            // As above.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        },
    }
}
