//! The same metrics to statsd, at regular intervals: counters as the increase since the last time, others as they are.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::MissedTickBehavior;

use super::{
    family::{Family, Kind, Sample, Value},
    gather::families,
};
use crate::{cogs::Cogs, sessions::Stats};

/// Sends them until the cogs are gone.
pub async fn keep_sent(cogs: Weak<Cogs>, stats: Arc<Stats>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = Sent::default();
    loop {
        ticks.tick().await;
        let Some(cogs) = cogs.upgrade() else { return };
        for family in families(Some(&cogs)) {
            sent.send(&stats, &family);
        }
    }
}

/// The value of each counter when it was last sent.
#[derive(Default)]
struct Sent(HashMap<String, u64>);

impl Sent {
    fn send(&mut self, stats: &Stats, family: &Family) {
        for sample in &family.samples {
            let name = name_of(family, sample);
            match (&sample.value, family.kind) {
                (Value::Number(number), Kind::Counter) => self.count(stats, name, *number),
                (Value::Number(number), _) => stats.gauge(&name, *number),
                (Value::Times(seen), _) => {
                    self.count(stats, format!("{name}.count"), seen.count() as f64);
                    self.count(stats, format!("{name}.sum_ms"), seen.seconds * 1000.0);
                }
            }
        }
    }

    fn count(&mut self, stats: &Stats, name: String, now: f64) {
        let added = self.added(&name, now);
        if added > 0 {
            stats.incr(&name, added);
        }
    }

    /// In whole numbers: the fraction is carried over to the next time.
    fn added(&mut self, name: &str, now: f64) -> i64 {
        let now = now as u64;
        let before = self.0.insert(name.to_owned(), now).unwrap_or_default();
        i64::try_from(now.saturating_sub(before)).unwrap_or(i64::MAX)
    }
}

/// In statsd's notation: parts separated by dots. `gearshift.cog_queue_items.ping`
fn name_of(family: &Family, sample: &Sample) -> String {
    let mut name = match family.name.strip_prefix("gearshift_") {
        Some(own) => format!("gearshift.{own}"),
        None => format!("gearshift.{}", family.name),
    };
    for (_, value) in &sample.labels {
        name.push('.');
        name.push_str(&value.replace('.', "_"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_sent_as_what_was_added_and_nothing_is_lost_by_rounding() {
        let mut sent = Sent::default();
        let added = [0.4, 1.3, 1.9, 2.1, 2.1, 1000.0].map(|now| sent.added("cpu", now));
        assert_eq!(added, [0, 1, 0, 1, 0, 998]);
        assert_eq!(sent.added("other", 7.0), 7);
    }

    #[test]
    fn labels_are_parts_of_the_name() {
        let name = |family: Family| name_of(&family, &family.samples[0]);
        let labels = [("cog", "ping".to_owned()), ("kind", "panic".to_owned())];
        let faults = Family::counter("gearshift_cog_faults_total", "").of([(labels, 1_u64)]);
        assert_eq!(name(faults), "gearshift.cog_faults_total.ping.panic");
        let build = Family::info("gearshift_build_info", "").of([([("version", "0.1.0".to_owned())], 1_u64)]);
        assert_eq!(name(build), "gearshift.build_info.0_1_0");
        assert_eq!(name(Family::gauge("process_threads", "").one(Some(1_u64))), "gearshift.process_threads");
    }
}
