//! Discord's rate limits: which requests may be sent now, and which have to wait until when. It sends nothing; it
//! learns from the answers to requests. Locks are held for a short step, never across an await.
//!
//! A bucket is learned from the first answer. Until then requests go out one at a time; afterwards as many run in
//! parallel as Discord says remain. <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use super::error::Throttle;
use super::gate::{Gate, Probe};
use super::headers::Headers;
use super::invalid::Invalid;
use super::route::{Access, Route};

/// All rate limits of one token.
pub(super) struct Limits {
    invalid: Invalid,
    gate: Gate,
    /// What is known of each route shape: its bucket and its usual limit, for channels, guilds and webhooks not seen
    /// before.
    shapes: Mutex<Map<Shape>>,
    buckets: [Mutex<Map<Arc<Bucket>>>; SHARDS],
}

/// Independent parts of the table, so that requests for different channels do not contend for a lock.
const SHARDS: usize = 16;
/// A part with more buckets than this drops those that are unused and whose window is over.
const PRUNE_ABOVE: usize = 512;

type Map<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;

#[derive(Clone, Copy)]
struct Shape {
    bucket: u64,
    limit: u32,
}

/// Permission to send one request; give it the answer's headers, or drop it if there was no answer.
pub(super) struct Permit<'l> {
    limits: &'l Limits,
    route: Route,
    /// Its key in the table, and the bucket.
    bucket: Option<(u64, Arc<Bucket>)>,
    /// Held until the answer arrives, if this request finds out whether the address is still blocked.
    probe: Option<Probe<'l>>,
}

/// The wait would be longer than the caller allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong {
    /// What the request would wait for.
    pub(super) why: Throttle,
    /// How long from now until the caller's turn.
    pub(super) wait: Duration,
}

impl Limits {
    /// `requests_per_second` is the budget that the operator configured, if any.
    pub(super) fn new(requests_per_second: Option<u32>) -> Limits {
        Limits {
            invalid: Invalid::default(),
            gate: Gate::new(requests_per_second),
            shapes: Mutex::default(),
            buckets: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Waits for the turn of a request, but not beyond `deadline`.
    pub(super) async fn acquire(&self, route: Route, deadline: Instant) -> Result<Permit<'_>, TooLong> {
        let mut permit = Permit { limits: self, route, bucket: None, probe: None };
        // Every interaction's callback has a bucket of its own: there is nothing to wait for, and no time to.
        if route.access != Access::Callback {
            let (key, bucket) = self.bucket(route);
            bucket.turn(deadline).await?;
            permit.bucket = Some((key, bucket));
        }
        // The bucket comes first, so that a request that waits for one uses none of the others' budget.
        permit.probe = self.gate.pass(route.access, deadline).await?;
        match self.invalid.stop() {
            Some(wait) => Err(TooLong { why: Throttle::Invalid, wait }),
            None => Ok(permit),
        }
    }

    /// Counts an answer of 401, 403 or 429, unless the bot is not to blame for it.
    pub(super) fn count_invalid(&self) {
        self.invalid.count();
    }

    fn bucket(&self, route: Route) -> (u64, Arc<Bucket>) {
        let shape = locked(&self.shapes).get(&route.shape).copied();
        let key = mix(shape.map_or(route.shape, |shape| shape.bucket), route.major_parameter);
        let mut part = self.part(key);
        if let Some(bucket) = part.get(&key) {
            return (key, Arc::clone(bucket));
        }
        if part.len() >= PRUNE_ABOVE {
            let now = Instant::now();
            part.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.is_over(now));
        }
        let bucket = Arc::new(Bucket::new(shape.map(|shape| shape.limit)));
        part.insert(key, Arc::clone(&bucket));
        (key, bucket)
    }

    fn part(&self, key: u64) -> MutexGuard<'_, Map<Arc<Bucket>>> {
        locked(&self.buckets[(key >> 60) as usize % SHARDS])
    }

    /// Records which bucket a shape belongs to; if the answer changes, later requests use the new bucket.
    fn learn(&self, route: Route, headers: &Headers, (at, current): &(u64, Arc<Bucket>)) {
        let (Some(bucket), Some(limit)) = (headers.bucket, headers.limit) else { return };
        let mut shapes = locked(&self.shapes);
        let known = shapes.get(&route.shape).copied();
        if known.is_some_and(|known| known.bucket == bucket && known.limit == limit) {
            return;
        }
        shapes.insert(route.shape, Shape { bucket, limit });
        drop(shapes);
        if known.is_none_or(|known| known.bucket != bucket) {
            // What was learned so far moves to the bucket's own name.
            let key = mix(bucket, route.major_parameter);
            if key != *at {
                // Otherwise a server that names a different bucket each time would fill the table.
                self.part(*at).remove(at);
                self.part(key).entry(key).or_insert_with(|| Arc::clone(current));
            }
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
        self.limits.gate.note_answer(headers);
        if let Some(bucket) = self.bucket.take() {
            self.limits.learn(self.route, headers, &bucket);
            bucket.1.give_back(Some(headers));
        }
    }

    /// The request hit its route's limit: nothing is sent on the route for `wait`.
    pub(super) fn refused(mut self, headers: &Headers, wait: Duration) -> Throttle {
        self.limits.gate.note_answer(headers);
        if let Some(bucket) = self.bucket.take() {
            self.limits.learn(self.route, headers, &bucket);
            bucket.1.block(wait);
        }
        Throttle::Route
    }

    /// The request hit Discord's global limit. Requests without the bot's token do not share that limit, so only
    /// their bucket waits.
    pub(super) fn refused_globally(self, headers: &Headers, wait: Duration) -> Throttle {
        if self.route.access != Access::Bot {
            return self.refused(headers, wait);
        }
        self.limits.gate.note_answer(headers);
        self.limits.gate.pause(wait);
        Throttle::Global
    }

    /// A proxy in front of Discord refused the request. Returns for how long nothing is sent.
    pub(super) fn refused_by_proxy(self, announced: Option<Duration>) -> Duration {
        self.limits.gate.block(announced)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some((_, bucket)) = self.bucket.take() {
            bucket.give_back(None);
        }
    }
}

