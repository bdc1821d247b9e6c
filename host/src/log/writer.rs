//! Writes the log on a thread of its own, from a bounded queue: code that logs never waits for the reader of the log,
//! be it a pipe that is not read or a stopped terminal. Lines that find the queue full are dropped, and their number is
//! logged.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::line::notice;

/// The size of the queue, in bytes; a single text may be larger.
const QUEUE_MAX_BYTES: usize = 1 << 20;

/// The pause before another attempt to write to a full pipe.
const AGAIN: Duration = Duration::from_millis(10);

/// Receives lines, each with its line end.
type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Receives the lines instead of stderr, so that they do not overwrite a prompt or a progress line.
static SINK: Mutex<Option<Sink>> = Mutex::new(None);

/// The queue of this process.
static QUEUE: Queue = Queue { waiting: Mutex::new(Waiting::EMPTY), changed: Condvar::new() };

/// Whether its thread was started, once there was something to write.
static STARTED: OnceLock<bool> = OnceLock::new();

/// A descriptor of stderr for the log alone: a cog may close the standard ones, and the next file that the host opens
/// would get that number, and the log would be written into it. `None` if there was no descriptor left.
static STDERR: LazyLock<Option<File>> =
    LazyLock::new(|| io::stderr().as_fd().try_clone_to_owned().ok().map(File::from));

struct Queue {
    waiting: Mutex<Waiting>,
    /// Notified when a text is queued, and when one has been written.
    changed: Condvar,
}

struct Waiting {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Number of texts that found the queue full since the last one that was queued.
    dropped: u64,
    /// Number of texts that could not be written because the disk was full. They are reported with the next text.
    failed: u64,
    is_writing: bool,
}

struct Entry {
    text: String,
    /// How many texts this represents: one, or the number in a notice.
    texts: u64,
}

impl Waiting {
    const EMPTY: Waiting =
        Waiting { entries: VecDeque::new(), bytes: 0, dropped: 0, failed: 0, is_writing: false };

    /// Queues a text, or drops it if the queue is full.
    fn push(&mut self, text: String) {
        if !self.entries.is_empty() && self.bytes + text.len() > QUEUE_MAX_BYTES {
            self.dropped += 1;
            return;
        }
        self.dropped += std::mem::take(&mut self.failed);
        // The notice takes the place of the missing texts.
        let entries = self.notice().into_iter().chain([Entry { text, texts: 1 }]);
        for entry in entries {
            self.bytes += entry.text.len();
            self.entries.push_back(entry);
        }
    }

