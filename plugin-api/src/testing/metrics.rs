//! The metrics that a cog sent to statsd.

use crate::abi::MetricKind;

/// One metric, as the cog sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct SentMetric {
    /// The kind of the metric.
    pub kind: MetricKind,
    /// Its name below the configured prefix.
    pub name: String,
    /// Its value; milliseconds for timings.
    pub value: f64,
    /// The member of a set; empty for the other kinds.
    pub member: String,
}
