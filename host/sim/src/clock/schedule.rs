//! What is to happen at a moment, earliest first; at the same moment in the order it was asked for.
//! It runs nothing and knows no clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::Timestamp;
use crate::shared::Shared;

/// Carried out once, outside all locks.
pub(super) type Action = Box<dyn FnOnce(&Arc<Shared>) + Send>;

/// Timers that wait; beyond it a new one is dropped. Reached only if time is frozen under heavy load.
const MAX_TIMERS: usize = 1_000_000;

#[derive(Default)]
pub(super) struct Schedule {
    order: BinaryHeap<Reverse<(Timestamp, u64)>>,
    actions: HashMap<u64, Action>,
    next: u64,
}

impl Schedule {
    /// Whether it is now the earliest; none if there are too many.
    pub(super) fn add(&mut self, when: Timestamp, action: Action) -> Option<bool> {
        if self.actions.len() >= MAX_TIMERS {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.actions.insert(number, action);
        self.order.push(Reverse((when, number)));
        Some(self.order.peek().is_some_and(|Reverse((_, first))| *first == number))
    }

    pub(super) fn earliest(&self) -> Option<Timestamp> {
        self.order.peek().map(|Reverse((when, _))| *when)
    }

    /// The earliest that is due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Action)> {
        let Reverse((when, _)) = *self.order.peek().filter(|Reverse((when, _))| *when <= now)?;
        let Reverse((_, number)) = self.order.pop()?;
        self.actions.remove(&number).map(|action| (when, action))
    }
}