    /// The next entry to write.
    fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front();
        self.bytes -= entry.as_ref().map_or(0, |entry| entry.text.len());
        entry.or_else(|| self.notice())
    }

    fn notice(&mut self) -> Option<Entry> {
        let texts = std::mem::take(&mut self.dropped);
        let what = match texts {
            0 => return None,
            1 => "1 line of the log was".to_owned(),
            _ => format!("{texts} lines of the log were"),
        };
        Some(Entry { text: notice(&format!("{what} dropped: it could not be written fast enough")), texts })
    }

    fn is_done(&self) -> bool {
        self.entries.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes entries as they arrive, for as long as the process lives.
    fn work(&self) {
        let mut waiting = self.lock();
        loop {
            waiting.is_writing = false;
            let Some(entry) = waiting.pop() else {
                self.changed.notify_all();
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            waiting.is_writing = true;
            drop(waiting);
            let put = put(&entry.text);
            waiting = self.lock();
            if put.is_err() {
                waiting.failed += entry.texts;
            }
        }
    }
}

/// Queues a text that includes its line end.
pub(super) fn queue(text: String) {
    // Without its thread, the log is dropped once the queue is full, rather than stopping its host; the next thread
    // that cannot be started makes the start fail with an error of its own.
    STARTED.get_or_init(|| thread::Builder::new().name("log".to_owned()).spawn(|| QUEUE.work()).is_ok());
    LazyLock::force(&STDERR);
    QUEUE.lock().push(text);
    QUEUE.changed.notify_all();
}

/// Waits until everything is written, but no longer than `within`.
pub fn flush(within: Duration) {
    let until = Instant::now() + within;
    let mut waiting = QUEUE.lock();
    if STARTED.get() == Some(&false) {
        // No thread writes it.
        while let Some(entry) = waiting.pop() {
            let _ = put(&entry.text);
        }
        return;
    }
    while !waiting.is_done() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        waiting = QUEUE.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Sends the lines to `taker` instead of stderr from now on.
pub fn redirect(taker: impl Fn(&str) + Send + Sync + 'static) {
    *SINK.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(taker));
}

/// Sends the lines to stderr again.
pub fn to_stderr() {
    SINK.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn put(text: &str) -> io::Result<()> {
    // Not while holding the lock: removing a taker must not wait for it.
    let taker = SINK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match taker {
        Some(take) => take(text),
        None => match &*STDERR {
            Some(stderr) => write_to(&mut &*stderr, text.as_bytes())?,
            None => write_to(&mut io::stderr().lock(), text.as_bytes())?,
        },
    }
    Ok(())
}

fn write_to(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another process that shares the pipe or terminal has made it non-blocking, which affects all of them.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pop(waiting: &mut Waiting) -> Option<String> {
        waiting.pop().map(|entry| entry.text)
    }

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted_in_its_place() {
        let mut waiting = Waiting::EMPTY;
        let large = "x".repeat(QUEUE_MAX_BYTES / 2);
        for text in ["first", &large, &large, "more", "still more"] {
            waiting.push(text.to_owned());
        }
        assert_eq!(pop(&mut waiting).unwrap(), "first");
        assert_eq!(pop(&mut waiting).unwrap(), large);
        assert!(pop(&mut waiting).unwrap().contains(" 1 line of the log was dropped"));
        assert_eq!(pop(&mut waiting).unwrap(), "more");
        for text in [&large, &large, &large] {
            waiting.push(text.clone());
        }
        assert_eq!(pop(&mut waiting).unwrap(), "still more");
        assert_eq!(pop(&mut waiting).unwrap(), large);
        let notice = pop(&mut waiting).unwrap();
        assert!(notice.contains(" 2 lines of the log were dropped"), "although nothing follows: {notice}");
        assert_eq!((pop(&mut waiting), waiting.bytes), (None, 0));
    }

    #[test]
    fn what_could_not_be_written_is_counted_when_there_is_something_to_write_again() {
        let mut waiting = Waiting { failed: 3, ..Waiting::EMPTY };
        assert!(
            waiting.is_done() && waiting.pop().is_none(),
            "a disk that is full is not tried again and again"
        );
        waiting.push("later".to_owned());
        let notice = waiting.pop().unwrap();
        assert!(notice.text.contains(" 3 lines of the log were dropped"), "{}", notice.text);
        assert_eq!(notice.texts, 3);
        assert_eq!(pop(&mut waiting).unwrap(), "later");
    }

    #[test]
    fn one_text_larger_than_the_queue_is_written_all_the_same() {
        let mut waiting = Waiting::EMPTY;
        let large = "x".repeat(QUEUE_MAX_BYTES * 2);
        waiting.push(large.clone());
        assert_eq!(pop(&mut waiting), Some(large));
    }

    #[test]
    fn a_pipe_that_somebody_made_non_blocking_loses_nothing() {
        /// Fails every other time because it is full, and accepts three bytes at once.
        struct Narrow(Vec<u8>, bool);
        impl Write for Narrow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let taken = &bytes[..bytes.len().min(3)];
                self.0.extend_from_slice(taken);
                Ok(taken.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut narrow = Narrow(Vec::new(), false);
        write_to(&mut narrow, b"seven b").unwrap();
        assert_eq!(narrow.0, b"seven b");
    }
}
