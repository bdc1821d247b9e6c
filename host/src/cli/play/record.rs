//! Writes everything that happens on the built-in Discord into a file, a line of JSON each.
//! It chooses nothing and keeps nothing in memory.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use gearshift_sim::{Reader, Sim};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::cli::exit::{Exit, Failure};

/// A recording under way.
#[derive(Debug)]
pub(super) struct Record {
    file: PathBuf,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Record {
    /// Begins with what has happened already.
    pub(super) fn begin(file: &Path, sim: &Sim, runtime: &Runtime) -> Result<Record, Failure> {
        let out = File::create(file).map_err(|error| {
            Failure::new(Exit::CannotCreate, format!("cannot write `{}`: {error}", file.display()))
        })?;
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(record(sim.transcript().reader_from(0), BufWriter::new(out), stopped));
        Ok(Record { file: file.to_owned(), stop, task })
    }

    /// Ends it when everything that happened is written.
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
        // Those who follow the file see what has happened.
        out.flush()?;
        if is_last {
            return Ok(());
        }
    }
}
