//! The record: REST exchanges with their bodies, appended to a file as lines of JSON.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// One REST exchange. The bodies are stored as text, as sent: a request gets an answer even if it is not JSON.
#[derive(Serialize)]
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a str,
    /// Without `/api/vN`.
    pub(crate) path: &'a str,
    /// The body, or the `payload_json` of a multipart body.
    pub(crate) request: &'a str,
    /// Fields of the body that this Discord does not know.
    pub(crate) unknown: &'a [String],
    pub(crate) status: u16,
    pub(crate) answer: &'a str,
}

/// A file to which REST exchanges are appended: method, path, both bodies, unknown fields, status. Clones share it.
#[derive(Clone, Debug)]
pub struct Record {
    file: Arc<Mutex<File>>,
}

impl Record {
    /// Opens the file, or creates it readable and writable by its owner only, because bodies of requests contain
    /// tokens. Existing content stays.
    ///
    /// # Errors
    /// If it cannot be opened for writing.
    pub fn append_to(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    /// Appends one line with one write, so that simulators which share a file do not mix their lines.
    pub(crate) fn write(&self, exchange: &Exchange<'_>) {
        let mut line = serde_json::to_vec(exchange).expect("texts and numbers become JSON");
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            tracing::warn!(%error, "failed to append to the record of REST exchanges");
        }
    }
}
