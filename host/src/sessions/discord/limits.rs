//! Discord's rate limits: who may send now, and who waits until when.
//! It sends nothing; the answers of the requests teach it. Locks are held for a look and a step, never across an await.
//!
//! A bucket is learned from the first answer: until then one request goes at a time; afterwards as many run in parallel
//! as Discord has said to remain. <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Turn};
use super::route::{Access, Route};

/// All limits of one token.
pub(super) struct Limits {
    started: Instant,
    /// Milliseconds after `started` before which nothing goes out; 0 = no pause.
    paused_until: AtomicU64,
    /// What is known of a shape: its bucket and its usual limit, for places not seen before.
    shapes: Mutex<Map<Shape>>,
    buckets: [Mutex<Map<Arc<Bucket>>>; SHARDS],
}

/// Independent parts of the table, so that requests of different channels do not meet.
const SHARDS: usize = 16;
/// A part with more buckets than this forgets those that nobody uses and whose window is over.
const PRUNE_ABOVE: usize = 512;

type Map<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;

#[derive(Clone, Copy)]
struct Shape {
    bucket: u64,
    limit: u32,
}

/// What one answer says about its bucket; fields are `None` where the header was missing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Headers {
    /// Hash of the bucket's name.
    pub(super) bucket: Option<u64>,
    /// Requests in a window.
    pub(super) limit: Option<u32>,
    /// Requests left in this window.
    pub(super) remaining: Option<u32>,
    /// End of the window, seconds since 1970, which is the same for all answers of one window.
    pub(super) reset: Option<f64>,
    /// Seconds until the window ends.
    pub(super) reset_after: Option<f64>,
}

/// The right to send one request; give it the answer's headers, or drop it when there was none.
pub(super) struct Permit<'l> {
    limits: &'l Limits,
    route: Route,
    bucket: Option<Arc<Bucket>>,
}

/// The wait would be longer than the caller allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong {
    /// When it would have been the caller's turn, from now.
    pub(super) wait: Duration,
}

impl Limits {
    pub(super) fn new() -> Limits {
        Limits {
            started: Instant::now(),
            paused_until: AtomicU64::new(0),
            shapes: Mutex::default(),
            buckets: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Waits for the turn of a request, but not beyond `deadline`.
    pub(super) async fn acquire(&self, route: Route, deadline: Instant) -> Result<Permit<'_>, TooLong> {
        // A callback has a bucket of its own in every interaction: there is nothing to wait for, and no time.
        if route.access == Access::Callback {
            return Ok(Permit { limits: self, route, bucket: None });
        }
        let bucket = self.bucket(route);
        loop {
            if route.access == Access::Bot {
                self.wait_for_pause(deadline).await?;
            }
            match bucket.take() {
                Turn::Now => return Ok(Permit { limits: self, route, bucket: Some(bucket) }),
                Turn::At(at) => wait_until(at, deadline).await?,
                Turn::AfterAnswer => bucket.wait_for_answer(deadline).await?,
            }
        }
    }

    /// A 429 that counts for everything.
    pub(super) fn pause(&self, wait: Duration) {
        let until = (self.started.elapsed() + wait).as_millis() as u64 + 1;
        self.paused_until.fetch_max(until, Ordering::AcqRel);
    }

    /// Waits until no global pause is on.
    async fn wait_for_pause(&self, deadline: Instant) -> Result<(), TooLong> {
        loop {
            let until = self.paused_until.load(Ordering::Acquire);
            if until == 0 {
                return Ok(());
            }
            let at = self.started + Duration::from_millis(until);
            if at <= Instant::now() {
                // Someone may have set a later pause meanwhile; then the exchange fails and the loop sees it.
                let _ = self.paused_until.compare_exchange(until, 0, Ordering::AcqRel, Ordering::Acquire);
                continue;
            }
            wait_until(at, deadline).await?;
        }
    }

    fn bucket(&self, route: Route) -> Arc<Bucket> {
        let shape = locked(&self.shapes).get(&route.shape).copied();
        let key = mix(shape.map_or(route.shape, |shape| shape.bucket), route.place);
        let mut part = locked(&self.buckets[(key >> 60) as usize % SHARDS]);
        if let Some(bucket) = part.get(&key) {
            return Arc::clone(bucket);
        }
        if part.len() >= PRUNE_ABOVE {
            let now = Instant::now();
            part.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.is_over(now));
        }
        let bucket = Arc::new(Bucket::new(shape.map(|shape| shape.limit)));
        part.insert(key, Arc::clone(&bucket));
        bucket
    }

    /// Notes which bucket a shape belongs to; a changed answer moves later requests.
    fn learn(&self, route: Route, headers: &Headers, current: &Arc<Bucket>) {
        let (Some(bucket), Some(limit)) = (headers.bucket, headers.limit) else { return };
        let mut shapes = locked(&self.shapes);
        let known = shapes.get(&route.shape).copied();
        if known.is_some_and(|known| known.bucket == bucket && known.limit == limit) {
            return;
        }
        shapes.insert(route.shape, Shape { bucket, limit });
        drop(shapes);
        if known.is_none_or(|known| known.bucket != bucket) {
            // What this request has learned goes on under the bucket's own name.
            let key = mix(bucket, route.place);
            let mut part = locked(&self.buckets[(key >> 60) as usize % SHARDS]);
            part.entry(key).or_insert_with(|| Arc::clone(current));
        }
    }

    #[cfg(test)]
    fn known_buckets(&self) -> usize {
        self.buckets.iter().map(|part| locked(part).len()).sum()
    }
}

