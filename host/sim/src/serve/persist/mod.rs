//! A world kept on disk: loaded at the start, saved periodically and when closing. What is in progress is not saved:
//! sessions, interactions and ephemeral messages end with the process.
//!
//! ```text
//!   FOLDER/lock         held by the simulator that uses the folder
//!   FOLDER/world.json   everything but the files, replaced as a whole
//!   FOLDER/files/ID     what was uploaded, written once
//! ```

mod snapshot;

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::Snowflake;
use crate::serve::persist::snapshot::Snapshot;
use crate::state::Shared;
pub(crate) use snapshot::SavedWorld;

/// Why a world cannot be kept in a folder.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// Another simulator uses it.
    #[error("the world in {} is in use by another simulator", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot use {} to store a world", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// This version cannot read the world in it; the folder is left unchanged.
    #[error("cannot read the world in {}; the file was left unchanged", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The place and cause.
        source: serde_json::Error,
    },
}

/// A locked folder that contains a world.
pub(crate) struct WorldStore {
    folder: PathBuf,
    /// Unlocked when it is closed.
    _lock: File,
    /// The uploads that are stored already.
    stored: Mutex<HashSet<Snowflake>>,
    /// The transcript's mark when the world was last saved: whatever happens has an entry.
    written_at: AtomicU64,
}

impl WorldStore {
    /// Locks a folder, creating it if necessary, and loads the world in it. `base` is this simulator's URL; URLs of
    /// uploads are stored with that of the simulator that saved them.
    pub(crate) fn open(folder: &Path, base: &str) -> Result<(Self, Option<SavedWorld>), PersistError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| PersistError::Unusable { path, source }
        };
        let files = folder.join("files");
        fs::create_dir_all(&files).map_err(unusable(&files))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(unusable(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PersistError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unusable(&lock_path)(source)),
        }
        let path = folder.join("world.json");
        let saved = match fs::read(&path) {
            Ok(text) => Some(
                snapshot::read(&text, base)
                    .map_err(|source| PersistError::Corrupt { path: path.clone(), source })?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(PersistError::Unusable { path, source }),
        };
        let mut store = Self {
            folder: folder.to_owned(),
            _lock: lock,
            stored: Mutex::default(),
            written_at: AtomicU64::new(0),
        };
        let saved = saved.map(|saved| store.with_files(saved)).transpose()?;
        Ok((store, saved))
    }

    fn with_files(&mut self, mut saved: SavedWorld) -> Result<SavedWorld, PersistError> {
        for (id, _, bytes) in &mut saved.files {
            let path = self.file(*id);
            *bytes = match fs::read(&path) {
                Ok(content) => content.into(),
                Err(source) => return Err(PersistError::Unusable { path, source }),
            };
        }
        let ids = saved.files.iter().map(|(id, ..)| *id);
        self.stored = Mutex::new(ids.collect());
        Ok(saved)
    }

    /// Saves the world periodically until the simulator closes.
    pub(crate) async fn save_often(self: &Arc<Self>, shared: &Shared) {
        let mut closed = std::pin::pin!(shared.closed());
        while tokio::time::timeout(shared.options.save_interval, &mut closed).await.is_err() {
            self.save(shared).await;
        }
    }

    /// Saves the world if something has happened since the last time.
    pub(crate) async fn save(self: &Arc<Self>, shared: &Shared) {
        let mark = shared.transcript.mark();
        if self.written_at.swap(mark, Ordering::Relaxed) == mark {
            return;
        }
        // Copies only references, so that nothing has to wait for the writing.
        let snapshot = Snapshot::of(&shared.state(), shared.base_url());
        let store = self.clone();
        let written = tokio::task::spawn_blocking(move || store.write(snapshot)).await;
        if let Ok(Err(error)) = written {
            self.written_at.store(0, Ordering::Relaxed);
            tracing::error!(folder = %self.folder.display(), %error, "failed to save the world; will retry");
        }
    }

    fn write(&self, snapshot: Snapshot) -> io::Result<()> {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        // Files first, so that a world never refers to a missing one.
        for (id, _, bytes) in snapshot.files() {
            if !stored.contains(id) {
                replace(&self.file(*id), bytes)?;
                stored.insert(*id);
            }
        }
        replace(&self.folder.join("world.json"), &snapshot.text()?)?;
        let named: HashSet<Snowflake> = snapshot.files().iter().map(|(id, ..)| *id).collect();
        for gone in stored.difference(&named) {
            fs::remove_file(self.file(*gone))?;
        }
        *stored = named;
        Ok(())
    }

    fn file(&self, id: Snowflake) -> PathBuf {
        self.folder.join("files").join(id.to_string())
    }
}

/// Replaces a file atomically: after a crash, either the old or the new content exists.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
