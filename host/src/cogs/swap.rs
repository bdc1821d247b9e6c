//! One cog comes, is replaced, or goes. New is completely ready before old is paused; if anything fails, old goes on
//! with the same instance.

use std::{path::Path, sync::Arc, time::Instant};

use tokio::sync::oneshot;

use super::{
    Cog, CogError, Cogs, Slot, Standing,
    claims::Leaving,
    generation::Generation,
    policy::{Patience, Probation},
    report::{Outcome, Phase, Report, Retirement},
};
use crate::{
    error::chain,
    lane::{Item, OrderError, State},
    library::Prepared,
};

impl Cogs {
    /// Brings a prepared library into service.
    pub(super) async fn bring(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        file: &Path,
        prepared: Prepared,
    ) -> Result<Report, CogError> {
        let (cogs, cog, file) = (Arc::clone(self), Arc::clone(cog), file.to_owned());
        self.to_the_end(async move { cogs.bring_now(&cog, &file, prepared).await }).await
    }

    /// Runs an operation that must not stop half-way: between two generations the cog would be gone. It goes on even if
    /// nobody waits for it any more.
    async fn to_the_end<F>(&self, operation: F) -> Result<Report, CogError>
    where
        F: Future<Output = Result<Report, CogError>> + Send + 'static,
    {
        let done = self.parts.runtime.spawn(operation).await;
        done.unwrap_or_else(|error| Err(CogError::Host(error.to_string())))
    }

    async fn bring_now(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        file: &Path,
        prepared: Prepared,
    ) -> Result<Report, CogError> {
        let (mut report, retired) = {
            let mut slot = cog.slot.lock().await;
            let result = self.bring_locked(cog, &mut slot, file, prepared).await;
            let serving = slot.serving.as_ref().map(|generation| &*generation.manifest);
            self.claims.settle(&cog.name, serving);
            match result {
                Ok(done) => done,
                Err(error) => {
                    let serves = slot.serving.is_some();
                    self.not_loaded(cog, serves, &error);
                    return Err(error);
                }
            }
        };
        report.retirement = settled(retired).await;
        cog.change_view(|view| view.last_report = Some(report.clone()));
        Ok(report)
    }

    async fn bring_locked(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        slot: &mut Slot,
        file: &Path,
        prepared: Prepared,
    ) -> Result<(Report, Option<oneshot::Receiver<Retirement>>), CogError> {
        let mut report = Report::new(&cog.name, Outcome::Loaded);
        report.phases.push(Phase { name: "prepare", took: prepared.took });
        // Again: while this waited for its turn, the cog may have gone, and its claims with it.
        self.claims.claim(file, &prepared.manifest, &prepared.copy.digest())?;
        let new = self.bring_up(cog, file, prepared, &mut report).await?;
        let retired = match slot.serving.take() {
            None => match self.begin(cog, &new, &mut report).await {
                Ok(()) => None,
                Err(error) => {
                    self.drop_new(cog, new);
                    return Err(error);
                }
            },
            Some(old) => {
                report.outcome = Outcome::Replaced;
                report.from = Some(old.id.number);
                match self.take_over(cog, &old, &new, &mut report).await {
                    Ok(state) => {
                        let probation = Probation::begin(&self.parts.limits, &old, state);
                        if let Some(before) = std::mem::replace(&mut slot.probation, probation) {
                            before.end();
                        }
                        Some(self.reaper.retire(old.into_remains(), self.deadline()))
                    }
                    Err(error) => {
                        slot.serving = Some(old);
                        self.drop_new(cog, new);
                        return Err(error);
                    }
                }
            }
        };
        self.seen(cog, file, &new);
        slot.serving = Some(new);
        Ok((report, retired))
    }

    /// The first generation: gets the state of the last run, and begins.
    async fn begin(
        self: &Arc<Self>,
        cog: &Cog,
        new: &Generation,
        report: &mut Report,
    ) -> Result<(), CogError> {
        if let Some(state) = self.stored_state(cog).await? {
            report.state_bytes = Some(state.bytes.len());
            let since = Instant::now();
            let restored = new.lane.restore(state, self.parts.limits.state_timeout).await;
            restored.map_err(|source| self.step_error(cog, new, "restore", source))?;
            report.phase("restore", since);
        }
        // One that was claimed when the host started has its place in the table already, and missed nothing.
        let missed =
            if cog.view().standing == Standing::Away { new.manifest.events.clone() } else { Vec::new() };
        self.serve(cog, new, &missed, report);
        Ok(())
    }

