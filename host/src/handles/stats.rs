//! The stats handle. Never fails and never waits; without a session, metrics go nowhere.

use std::time::Duration;

use gearshift_cog::abi::{self, MetricKind};

use super::Lease;
use crate::sessions::stats::Metric;

pub(super) extern "C" fn send(lease: abi::Lease, metric: abi::Metric<'_>) {
    let lease = Lease::of(lease);
    let Some(stats) = lease.sessions().stats.as_ref().filter(|_| lease.check().is_ok()) else { return };
    let value = metric.value;
    let typed = match metric.kind {
        // Counters are whole numbers; the conversion saturates and turns NaN into 0.
        MetricKind::Count => Metric::Count(value as i64),
        MetricKind::Gauge => Metric::Gauge(value),
        MetricKind::GaugeDelta => Metric::GaugeDelta(value),
        MetricKind::Set => Metric::Set(metric.text.as_str().to_owned()),
        MetricKind::Timing => Metric::Timing(Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default()),
    };
    stats.send(metric.name.as_str(), &typed);
}
