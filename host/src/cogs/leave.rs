//! How a cog is unloaded, and how its state gets into the store: at a replacement, when the cog goes, and periodically.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    CogError, Report,
    lifecycle::Lifecycle,
    message::{Finished, Leaving},
    owner::{Owner, Serving, StageState},
    report::Outcome,
    stage::Absence,
};
use crate::{
    error::chain,
    lane::{OrderError, State},
    step::Step,
};

/// Shortest and longest pause between two attempts to write a state that the store did not take.
const STORE_RETRY: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(60)];

impl<L: Lifecycle> Owner<L> {
    pub(super) async fn leave(&mut self, why: Leaving) -> Result<Finished, CogError> {
        let unknown = |name: &str| CogError::NotLoaded { name: name.to_owned(), known: Vec::new() };
        let absence = match &why {
            Leaving::FileGone(file) if *file != self.file => return Err(unknown(&self.name)),
            Leaving::FileGone(_) => Absence::FileGone,
            Leaving::Unloaded => Absence::Unloaded,
        };
        if matches!(self.stage, StageState::Away(Absence::New | Absence::Unloaded | Absence::FileGone, _)) {
            return Err(unknown(&self.name));
        }
        (self.failed_file, self.failed_renewal, self.lost) = (None, None, None);
        self.save_at = None;
        let mut report = Report::new(&self.name, Outcome::Unloaded);
        // First, nothing more is routed to it. If its file holds another cog now, some of its queued calls belong
        // to that one.
        self.registry.reassign_calls(&self.name);
        let leaving = match self.stage.take() {
            StageState::Serving(serving) => StageState::Leaving(serving),
            now => now,
        };
        let (_, mut dropped) = self.enter(leaving);
        if let StageState::Leaving(serving) = &self.stage {
            report.from = Some(serving.number);
            report.from_version = Some(serving.manifest.version.clone());
            match self.final_state(serving, &mut report).await {
                Ok(Some(state)) => {
                    self.unsaved = Some((state, Instant::now()));
                    self.store().await;
                }
                Ok(None) => {}
                Err(why) => {
                    let id = self.id(serving.number);
                    tracing::error!(cog = id, "its state stays as last saved: {why}");
                    report.notes.push(format!("its state stays as last saved: {why}"));
                    self.registry.note(&self.name, |status| status.is_state_lost = true);
                }
            }
        }
        let (was, waiting) = self.enter(StageState::Away(absence, None));
        dropped += waiting;
        if dropped > 0 {
            report.notes.push(format!("{dropped} waiting events are dropped"));
        }
        if self.unsaved.is_some() {
            report
                .notes
                .push("its state could not be stored; it is kept in memory and tried again".to_owned());
        }
        let retired = match was {
            StageState::Leaving(serving) => Some(self.lifecycle.retire(serving.generation)),
            StageState::Away(..) | StageState::Loading(_) | StageState::Serving(_) => None,
        };
        Ok((report, retired))
    }

    /// Asks a generation for its state, and checks the size.
    pub(super) async fn saved(&self, old: &L::Generation) -> Result<Option<State>, SaveError> {
        let limit = self.limits.state_max_bytes;
        match self.lifecycle.save(old).await? {
            Some(state) if state.bytes.len() > limit => {
                Err(SaveError::TooLarge { bytes: state.bytes.len(), limit })
            }
            state => Ok(state),
        }
    }

    /// Lets a generation finish its handlers, and asks for its state. Returns why
    /// there is none; the cog goes in any case.
    async fn final_state(
        &self,
        leaving: &Serving<L::Generation>,
        report: &mut Report,
    ) -> Result<Option<State>, String> {
        let since = Instant::now();
        let paused = self.lifecycle.pause(&leaving.generation).await;
        report.passed(Step::Pause, since);
        match paused {
            Ok(cancelled) => report.cancelled = cancelled,
            Err(error) => return Err(format!("it failed in `{}`: {}", Step::Pause, chain(&error))),
        }
        let since = Instant::now();
        let state = self.saved(&leaving.generation).await.map_err(|error| chain(&error));
        report.state_bytes = state.as_ref().ok().and_then(Option::as_ref).map(|state| state.bytes.len());
        report.passed(Step::Save, since);
        if let Err(error) = self.lifecycle.teardown(&leaving.generation).await {
            tracing::warn!(cog = self.id(leaving.number), "`teardown` failed: {error}");
        }
        state
    }

    /// Plans when the state is next saved; an interval of zero means never.
    pub(super) fn plan_save(&mut self) {
        let every = self.limits.state_save_every;
        self.save_at = (!every.is_zero()).then(|| Instant::now() + every);
    }

    /// Plans to write the state that the cog returned last, soon.
    pub(super) fn plan_store(&mut self) {
        self.store_at = self.unsaved.is_some().then(|| (Instant::now(), STORE_RETRY[0]));
    }

    pub(super) async fn save(&mut self) {
        let StageState::Serving(serving) = &self.stage else { return self.save_at = None };
        match self.saved(&serving.generation).await {
            Ok(Some(state)) => {
                self.unsaved = Some((state, Instant::now()));
                self.store().await;
            }
            Ok(None) => {}
            Err(error) => {
                let id = self.id(serving.number);
                tracing::warn!(cog = id, "its state was not saved: {}", chain(&error));
            }
        }
        self.plan_save();
    }

    /// Writes to the store what the host went back from; if that fails, it is tried again together with the state.
    pub(super) async fn remember(&mut self) {
        let Some((digest, library)) = &self.to_remember else { return };
        match self.lifecycle.remember(digest, library).await {
            Ok(()) => self.to_remember = None,
            Err(error) => {
                tracing::error!(
                    cog = &*self.name,
                    "a restart would not know yet what the host went back from: {error}"
                );
                self.store_at = Some((Instant::now() + STORE_RETRY[0], STORE_RETRY[0] * 2));
            }
        }
    }

    /// Writes the state that the cog returned last; if the store does not take it, it is kept and tried again.
    pub(super) async fn store(&mut self) {
        let pause = self.store_at.take().map_or(STORE_RETRY[0], |(_, pause)| pause);
        let Some((state, _)) = &self.unsaved else { return };
        match self.lifecycle.store_state(state).await {
            Ok(()) => self.last_saved = self.unsaved.take().filter(|_| !self.lifecycle.has_store()),
            Err(error) => {
                let next = (pause * 2).min(STORE_RETRY[1]);
                self.store_at = Some((Instant::now() + pause, next));
                tracing::error!(
                    cog = &*self.name,
                    "failed to store its state, which is kept in memory and tried again: {error}"
                );
            }
        }
        let is_unsaved = self.unsaved.is_some();
        self.registry.note(&self.name, |status| status.is_unsaved = is_unsaved);
    }
}

/// Why a generation's state could not be obtained.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error("its state has {bytes} bytes, {limit} are allowed (`[limits] state_max_bytes`)")]
    TooLarge { bytes: usize, limit: usize },
}
