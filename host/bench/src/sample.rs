//! Many values of one kind: median and percentiles. It knows no units.

use std::time::Duration;

/// Values, kept until they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Adds a value.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds a time, in milliseconds.
    pub(crate) fn push_ms(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1000.0);
    }

    /// Adds the values of another sample.
    pub(crate) fn append(&mut self, other: Sample) {
        self.0.extend(other.0);
    }

    /// The value below which a share of all values lies; `share` from 0 to 1. NaN if there are none.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        // Rounded up: the p99 of 50 values is the largest one.
        let at = (share * last as f64).ceil() as usize;
        sorted.get(at.min(last)).copied().unwrap_or(f64::NAN)
    }

    /// The value in the middle.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// The largest value.
    pub(crate) fn max(&self) -> f64 {
        self.percentile(1.0)
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}
