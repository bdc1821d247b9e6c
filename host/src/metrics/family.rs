//! A metric with its samples, independent of the output format.

use crate::counters::TimesSeen;

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only increases, until the host is started or restarted.
    Counter,
    /// The current value.
    Gauge,
    /// A distribution of durations.
    Histogram,
    /// Always 1; the information is in the labels.
    Info,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// Its full name, such as `gearshift_events_received_total`.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) kind: Kind,
    /// Its description, one sentence without the full stop.
    pub(super) help: &'static str,
    /// Sorted by labels; empty if there are no values now.
    pub(super) samples: Vec<Sample>,
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    /// Label names and values.
    pub(super) labels: Vec<(&'static str, String)>,
    /// The value.
    pub(super) value: Value,
}

/// The value of a sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a counter, a gauge or an info metric.
    Number(f64),
    /// Of a histogram.
    Times(TimesSeen),
}

impl Family {
    pub(super) fn counter(name: &'static str, help: &'static str) -> Family {
        Family { name, kind: Kind::Counter, help, samples: Vec::new() }
    }

    pub(super) fn gauge(name: &'static str, help: &'static str) -> Family {
        Family { kind: Kind::Gauge, ..Family::counter(name, help) }
    }

    pub(super) fn histogram(name: &'static str, help: &'static str) -> Family {
        Family { kind: Kind::Histogram, ..Family::counter(name, help) }
    }

    pub(super) fn info(name: &'static str, help: &'static str) -> Family {
        Family { kind: Kind::Info, ..Family::counter(name, help) }
    }

    /// Adds these samples.
    pub(super) fn of<L, V>(mut self, samples: impl IntoIterator<Item = (L, V)>) -> Family
    where
        L: Into<Vec<(&'static str, String)>>,
        V: Into<Value>,
    {
        let samples = samples.into_iter();
        self.samples
            .extend(samples.map(|(labels, value)| Sample { labels: labels.into(), value: value.into() }));
        self
    }

    /// Adds a sample without labels, if there is a value.
    pub(super) fn one(self, value: Option<impl Into<Value>>) -> Family {
        self.of(value.map(|value| (Vec::new(), value)))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        // Exact up to 2^53, like every number in Prometheus.
        Value::Number(number as f64)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::from(number as u64)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Value {
        Value::from(u64::from(is))
    }
}

impl From<TimesSeen> for Value {
    fn from(seen: TimesSeen) -> Value {
        Value::Times(seen)
    }
}
