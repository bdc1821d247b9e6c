//! Counters that are incremented where things happen and read by metrics and status. Neither side waits for the other.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
    fmt,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;

/// Whether the `count`th occurrence of something is logged: counts that are powers of two are. A flood from outside
/// does not flood the log, which still shows that it continues.
pub fn should_log(count: u64) -> bool {
    count.is_power_of_two()
}

/// Counters by key, each created when its key is first counted. Their number is limited: keys beyond the limit share
/// one counter, so that outside input cannot make the table grow.
pub struct Counters<K, L> {
    table: ArcSwap<HashMap<K, Arc<Counter<L>>>>,
    others: AtomicU64,
    max: usize,
}

struct Counter<L> {
    label: L,
    count: AtomicU64,
}

impl<K: Clone + Eq + Hash, L: Clone + Ord> Counters<K, L> {
    /// No counters yet, and at most `max`.
    pub fn new(max: usize) -> Counters<K, L> {
        Counters { table: ArcSwap::default(), others: AtomicU64::new(0), max }
    }

    /// Adds one, and returns the new count; `first` creates key and label when the key is new.
    pub fn count<Q: Eq + Hash + ?Sized>(&self, key: &Q, first: impl FnOnce() -> (K, L)) -> u64
    where
        K: Borrow<Q>,
    {
        if let Some(counter) = self.table.load().get(key) {
            return counter.count.fetch_add(1, Ordering::Relaxed) + 1;
        }
        if self.table.load().len() < self.max {
            let (new, label) = first();
            let counter = Arc::new(Counter { label, count: AtomicU64::new(0) });
            self.table.rcu(|table| {
                let mut table = HashMap::clone(table);
                table.entry(new.clone()).or_insert_with(|| Arc::clone(&counter));
                table
            });
        }
        let before = match self.table.load().get(key) {
            Some(counter) => counter.count.fetch_add(1, Ordering::Relaxed),
            None => self.others.fetch_add(1, Ordering::Relaxed),
        };
        before + 1
    }

    /// The counts so far by label, in order; counts of keys with the same label are added up.
    pub fn counts(&self) -> BTreeMap<L, u64> {
        let mut counts = BTreeMap::new();
        for counter in self.table.load().values() {
            *counts.entry(counter.label.clone()).or_default() += counter.count.load(Ordering::Relaxed);
        }
        counts
    }

    /// What was counted without a counter of its own, because the table was full.
    pub fn others(&self) -> u64 {
        self.others.load(Ordering::Relaxed)
    }
}

impl<K, L> fmt::Debug for Counters<K, L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Counters").field("most", &self.max).finish_non_exhaustive()
    }
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub struct Times {
    /// Durations up to each of [`Times::BOUNDS`], and the longer ones; each is counted once.
    buckets: [AtomicU64; Times::BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// The values of [`Times`] at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TimesSeen {
    /// An upper bound in seconds, and the count up to it and above the previous bound; the last bound is infinity.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all durations, in seconds.
    pub seconds: f64,
}

impl Times {
    /// Upper bounds: fine in the range of replies, up to the limit after which a cog counts as stuck.
    pub const BOUNDS: [Duration; 14] = [
        Duration::from_micros(250),
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
        Duration::from_secs(10),
        Duration::from_secs(30),
    ];

    /// Counts one duration.
    pub fn count(&self, took: Duration) {
        let bucket = Times::BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(Times::BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The values so far.
    pub fn seen(&self) -> TimesSeen {
        let bounds = Times::BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        let seconds = Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64();
        TimesSeen { buckets: bounds.zip(counts).collect(), seconds }
    }
}

impl TimesSeen {
    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_counters_than_may_be_and_nothing_is_lost() {
        let counters: Counters<Box<str>, String> = Counters::new(2);
        for name in ["a", "b", "a", "c", "d", "b", "a"] {
            counters.count(name, || (name.into(), name.to_owned()));
        }
        assert_eq!(counters.counts(), BTreeMap::from([("a".to_owned(), 3), ("b".to_owned(), 2)]));
        assert_eq!(counters.others(), 2);
    }

    #[test]
    fn threads_that_count_a_new_key_at_once_share_its_counter() {
        let counters: Counters<u64, &str> = Counters::new(1000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|n| _ = counters.count(&(n % 500), || (n % 500, "all"))));
            }
        });
        assert_eq!((counters.counts()["all"], counters.others()), (4000, 0));
    }

    #[test]
    fn a_time_is_counted_up_to_the_first_bound_that_it_does_not_exceed() {
        let times = Times::default();
        for took in
            [Duration::ZERO, Duration::from_millis(1), Duration::from_micros(1_001), Duration::from_secs(31)]
        {
            times.count(took);
        }
        let seen = times.seen();
        assert!(Times::BOUNDS.is_sorted());
        assert_eq!((seen.buckets[0].1, seen.buckets[1].1, seen.buckets[2].1), (1, 1, 1));
        assert_eq!(seen.buckets.last(), Some(&(f64::INFINITY, 1)));
        assert_eq!((seen.count(), seen.seconds), (4, 31.002_001));
    }
}
