//! Metrics as text, in the requested format. <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text, text},
    metrics::MetricType,
    registry::Registry,
};

use super::family::{Family, Kind, Sample, Value};

/// The text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Prometheus's text format, which every collector understands.
    Prometheus,
    /// OpenMetrics, which Prometheus prefers.
    OpenMetrics,
}

impl Form {
    /// The format that a request's `Accept` header asks for.
    pub(super) fn of(accept: &str) -> Form {
        match accept.contains("application/openmetrics-text") {
            true => Form::OpenMetrics,
            false => Form::Prometheus,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Form::Prometheus => prometheus_text::CONTENT_TYPE,
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The metrics that have samples, as text.
pub(super) fn text_of(families: Vec<Family>, form: Form) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Gathered(families)));
    let mut text = String::new();
    match form {
        Form::Prometheus => prometheus_text::encode(&mut text, &registry)?,
        Form::OpenMetrics => text::encode(&mut text, &registry)?,
    }
    Ok(text)
}

#[derive(Debug)]
struct Gathered(Vec<Family>);

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            let (name, kind) = in_library(family);
            let mut encoder = encoder.encode_descriptor(name, family.help, None, kind)?;
            for Sample { labels, value } in &family.samples {
                match family.kind {
                    Kind::Info => encoder.encode_info(labels)?,
                    _ => write(encoder.encode_family(labels)?, family.kind, value)?,
                }
            }
        }
        Ok(())
    }
}

fn write(mut encoder: MetricEncoder<'_>, kind: Kind, value: &Value) -> fmt::Result {
    match value {
        Value::Number(number) if kind == Kind::Counter => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        Value::Number(number) => encoder.encode_gauge(number),
        Value::Times(seen) => {
            encoder.encode_histogram::<NoLabelSet>(seen.seconds, seen.count(), &seen.buckets, None)
        }
    }
}

/// The library appends the suffixes of names itself, where the format has them.
fn in_library(family: &Family) -> (&'static str, MetricType) {
    let without = |ending| family.name.strip_suffix(ending).unwrap_or(family.name);
    match family.kind {
        Kind::Counter => (without("_total"), MetricType::Counter),
        Kind::Gauge => (family.name, MetricType::Gauge),
        Kind::Histogram => (family.name, MetricType::Histogram),
        Kind::Info => (without("_info"), MetricType::Info),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::counters::Times;

    fn some() -> Vec<Family> {
        let times = Times::default();
        times.count(Duration::from_millis(2));
        vec![
            Family::info("a_build_info", "Builds").of([([("version", "0.1.0".to_owned())], 1_u64)]),
            Family::counter("a_events_total", "Events").of([([("event", "x\"y\n".to_owned())], 3_u64)]),
            Family::gauge("a_empty", "Nothing"),
            Family::gauge("a_ready", "Ready").one(Some(true)),
            Family::histogram("a_seconds", "Times").one(Some(times.seen())),
        ]
    }

    #[test]
    fn every_kind_has_its_form_in_the_text_of_prometheus() {
        let text = text_of(some(), Form::Prometheus).unwrap();
        for line in [
            "# TYPE a_build_info gauge\na_build_info{version=\"0.1.0\"} 1\n",
            "# HELP a_events_total Events\n# TYPE a_events_total counter\na_events_total{event=\"x\\\"y\\n\"} 3.0\n",
            "# TYPE a_ready gauge\na_ready 1.0\n",
            "# TYPE a_seconds histogram\na_seconds_bucket{le=\"0.00025\"} 0\na_seconds_bucket{le=\"0.001\"} 0\na_seconds_bucket{le=\"0.0025\"} 1\n",
            "a_seconds_bucket{le=\"+Inf\"} 1\n",
            "a_seconds_sum 0.002\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
        assert!(!text.contains("a_empty"), "{text}");
    }

    #[test]
    fn every_kind_has_its_form_in_openmetrics() {
        let text = text_of(some(), Form::OpenMetrics).unwrap();
        for line in [
            "# TYPE a_build info\na_build_info{version=\"0.1.0\"} 1\n",
            "# TYPE a_events counter\na_events_total{event=\"x\\\"y\\n\"} 3.0\n",
            "a_ready 1.0\n",
            "a_seconds_count 1\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
