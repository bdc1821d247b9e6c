//! What a lane's process writes to its standard output and error: lines in the host's log.

use std::{
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

/// Longer lines come in pieces.
const LINE_MAX: usize = 8 << 10;
/// How long the last words of a process that is gone are waited for: a child of its own may have the pipe.
const LAST: Duration = Duration::from_millis(100);

/// A task that passes the lines on.
#[derive(Debug)]
pub(super) struct Output {
    last: Arc<Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl Output {
    pub(super) fn listen(id: GenerationId, pipe: io::PipeReader) -> io::Result<Output> {
        let mut lines = BufReader::new(pipe::Receiver::from_owned_fd(pipe.into())?);
        let last = Arc::<Mutex<Option<String>>>::default();
        let noted = Arc::clone(&last);
        let task = tokio::spawn(async move {
            let mut line = Vec::new();
            loop {
                let byte = lines.read_u8().await;
                if !matches!(byte, Ok(byte) if byte != b'\n' && line.len() < LINE_MAX) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if !text.is_empty() {
                        tracing::info!(target: "cog", cog = %id, module = "output", "{text}");
                        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
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

    /// The last line, of a process that is gone.
    pub(super) async fn last_line(&mut self) -> Option<String> {
        let _ = tokio::time::timeout(LAST, &mut self.task).await;
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
