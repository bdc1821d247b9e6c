//! The stats handle. It never fails and never waits; without a session, metrics are discarded.

use std::time::Duration;

use abi_stable::std_types::RString;
use gearshift_cog::abi::{self, Metric, MetricKind};
use serde::{Deserialize, Serialize};

use super::{
    Lease,
    lease::Local,
    request::{self, Notification},
};
use crate::sessions::stats;

pub(super) extern "C" fn send(lease: abi::Lease, metric: Metric<'_>) {
    let lease = Lease::of(lease);
    let Metric { kind, name, value, text } = metric;
    if lease.check().is_ok() {
        request::notify(
            lease,
            Notification::Stats(Sent { kind, name: name.into(), value, text: text.into() }),
        );
    }
}

/// A metric that is to be sent.
#[derive(Serialize, Deserialize)]
pub struct Sent {
    kind: MetricKind,
    name: RString,
    value: f64,
    text: RString,
}

impl Sent {
    pub(super) fn perform(self, local: &Local) {
        let Some(session) = &local.sessions.stats else { return };
        if let Err(error) = local.authorize(&self) {
            // The cog gets no answer that could report it.
            return local.tell_once(&error);
        }
        let value = self.value;
        let typed = match self.kind {
            // Counters are integers; the conversion saturates and turns NaN into 0.
            MetricKind::Count => stats::Metric::Count(value as i64),
            MetricKind::Gauge => stats::Metric::Gauge(value),
            MetricKind::GaugeDelta => stats::Metric::GaugeDelta(value),
            MetricKind::Set => stats::Metric::Set(self.text.into_string()),
            MetricKind::Timing => {
                stats::Metric::Timing(Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default())
            }
        };
        session.send(&self.name, &typed);
    }
}
