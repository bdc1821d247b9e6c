//! Limits how many lines of a cog get into the host's log, and how long they are. A cog in its own process may write
//! endlessly, and each line costs the host more than the cog.

use std::time::Duration;

use tokio::time::Instant;

use crate::{identity::GenerationId, text};

/// Maximum number of lines per second, and of their bytes.
const LINES_MAX: u32 = 5_000;
const BYTES_MAX: usize = 2 << 20;
/// Longer lines are truncated or split. In bytes.
pub(super) const LINE_MAX: usize = 8 << 10;
const SECOND: Duration = Duration::from_secs(1);

/// Counts lines of one kind.
#[derive(Debug)]
pub(super) struct Rate {
    id: GenerationId,
    /// What kind of lines they are.
    of: &'static str,
    since: Instant,
    lines: u32,
    bytes: usize,
    left_out: u64,
}

impl Rate {
    pub(super) fn new(id: GenerationId, of: &'static str) -> Rate {
        Rate { id, of, since: Instant::now(), lines: 0, bytes: 0, left_out: 0 }
    }

    /// Counts a line, and truncates its parts. Returns whether it is to be logged.
    pub(super) fn allows<const N: usize>(&mut self, line: [&mut String; N]) -> bool {
        if self.is_over() {
            self.left_out += 1;
            return false;
        }
        self.lines += 1;
        for part in line {
            text::cut(part, LINE_MAX);
            self.bytes += part.len();
        }
        true
    }

    /// Whether this second's limit has been reached.
    pub(super) fn is_over(&mut self) -> bool {
        if self.since.elapsed() >= SECOND {
            self.say();
            (self.since, self.lines, self.bytes) = (Instant::now(), 0, 0);
        }
        self.lines >= LINES_MAX || self.bytes >= BYTES_MAX
    }

    /// Counts lines that are skipped.
    pub(super) fn leave_out(&mut self, lines: usize) {
        self.left_out += lines as u64;
    }

    fn say(&mut self) {
        let (left_out, of) = (std::mem::take(&mut self.left_out), self.of);
        if left_out > 0 {
            let cog = &self.id;
            tracing::warn!(%cog, left_out, "lines of its {of} are left out: more than {LINES_MAX}, or {} MiB, in a second", BYTES_MAX >> 20);
        }
    }
}

impl Drop for Rate {
    fn drop(&mut self) {
        self.say();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_lines_in_each_second_and_no_more() {
        let mut rate = Rate::new(GenerationId { cog: "music".into(), number: 7 }, "log");
        for _ in 0..3 {
            let allowed = (0..LINES_MAX * 2).filter(|_| rate.allows([&mut "a line".to_owned()])).count();
            assert_eq!(allowed, LINES_MAX as usize);
            assert!(rate.is_over());
            tokio::time::advance(SECOND).await;
            assert!(!rate.is_over() && rate.left_out == 0, "it is said once");
        }
        let mut long = ["é".repeat(LINE_MAX), "y".repeat(LINE_MAX)];
        assert!(rate.allows(long.each_mut()));
        assert_eq!(long.each_ref().map(String::len), [LINE_MAX + '…'.len_utf8(), LINE_MAX]);
        let allowed = (0..LINES_MAX).filter(|_| rate.allows(long.each_mut())).count();
        assert_eq!(allowed, BYTES_MAX / long.concat().len());
    }
}
