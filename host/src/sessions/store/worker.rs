//! The store's thread: SQLite blocks, so it does that here and nowhere else. What waits together is committed together.
//! It knows connections and jobs, not what is stored.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Jobs that may wait before asking the store waits too.
const QUEUE: usize = 1024;
/// Jobs in one commit: a commit costs a wait for the disk, however many it holds.
const BATCH: usize = 128;

/// Does its work inside a transaction; what it returns is called when that is committed, or is not.
type Job = Box<dyn FnOnce(&Connection) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>)>;

/// The way to the thread. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Starts the thread; the second part is ready when the thread has closed the file.
    pub(super) fn start(connection: Connection) -> std::io::Result<(Worker, oneshot::Receiver<()>)> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("gearshift-store".to_owned()).spawn(move || {
            serve(connection, queue);
            // Nobody listens when the host ends without closing; the file is closed all the same.
            let _ = end.send(());
        })?;
        Ok((Worker { jobs }, ended))
    }

    /// Has the work done, and waits until it is committed.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = work(connection).map_err(StoreError::from);
            Box::new(move |committed| {
                // Nobody listens when the caller was cancelled; what was committed stays.
                let _ = answer.send(committed.and(result));
            })
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// Device and inode of a file, if it is there.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

fn serve(mut connection: Connection, mut queue: mpsc::Receiver<Job>) {
    let path = connection.path().map(PathBuf::from).unwrap_or_default();
    let opened = identity(&path);
    while let Some(first) = queue.blocking_recv() {
        let mut finishes = Vec::new();
        let committed = (|| {
            let transaction = connection.transaction().map_err(StoreError::from)?;
            finishes.push(first(&transaction));
            while finishes.len() < BATCH
                && !transaction.is_autocommit()
                && let Ok(next) = queue.try_recv()
            {
                finishes.push(next(&transaction));
            }
            // SQLite takes some failures as the end of the whole transaction, a full disk among them. What came after it
            // in this batch would stand for itself: https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
            match transaction.is_autocommit() {
                true => {
                    let why = "SQLite gave the transaction up: the disk is full, or cannot be written";
                    Err(StoreError::Failed(why.to_owned()))
                }
                false => transaction.commit().map_err(StoreError::from),
            }
        })();
        // What was written to a file that has no name any more is lost with the process.
        let is_there = path.as_os_str().is_empty() || identity(&path) == opened;
        let committed = committed.and(if is_there { Ok(()) } else { Err(StoreError::Gone) });
        for finish in finishes {
            finish(committed.clone());
        }
    }
    // What the log holds goes into the file, so that the file alone is a backup. A failure loses nothing.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!("the store's write-ahead log stays beside its file: {error}");
    }
}
