//! Reports a lane whose thread does not return to its loop, and tells its owner in the end. It only observes.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use super::{Cogs, message::Lost};
use crate::{identity::GenerationId, lane::under_way};

/// How often the lanes are checked.
const EVERY: Duration = Duration::from_millis(250);
/// How long a lane may be stuck before it is reported.
const REPORT_AFTER: Duration = Duration::from_secs(1);

/// What a lane does not return from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocked {
    /// A call into the cog, by its number.
    Call(u64),
    /// Answering the order with that number: its process is stopped, or cannot reach the host.
    Order(u64),
    /// Starting the item after this one: its process is stopped, or gets no processor time.
    Item(u64),
}

impl Blocked {
    /// What it has not done within `time`, as a clause.
    fn describe(self, what: &str, time: &str) -> String {
        match self {
            Blocked::Call(_) => format!("it did not return from `{what}` within {time}"),
            Blocked::Order(_) => format!("its process did not answer the order to pause within {time}"),
            Blocked::Item(_) => format!("its process started none of its work within {time}"),
        }
    }
}

/// What the last check saw.
struct Observation {
    at: Blocked,
    since: Instant,
    reported: bool,
}

impl Observation {
    /// The result of a check after the host itself did not run for `stopped`: no lane is blamed for that time.
    fn next(previous: Option<Observation>, at: Blocked, now: Instant, stopped: Duration) -> Observation {
        match previous {
            Some(observation) if observation.at == at => {
                Observation { since: observation.since + stopped, ..observation }
            }
            _ => Observation { at, since: now, reported: false },
        }
    }
}

/// How long the host did not run between two checks: it was stopped or frozen, or got no processor time.
fn stopped(last: Instant, now: Instant) -> Duration {
    let late = now.saturating_duration_since(last).saturating_sub(EVERY);
    if late >= REPORT_AFTER { late } else { Duration::ZERO }
}

/// Checks every lane until the cogs are dropped.
pub(super) async fn watch(cogs: Weak<Cogs>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut observations, mut last) = (HashMap::new(), Instant::now());
    loop {
        ticks.tick().await;
        let Some(cogs) = cogs.upgrade() else { return };
        let now = Instant::now();
        let stopped = stopped(last, now);
        if !stopped.is_zero() {
            tracing::warn!("the host did not run for {:.1} s", stopped.as_secs_f64());
        }
        observations = observe(&cogs, observations, now, stopped);
        last = now;
    }
}

fn observe(
    cogs: &Cogs,
    mut previous: HashMap<GenerationId, Observation>,
    now: Instant,
    stopped: Duration,
) -> HashMap<GenerationId, Observation> {
    let mut seen = HashMap::new();
    let lanes = cogs.registry.each(|name, status, entry| {
        let (number, pulse) = (status.generation?, status.pulse.clone()?);
        Some((GenerationId { cog: Arc::clone(name), number }, pulse, entry.inbox.len()))
    });
    for (id, pulse, waiting) in lanes {
        if pulse.has_ended() {
            cogs.lost(&id, Lost::Crash, pulse.why_ended());
            continue;
        }
        let limits = &cogs.parts.limits;
        let owed = || pulse.overdue_item(limits.handlers_in_flight).map(Blocked::Item);
        let at =
            pulse.call().map(Blocked::Call).or_else(|| pulse.unanswered().map(Blocked::Order)).or_else(owed);
        let Some(at) = at else { continue };
        let mut observation = Observation::next(previous.remove(&id), at, now, stopped);
        let stuck = now - observation.since;
        let what = pulse.describe();
        if stuck >= limits.stuck_after {
            let why = at.describe(&what, &format!("{:.1} s", stuck.as_secs_f64()));
            // The handler that blocks the thread, and those that are suspended at an `await`.
            let lost = under_way(pulse.handlers());
            // If the owner is busy with the cog, it handles this afterwards, if the generation still serves then.
            cogs.lost(&id, Lost::Hang, format!("{why}{lost}"));
        } else if stuck >= REPORT_AFTER && !observation.reported {
            observation.reported = true;
            let said = at.describe(&what, &format!("{} s", stuck.as_secs()));
            tracing::warn!(cog = %id, waiting, "{said}; its events wait");
        }
        seen.insert(id, observation);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_the_host_did_not_run_is_no_hang_of_a_cog() {
        let start = Instant::now();
        let after = |secs| start + Duration::from_secs(secs);
        let observation = |before, at, secs, last| {
            let stopped = stopped(after(last), after(secs));
            Observation::next(before, at, after(secs), stopped)
        };
        let first = observation(None, Blocked::Call(1), 0, 0);
        let frozen = observation(Some(first), Blocked::Call(1), 60, 0);
        assert_eq!(after(60) - frozen.since, EVERY);
        // It still does not return, while the host runs.
        let stuck = observation(Some(frozen), Blocked::Call(1), 61, 60);
        assert_eq!(after(61) - stuck.since, EVERY + Duration::from_secs(1));
        let other = observation(Some(stuck), Blocked::Call(3), 62, 61);
        assert_eq!(other.since, after(62));
    }
}
