//! Many values of one kind: median and percentiles, without units.

use std::time::Duration;

/// The values of a sample.
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

    /// The value below which the given share of all values lies; `share` is from 0 to 1. NaN if there are no values.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        // Rounded up: the p99 of 50 values is the largest one.
        let at = (share * last as f64).ceil() as usize;
        sorted.get(at.min(last)).copied().unwrap_or(f64::NAN)
    }

    /// The median of the percentiles of every `size` consecutive values, in the order they were added: an occasional
    /// disturbance, however large, does not affect it. NaN if there are fewer than `size` values.
    pub(crate) fn usual_percentile(&self, size: usize, share: f64) -> f64 {
        let rows = self.0.chunks_exact(size);
        rows.map(|row| Sample(row.to_vec()).percentile(share)).collect::<Sample>().median()
    }

    /// The median.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_percentile_is_not_moved_by_trouble_in_few_rows() {
        let calm = (0..1000).map(|number| f64::from(number % 100));
        let troubled = calm.clone().enumerate().map(|(at, value)| if at < 300 { 1e9 } else { value });
        let [calm, troubled]: [Sample; 2] = [calm.collect(), troubled.collect()];
        assert_eq!((calm.usual_percentile(100, 0.99), troubled.usual_percentile(100, 0.99)), (99.0, 99.0));
        assert_eq!(troubled.percentile(0.99), 1e9);
    }
}
