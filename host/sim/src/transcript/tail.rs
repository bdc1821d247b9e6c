//! The end of a transcript as text, for the error of a failed test.

use std::fmt;
use std::sync::Arc;

use super::{Entry, Transcript};

/// How many entries an error shows.
const ENTRIES: usize = 40;

/// The last entries, as of when it was taken.
pub(crate) struct Tail {
    entries: Vec<Arc<Entry>>,
    before: u64,
}

impl Transcript {
    pub(crate) fn tail(&self) -> Tail {
        let ring = self.ring();
        let from = ring.entries.len().saturating_sub(ENTRIES);
        let entries: Vec<_> = ring.entries.iter().skip(from).cloned().collect();
        Tail { before: entries.first().map_or(0, |first| first.number), entries }
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what happened:")?;
        if self.before > 0 {
            write!(f, " (after {} earlier entries)", self.before)?;
        }
        for entry in &self.entries {
            write!(f, "\n  {} {entry}", entry.at)?;
        }
        Ok(())
    }
}
