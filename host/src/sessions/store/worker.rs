//! The store's thread: SQLite blocks, so all of it runs here. Jobs that wait together are committed together. It
//! knows connections and jobs, not what is stored.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Maximum number of waiting jobs; beyond it, callers wait.
const QUEUE: usize = 1024;
/// Maximum number of jobs per commit: a commit waits for the disk once, however many it holds.
const BATCH: usize = 128;

/// Does its work inside a transaction; the function it returns is called with the result of the commit.
type Job = Box<dyn FnOnce(&Connection) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>)>;

/// Sends jobs to the thread. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Starts the thread; the receiver resolves when the thread has closed the file.
    pub(super) fn start(connection: Connection) -> std::io::Result<(Worker, oneshot::Receiver<()>)> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("gearshift-store".to_owned()).spawn(move || {
            serve(connection, queue);
            // Nobody receives this if the host ends without closing; the file is closed all the same.
            let _ = end.send(());
        })?;
        Ok((Worker { jobs }, ended))
    }

    /// Runs the job, and waits until it is committed.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = work(connection).map_err(StoreError::from);
            Box::new(move |committed| {
                // Nobody receives this if the caller was cancelled; what was committed stays.
                let _ = answer.send(committed.and(result));
            })
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// Device and inode of a file, if it exists.
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
            // On some failures, such as a full disk, SQLite rolls back the whole transaction. Later jobs of this
            // batch would then run outside of it:
            // https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
            match transaction.is_autocommit() {
                true => {
                    let why = "SQLite rolled the transaction back: the disk is full, or cannot be written";
                    Err(StoreError::Failed(why.to_owned()))
                }
                false => transaction.commit().map_err(StoreError::from),
            }
        })();
        // What was written to an unlinked file is lost when the process ends.
        let is_there = path.as_os_str().is_empty() || identity(&path) == opened;
        let committed = committed.and(if is_there { Ok(()) } else { Err(StoreError::Gone) });
        for finish in finishes {
            finish(committed.clone());
        }
    }
    // Move the write-ahead log into the file, so that the file alone is a backup. A failure loses nothing.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!("the store's write-ahead log stays beside its file: {error}");
    }
}
