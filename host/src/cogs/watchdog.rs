//! Names a lane whose thread does not return to its loop, and gives it up in the end: its library stays mapped, its cog
//! is loaded anew, and the events that wait go to the new generation.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Cog, Cogs};
use crate::{error::chain, identity::GenerationId};

/// After this long a lane is named.
const NAME_AFTER: Duration = Duration::from_secs(1);

/// What was seen at the last look, by generation.
#[derive(Default)]
pub(super) struct Looks(HashMap<GenerationId, Look>);

struct Look {
    turns: u64,
    since: Instant,
    named: bool,
}

impl Cogs {
    /// Looks at every lane.
    pub(super) fn look(self: &Arc<Self>, looks: &mut Looks) {
        let all: Vec<Arc<Cog>> = self.cogs().values().cloned().collect();
        let now = Instant::now();
        let mut seen = HashMap::with_capacity(all.len());
        for cog in all {
            let view = cog.view();
            let Some(pulse) = view.pulse.filter(|_| view.number > 0) else { continue };
            let id = GenerationId { cog: Arc::clone(&cog.name), number: view.number };
            let (turns, activity) = pulse.look();
            // An odd counter: inside a call of the cog.
            if turns % 2 == 0 {
                if cog.has_died(&id) {
                    self.give_up(&cog, &id, "its thread has ended");
                }
                continue;
            }
            let mut look = match looks.0.remove(&id) {
                Some(look) if look.turns == turns => look,
                _ => Look { turns, since: now, named: false },
            };
            let stuck = now - look.since;
            if stuck >= self.parts.limits.stuck_after {
                // If somebody else is at it, it is tried again at the next look.
                let why =
                    format!("it did not return from `{}` within {} s", activity.name(), stuck.as_secs());
                self.give_up(&cog, &id, &why);
            } else if stuck >= NAME_AFTER && !look.named {
                look.named = true;
                let (secs, waiting) = (stuck.as_secs(), cog.inbox.len());
                tracing::warn!(cog = %id, waiting, "`{}` has kept its thread for {secs} s; its events wait", activity.name());
            }
            seen.insert(id, look);
        }
        looks.0 = seen;
    }

    /// Leaves a stuck or dead lane behind.
    fn give_up(self: &Arc<Self>, cog: &Arc<Cog>, id: &GenerationId, why: &str) {
        // Whoever holds the lock is waiting for this lane with a deadline of his own.
        let Ok(mut slot) = cog.slot.try_lock() else { return };
        if slot.serving.as_ref().is_none_or(|serving| serving.id != *id) {
            return;
        }
        let Some(generation) = slot.serving.take() else { return };
        let waiting = cog.inbox.len();
        tracing::error!(cog = %id, "it is given up: {why}; its {waiting} waiting events go to the next generation");
        cog.change_view(|view| {
            view.last_fault = Some(why.to_owned());
            view.number = 0;
            view.pulse = None;
        });
        drop(self.reaper.retire(generation.into_remains(), self.deadline()));
        drop(slot);
        let (cogs, cog) = (Arc::clone(self), Arc::clone(cog));
        tokio::spawn(async move {
            let source = cog.view().source;
            match cogs.load_file(&source).await {
                Ok(report) => tracing::info!(cog = &*cog.name, "{report}"),
                Err(error) => {
                    tracing::error!(cog = &*cog.name, "failed to load it anew: {}", chain(&error));
                    // Its file may have been refused before anything was tried.
                    let slot = cog.slot.lock().await;
                    cogs.claims.settle(&cog.name, slot.serving.as_ref().map(|serving| &*serving.manifest));
                    cogs.not_loaded(&cog, slot.serving.is_some(), &error);
                }
            }
        });
    }
}

impl Cog {
    /// Whether a generation serves whose thread is gone.
    fn has_died(&self, id: &GenerationId) -> bool {
        let Ok(slot) = self.slot.try_lock() else { return false };
        slot.serving.as_ref().is_some_and(|serving| serving.id == *id && serving.lane.has_died())
    }
}
