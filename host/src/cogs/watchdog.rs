//! Names a lane whose thread does not return to its loop, and tells its owner in the end. It only looks.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use super::{Cogs, message::Lost};
use crate::{identity::GenerationId, lane::lost_with_it};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);
/// After this long a lane is named.
const NAME_AFTER: Duration = Duration::from_secs(1);

/// What a lane does not come back from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// A call into the cog, by its number.
    Call(u64),
    /// Answering the order of that number: its process is stopped, or cannot reach the host.
    Order(u64),
    /// Beginning the item behind this one: its process is stopped, or has no time.
    Item(u64),
}

impl At {
    /// What it has not done for so long, as a clause.
    fn words(self, what: &str, time: &str) -> String {
        match self {
            At::Call(_) => format!("it did not return from `{what}` within {time}"),
            At::Order(_) => format!("its process did not answer the order to pause within {time}"),
            At::Item(_) => format!("its process began nothing of what it was handed within {time}"),
        }
    }
}

/// What was seen at the last look.
struct Look {
    at: At,
    since: Instant,
    named: bool,
}

/// Looks at every lane until the cogs are dropped.
pub(super) async fn watch(cogs: Weak<Cogs>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = HashMap::new();
    loop {
        ticks.tick().await;
        let Some(cogs) = cogs.upgrade() else { return };
        looks = look(&cogs, looks);
    }
}

fn look(cogs: &Cogs, mut before: HashMap<GenerationId, Look>) -> HashMap<GenerationId, Look> {
    let now = Instant::now();
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
        let owed = || pulse.owes(limits.handlers_in_flight).map(At::Item);
        let at = pulse.call().map(At::Call).or_else(|| pulse.unanswered().map(At::Order)).or_else(owed);
        let Some(at) = at else { continue };
        let mut look = match before.remove(&id) {
            Some(look) if look.at == at => look,
            _ => Look { at, since: now, named: false },
        };
        let stuck = now - look.since;
        let what = pulse.describe();
        if stuck >= limits.stuck_after {
            let why = at.words(&what, &format!("{:.1} s", stuck.as_secs_f64()));
            // The handler that keeps the thread, and those that wait at an `await`.
            let lost = lost_with_it(pulse.handlers());
            // An owner that is at work on the cog looks at it afterwards, if the generation still serves.
            cogs.lost(&id, Lost::Hang, format!("{why}{lost}"));
        } else if stuck >= NAME_AFTER && !look.named {
            look.named = true;
            let said = at.words(&what, &format!("{} s", stuck.as_secs()));
            tracing::warn!(cog = %id, waiting, "{said}; its events wait");
        }
        seen.insert(id, look);
    }
    seen
}
