//! The transcript: everything that happened, in order and bounded, to read back or to follow. Writing to it never
//! waits.

mod entry;
mod line;
mod tail;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::timeout_at;

pub use entry::{Acknowledgement, Entry, EntryKind, Topic};
pub(crate) use tail::Tail;

use crate::clock::Clock;
use crate::ids::Timestamp;

/// A handle to the transcript; clones share it.
#[derive(Clone, Debug)]
pub struct Transcript {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    written: Notify,
    clock: Clock,
    limit: usize,
}

#[derive(Debug, Default)]
struct Ring {
    /// The number of the next entry; entries are numbered from 0 without gaps.
    next: u64,
    latest: Timestamp,
    entries: VecDeque<Arc<Entry>>,
}

impl Transcript {
    pub(crate) fn new(limit: usize, clock: Clock) -> Self {
        let ring = Mutex::default();
        Self { shared: Arc::new(Shared { ring, written: Notify::new(), clock, limit: limit.max(1) }) }
    }

    pub(crate) fn write(&self, kind: EntryKind) {
        {
            let mut ring = self.ring();
            // Read under the lock and never lower than before, so that times grow with the numbers.
            let at = self.shared.clock.now().max(ring.latest);
            ring.latest = at;
            if ring.entries.len() >= self.shared.limit {
                ring.entries.pop_front();
            }
            let number = ring.next;
            ring.next += 1;
            ring.entries.push_back(Arc::new(Entry { number, at, instant: Instant::now(), kind }));
        }
        self.shared.written.notify_waiters();
    }

    /// The entries that are kept, oldest first; at most [`SimOptions::transcript_limit`](crate::SimOptions).
    pub fn history(&self) -> Vec<Arc<Entry>> {
        self.ring().entries.iter().cloned().collect()
    }

    /// The kept entries on these topics as lines of JSON, oldest first; all entries if `topics` is empty.
    pub fn json_lines(&self, topics: &[Topic]) -> String {
        let lines = self.about(topics).into_iter().map(|entry| entry.json());
        lines.flat_map(|line| [line, "\n".to_owned()]).collect()
    }

    /// The kept entries on these topics, one line each with its time; all entries if `topics` is empty.
    pub fn text(&self, topics: &[Topic]) -> String {
        self.about(topics).into_iter().map(|entry| format!("{} {entry}\n", entry.at)).collect()
    }

    fn about(&self, topics: &[Topic]) -> Vec<Arc<Entry>> {
        let mut entries = self.history();
        entries.retain(|entry| topics.is_empty() || topics.contains(&entry.kind.topic()));
        entries
    }

    /// The number of the next entry, as a mark for [`Transcript::reader_from`].
    pub fn mark(&self) -> u64 {
        self.ring().next
    }

    /// Follows the transcript from now on.
    pub fn reader(&self) -> Reader {
        self.reader_from(self.mark())
    }

    /// Follows the transcript from this entry on; 0 is the oldest entry that is kept.
    pub fn reader_from(&self, mark: u64) -> Reader {
        Reader { transcript: self.clone(), next: mark, ahead: VecDeque::new(), missed: 0 }
    }

    /// Follows the transcript from this moment on.
    pub fn reader_since(&self, moment: Timestamp) -> Reader {
        let ring = self.ring();
        let oldest = ring.next - ring.entries.len() as u64;
        let mark = oldest + ring.entries.partition_point(|entry| entry.at < moment) as u64;
        drop(ring);
        self.reader_from(mark)
    }

    /// The first entry, past or future, for which `pick` returns `Some`; `None` at the deadline.
    pub async fn until<T>(&self, deadline: Instant, pick: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        self.reader_from(0).until(deadline, pick).await
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.shared.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A position in the transcript that advances as entries are read.
#[derive(Debug)]
pub struct Reader {
    transcript: Transcript,
    next: u64,
    ahead: VecDeque<Arc<Entry>>,
    missed: u64,
}

/// How many entries are taken from the ring at a time, so that a reader of a long history does not hold up writers.
const READ_AHEAD_ENTRIES: usize = 256;

impl Reader {
    /// Waits for the next entry. Cancel safe.
    pub async fn next(&mut self) -> Arc<Entry> {
        loop {
            let transcript = self.transcript.clone();
            // Registered before the check, so that an entry written in between still wakes this reader.
            let mut written = std::pin::pin!(transcript.shared.written.notified());
            written.as_mut().enable();
            if let Some(entry) = self.try_next() {
                return entry;
            }
            written.await;
        }
    }

    /// The next entry, if there is one already.
    pub fn try_next(&mut self) -> Option<Arc<Entry>> {
        if self.ahead.is_empty() {
            let ring = self.transcript.ring();
            let oldest = ring.next - ring.entries.len() as u64;
            if self.next < oldest {
                self.missed += oldest - self.next;
                self.next = oldest;
            }
            let from = (self.next - oldest) as usize;
            self.ahead.extend(ring.entries.iter().skip(from).take(READ_AHEAD_ENTRIES).cloned());
            self.next += self.ahead.len() as u64;
        }
        self.ahead.pop_front()
    }

    /// The first entry from here on for which `pick` returns `Some`; `None` at the deadline.
    pub async fn until<T>(
        &mut self,
        deadline: Instant,
        mut pick: impl FnMut(&Entry) -> Option<T>,
    ) -> Option<T> {
        let found = async {
            loop {
                if let Some(found) = pick(&*self.next().await) {
                    return found;
                }
            }
        };
        timeout_at(deadline.into(), found).await.ok()
    }

    /// How many entries were dropped from the bounded history before this reader got to them.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn note(text: &str) -> EntryKind {
        EntryKind::Note { text: text.to_owned() }
    }

    #[tokio::test]
    async fn a_reader_gets_past_and_future_entries_in_order() {
        let transcript = Transcript::new(10, Clock::default());
        transcript.write(note("one"));
        let mut reader = transcript.reader_from(0);
        assert_eq!(reader.next().await.to_string(), "one");
        let writer = transcript.clone();
        tokio::spawn(async move { writer.write(note("two")) });
        let deadline = Instant::now() + Duration::from_secs(5);
        assert!(reader.until(deadline, |entry| (entry.to_string() == "two").then_some(())).await.is_some());
    }

    #[tokio::test]
    async fn the_history_is_bounded_and_a_late_reader_knows_what_it_missed() {
        let transcript = Transcript::new(3, Clock::default());
        for number in 0..10 {
            transcript.write(note(&number.to_string()));
        }
        let mut reader = transcript.reader_from(0);
        assert_eq!(reader.next().await.to_string(), "7");
        assert_eq!(reader.missed(), 7);
        assert_eq!(transcript.history().len(), 3);
    }

    #[test]
    fn entries_are_chosen_by_topic_and_written_as_text_or_json() {
        let transcript = Transcript::new(10, Clock::default());
        transcript.write(note("a remark"));
        transcript.write(EntryKind::Dispatched { name: "READY", sessions: 1 });
        assert_eq!(transcript.text(&[]).lines().count(), 2);
        let text = transcript.text(&[Topic::Driver]);
        assert!(text.ends_with("+00:00 a remark\n") && text.lines().count() == 1, "{text}");
        let json = transcript.json_lines(&[Topic::Gateway, Topic::Rest]);
        let entry: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&entry["number"], &entry["what"]), (&1.into(), &"dispatched".into()));
    }
}
