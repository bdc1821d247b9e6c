//! What falls due at which moment, earliest first; at the same moment in the order it was asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Due;
use crate::ids::Timestamp;

/// Timers that wait; beyond it a new one is dropped. Reached only if time is frozen under heavy load.
const MAX_TIMERS: usize = 1_000_000;

#[derive(Default)]
pub(super) struct Schedule {
    waiting: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    next: u64,
}

impl Schedule {
    /// Whether it is now the earliest; none if there are too many.
    pub(super) fn add(&mut self, when: Timestamp, due: Due) -> Option<bool> {
        if self.waiting.len() >= MAX_TIMERS {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.waiting.push(Reverse((when, number, due)));
        Some(self.waiting.peek().is_some_and(|Reverse((_, first, _))| *first == number))
    }

    pub(super) fn earliest(&self) -> Option<Timestamp> {
        self.waiting.peek().map(|Reverse((when, ..))| *when)
    }

    /// The earliest that is due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        self.earliest().filter(|when| *when <= now)?;
        self.waiting.pop().map(|Reverse((when, _, due))| (when, due))
    }
}
