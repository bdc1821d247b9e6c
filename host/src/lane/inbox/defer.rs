//! The race between a waiting interaction and Discord's 3 s: either those who hear it begin in time, or the host defers
//! it. It decides who wins; acknowledging is the router's part.
//!
//! A component is heard by every cog that listens, and only one of them will answer. So the host defers only what still
//! waits for somebody while nobody is at it: who is at it may be about to answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// One interaction in the queues of all that hear it.
#[derive(Debug)]
pub struct Defer {
    turn: Mutex<Turn>,
    changed: Notify,
}

#[derive(Debug)]
struct Turn {
    /// In whose queue it still is.
    waiting: usize,
    /// Who has begun and is not done.
    busy: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not acknowledged by the host.
    Open,
    /// Discord is being told.
    Deferring,
    /// Acknowledged by the host.
    Deferred,
}

/// Somebody is at it until this is dropped.
#[derive(Debug)]
pub struct Begun(Arc<Defer>);

impl Defer {
    /// In so many queues.
    pub fn new(hearers: usize) -> Arc<Defer> {
        let turn = Mutex::new(Turn { waiting: hearers, busy: 0, phase: Phase::Open });
        Arc::new(Defer { turn, changed: Notify::new() })
    }

    /// One of those who hear it begins.
    pub fn start(self: Arc<Self>) -> Begun {
        self.change(|turn| {
            turn.waiting = turn.waiting.saturating_sub(1);
            turn.busy += 1;
        });
        Begun(self)
    }

    /// One of those in whose queue it is will not handle it.
    pub fn leave(&self) {
        self.change(|turn| turn.waiting = turn.waiting.saturating_sub(1));
    }

    /// The host wants to defer it: waits until nobody is at it. False if it is in no queue any more.
    pub async fn begin(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            {
                let mut turn = self.turn();
                match (turn.waiting, turn.busy) {
                    (0, _) => return false,
                    (_, 0) => {
                        turn.phase = Phase::Deferring;
                        return true;
                    }
                    _ => {}
                }
            }
            changed.await;
        }
    }

    /// The host has tried: whether Discord accepted.
    pub fn finish(&self, accepted: bool) {
        self.change(|turn| turn.phase = if accepted { Phase::Deferred } else { Phase::Open });
    }

    fn change(&self, change: impl FnOnce(&mut Turn)) {
        change(&mut self.turn());
        self.changed.notify_waiters();
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// Whether the host has deferred it. If it is just doing so, waits until Discord knows.
    pub async fn is_deferred(&self) -> bool {
        loop {
            let changed = self.0.changed.notified();
            let phase = self.0.turn().phase;
            if phase != Phase::Deferring {
                return phase == Phase::Deferred;
            }
            changed.await;
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.change(|turn| turn.busy = turn.busy.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    /// Whether a future is ready when it is asked for the first time.
    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    fn start(defer: &Arc<Defer>) -> Begun {
        Arc::clone(defer).start()
    }

    #[test]
    fn who_begins_in_time_is_not_deferred() {
        let defer = Defer::new(1);
        assert_eq!(now(start(&defer).is_deferred()), Some(false));
        assert_eq!(now(defer.begin()), Some(false));
    }

    #[tokio::test]
    async fn who_begins_while_it_is_being_deferred_waits_for_the_outcome() {
        for accepted in [true, false] {
            let defer = Defer::new(1);
            assert!(defer.begin().await);
            let begun = start(&defer);
            let waiting = tokio::spawn(async move { begun.is_deferred().await });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            defer.finish(accepted);
            assert_eq!(waiting.await.expect("it does not panic"), accepted);
        }
    }

    #[test]
    fn as_long_as_one_is_at_it_the_others_wait_undeferred() {
        let defer = Defer::new(2);
        let first = start(&defer);
        assert_eq!(now(defer.begin()), None);
        drop(first);
        assert_eq!(now(defer.begin()), Some(true));
    }

    #[test]
    fn nothing_is_deferred_that_nobody_will_handle() {
        let defer = Defer::new(2);
        drop(start(&defer));
        defer.leave();
        assert_eq!(now(defer.begin()), Some(false));
    }
}
