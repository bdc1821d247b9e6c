//! When a new generation is to blame for what goes wrong, and when a cog has hung or crashed too often. It counts and
//! judges; the owner acts.
//!
//! Panics and unreadable state always count. Errors that handlers return count only in comparison with the
//! previous generation: a bot in many servers always has some. What Discord refused, the network did or a user
//! typed never counts.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::fault::FaultKind;

/// How many handlers are done, and how many of them returned an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Errors {
    pub(super) handled: u64,
    pub(super) errors: u64,
}

impl Errors {
    /// Whether errors are at least twice as frequent as `before`. Rare errors get the benefit of the doubt: the
    /// previous generation is assumed to have had one error more.
    fn are_worse_than(self, before: Errors) -> bool {
        let (now, then) = (u128::from(self.errors), u128::from(before.errors) + 1);
        now * (u128::from(before.handled) + 1) >= 2 * then * u128::from(self.handled.max(self.errors))
    }
}

/// The faults of a generation on probation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blame {
    /// The number of faults at which the generation is undone.
    limit: u32,
    severe: u32,
    before: Errors,
}

impl Blame {
    /// For a generation that replaced one with the errors `before`.
    pub(super) fn new(limit: u32, before: Errors) -> Blame {
        Blame { limit, severe: 0, before }
    }

    /// The same, with no faults counted yet.
    pub(super) fn reset(self) -> Blame {
        Blame { severe: 0, ..self }
    }

    /// Counts a fault, which `now` already contains. Returns whether the generation is to be undone.
    pub(super) fn count(&mut self, kind: FaultKind, now: Errors) -> bool {
        match kind {
            FaultKind::Panic | FaultKind::State => self.severe += 1,
            FaultKind::Error => {
                return now.errors >= u64::from(self.limit) && now.are_worse_than(self.before);
            }
            FaultKind::Refused | FaultKind::Input | FaultKind::Settings => return false,
        }
        self.severe >= self.limit
    }
}

/// The times at which a cog hung or crashed.
#[derive(Debug, Default)]
pub(super) struct Hangs(VecDeque<Instant>);

impl Hangs {
    /// Counts one. Returns whether that makes `limit` within `window`.
    pub(super) fn count(&mut self, now: Instant, window: Duration, limit: usize) -> bool {
        self.0.retain(|at| now.duration_since(*at) < window);
        self.0.push_back(now);
        self.0.len() >= limit.max(1)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(before: Errors, kinds: &[FaultKind], handled: u64) -> bool {
        let mut blame = Blame::new(3, before);
        let mut errors = 0;
        kinds.iter().any(|kind| {
            errors += u64::from(*kind == FaultKind::Error);
            blame.count(*kind, Errors { handled, errors })
        })
    }

    #[test]
    fn panics_count_whatever_the_generation_before_did() {
        let busy = Errors { handled: 1000, errors: 900 };
        assert!(undone(busy, &[FaultKind::Panic; 3], 10));
        assert!(!undone(busy, &[FaultKind::Panic; 2], 10));
        assert!(undone(Errors::default(), &[FaultKind::Panic, FaultKind::Panic, FaultKind::State], 3));
    }

    #[test]
    fn errors_count_only_if_they_are_more_frequent_than_before() {
        let error = [FaultKind::Error; 3];
        // As many as before; as rare as before; nothing to compare with.
        assert!(!undone(Errors { handled: 3, errors: 3 }, &error, 3));
        assert!(!undone(Errors { handled: 10, errors: 0 }, &error, 150));
        assert!(!undone(Errors { handled: 5000, errors: 100 }, &error, 150));
        assert!(!undone(Errors::default(), &error, 3));
        // What worked before no longer works.
        assert!(undone(Errors { handled: 1, errors: 0 }, &error, 3));
        assert!(undone(Errors { handled: 5000, errors: 100 }, &error, 5));
        assert!(!undone(Errors { handled: 50, errors: 0 }, &error[..2], 2));
    }

    #[test]
    fn hangs_are_counted_within_their_window() {
        let (start, window) = (Instant::now(), Duration::from_secs(600));
        let mut hangs = Hangs::default();
        assert!(!hangs.count(start, window, 3));
        assert!(!hangs.count(start + Duration::from_secs(400), window, 3));
        assert!(!hangs.count(start + Duration::from_secs(700), window, 3));
        assert!(hangs.count(start + Duration::from_secs(800), window, 3));
    }
}