    /// From old to new. On failure old serves again.
    async fn take_over(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        old: &Generation,
        new: &Generation,
        report: &mut Report,
    ) -> Result<Option<State>, CogError> {
        let paused = Instant::now();
        let resume = |error| {
            old.lane.serve();
            error
        };
        report.cancelled = self.drain(old).await.map_err(resume)?;
        report.phase("pause", paused);

        let since = Instant::now();
        let state = self.saved(old).await.map_err(resume)?;
        report.state_bytes = state.as_ref().map(|state| state.bytes.len());
        report.phase("save", since);
        if let Some(state) = state.clone() {
            let since = Instant::now();
            let restored = new.lane.restore(state, self.parts.limits.state_timeout).await;
            restored.map_err(|source| resume(self.step_error(cog, new, "restore", source)))?;
            report.phase("restore", since);
        }
        self.serve(cog, new, &new.misses(old), report);
        report.pause = Some(paused.elapsed());
        if let Some(state) = &state {
            self.store_state(cog, state.clone());
        }
        Ok(state)
    }

    /// Stops intake and waits for the handlers; those that are not done in time are dropped at their `await`.
    pub(super) async fn drain(&self, old: &Generation) -> Result<usize, CogError> {
        let stays = |source| CogError::Stays { name: old.id.to_string(), step: "pause", source };
        match old.lane.pause(self.parts.limits.drain_timeout).await {
            Ok(()) => Ok(0),
            Err(OrderError::Deadline(_)) => {
                let cancelled = old.lane.cancel(self.parts.limits.join_timeout).await.map_err(stays)?;
                tracing::warn!(cog = %old.id, cancelled, "handlers were cancelled: they were not done in time (`[limits] drain_timeout_ms`)");
                Ok(cancelled)
            }
            Err(error) => Err(stays(error)),
        }
    }

    /// A new generation that will not serve.
    fn drop_new(&self, cog: &Cog, new: Generation) {
        let remains = new.into_remains();
        cog.schedule.forget(remains.id.number);
        self.reaper.retire(remains, self.deadline());
    }

    /// From now on `new` serves. `missed` are the events that the cog could not hear so far.
    pub(super) fn serve(&self, cog: &Cog, new: &Generation, missed: &[String], report: &mut Report) {
        let since = Instant::now();
        cog.schedule.take_over(new.id.number);
        cog.change_view(|view| {
            view.manifest = Some(Arc::clone(&new.manifest));
            view.standing = Standing::Serving;
            view.unloaded = None;
        });
        self.parts.router.introduce(missed, |facts| {
            for fact in facts {
                // A full queue says so; what waits in it comes first.
                let _ = cog.inbox.push(Item::Event(fact));
            }
            self.publish();
        });
        // Who sees the number can rely on the routes.
        let replaces = report.outcome == Outcome::Replaced;
        cog.change_view(|view| {
            view.number = new.id.number;
            view.patience = if replaces { Patience::begin(&self.parts.limits, new.id.number) } else { None };
        });
        report.buffered = cog.inbox.len();
        new.lane.serve();
        report.phase("serve", since);
    }

    /// An attempt failed. A cog of which nothing serves is away: what waits for it is dropped, it would be stale later.
    pub(super) fn not_loaded(&self, cog: &Cog, serves: bool, error: &CogError) {
        cog.change_view(|view| view.last_fault = Some(chain(error)));
        if !serves {
            cog.change_view(|view| view.standing = Standing::Away);
            self.publish();
            cog.schedule.clear();
            let dropped = self.clear(cog);
            if dropped > 0 {
                tracing::warn!(
                    cog = &*cog.name,
                    dropped,
                    "events that waited for it are dropped: it is not loaded"
                );
            }
        }
    }

    /// Takes what waits out of a cog's queue; how many items. Whoever waits for an answer gets one.
    fn clear(&self, cog: &Cog) -> usize {
        let items = cog.inbox.clear();
        let dropped = items.len();
        items.into_iter().for_each(|item| self.parts.router.decline(item));
        dropped
    }

