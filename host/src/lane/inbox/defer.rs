//! The race between a waiting interaction and Discord's 3 s: either the cog starts on it in time, or the host defers it.
//! It decides who wins; acknowledging is the router's part.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const DEFERRING: u8 = 2;
const DEFERRED: u8 = 3;

/// One interaction in a queue.
#[derive(Debug, Default)]
pub struct Defer {
    state: AtomicU8,
    settled: Notify,
}

impl Defer {
    /// The cog starts now. Whether the host has deferred the interaction; waits until Discord knows.
    pub async fn start(&self) -> bool {
        if self.state.compare_exchange(WAITING, STARTED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return false;
        }
        loop {
            let settled = self.settled.notified();
            match self.state.load(Ordering::Acquire) {
                DEFERRING => settled.await,
                state => return state == DEFERRED,
            }
        }
    }

    /// The host wants to defer it; false if the cog has started.
    pub fn begin(&self) -> bool {
        self.state.compare_exchange(WAITING, DEFERRING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The host has tried: whether Discord accepted.
    pub fn finish(&self, accepted: bool) {
        self.state.store(if accepted { DEFERRED } else { STARTED }, Ordering::Release);
        self.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_is_first_decides() {
        let defer = Defer::default();
        assert!(!defer.start().await);
        assert!(!defer.begin());

        let defer = std::sync::Arc::new(Defer::default());
        assert!(defer.begin());
        let waiting = tokio::spawn({
            let defer = std::sync::Arc::clone(&defer);
            async move { defer.start().await }
        });
        tokio::task::yield_now().await;
        defer.finish(true);
        assert!(waiting.await.expect("it does not panic"));
    }
}
