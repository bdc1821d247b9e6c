//! Discord's rate limits: which requests may be sent now, and which have to wait until when. It sends nothing; it
//! learns from the answers to requests. Locks are held for a short step, never across an await.
//!
//! A bucket is learned from the first answer. Until then requests go out one at a time; afterwards as many run in
//! parallel as Discord says remain. <https://discord.com/developers/docs/topics/rate-limits>

#[cfg(test)]
mod tests;

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
        let key = shape.map_or(unnamed(route), |shape| mix(shape.bucket, route.major_parameter));
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

    /// Records which bucket a shape belongs to; if the answer changes, later requests use the new bucket. Returns the
    /// bucket that the answer is about, if the request was not counted there.
    fn learn(
        &self,
        route: Route,
        headers: &Headers,
        (at, current): &(u64, Arc<Bucket>),
    ) -> Option<Arc<Bucket>> {
        let (Some(bucket), Some(limit)) = (headers.bucket, headers.limit) else { return None };
        let key = mix(bucket, route.major_parameter);
        let mut shapes = locked(&self.shapes);
        let known = shapes.get(&route.shape).copied();
        if known.is_some_and(|known| known.bucket == bucket && known.limit == limit) && key == *at {
            return None;
        }
        shapes.insert(route.shape, Shape { bucket, limit });
        drop(shapes);
        if key != *at {
            // Otherwise a server that names a different bucket each time would fill the table.
            self.part(*at).remove(at);
        }
        // What was learned without a name moves to the bucket's own name. What was learned of another bucket does not.
        let is_current = key == *at || *at == unnamed(route);
        let mut part = self.part(key);
        let named = part.entry(key).or_insert_with(|| match is_current {
            true => Arc::clone(current),
            false => Arc::new(Bucket::new(Some(limit))),
        });
        (!Arc::ptr_eq(named, current)).then(|| Arc::clone(named))
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
            let other = self.limits.learn(self.route, headers, &bucket);
            if let Some(other) = &other {
                other.note(headers);
            }
            // Requests may still be waiting for their turn in a bucket that had no name yet.
            let is_about_own = other.is_none() || bucket.0 == unnamed(self.route);
            bucket.1.give_back(is_about_own.then_some(headers));
        }
    }

    /// The request hit its route's limit: nothing is sent on the route for `wait`.
    pub(super) fn refused(mut self, headers: &Headers, wait: Duration) -> Throttle {
        self.limits.gate.note_answer(headers);
        if let Some(bucket) = self.bucket.take() {
            if let Some(other) = self.limits.learn(self.route, headers, &bucket) {
                other.block(wait);
            }
            // Even if it was another one: requests that wait for this one would be refused too.
            bucket.1.block(wait);
            bucket.1.give_back(None);
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

/// The key of a bucket whose name is not known yet.
fn unnamed(route: Route) -> u64 {
    mix(route.shape, route.major_parameter)
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
