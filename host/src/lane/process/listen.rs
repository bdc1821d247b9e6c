//! What a lane's process writes to its standard output and error: lines in the host's log.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, BufReader},
    net::unix::pipe,
    task::JoinHandle,
};

use crate::identity::GenerationId;

/// Rust's words for it: <https://doc.rust-lang.org/std/alloc/fn.handle_alloc_error.html>
pub(super) const OUT_OF_MEMORY: &str = "memory allocation of";
/// So many lines are kept for the report of a crash.
const LINES: usize = 8;
/// Longer lines come in pieces.
const LINE_MAX: usize = 8 << 10;
/// How long the last words of a process that is gone are waited for: a child of its own may have the pipe.
const LAST: Duration = Duration::from_millis(100);

/// A task that passes the lines on.
#[derive(Debug)]
pub(super) struct Output {
    last: Arc<Mutex<VecDeque<String>>>,
    task: JoinHandle<()>,
}

impl Output {
    pub(super) fn listen(id: GenerationId, pipe: io::PipeReader) -> io::Result<Output> {
        let mut lines = BufReader::new(pipe::Receiver::from_owned_fd(pipe.into())?);
        let last = Arc::<Mutex<VecDeque<String>>>::default();
        let noted = Arc::clone(&last);
        let task = tokio::spawn(async move {
            let mut line = Vec::new();
            loop {
                let byte = lines.read_u8().await;
                if !matches!(byte, Ok(byte) if byte != b'\n' && line.len() < LINE_MAX) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if !text.is_empty() {
                        tracing::info!(target: "cog", cog = %id, module = "output", "{text}");
                        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                        noted.truncate(LINES - 1);
                        noted.push_front(text);
                    }
                    line.clear();
                }
                match byte {
                    Ok(b'\n') => {}
                    Ok(byte) => line.push(byte),
                    Err(_) => return,
                }
            }
        });
        Ok(Output { last, task })
    }

    /// The last words of a process that is gone: of the last lines, the one that says why.
    pub(super) async fn last_words(&mut self) -> Option<String> {
        let _ = tokio::time::timeout(LAST, &mut self.task).await;
        let lines = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let of_memory = lines.iter().find(|line| line.starts_with(OUT_OF_MEMORY));
        of_memory.or_else(|| lines.iter().find(|line| !line.starts_with("note: "))).cloned()
    }
}
