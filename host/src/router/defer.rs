//! The race between an unanswered interaction and Discord's 3 s: either a cog answers in time, or the host defers it.
//! This module decides the race; [`Notices`](super::Notices) sends the acknowledgement.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response>
//!
//! A component that belongs to no cog goes to every cog that subscribed, and only one of them will answer it. So the
//! host defers it only while it is in some queue and no handler is running: a running one may be about to answer
//! with anything.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use abi_stable::std_types::RArc;
use gearshift_cog::abi::Interaction;
use tokio::{sync::Notify, time::Instant};

use crate::sessions::discord::Watched;

/// An interaction for as long as it is queued or being handled.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) interaction: RArc<Interaction>,
    /// Whether "thinking …" is shown only to the user.
    pub(super) is_ephemeral: bool,
    pub(super) defer: Arc<Defer>,
    /// When it arrived.
    pub(super) received_at: Instant,
    /// The cogs that own it; empty if it only went to cogs that subscribed to interactions.
    pub(super) owners: Vec<Arc<str>>,
    /// How far a cog has answered it; `None` without a Discord session.
    pub(super) watched: Option<Watched>,
}

/// The state of one interaction across all cogs that get it.
#[derive(Debug, Default)]
pub(super) struct Defer {
    state: Mutex<DeferState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct DeferState {
    /// In how many queues it is.
    waiting: usize,
    /// How many handlers are running.
    running: usize,
    /// Whether any handler has started.
    has_begun: bool,
    /// Whether a handler has failed. Then the user gets the failure message, whatever the other handlers did.
    has_failed: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Not acknowledged by the host.
    #[default]
    Open,
    /// The host is acknowledging it.
    Deferring,
    /// Acknowledged by the host.
    Deferred,
}

/// The interaction's place in the queue or the handler of one cog, until this is dropped.
#[derive(Debug)]
pub(super) struct QueuePlace {
    defer: Arc<Defer>,
    has_begun: bool,
    has_left: bool,
}

/// What remains when a cog is done with an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// Other cogs still have it.
    ToOthers,
    /// This was the last cog, and no handler was started.
    Unhandled,
    /// This was the last cog, and every handler has succeeded.
    Done,
    /// This was the last cog, and a handler has failed.
    Failed,
}

impl Defer {
    /// Adds it to one more queue.
    pub(super) fn join_queue(self: &Arc<Self>) -> QueuePlace {
        self.change(|state| state.waiting += 1);
        QueuePlace { defer: Arc::clone(self), has_begun: false, has_left: false }
    }

    /// The host wants to defer it; returns `false` if no cog is left that could answer. With `is_owned`, a running
    /// handler is its owner's, and late; otherwise this waits until no handler is running.
    pub(super) async fn begin(&self, is_owned: bool) -> bool {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                let (waits, runs) = (state.waiting > 0, state.running > 0);
                let is_late = if runs { is_owned } else { waits };
                if is_late {
                    state.phase = Phase::Deferring;
                    return true;
                }
                if !waits {
                    return false;
                }
            }
            changed.await;
        }
    }

    /// The host has tried to defer it; `accepted`: Discord has it as acknowledged.
    pub(super) fn finish(&self, accepted: bool) {
        self.change(|state| state.phase = if accepted { Phase::Deferred } else { Phase::Open });
    }

    /// Whether the host has deferred it. Waits for the outcome if the host is doing so right now.
    pub(super) async fn is_deferred(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            match self.is_deferred_now() {
                Some(deferred) => return deferred,
                None => changed.await,
            }
        }
    }

    /// Like [`is_deferred`](Self::is_deferred), but returns `None` while the host is doing so.
    pub(super) fn is_deferred_now(&self) -> Option<bool> {
        match self.state().phase {
            Phase::Open => Some(false),
            Phase::Deferring => None,
            Phase::Deferred => Some(true),
        }
    }

    fn change(&self, change: impl FnOnce(&mut DeferState)) {
        change(&mut self.state());
        self.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, DeferState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueuePlace {
    /// It has left the queue, and its handler starts.
    pub(super) fn begin(&mut self) {
        if !mem::replace(&mut self.has_begun, true) {
            self.defer.change(|state| {
                state.waiting = state.waiting.saturating_sub(1);
                state.running += 1;
                state.has_begun = true;
            });
        }
    }

    /// The interaction's shared state.
    pub(super) fn defer(&self) -> &Arc<Defer> {
        &self.defer
    }
}

impl QueuePlace {
    /// Its handler has ended, or none will be started.
    pub(super) fn leave(&mut self, has_failed: bool) -> Completion {
        let mut completion = Completion::ToOthers;
        if mem::replace(&mut self.has_left, true) {
            return completion;
        }
        let has_begun = self.has_begun;
        self.defer.change(|state| {
            let count = if has_begun { &mut state.running } else { &mut state.waiting };
            *count = count.saturating_sub(1);
            state.has_failed |= has_failed;
            completion = match (state.waiting + state.running, state.has_begun) {
                (0, _) if state.has_failed => Completion::Failed,
                (0, false) => Completion::Unhandled,
                (0, true) => Completion::Done,
                _ => Completion::ToOthers,
            };
        });
        completion
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.leave(false);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    /// The output of a future that is ready at its first poll.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    fn begun(defer: &Arc<Defer>) -> QueuePlace {
        let mut place = defer.join_queue();
        place.begin();
        place
    }

    #[test]
    fn what_begins_in_time_is_not_deferred() {
        let defer = Arc::<Defer>::default();
        let place = begun(&defer);
        assert_eq!(now(defer.is_deferred()), Some(false));
        assert_eq!(now(defer.begin(false)), Some(false));
        drop(place);
    }

    #[tokio::test]
    async fn what_begins_while_it_is_being_deferred_waits_for_the_outcome() {
        for accepted in [true, false] {
            let defer = Arc::<Defer>::default();
            let mut place = defer.join_queue();
            assert!(defer.begin(false).await);
            place.begin();
            assert_eq!(now(defer.is_deferred()), None);
            defer.finish(accepted);
            assert_eq!(now(defer.is_deferred()), Some(accepted));
        }
    }

    #[test]
    fn as_long_as_one_handler_runs_the_others_wait_undeferred() {
        let defer = Arc::<Defer>::default();
        let (first, _second) = (begun(&defer), defer.join_queue());
        assert_eq!(now(defer.begin(false)), None);
        drop(first);
        assert_eq!(now(defer.begin(false)), Some(true));
    }

    #[test]
    fn a_handler_is_late_whose_cog_owns_it() {
        let defer = Arc::<Defer>::default();
        let place = begun(&defer);
        assert_eq!(now(defer.begin(true)), Some(true));
        defer.finish(true);
        assert_eq!(now(defer.is_deferred()), Some(true));
        drop(place);
        assert_eq!(now(defer.begin(true)), Some(false));
    }

    #[test]
    fn nothing_is_deferred_that_no_cog_will_handle() {
        let defer = Arc::<Defer>::default();
        let second = defer.join_queue();
        drop(begun(&defer));
        drop(second);
        assert_eq!(now(defer.begin(false)), Some(false));
    }
}
