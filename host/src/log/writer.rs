//! Writes the log on a thread of its own, from a bounded queue: who logs never waits for whoever reads the log, be it a
//! pipe that nobody empties or a terminal that is stopped. What finds the queue full is dropped, and counted in the log.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::line::notice;

/// What may wait to be written, in bytes; one text may be larger than all of it.
const QUEUE_MAX_BYTES: usize = 1 << 20;

/// Takes lines, each with its line end.
type Taker = Arc<dyn Fn(&str) + Send + Sync>;

/// Who takes the lines instead of stderr: a prompt or a progress line must not be written over.
static TAKER: Mutex<Option<Taker>> = Mutex::new(None);

/// The queue of this process.
static QUEUE: Queue = Queue { waiting: Mutex::new(Waiting::EMPTY), changed: Condvar::new() };

struct Queue {
    waiting: Mutex<Waiting>,
    /// A text was queued, or one was written.
    changed: Condvar,
}

struct Waiting {
    texts: VecDeque<String>,
    bytes: usize,
    /// Texts dropped since the last one that was queued.
    dropped: u64,
    is_writing: bool,
}

impl Waiting {
    const EMPTY: Waiting = Waiting { texts: VecDeque::new(), bytes: 0, dropped: 0, is_writing: false };

    /// Queues a text, or drops it.
    fn push(&mut self, text: String) {
        if !self.texts.is_empty() && self.bytes + text.len() > QUEUE_MAX_BYTES {
            self.dropped += 1;
            return;
        }
        // In the place of those that are missing.
        if let Some(notice) = self.notice() {
            self.bytes += notice.len();
            self.texts.push_back(notice);
        }
        self.bytes += text.len();
        self.texts.push_back(text);
    }

    /// The next text to write.
    fn pop(&mut self) -> Option<String> {
        let text = self.texts.pop_front();
        self.bytes -= text.as_ref().map_or(0, String::len);
        text.or_else(|| self.notice())
    }

    fn notice(&mut self) -> Option<String> {
        let what = match std::mem::take(&mut self.dropped) {
            0 => return None,
            1 => "1 line of the log was".to_owned(),
            dropped => format!("{dropped} lines of the log were"),
        };
        Some(notice(&format!("{what} dropped: it is not read fast enough")))
    }

    fn is_done(&self) -> bool {
        self.texts.is_empty() && self.dropped == 0 && !self.is_writing
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes, for as long as the process lives.
    fn work(&self) {
        let mut waiting = self.lock();
        loop {
            waiting.is_writing = false;
            let Some(text) = waiting.pop() else {
                self.changed.notify_all();
                waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            waiting.is_writing = true;
            drop(waiting);
            put(&text);
            waiting = self.lock();
        }
    }
}

/// Queues a text with its line end.
pub(super) fn queue(text: String) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let started = thread::Builder::new().name("log".to_owned()).spawn(|| QUEUE.work());
        // Without its thread the log is dropped rather than allowed to stop its host; the next thread that cannot be
        // had ends the start with an error of its own.
        drop(started);
    });
    QUEUE.lock().push(text);
    QUEUE.changed.notify_all();
}

/// Waits until everything is written, but no longer than `within`.
pub fn flush(within: Duration) {
    let until = Instant::now() + within;
    let mut waiting = QUEUE.lock();
    while !waiting.is_done() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        waiting = QUEUE.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Gives the lines to `taker` instead of stderr, from now on.
pub fn redirect(taker: impl Fn(&str) + Send + Sync + 'static) {
    *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(taker));
}

/// Gives the lines to stderr again.
pub fn to_stderr() {
    TAKER.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn put(text: &str) {
    // Not under the lock: to take the lines away from a taker must not wait for it.
    let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match taker {
        Some(take) => take(text),
        // A log that cannot be written has nowhere to say so.
        None => _ = io::stderr().lock().write_all(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted_in_its_place() {
        let mut waiting = Waiting::EMPTY;
        let large = "x".repeat(QUEUE_MAX_BYTES / 2);
        for text in ["first", &large, &large, "more", "still more"] {
            waiting.push(text.to_owned());
        }
        assert_eq!(waiting.pop().unwrap(), "first");
        assert_eq!(waiting.pop().unwrap(), large);
        assert!(waiting.pop().unwrap().contains(" 1 line of the log was dropped"));
        assert_eq!(waiting.pop().unwrap(), "more");
        for text in [&large, &large, &large] {
            waiting.push(text.clone());
        }
        assert_eq!(waiting.pop().unwrap(), "still more");
        assert_eq!(waiting.pop().unwrap(), large);
        assert!(
            waiting.pop().unwrap().contains(" 2 lines of the log were dropped"),
            "although nothing follows"
        );
        assert_eq!((waiting.pop(), waiting.bytes), (None, 0));
    }

    #[test]
    fn one_text_larger_than_the_queue_is_written_all_the_same() {
        let mut waiting = Waiting::EMPTY;
        let large = "x".repeat(QUEUE_MAX_BYTES * 2);
        waiting.push(large.clone());
        assert_eq!(waiting.pop(), Some(large));
    }
}
