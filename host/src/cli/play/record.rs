//! Writes everything that happens on the built-in Discord to a file, as one line of JSON each.
//! It filters nothing and keeps nothing in memory.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use gearshift_sim::{Reader, Sim};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::cli::exit::{Exit, Failure};

/// A recording in progress.
#[derive(Debug)]
pub(super) struct Record {
    file: PathBuf,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Record {
    /// Starts a recording, with what has already happened.
    pub(super) fn begin(file: &Path, sim: &Sim, runtime: &Runtime) -> Result<Record, Failure> {
        let out = File::create(file).map_err(|error| {
            Failure::new(Exit::CannotCreate, format!("cannot write `{}`: {error}", file.display()))
        })?;
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(record(sim.transcript().reader_from(0), BufWriter::new(out), stopped));
        Ok(Record { file: file.to_owned(), stop, task })
    }

    /// Ends the recording after everything that happened has been written.
    pub(super) fn end(self, runtime: &Runtime) -> Result<(), Failure> {
        let _ = self.stop.send(());
        let written = runtime.block_on(self.task).map_err(io::Error::other).flatten();
        written.map_err(|error| {
            Failure::new(Exit::Output, format!("failed to write `{}`: {error}", self.file.display()))
        })
    }
}

async fn record(
    mut reader: Reader,
    mut out: BufWriter<File>,
    mut stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    loop {
        let first = tokio::select! {
            biased;
            entry = reader.next() => Some(entry),
            _ = &mut stopped => None,
        };
        let is_last = first.is_none();
        for entry in first.into_iter().chain(std::iter::from_fn(|| reader.try_next())) {
            writeln!(out, "{}", entry.json())?;
        }
        // So that a reader that follows the file sees it at once.
        out.flush()?;
        if is_last {
            return Ok(());
        }
    }
}