impl Permit<'_> {
    /// The request was answered with these headers.
    pub(super) fn answered(mut self, headers: &Headers) {
        if let Some(bucket) = self.bucket.take() {
            self.limits.learn(self.route, headers, &bucket);
            bucket.give_back(Some(headers));
        }
    }

    /// The request was refused by its bucket's limit: nobody sends there for that long.
    pub(super) fn refused(mut self, headers: &Headers, wait: Duration) {
        if let Some(bucket) = self.bucket.take() {
            self.limits.learn(self.route, headers, &bucket);
            bucket.block(wait);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(bucket) = self.bucket.take() {
            bucket.give_back(None);
        }
    }
}

async fn wait_until(at: Instant, deadline: Instant) -> Result<(), TooLong> {
    if at > deadline {
        return Err(TooLong { wait: at.saturating_duration_since(Instant::now()) });
    }
    tokio::time::sleep_until(at).await;
    Ok(())
}

/// Seconds from a header or a body: never negative, never beyond a day.
pub(super) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, 86_400.0)).unwrap_or_default()
}

fn mix(bucket: u64, place: u64) -> u64 {
    (bucket ^ place.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A panic while a lock was held leaves a count that is at worst off by one request.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = super::route::hash(self.0, bytes);
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::Method;

    fn route(path: &str) -> Route {
        Route::read(Method::Post, path).unwrap()
    }
    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }
    fn window(limit: u32, remaining: u32, reset: f64, after: f64) -> Headers {
        Headers {
            bucket: Some(7),
            limit: Some(limit),
            remaining: Some(remaining),
            reset: Some(reset),
            reset_after: Some(after),
        }
    }
    async fn is_waiting(limits: &Limits, route: Route) -> bool {
        tokio::time::timeout(Duration::from_millis(5), limits.acquire(route, soon())).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_bucket_lets_one_through_and_then_as_many_as_remain() {
        let limits = Limits::new();
        let messages = route("/channels/1/messages");
        let first = limits.acquire(messages, soon()).await.unwrap();
        assert!(is_waiting(&limits, messages).await);
        let before = Instant::now();
        first.answered(&window(5, 4, 100.0, 0.2));
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(limits.acquire(messages, soon()).await.unwrap());
        }
        assert!(is_waiting(&limits, messages).await);
        drop(held);
        limits.acquire(messages, soon()).await.unwrap();
        assert!(before.elapsed() >= Duration::from_millis(200), "it has to wait for the window's end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_window_counts_what_is_still_on_its_way() {
        let limits = Limits::new();
        let messages = route("/channels/1/messages");
        limits.acquire(messages, soon()).await.unwrap().answered(&window(2, 1, 100.0, 0.02));
        let slow = limits.acquire(messages, soon()).await.unwrap();
        let _second = limits.acquire(messages, soon()).await.unwrap();
        assert!(is_waiting(&limits, messages).await, "two of two are in flight");
        slow.answered(&window(2, 1, 101.0, 10.0));
        assert!(is_waiting(&limits, messages).await, "one is left, and one is in flight");
    }

    #[tokio::test(start_paused = true)]
    async fn another_place_has_a_limit_of_its_own_and_is_known_from_the_first() {
        let limits = Limits::new();
        let used_up = window(2, 0, 100.0, 50.0);
        limits.acquire(route("/channels/1/messages"), soon()).await.unwrap().answered(&used_up);
        let other = route("/channels/2/messages");
        let _a = limits.acquire(other, soon()).await.unwrap();
        let _b = limits.acquire(other, soon()).await.unwrap();
        assert!(is_waiting(&limits, other).await);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_overtake_each_other_never_raise_what_is_left() {
        let limits = Limits::new();
        let messages = route("/channels/1/messages");
        limits.acquire(messages, soon()).await.unwrap().answered(&window(5, 4, 100.0, 50.0));
        let a = limits.acquire(messages, soon()).await.unwrap();
        let b = limits.acquire(messages, soon()).await.unwrap();
        b.answered(&window(5, 0, 100.0, 49.0));
        a.answered(&window(5, 3, 100.0, 49.0));
        assert!(is_waiting(&limits, messages).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_global_pause_stops_everything_but_interactions() {
        let limits = Limits::new();
        let before = Instant::now();
        limits.pause(Duration::from_millis(100));
        assert!(is_waiting(&limits, route("/channels/1/messages")).await);
        limits.acquire(route("/interactions/1/t/callback"), soon()).await.unwrap();
        limits.acquire(route("/webhooks/1/t"), soon()).await.unwrap();
        limits.acquire(route("/channels/1/messages"), soon()).await.unwrap();
        assert!(before.elapsed() >= Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_refused_at_once() {
        let limits = Limits::new();
        let messages = route("/channels/1/messages");
        let permit = limits.acquire(messages, soon()).await.unwrap();
        permit.refused(&Headers::default(), Duration::from_secs(600));
        let refused = limits.acquire(messages, soon()).await.err().unwrap();
        assert!(refused.wait > Duration::from_secs(500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_given_up_does_not_block_its_bucket() {
        let limits = Limits::new();
        let messages = route("/channels/1/messages");
        drop(limits.acquire(messages, soon()).await.unwrap());
        limits.acquire(messages, soon()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_without_limits_runs_in_parallel() {
        let limits = Limits::new();
        let gateway = route("/gateway/bot");
        limits.acquire(gateway, soon()).await.unwrap().answered(&Headers::default());
        let _a = limits.acquire(gateway, soon()).await.unwrap();
        let _b = limits.acquire(gateway, soon()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn buckets_that_nobody_uses_are_forgotten() {
        let limits = Limits::new();
        for token in 0..20_000 {
            let path = format!("/webhooks/1/token{token}");
            limits.acquire(route(&path), soon()).await.unwrap().answered(&window(5, 4, 100.0, 0.0));
        }
        assert!(limits.known_buckets() <= SHARDS * (PRUNE_ABOVE + 1), "{}", limits.known_buckets());
    }
}
