//! When something that failed is tried again: a file, a renewal, code that was lost.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    lifecycle::{Lifecycle, RetainedLibrary},
    owner::{Previous, StageState},
};
use crate::library::Digest;

/// Shortest and longest pause between two attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(300)];
/// How often to check whether a call has returned that blocks a retry.
pub(super) const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

/// When a failed attempt is repeated, and how long after the previous one.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    pub(super) at: Instant,
    pub(super) pause: Duration,
    /// The call in which the serving generation blocks its thread: until it returns, a retry is useless.
    pub(super) after_call: Option<u64>,
}

impl Retry {
    /// The one after `last`, with twice the pause up to the longest; or the first.
    pub(super) fn after(last: Option<Retry>) -> Retry {
        let pause = last.map_or(PAUSES[0], |last| (last.pause * 2).min(PAUSES[1]));
        Retry { at: Instant::now() + pause, pause, after_call: None }
    }

    pub(super) fn has_come(self) -> bool {
        self.at <= Instant::now()
    }

    /// Whether it is time, and the serving generation does not block it.
    pub(super) fn is_due<G>(
        &mut self,
        lifecycle: &impl Lifecycle<Generation = G>,
        stage: &StageState<G>,
    ) -> bool {
        if !self.has_come() {
            return false;
        }
        let call = stage.serving().and_then(|serving| lifecycle.pulse(&serving.generation).call());
        let is_kept = self.after_call.is_some() && call == self.after_call;
        if is_kept {
            self.at = Instant::now() + RECHECK_INTERVAL;
        }
        !is_kept
    }
}

/// Code whose generation hung or crashed, until it is brought back.
pub(super) struct LostCode {
    pub(super) number: u64,
    pub(super) digest: Digest,
    pub(super) library: Option<RetainedLibrary>,
    /// What it replaced, if it was on probation.
    pub(super) previous: Option<Previous>,
    /// How it was lost.
    pub(super) why: String,
    /// The next attempt, once one has failed.
    pub(super) retry: Option<Retry>,
}
