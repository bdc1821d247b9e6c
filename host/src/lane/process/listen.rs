//! Passes what a lane's process writes to its standard output and error to the host's log.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    mem,
    time::Duration,
};

use memchr::memchr_iter;
use tokio::{
    net::unix::pipe,
    sync::oneshot,
    task::{self, JoinHandle},
};

use super::{
    rate::{LINE_MAX, Rate},
    trace,
};
use crate::identity::GenerationId;

/// Rust's message: <https://doc.rust-lang.org/std/alloc/fn.handle_alloc_error.html>
pub(super) const OUT_OF_MEMORY: &str = "memory allocation of";
/// How many lines are kept for the report of a crash.
const LINES: usize = 8;
/// Maximum number of characters of a line in the report of a crash.
const LAST_LINE_MAX: usize = 300;
/// The capacity of a pipe: <https://man7.org/linux/man-pages/man7/pipe.7.html>
const PIPE: usize = 64 << 10;
/// How many bytes are read before other tasks get their turn: the cog may write endlessly.
const READ: usize = 1 << 10;
/// While more arrives than is logged, how many bytes are skipped at once, and at which interval.
const SKIP_BYTES: usize = PIPE;
const SKIP_INTERVAL: Duration = Duration::from_millis(1);

/// The task that passes the lines on.
#[derive(Debug)]
pub(super) struct Output {
    gone: Option<oneshot::Sender<()>>,
    task: JoinHandle<Lines>,
}

impl Output {
    pub(super) fn listen(id: GenerationId, pipe: io::PipeReader) -> io::Result<Output> {
        let pipe = pipe::Receiver::from_owned_fd(pipe.into())?;
        let (gone, is_gone) = oneshot::channel();
        Ok(Output { gone: Some(gone), task: tokio::spawn(Lines::of(id).read(pipe, is_gone)) })
    }

    /// The last words of a process that is gone: the one of its last lines that says why.
    pub(super) async fn last_line(&mut self) -> Option<String> {
        drop(self.gone.take());
        let last = (&mut self.task).await.ok()?.last;
        let of_memory = last.iter().find(|line| line.starts_with(OUT_OF_MEMORY));
        let line = of_memory.or_else(|| last.iter().find(|line| !line.starts_with("note: ")))?;
        Some(line.chars().take(LAST_LINE_MAX).collect())
    }
}

#[derive(Debug)]
struct Lines {
    id: GenerationId,
    rate: Rate,
    line: Vec<u8>,
    /// The last lines, newest first.
    last: VecDeque<String>,
    /// How many lines of a stack backtrace may still follow.
    of_trace: usize,
    /// How many lines of a backtrace are logged regardless of the rate: a crash comes last in a process, and only once.
    /// Text that only looks like a backtrace could go on forever.
    free: usize,
}

impl Lines {
    fn of(id: GenerationId) -> Lines {
        let rate = Rate::new(id.clone(), "output");
        Lines { id, rate, line: Vec::new(), last: VecDeque::new(), of_trace: 0, free: trace::LINES + 1 }
    }

