//! Growing pauses between attempts, with jitter so that many hosts do not come back at the same moment. It decides
//! how long to wait, not whether to retry.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Doubling pauses from `first` to `longest`.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff { next: first.min(longest), first, longest }
    }

    /// Returns between half of the current step and all of it; the step doubles.
    pub(crate) fn pause(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.longest);
        step / 2 + (step / 2).mul_f64(fraction())
    }

    /// After a success the next pause is short again.
    pub(crate) fn reset(&mut self) {
        self.next = self.first.min(self.longest);
    }
}

/// A number from 0 (inclusive) to 1, different at each call. Not for secrets.
pub(crate) fn fraction() -> f64 {
    // The keys of a `RandomState` differ at each call, which is all that jitter needs.
    let bits = RandomState::new().hash_one(0u8) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_never_beyond() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for longest in [100, 200, 350, 350] {
            let pause = backoff.pause();
            assert!(pause <= Duration::from_millis(longest) && pause >= Duration::from_millis(longest / 2));
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(100));
    }

    #[test]
    fn jitter_differs_from_call_to_call() {
        let drawn: Vec<f64> = (0..16).map(|_| fraction()).collect();
        assert!(drawn.iter().all(|value| (0.0..1.0).contains(value)));
        assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
