//! A metric with its samples, whatever they are written as.

use crate::counters::TimesSeen;

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only rises, until the host is started or restarted.
    Counter,
    /// As it is now.
    Gauge,
    /// How often something took how long.
    Histogram,
    /// Always 1; the labels tell.
    Info,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// Its name in full, as `gearshift_events_received_total`.
    pub(super) name: &'static str,
    /// What kind of number it is.
    pub(super) kind: Kind,
    /// What it says, in one sentence without its full stop.
    pub(super) help: &'static str,
    /// In the order of their labels; none if there is nothing to tell now.
    pub(super) samples: Vec<Sample>,
}

/// One number of a metric.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    /// Names and values.
    pub(super) labels: Vec<(&'static str, String)>,
    /// The number.
    pub(super) value: Value,
}

/// A number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a counter, a gauge or an info.
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

    /// With these samples.
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

    /// With one sample that has no labels, if there is one.
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
        // Exact up to 2^53, as every number of Prometheus.
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