    async fn read(mut self, pipe: pipe::Receiver, mut is_gone: oneshot::Receiver<()>) -> Lines {
        let mut buffer = vec![0; READ];
        loop {
            let is_gone = tokio::select! {
                biased;
                _ = &mut is_gone => true,
                readable = pipe.readable() => readable.is_err(),
            };
            if is_gone {
                break;
            }
            match pipe.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => self.take(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            if self.rate.is_over() {
                buffer.resize(SKIP_BYTES, 0);
                tokio::time::sleep(SKIP_INTERVAL).await;
            } else {
                buffer.truncate(READ);
                task::yield_now().await;
            }
        }
        buffer.resize(READ, 0);
        // Everything that the process wrote is in the pipe, which a child of its own may still hold open.
        for _ in 0..=PIPE / READ {
            let Ok(length @ 1..) = rustix::io::read(&pipe, &mut buffer) else { break };
            self.take(&buffer[..length]);
        }
        self.end_line();
        self
    }

    fn take(&mut self, bytes: &[u8]) {
        let passed_over = if self.rate.is_over() { self.skip(bytes) } else { 0 };
        for byte in &bytes[passed_over..] {
            match byte {
                b'\n' => self.end_line(),
                byte => {
                    if self.line.len() == LINE_MAX {
                        self.end_line();
                    }
                    self.line.push(*byte);
                }
            }
        }
    }

    /// Where the last lines before a trace or the end begin: earlier ones are irrelevant if no more are logged.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let is_free = self.free > 0;
        let end = trace::find(bytes).filter(|_| is_free).unwrap_or(bytes.len());
        let from = memchr_iter(b'\n', &bytes[..end]).rev().nth(LINES).map(|end| end + 1);
        let Some(from) = from.filter(|_| self.of_trace == 0 || !is_free) else { return 0 };
        let lines = memchr_iter(b'\n', &bytes[..from]).count();
        self.rate.leave_out(lines);
        self.of_trace = self.of_trace.saturating_sub(lines);
        self.line.clear();
        from
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.line);
        let mut text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() {
            return;
        }
        let id = &self.id;
        if trace::begins(&text) {
            self.of_trace = trace::LINES + 1;
        }
        if self.of_trace > 0 {
            self.of_trace -= 1;
            let is_free = self.free > 0;
            self.free = self.free.saturating_sub(1);
            if is_free || self.rate.allows([&mut text]) {
                tracing::error!(target: "cog", cog = %id, module = "output", "{text}");
            }
        } else {
            if self.rate.allows([&mut text]) {
                tracing::info!(target: "cog", cog = %id, module = "output", "{text}");
            }
            self.last.truncate(LINES - 1);
            self.last.push_front(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::Arc};

    use super::*;

    fn listening() -> (Output, io::PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        let id = GenerationId { cog: Arc::from("music"), number: 7 };
        (Output::listen(id, reader).unwrap(), writer)
    }

    #[tokio::test]
    async fn the_last_words_are_all_there_though_somebody_else_has_the_pipe() {
        for (written, said) in [
            ("one\ntwo\n", Some("two")),
            ("one\nnote: run with it\n", Some("one")),
            ("memory allocation of 9 bytes failed\nstack\n", Some("memory allocation of 9 bytes failed")),
            (
                "so it ends\nstack backtrace of signal 6:\n   0: it\nmemory allocation of 1\n",
                Some("so it ends"),
            ),
            ("without an end", Some("without an end")),
            ("\n \n", None),
        ] {
            let (mut output, mut writer) = listening();
            writer.write_all(written.as_bytes()).unwrap();
            assert_eq!(output.last_line().await.as_deref(), said, "{written:?}");
        }
    }

    #[tokio::test]
    async fn other_tasks_have_their_turn_while_a_process_prints_without_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let pipe = reader.try_clone().unwrap();
        let left = || rustix::io::ioctl_fionread(&pipe).unwrap();
        writer.write_all(&[b'\n'; PIPE]).unwrap();
        let full = left();
        let id = GenerationId { cog: Arc::from("music"), number: 7 };
        let _output = Output::listen(id, reader).unwrap();
        while left() == full {
            task::yield_now().await;
        }
        assert!(left() > 0, "everything was read at once");
    }

    #[tokio::test]
    async fn of_more_than_is_logged_the_last_lines_are_kept_and_a_trace() {
        let flood = "no\n".repeat(100_000);
        for (end, said) in [("last\n", "last"), ("last\nstack backtrace of signal 6:\n   0: it\n", "last")] {
            let (mut output, mut writer) = listening();
            let text = format!("{flood}{end}");
            let writes = std::thread::spawn(move || writer.write_all(text.as_bytes()));
            while !writes.is_finished() {
                task::yield_now().await;
            }
            writes.join().unwrap().unwrap();
            assert_eq!(output.last_line().await.as_deref(), Some(said));
        }
        let mut lines = Lines::of(GenerationId { cog: Arc::from("music"), number: 7 });
        lines.take(flood.as_bytes());
        let trace = format!("{flood}stack backtrace of signal 6:\n   0: it\n");
        lines.take(trace.as_bytes());
        let left = trace::LINES - 1;
        assert_eq!((lines.of_trace, lines.free), (left, left), "its lines come all the same");
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_look_like_traces_are_no_more_than_others() {
        let head = "stack backtrace of signal 6:\n";
        let long = format!("{head}{}", format!("{}\n", "x".repeat(8000)).repeat(100));
        for (forged, times) in [(head, 20_000), (long.as_str(), 10)] {
            let mut lines = Lines::of(GenerationId { cog: Arc::from("music"), number: 7 });
            for _ in 0..times {
                lines.take(forged.as_bytes());
            }
            assert!(lines.rate.is_over(), "{times} times {} bytes were logged", forged.len());
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!lines.rate.is_over(), "what comes later is");
        }
    }

    #[tokio::test]
    async fn a_long_line_comes_in_pieces_and_a_full_pipe_is_read_to_its_end() {
        let (mut output, mut writer) = listening();
        let mut full = vec![b'\n'; PIPE - 4];
        full.extend_from_slice(b"end\n");
        writer.write_all(&full).unwrap();
        assert_eq!(output.last_line().await.as_deref(), Some("end"));
        let (mut output, mut writer) = listening();
        writer.write_all(&[b'x'; LINE_MAX + 3]).unwrap();
        assert_eq!(output.last_line().await.as_deref(), Some("xxx"));
    }
}
