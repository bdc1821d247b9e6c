//! What falls due when, earliest first; at the same moment in the order in which it was scheduled.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Due;
use crate::ids::Timestamp;

/// How many timers may wait; beyond that, new ones are dropped. Reached only if time is frozen under heavy load.
const MAX_TIMERS: usize = 1_000_000;

#[derive(Default)]
pub(super) struct Schedule {
    waiting: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    next: u64,
}

impl Schedule {
    /// Returns whether it is now the earliest; `None` if there are too many.
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

    /// Takes out the earliest that is due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        self.earliest().filter(|when| *when <= now)?;
        self.waiting.pop().map(|Reverse((when, _, due))| (when, due))
    }
}
