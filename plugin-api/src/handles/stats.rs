//! Metrics over statsd. Never fails and never waits; without `[stats]` in the configuration, metrics are dropped.

use std::time::Duration;

use crate::abi::{self, Metric, MetricKind};

/// Sends metrics, prefixed as configured.
#[derive(Clone, Copy)]
pub struct Stats {
    pub(super) host: abi::Host,
}

impl Stats {
    /// Adds to a counter.
    pub fn incr(&self, name: &str, by: i64) {
        self.send(MetricKind::Count, name, by as f64, "");
    }

    /// Subtracts from a counter.
    pub fn decr(&self, name: &str, by: i64) {
        self.incr(name, -by);
    }

    /// Sets a gauge.
    pub fn gauge(&self, name: &str, value: f64) {
        self.send(MetricKind::Gauge, name, value, "");
    }

    /// Changes a gauge by an amount.
    pub fn gauge_delta(&self, name: &str, by: f64) {
        self.send(MetricKind::GaugeDelta, name, by, "");
    }

    /// Counts a distinct value.
    pub fn set(&self, name: &str, member: &str) {
        self.send(MetricKind::Set, name, 0.0, member);
    }

    /// Records a duration, in milliseconds on the wire.
    pub fn timing(&self, name: &str, took: Duration) {
        self.send(MetricKind::Timing, name, took.as_secs_f64() * 1000.0, "");
    }

    fn send(&self, kind: MetricKind, name: &str, value: f64, text: &str) {
        (self.host.table.stats())(
            self.host.lease,
            Metric { kind, name: name.into(), value, text: text.into() },
        );
    }
}
