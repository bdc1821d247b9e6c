//! Whose turn it is to identify: Discord lets `max_concurrency` shards do so in every 5 s.
//! It keeps times only; shards ask it before they send IDENTIFY.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Turns of all shards of one token.
#[derive(Debug)]
pub(super) struct Turns {
    every: Duration,
    next: Mutex<HashMap<u32, Instant>>,
}

impl Turns {
    pub(super) fn new(every: Duration) -> Turns {
        Turns { every, next: Mutex::default() }
    }

    /// Waits for this shard's turn and takes it.
    pub(super) async fn wait(&self, shard: u16, max_concurrency: u32) {
        let lane = u32::from(shard) % max_concurrency.max(1);
        let at = {
            let now = Instant::now();
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = next.get(&lane).copied().unwrap_or(now).max(now);
            next.insert(lane, at + self.every);
            at
        };
        tokio::time::sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shards_of_one_lane_identify_one_after_the_other() {
        let turns = Turns::new(Duration::from_millis(30));
        let start = Instant::now();
        let (one, two) = (turns.wait(0, 2), turns.wait(1, 2));
        tokio::join!(one, two);
        let early = start.elapsed();
        turns.wait(2, 2).await;
        assert!(start.elapsed() >= Duration::from_millis(30) && early < start.elapsed());
    }
}
