//! The private folder of this process, where copies of libraries are mapped from. It knows nothing of their content.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::executable;

/// Folders of this and of other Gearshift processes begin with this.
const FOLDER: &str = "gearshift-copies-";
/// Locked by a process for as long as it lives.
const LOCK: &str = "lock";
/// Locked while folders are made and removed, so that nobody removes one that is not locked yet.
const MAKING: &str = ".gearshift-copies.lock";

/// Why there is no private folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be made.
    #[error("failed to make a private folder in `{}`", .folder.display())]
    Failed {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else could put other code there.
    #[error("cannot keep libraries in `{}`: other users can write there", .0.display())]
    Shared(PathBuf),
    /// Nothing there can be executed.
    #[error("cannot keep libraries in `{}`: code cannot be mapped from there", .folder.display())]
    NoExec {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FolderError {
    /// What the reader can do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "the folder must be writable, with space left",
            Self::Shared(_) => "choose a folder of this user's own (mode 0700)",
            Self::NoExec { .. } => "choose a folder on a file system that is not mounted with `noexec`",
        }
    }
}

/// The folder of this process. Removed when it and all its copies are gone; what a crash leaves behind is removed by the
/// next process that makes one.
#[derive(Clone, Debug)]
pub struct CopyFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Copies made so far: no two share a name.
    made: AtomicU64,
    /// Open for as long as a copy may exist, so that no other process takes the folder for a dead one's.
    _lock: File,
}

impl CopyFolder {
    /// Makes the folder below `base`, which is made as well if needed, and removes those of dead processes.
    ///
    /// # Errors
    /// When `base` cannot be written, is open to other users, or does not let code be mapped.
    pub fn create(base: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Failed { folder: base.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(base).map_err(failed)?;
        // Without links, as `/proc/self/maps` names what is mapped.
        let base = &fs::canonicalize(base).map_err(failed)?;
        let making = private(&base.join(MAKING)).map_err(failed)?;
        making.lock().map_err(failed)?;
        remove_dead(base).map_err(failed)?;
        let (path, lock) = make(base).map_err(failed)?;
        let folder = Self { inner: Arc::new(Inner { path, made: AtomicU64::new(0), _lock: lock }) };
        if !folder.is_private(base).map_err(failed)? {
            return Err(FolderError::Shared(base.to_owned()));
        }
        folder.probe().map_err(|source| FolderError::NoExec { folder: base.to_owned(), source })?;
        Ok(folder)
    }

    /// Where the copies are.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A path in it that was not used before, for a copy that has no generation yet.
    pub fn unused(&self) -> PathBuf {
        let number = self.inner.made.fetch_add(1, Ordering::Relaxed) + 1;
        self.inner.path.join(format!(".incoming-{number}{}", std::env::consts::DLL_SUFFIX))
    }

    /// Whether nobody but this user and root can rename what is in `base`.
    fn is_private(&self, base: &Path) -> io::Result<bool> {
        let (own, base) = (fs::metadata(&self.inner.path)?, fs::metadata(base)?);
        Ok(base.mode() & 0o022 == 0 && (base.uid() == own.uid() || base.uid() == 0))
    }

    /// Tries to map a file in it as code.
    fn probe(&self) -> io::Result<()> {
        let path = self.inner.path.join("probe");
        let mut file = private(&path)?;
        file.write_all(b"probe")?;
        let outcome = executable::map_as_code(&file);
        fs::remove_file(&path)?;
        outcome
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Files of libraries that are still mapped stay, and with them the folder; the next process removes both.
        let empty = fs::read_dir(&self.path)
            .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK));
        if empty {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A new file, or an existing one for the locks, that only this user can read.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes and locks a folder that did not exist before.
fn make(base: &Path) -> io::Result<(PathBuf, File)> {
    // No path is used twice in a process, not even after its file is gone: the loader would take a library that is
    // still mapped for the new one of the same name, and serve the old code.
    static MADE: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{FOLDER}{}-{number}", process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {
                let lock = private(&path.join(LOCK))?;
                lock.lock()?;
                return Ok((path, lock));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Removes the folders of processes that live no more: those whose lock is free.
fn remove_dead(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(FOLDER));
        if !is_ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let lock = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => Some(lock),
            // It died between making the folder and its lock.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match lock.map(|lock| lock.try_lock()) {
            Some(Err(TryLockError::WouldBlock)) => {}
            Some(Err(TryLockError::Error(error))) => return Err(error),
            None | Some(Ok(())) => match fs::remove_dir_all(entry.path()) {
                // It was ending, and has removed the folder itself.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome?,
            },
        }
    }
    Ok(())
}
