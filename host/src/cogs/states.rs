//! Cogs' states in the store: at reload, at shutdown, and every so often. Without a store session, states live only
//! as long as the host.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use super::{Cog, CogError, Cogs};
use crate::{error::chain, lane::State};

impl Cogs {
    /// Saves the states of all cogs every so often, until the cogs are dropped.
    pub async fn keep_states(cogs: Weak<Cogs>, every: Duration) {
        if every.is_zero() {
            return;
        }
        loop {
            tokio::time::sleep(every).await;
            let Some(cogs) = cogs.upgrade() else { return };
            cogs.save_all().await;
        }
    }

    /// Saves the states of all cogs that serve. A cog that fails keeps the state that is stored.
    pub async fn save_all(&self) {
        if self.parts.sessions.store.is_none() {
            return;
        }
        let all: Vec<Arc<Cog>> = self.cogs().values().cloned().collect();
        for cog in all {
            // A cog that is being replaced is saved by that.
            let Ok(slot) = cog.slot.try_lock() else { continue };
            let Some(serving) = &slot.serving else { continue };
            match self.saved(serving).await {
                Ok(Some(state)) => self.store_state_now(&cog, state).await,
                Ok(None) => {}
                Err(error) => tracing::warn!(cog = %serving.id, "its state was not saved: {}", chain(&error)),
            }
        }
    }

    /// The state of the last run.
    pub(super) async fn stored_state(&self, cog: &Cog) -> Result<Option<State>, CogError> {
        let Some(store) = &self.parts.sessions.store else { return Ok(None) };
        let saved = store.load_state(&cog.name).await.map_err(|error| CogError::Host(error.to_string()))?;
        Ok(saved.map(|saved| State { version: saved.version, bytes: saved.bytes }))
    }

    /// Writes a state to the store, in the background.
    pub(super) fn store_state(self: &Arc<Self>, cog: &Arc<Cog>, state: State) {
        if self.parts.sessions.store.is_some() {
            let (cogs, cog, number) = (Arc::clone(self), Arc::clone(cog), cog.next_state());
            tokio::spawn(async move { cogs.store_numbered(&cog, number, state).await });
        }
    }

    /// Writes a state to the store; a failure is logged.
    pub(super) async fn store_state_now(&self, cog: &Cog, state: State) {
        self.store_numbered(cog, cog.next_state(), state).await;
    }

    /// Writes a state unless a later one was written: what is written in the background may come late.
    async fn store_numbered(&self, cog: &Cog, number: u64, state: State) {
        let Some(store) = &self.parts.sessions.store else { return };
        let mut stored = cog.stored.lock().await;
        if *stored > number {
            return;
        }
        match store.save_state(&cog.name, state.version, state.bytes).await {
            Ok(()) => *stored = number,
            Err(error) => tracing::error!(cog = &*cog.name, "failed to store its state: {error}"),
        }
    }
}

impl Cog {
    /// The number of a state that was taken from it just now; the cog's operations take turns.
    fn next_state(&self) -> u64 {
        self.states.fetch_add(1, Ordering::Relaxed) + 1
    }
}
