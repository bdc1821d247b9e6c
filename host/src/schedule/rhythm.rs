//! When a repeated task is due: at an interval, or at times of the wall clock.

use std::{fmt, time::Duration};

pub use gearshift_cog::times::{Times, TimesError};

use crate::duration::Shown;

/// When a repeated task runs.
#[derive(Clone, Debug)]
pub enum Rhythm {
    /// This much time from start to start.
    Every(Duration),
    /// At times of the wall clock.
    Times(Box<Times>),
}

impl Rhythm {
    /// The next due time after a run that was due at `due`, if the time is `now`. Missed runs in between are skipped.
    /// All in milliseconds since the Unix epoch.
    pub(super) fn next(&self, due: u64, now: u64) -> u64 {
        match self {
            Rhythm::Every(period) => {
                let period = millis(*period).max(1);
                let passed = now.saturating_sub(due) / period;
                due.saturating_add(period.saturating_mul(passed + 1))
            }
            // A calendar expression that matched once matches again, as long as the numbers suffice.
            Rhythm::Times(times) => times.after(now.max(due)).unwrap_or(u64::MAX),
        }
    }

    /// The first due time, if it is planned now.
    pub(super) fn first(&self, first: Duration, now: u64) -> u64 {
        match self {
            Rhythm::Every(_) => now.saturating_add(millis(first)),
            Rhythm::Times(times) => times.after(now).unwrap_or(u64::MAX),
        }
    }

    /// The due time, if an earlier run of the host planned it for `due`, which is still in the future.
    pub(super) fn resumed(&self, due: u64, now: u64) -> u64 {
        match self {
            // More than a period ahead: the wall clock was wrong then.
            Rhythm::Every(period) => due.min(now.saturating_add(millis(*period))),
            Rhythm::Times(times) => times.after(now).unwrap_or(due),
        }
    }

    /// Whether runs are so rare that users would notice if a restart began the period again.
    pub(super) fn is_slow(&self) -> bool {
        match self {
            Rhythm::Every(period) => *period >= Duration::from_secs(60),
            Rhythm::Times(_) => true,
        }
    }

    /// Equal for equal rhythms, to recognise one in the store.
    pub(super) fn key(&self) -> String {
        match self {
            Rhythm::Every(period) => format!("every {} ms", millis(*period)),
            Rhythm::Times(times) => times.to_string(),
        }
    }
}

impl PartialEq for Rhythm {
    fn eq(&self, other: &Rhythm) -> bool {
        match (self, other) {
            (Rhythm::Every(one), Rhythm::Every(other)) => one == other,
            (Rhythm::Times(one), Rhythm::Times(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Display for Rhythm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rhythm::Every(period) => write!(out, "every {}", Shown(*period)),
            Rhythm::Times(times) => times.fmt(out),
        }
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_were_missed_are_one() {
        let every = Rhythm::Every(Duration::from_secs(20));
        assert_eq!([20_000, 39_999, 40_000].map(|now| every.next(20_000, now)), [40_000, 40_000, 60_000]);
    }
}