    pub(super) fn seen(&self, cog: &Cog, file: &Path, new: &Generation) {
        cog.change_view(|view| {
            view.source = file.to_owned();
            view.pulse = Some(Arc::clone(new.lane.pulse()));
            view.since = Some(Instant::now());
            view.faults = 0;
        });
    }

    /// Retires a cog for good.
    pub(super) async fn take_away(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        leaving: Leaving,
    ) -> Result<Report, CogError> {
        let (cogs, cog) = (Arc::clone(self), Arc::clone(cog));
        self.to_the_end(async move { cogs.take_away_now(&cog, leaving).await }).await
    }

    async fn take_away_now(self: &Arc<Self>, cog: &Arc<Cog>, leaving: Leaving) -> Result<Report, CogError> {
        let (mut report, retired) = {
            let mut slot = cog.slot.lock().await;
            // First of all: who comes back while it says goodbye claims anew, and waits for its turn.
            if !self.claims.release(&cog.name, &leaving) {
                return Err(self.unknown(&cog.name));
            }
            // One that was tried and refused does not serve; if its file comes back it is tried again.
            let Some(old) = slot.serving.take() else { return Err(self.unknown(&cog.name)) };
            if let Some(probation) = slot.probation.take() {
                probation.end();
            }
            let mut report = Report::new(&cog.name, Outcome::Unloaded);
            report.from = Some(old.id.number);
            cog.change_view(|view| {
                view.standing = Standing::Away;
                view.unloaded = Some(Instant::now());
            });
            self.publish();
            self.say_goodbye(cog, &old, &mut report).await;
            cog.schedule.clear();
            let dropped = self.clear(cog);
            if dropped > 0 {
                report.notes.push(format!("{dropped} waiting events are dropped"));
            }
            cog.change_view(|view| {
                view.number = 0;
                view.pulse = None;
            });
            (report, self.reaper.retire(old.into_remains(), self.deadline()))
        };
        report.retirement = settled(Some(retired)).await;
        cog.change_view(|view| view.last_report = Some(report.clone()));
        Ok(report)
    }

    /// Retires all cogs at once.
    pub async fn close(self: &Arc<Self>) {
        let mut tasks = tokio::task::JoinSet::new();
        let cogs: Vec<_> = self.cogs().values().cloned().collect();
        for cog in cogs {
            let this = Arc::clone(self);
            tasks.spawn(async move {
                match this.take_away(&cog, Leaving::Unloaded).await {
                    Ok(_) | Err(CogError::NotLoaded { .. }) => {}
                    Err(error) => tracing::warn!(cog = &*cog.name, "{error}"),
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// What is not done in time is logged and passed over: the cog goes in any case.
    async fn say_goodbye(&self, cog: &Cog, old: &Generation, report: &mut Report) {
        let since = Instant::now();
        match self.drain(old).await {
            Ok(cancelled) => report.cancelled = cancelled,
            Err(error) => {
                return tracing::warn!(cog = %old.id, "it goes without a goodbye: {}", chain(&error));
            }
        }
        report.phase("pause", since);
        let since = Instant::now();
        match self.saved(old).await {
            Ok(Some(state)) => {
                report.state_bytes = Some(state.bytes.len());
                self.store_state_now(cog, state).await;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(cog = %old.id, "its state is that of the last save: {}", chain(&error))
            }
        }
        report.phase("save", since);
        let since = Instant::now();
        if let Err(error) = old.lane.teardown(self.parts.limits.state_timeout).await {
            tracing::warn!(cog = %old.id, "`teardown` failed: {error}");
        }
        report.phase("teardown", since);
    }

    /// The running generation's state, within its limits.
    pub(super) async fn saved(&self, old: &Generation) -> Result<Option<State>, CogError> {
        let name = || old.id.to_string();
        let state = old.lane.save(self.parts.limits.state_timeout).await;
        let state =
            state.map_err(|source| CogError::Stays { name: name(), step: "save its state", source })?;
        let limit = self.parts.limits.state_max_bytes;
        match state {
            Some(state) if state.bytes.len() > limit => {
                Err(CogError::StateTooLarge { name: name(), bytes: state.bytes.len(), limit })
            }
            state => Ok(state),
        }
    }
}

/// What became of a retired generation, if it is known soon.
async fn settled(retired: Option<oneshot::Receiver<Retirement>>) -> Option<Retirement> {
    retired?.await.ok()
}
