//! Session starts of all shards of one token: whose turn it is to identify, and how many starts are left.
//! It only tracks times and counts; a shard takes a [`Start`] before it dials and reports when IDENTIFY was sent.
//!
//! <https://discord.com/developers/docs/events/gateway#session-start-limit-object>
//! <https://discord.com/developers/docs/events/gateway#sharding-max-concurrency>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::sessions::discord::SessionStartLimit;

/// The period of the limit. Discord says `reset_after: 0` while none of it is used.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// If the reset times in two answers differ by more than this, they describe different periods.
const SAME_LIMIT: Duration = Duration::from_secs(60);

/// When the last shard of a bucket identified.
type Bucket = Arc<AsyncMutex<Option<Instant>>>;

/// State shared by all shards.
#[derive(Debug)]
pub(super) struct Starts {
    /// Time between two IDENTIFYs of one bucket.
    every: Duration,
    buckets: Mutex<HashMap<u32, Bucket>>,
    left: Mutex<Option<Left>>,
}

/// What is left until the limit resets.
#[derive(Debug, Clone, Copy)]
struct Left {
    starts: u32,
    renewed: Instant,
}

/// One start taken from the limit; returned if it is dropped before IDENTIFY was sent.
#[derive(Debug)]
pub(super) struct Permit {
    starts: Arc<Starts>,
    is_used: bool,
}

/// A permit whose turn it is. No other shard of its bucket gets one until it is dropped.
#[derive(Debug)]
pub(super) struct Start {
    permit: Permit,
    last: OwnedMutexGuard<Option<Instant>>,
}

impl Starts {
    pub(super) fn new(every: Duration) -> Starts {
        Starts { every, buckets: Mutex::default(), left: Mutex::default() }
    }

    /// Takes one start from the limit that Discord just returned; the error is how long there will be none.
    pub(super) fn take(self: &Arc<Starts>, limit: &SessionStartLimit) -> Result<Permit, Duration> {
        self.compare(limit);
        match self.left().as_mut() {
            Some(left) if left.starts > 0 => left.starts -= 1,
            Some(left) => return Err(left.renewed.saturating_duration_since(Instant::now())),
            // `compare` has just set it.
            None => {}
        }
        Ok(Permit { starts: Arc::clone(self), is_used: false })
    }

    /// Compares the limit that Discord just returned to the starts taken here. Other shards may have taken starts
    /// that Discord has not seen yet, so its number may be too high, but never too low: any missing starts were used
    /// by another process. Returns their number, and warns about them.
    pub(super) fn compare(&self, limit: &SessionStartLimit) -> u32 {
        let now = Instant::now();
        let renewed = match limit.reset_after {
            0 => now + DAY,
            reset_after => now + Duration::from_millis(reset_after).min(DAY),
        };
        let mut left = self.left();
        let mut current = match *left {
            Some(left) if now < left.renewed && renewed < left.renewed + SAME_LIMIT => left,
            _ => Left { starts: limit.remaining, renewed },
        };
        let others = current.starts.saturating_sub(limit.remaining);
        if others > 0 {
            tracing::warn!(
                "another process has started {others} gateway session(s) with this bot's token; two hosts of one bot \
                 answer everything twice"
            );
        }
        current.starts -= others;
        *left = Some(current);
        others
    }

    fn left(&self) -> MutexGuard<'_, Option<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self, shard: u16, max_concurrency: u32) -> Bucket {
        let key = u32::from(shard) % max_concurrency.max(1);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(buckets.entry(key).or_default())
    }
}

impl Permit {
    /// Waits until a shard may identify. Shards of one bucket take turns, in the order in which they ask.
    pub(super) async fn turn(self, shard: u16, max_concurrency: u32) -> Start {
        let last = self.starts.bucket(shard, max_concurrency).lock_owned().await;
        if let Some(last) = *last {
            tokio::time::sleep_until(last + self.starts.every).await;
        }
        Start { permit: self, last }
    }
}

impl Start {
    /// IDENTIFY was just sent. Only that time counts: connecting takes a different time for each shard.
    pub(super) fn identified(mut self) {
        self.permit.is_used = true;
        *self.last = Some(Instant::now());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_used
            && let Some(left) = self.starts.left().as_mut()
        {
            left.starts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(remaining: u32) -> SessionStartLimit {
        SessionStartLimit { total: 1000, remaining, reset_after: 60_000, max_concurrency: 1 }
    }

    fn starts() -> Arc<Starts> {
        Arc::new(Starts::new(Duration::from_secs(5)))
    }

    #[tokio::test(start_paused = true)]
    async fn identify_follows_identify_by_five_seconds_however_long_connecting_takes() {
        let starts = starts();
        let first = starts.take(&limit(9)).unwrap().turn(0, 2).await;
        let begun = Instant::now();
        let permit = starts.take(&limit(9)).unwrap();
        let next = tokio::spawn(permit.turn(2, 2));
        // A different bucket does not wait.
        starts.take(&limit(9)).unwrap().turn(1, 2).await.identified();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(3)).await;
        first.identified();
        next.await.unwrap().identified();
        assert_eq!(begun.elapsed(), Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_could_not_connect_takes_neither_turn_nor_start() {
        let starts = starts();
        let failed = starts.take(&limit(1)).unwrap().turn(0, 1).await;
        assert_eq!(starts.take(&limit(1)).unwrap_err(), Duration::from_secs(60));
        drop(failed);
        let begun = Instant::now();
        starts.take(&limit(1)).unwrap().turn(1, 1).await.identified();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(starts.take(&limit(1)).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn shards_that_read_the_same_number_share_it_until_it_is_renewed() {
        let starts = starts();
        let taken: Vec<_> = (0..4).map(|_| starts.take(&limit(2))).collect();
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 2);
        for permit in taken.into_iter().flatten() {
            permit.turn(0, 1).await.identified();
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        let renewed = [starts.take(&limit(1)), starts.take(&limit(1))];
        assert!(renewed[0].is_ok() && renewed[1].is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn starts_that_somebody_else_took_are_noticed_once() {
        let starts = starts();
        starts.take(&limit(100)).unwrap().turn(0, 1).await.identified();
        // Discord has not counted it yet, and then has.
        assert_eq!((starts.compare(&limit(100)), starts.compare(&limit(99))), (0, 0));
        assert_eq!((starts.compare(&limit(97)), starts.compare(&limit(97))), (2, 0));
        starts.take(&limit(97)).unwrap().turn(0, 1).await.identified();
        assert_eq!(starts.compare(&limit(96)), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_discord_renews_early_counts_at_once() {
        let starts = starts();
        assert!(starts.take(&limit(0)).is_err());
        let fresh = SessionStartLimit { reset_after: 24 * 3_600_000, ..limit(1000) };
        assert!(starts.take(&fresh).is_ok());
    }
}