fn mix(bucket: u64, major_parameter: u64) -> u64 {
    (bucket ^ major_parameter.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A panic while a lock was held leaves a count that is off by one request at worst.
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
        let limits = Limits::new(None);
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
        let limits = Limits::new(None);
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
        let limits = Limits::new(None);
        let used_up = window(2, 0, 100.0, 50.0);
        limits.acquire(route("/channels/1/messages"), soon()).await.unwrap().answered(&used_up);
        let other = route("/channels/2/messages");
        let _a = limits.acquire(other, soon()).await.unwrap();
        let _b = limits.acquire(other, soon()).await.unwrap();
        assert!(is_waiting(&limits, other).await);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_overtake_each_other_never_raise_what_is_left() {
        let limits = Limits::new(None);
        let messages = route("/channels/1/messages");
        limits.acquire(messages, soon()).await.unwrap().answered(&window(5, 4, 100.0, 50.0));
        let a = limits.acquire(messages, soon()).await.unwrap();
        let b = limits.acquire(messages, soon()).await.unwrap();
        b.answered(&window(5, 0, 100.0, 49.0));
        a.answered(&window(5, 3, 100.0, 49.0));
        assert!(is_waiting(&limits, messages).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_global_pause_stops_everything_but_interactions_and_webhooks() {
        let limits = Limits::new(None);
        let before = Instant::now();
        let first = limits.acquire(route("/channels/9/messages"), soon()).await.unwrap();
        first.refused_globally(&Headers::default(), Duration::from_millis(100));
        assert!(is_waiting(&limits, route("/channels/1/messages")).await);
        limits.acquire(route("/interactions/1/t/callback"), soon()).await.unwrap();
        limits.acquire(route("/webhooks/1/t"), soon()).await.unwrap();
        limits.acquire(route("/channels/1/messages"), soon()).await.unwrap();
        assert!(before.elapsed() >= Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_nothing_lets_one_through_at_a_time() {
        let limits = Limits::new(None);
        let messages = route("/channels/1/messages");
        for _ in 0..3 {
            let first = limits.acquire(messages, soon()).await.unwrap();
            assert!(is_waiting(&limits, messages).await);
            first.answered(&window(0, 0, 0.0, 0.0));
        }
        let other = limits.acquire(route("/channels/2/messages"), soon()).await.unwrap();
        assert!(is_waiting(&limits, route("/channels/2/messages")).await);
        drop(other);
    }

    #[tokio::test(start_paused = true)]
    async fn after_8000_refusals_nothing_is_sent_and_the_error_says_when_it_goes_on() {
        let limits = Limits::new(None);
        for _ in 0..8000 {
            limits.count_invalid();
        }
        for path in ["/channels/1/messages", "/webhooks/1/t", "/interactions/1/t/callback"] {
            let stopped = limits.acquire(route(path), soon()).await.err().unwrap();
            assert_eq!(stopped.why, Throttle::Invalid);
            tokio::time::advance(stopped.wait).await;
            limits.acquire(route(path), soon()).await.unwrap();
            for _ in 0..8000 {
                limits.count_invalid();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_refused_at_once() {
        let limits = Limits::new(None);
        let messages = route("/channels/1/messages");
        let permit = limits.acquire(messages, soon()).await.unwrap();
        permit.refused(&Headers::default(), Duration::from_secs(600));
        let refused = limits.acquire(messages, soon()).await.err().unwrap();
        assert!(refused.wait > Duration::from_secs(500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_given_up_does_not_block_its_bucket() {
        let limits = Limits::new(None);
        let messages = route("/channels/1/messages");
        drop(limits.acquire(messages, soon()).await.unwrap());
        limits.acquire(messages, soon()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_without_limits_runs_in_parallel() {
        let limits = Limits::new(None);
        let gateway = route("/gateway/bot");
        limits.acquire(gateway, soon()).await.unwrap().answered(&Headers::default());
        let _a = limits.acquire(gateway, soon()).await.unwrap();
        let _b = limits.acquire(gateway, soon()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_names_another_bucket_each_time_fills_no_table() {
        let limits = Limits::new(None);
        for name in 0..20_000 {
            let named =
                Headers { bucket: Some(super::super::route::hash(name, b"")), ..window(5, 4, 100.0, 0.0) };
            limits.acquire(route("/channels/1/messages"), soon()).await.unwrap().answered(&named);
        }
        assert_eq!(limits.known_buckets(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn unused_buckets_are_forgotten() {
        let limits = Limits::new(None);
        for token in 0..20_000 {
            let path = format!("/webhooks/1/token{token}");
            limits.acquire(route(&path), soon()).await.unwrap().answered(&window(5, 4, 100.0, 0.0));
        }
        assert!(limits.known_buckets() <= SHARDS * (PRUNE_ABOVE + 1), "{}", limits.known_buckets());
    }
}
