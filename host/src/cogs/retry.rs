//! When what failed is tried again: a file, a renewal, code that was lost.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    life::{Kept, Life},
    owner::{Before, Now},
};
use crate::library::Digest;

/// Shortest and longest pause between two attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(300)];
/// How often a call is looked at that must return first.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// When what could not be brought into service is tried again, and how long after the attempt before.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    pub(super) at: Instant,
    pub(super) pause: Duration,
    /// The call in which the generation that serves kept its thread: as long as it does, trying is of no use.
    pub(super) after_call: Option<u64>,
}

impl Retry {
    /// The next after `last`, after a longer pause; or the first.
    pub(super) fn after(last: Option<Retry>) -> Retry {
        let pause = last.map_or(PAUSES[0], |last| (last.pause * 2).min(PAUSES[1]));
        Retry { at: Instant::now() + pause, pause, after_call: None }
    }

    pub(super) fn has_come(self) -> bool {
        self.at <= Instant::now()
    }

    /// Whether it is time, and the generation that serves does not stand in its way.
    pub(super) fn is_due<G>(&mut self, life: &impl Life<Generation = G>, now: &Now<G>) -> bool {
        if !self.has_come() {
            return false;
        }
        let call = now.serving().and_then(|serving| life.pulse(&serving.generation).call());
        let is_kept = self.after_call.is_some() && call == self.after_call;
        if is_kept {
            self.at = Instant::now() + LOOK_AGAIN;
        }
        !is_kept
    }
}

/// Code whose generation hung or crashed, until it is brought back.
pub(super) struct LostCode {
    pub(super) number: u64,
    pub(super) digest: Digest,
    pub(super) library: Option<Kept>,
    /// What it replaced, if it was on probation.
    pub(super) before: Option<Before>,
    /// How it was lost.
    pub(super) why: String,
    /// The next attempt, once one has failed.
    pub(super) retry: Option<Retry>,
}
