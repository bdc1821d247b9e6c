//! The store: states of cogs, and key-value pairs of each cog, in one SQLite file. It does not interpret what it
//! stores; a cog sees only its own rows.

mod error;
mod fallback;
mod file;
mod handover;
mod states;
mod tasks;
mod values;
mod worker;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension, params};
use tokio::{sync::oneshot, task::AbortHandle};

use super::OpenError;
use crate::{clock::HostClock, config};

pub use error::StoreError;
pub use states::StateInfo;
pub use tasks::SavedTask;
pub use values::{Change, Entry, Expect, LIST_MAX};
use worker::Worker;

/// The session.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// `None` once closed.
    worker: Mutex<Option<Arc<Worker>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    max_state: usize,
    max_key: usize,
    max_value: usize,
    max_cog: usize,
    /// The clock by which values expire.
    clock: HostClock,
    /// Deletes expired values.
    sweeper: Mutex<Option<AbortHandle>>,
}

/// A cog's state as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// The cog's own schema version.
    pub version: u32,
    /// What it saved.
    pub bytes: Vec<u8>,
    /// When it was saved, in milliseconds since 1970.
    pub saved_at_ms: u64,
}

impl SavedState {
    /// How long ago it was saved; zero if that lies in the future because a clock was set back.
    pub fn age(&self) -> Duration {
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.saved_at_ms));
        at.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default()
    }
}

impl Store {
    /// Opens the file that `[store]` names, or creates it. Only one process can have it open. Values expire by
    /// `clock`.
    ///
    /// # Errors
    /// Another process has the file open, it is not a Gearshift store, or it cannot be opened in time.
    pub async fn open(
        config: &config::Config,
        store: &config::Store,
        clock: HostClock,
    ) -> Result<Arc<Store>, OpenError> {
        let path = store.path.clone();
        let lock_timeout = store.lock_timeout;
        // A thread of its own, because the runtime's blocking threads stay in the process for a while.
        let (opened, open) = oneshot::channel();
        let failed = |why: String| {
            OpenError::new("store", "starting its thread", why, "check the limit of threads of this process")
        };
        std::thread::Builder::new()
            .name("gearshift-store".to_owned())
            .spawn(move || {
                // If opening was given up, nobody receives the result, and the file is closed again.
                let _ = opened.send(file::open(&path, lock_timeout));
            })
            .map_err(|error| failed(error.to_string()))?;
        let after = store.open_timeout;
        let opened = tokio::time::timeout(after, open).await.map_err(|_| {
            let tried = format!("opening `{}`", store.path.display());
            let why = format!("it took longer than {} ms", after.as_millis());
            OpenError::new("store", tried, why, "check the disk, or raise `[store] open_timeout_ms`")
        })?;
        let connection = opened.map_err(|_| failed("it ended".to_owned()))??;
        let (worker, ended) = Worker::start(connection).map_err(|error| failed(error.to_string()))?;
        let store = Arc::new(Store {
            path: store.path.clone(),
            worker: Mutex::new(Some(Arc::new(worker))),
            ended: Mutex::new(Some(ended)),
            max_state: config.limits.state_max_bytes,
            max_key: config.limits.store_key_max_bytes,
            max_value: config.limits.store_value_max_bytes,
            max_cog: config.limits.store_cog_max_bytes,
            clock,
            sweeper: Mutex::new(None),
        });
        store.start_sweeping().await;
        Ok(store)
    }

    /// Saves a cog's state in place of the one before. Once this returns, it survives a loss of power.
    ///
    /// # Errors
    /// The state is larger than `[limits] state_max_bytes`, or the file cannot be written; the old state is then kept.
    pub async fn save_state(&self, cog: &str, version: u32, bytes: Vec<u8>) -> Result<(), StoreError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let saved_at_ms = u64::try_from(now).unwrap_or(u64::MAX);
        self.put_state(cog, SavedState { version, bytes, saved_at_ms }).await
    }

    /// Saves a state with its time in place of the one before. Once this returns, it survives a loss of power.
    ///
    /// # Errors
    /// As [`Store::save_state`].
    pub async fn put_state(&self, cog: &str, state: SavedState) -> Result<(), StoreError> {
        let SavedState { version, bytes, saved_at_ms } = state;
        self.check_size(cog, "the state", bytes.len(), self.max_state, "state_max_bytes")?;
        let cog = cog.to_owned();
        let saved_at = i64::try_from(saved_at_ms).unwrap_or(i64::MAX);
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO cog_state (cog, version, bytes, saved_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (cog) DO UPDATE SET version = ?2, bytes = ?3, saved_at = ?4",
            )?;
            statement.execute(params![cog, version, bytes, saved_at]).map(|_| ())
        })
        .await
    }

    /// The state that was saved last; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn load_state(&self, cog: &str) -> Result<Option<SavedState>, StoreError> {
        let cog = cog.to_owned();
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT version, bytes, saved_at FROM cog_state WHERE cog = ?1")?;
            let found = statement.query_row([cog], |row| {
                let saved_at: i64 = row.get(2)?;
                Ok(SavedState {
                    version: row.get(0)?,
                    bytes: row.get(1)?,
                    saved_at_ms: saved_at.max(0) as u64,
                })
            });
            found.optional()
        })
        .await
    }

    /// Deletes a cog's state; returns whether there was one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn delete_state(&self, cog: &str) -> Result<bool, StoreError> {
        let cog = cog.to_owned();
        self.run(move |connection| {
            let mut statement = connection.prepare_cached("DELETE FROM cog_state WHERE cog = ?1")?;
            statement.execute([cog]).map(|rows| rows > 0)
        })
        .await
    }

    /// The path of the file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Finishes earlier requests and closes the file, within `timeout`. Can be called again.
    pub async fn close(&self, timeout: Duration) {
        if let Some(sweeper) = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            sweeper.abort();
        }
        drop(self.worker.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended
            && tokio::time::timeout(timeout, ended).await.is_err()
        {
            tracing::warn!("the store did not close within {} ms", timeout.as_millis());
        }
    }

    async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        worker.ok_or(StoreError::Closed)?.run(work).await
    }

    fn check_size(
        &self,
        cog: &str,
        what: &str,
        size: usize,
        limit: usize,
        key: &'static str,
    ) -> Result<(), StoreError> {
        if size <= limit {
            return Ok(());
        }
        Err(too_large(cog, what, size, limit, key))
    }
}

fn too_large(cog: &str, what: &str, size: usize, limit: usize, key: &'static str) -> StoreError {
    StoreError::TooLarge { cog: cog.to_owned(), what: what.to_owned(), size, limit, key }
}
