//! How all cogs of a host are retired at its end: which of them lose their state, and which calls they did not get to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use super::{CogError, Cogs, stage::Stage};
use crate::{facts::Facts, lane::SavedCall};

/// Minimum time for the last writes, however long the cogs take.
const WRITES_MIN: Duration = Duration::from_millis(100);

/// What cogs leave behind.
#[derive(Debug, Default)]
pub struct Left {
    /// The cogs whose state is lost.
    pub lost: Vec<String>,
    /// The calls that were queued for each cog and not started.
    pub waiting: BTreeMap<String, Vec<SavedCall>>,
}

impl Left {
    /// How many calls were queued.
    pub fn count(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }
}

impl Cogs {
    /// Retires all cogs concurrently, and waits until `until` for slow ones and for states that the store does not
    /// take. No events may arrive any more. Each cog first handles what is queued for it, for at most a quarter of
    /// the time left.
    pub async fn close(self: &Arc<Self>, until: Instant) -> Left {
        self.parts.closing.cancel();
        self.registry.dissolve_groups();
        let names: Vec<Arc<str>> = self.owners().keys().cloned().collect();
        let left = until.saturating_duration_since(Instant::now());
        let patience = self.parts.limits.drain_timeout.min(left / 4);
        let waiting: Mutex<BTreeMap<String, Vec<SavedCall>>> = Mutex::default();
        let leaves = names.iter().map(async |name| {
            let calls = self.finish(name, patience).await;
            if !calls.is_empty() {
                lock(&waiting).insert(name.to_string(), calls);
            }
            match self.unload(name).await {
                Ok(_) | Err(CogError::NotLoaded { .. }) => {}
                Err(error) => tracing::warn!(cog = &**name, "{error}"),
            }
        });
        if tokio::time::timeout_at(until.into(), join_all(leaves)).await.is_err() {
            tracing::warn!("some cogs did not close in time (`[limits] close_timeout_ms`)");
        }
        let stored = self.registry.each(|_, _, entry| Some(entry.status.subscribe()));
        let all_stored = async {
            for mut status in stored {
                let _ = status.wait_for(|status| !status.is_unsaved).await;
            }
        };
        let cooldowns = self.cooldowns().clone();
        let all_kept = join_all(cooldowns.iter().map(|cooldowns| cooldowns.keep()));
        // Requests that the cogs have handed over are carried out before the sessions close; what they leave
        // unanswered then never will be answered.
        self.parts.work.close();
        let all_answered = async {
            self.parts.work.wait().await;
            self.parts.router.close().await;
        };
        let all = async { tokio::join!(all_stored, all_kept, all_answered) };
        let until = until.max(Instant::now() + WRITES_MIN);
        let _ = tokio::time::timeout_at(until.into(), all).await;
        let lost = self.registry.each(|name, status, _| {
            // A cog that is still there has not returned its state.
            let is_lost = status.is_unsaved || status.is_state_lost || status.stage != Stage::Away;
            is_lost.then(|| name.to_string())
        });
        Left { lost, waiting: std::mem::take(&mut *lock(&waiting)) }
    }

    /// Lets a cog handle what is queued for it. Returns the calls that it did not start and that can be handled after a
    /// restart; the others are answered when the cog goes.
    async fn finish(&self, name: &str, patience: Duration) -> Vec<SavedCall> {
        let found = self.registry.of(name, |status, entry| (status.stage, Arc::clone(&entry.inbox)));
        let Some((stage, inbox)) = found else { return Vec::new() };
        if stage == Stage::Serving {
            let _ = tokio::time::timeout(patience, inbox.emptied()).await;
        }
        let mut waiting = Vec::new();
        inbox.take(|call| {
            let saved = SavedCall::of(call).filter(|saved| {
                let (event, json) = saved.event();
                // A cog that is loaded later gets the facts anyway.
                !Facts::covers(event, json)
            });
            let is_kept = saved.is_some();
            waiting.extend(saved);
            is_kept
        });
        waiting
    }

    /// Puts calls that were queued when the previous host ended in front of the cogs' queues. Returns how many were for
    /// cogs that are not loaded.
    pub fn take_up(&self, waiting: BTreeMap<String, Vec<SavedCall>>) -> usize {
        let mut missed = 0;
        for (name, calls) in waiting {
            let inbox =
                self.registry.of(&name, |status, entry| status.is_routed().then(|| Arc::clone(&entry.inbox)));
            match inbox.flatten() {
                Some(inbox) => inbox.extend(calls.into_iter().filter_map(SavedCall::item)),
                None => missed += calls.len(),
            }
        }
        missed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
