//! What happens when a generation fails while it serves: it is undone if it is on probation, and left behind
//! if it hangs or crashes.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    blame::Errors,
    error::CogError,
    lifecycle::{Candidate, Lifecycle},
    message::{Answer, Lost, Purpose},
    owner::{Owner, Previous, Serving, StageState},
    retry::{LostCode, Retry},
    stage::Absence,
};
use crate::{
    error::chain,
    fault::{Fault, FaultKind},
    library::Digest,
};

impl<L: Lifecycle> Owner<L> {
    /// Counts a fault. Returns whether the generation is to be undone.
    pub(super) fn count_fault(&mut self, number: u64, what: &str, fault: &Fault) -> bool {
        let StageState::Serving(serving) = &mut self.stage else { return false };
        if serving.number != number {
            return false;
        }
        serving.errors += u64::from(fault.kind == FaultKind::Error);
        let pulse = self.lifecycle.pulse(&serving.generation);
        serving.previous.take_if(|previous| previous.is_over(&pulse));
        let handled = pulse.handled();
        let errors = Errors { handled, errors: serving.errors };
        let is_fault = fault.is_fault();
        let text = format!("{what}: {fault}");
        self.registry.note(&self.name, |status| {
            if is_fault {
                status.faults += 1;
            } else {
                status.refusals += 1;
            }
            status.totals.failed(fault.kind);
            status.failed(text);
        });
        serving.previous.as_mut().is_some_and(|previous| previous.blame.count(fault.kind, errors))
    }

    /// Replaces the generation on probation by the previous code. If that fails, it keeps serving and stays
    /// on probation.
    pub(super) async fn go_back(&mut self, why: &str) {
        let StageState::Serving(serving) = &mut self.stage else { return };
        let Some(previous) = serving.previous.take() else { return };
        let from = (serving.number, serving.digest);
        if let Err(previous) = self.restore_previous(previous, from, why).await
            && let StageState::Serving(serving) = &mut self.stage
        {
            let until = previous.until;
            serving.previous = Some(previous.restart_probation(until));
            self.publish();
        }
    }

    /// Brings the previous code back into service; returns it if that fails.
    async fn restore_previous(
        &mut self,
        previous: Previous,
        from: (u64, Digest),
        why: &str,
    ) -> Result<(), Box<Previous>> {
        let id = self.id(previous.number);
        let note = format!("{why}, right after it replaced `{id}`");
        let result = match self.prepare_kept(previous.library.path()).await {
            Ok(candidate) => {
                let purpose = Purpose::GoBack {
                    state: previous.state.clone(),
                    from: from.0,
                    to: previous.number,
                    note,
                };
                self.claim_and_replace(candidate, purpose).await
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(done) => {
                self.rolled_back.push(from.1);
                self.registry.note_went_back();
                self.settle(Ok(Some(done)), Answer(None));
                self.to_remember = Some((from.1, previous.library));
                self.remember().await;
                self.note_refused(&from.1).await;
                Ok(())
            }
            Err(error) => {
                tracing::error!(cog = &*self.name, "failed to go back to `{id}`: {}", chain(&error));
                Err(Box::new(previous))
            }
        }
    }

    /// Leaves a generation behind that has hung or crashed, and brings the cog back.
    pub(super) async fn give_up(&mut self, number: u64, how: Lost, why: String) {
        let StageState::Serving(serving) = &self.stage else { return };
        if serving.number != number {
            return;
        }
        let library = self.lifecycle.keep(&serving.generation);
        let waiting = self.inbox.len();
        let manifest = Arc::clone(&serving.manifest);
        let id = self.id(number);
        tracing::error!(
            cog = id,
            "it is given up: {why}; its {waiting} waiting events wait for the next generation"
        );
        self.registry.note(&self.name, |status| {
            status.failed(why.clone());
            status.totals.lost(how);
        });
        let (StageState::Serving(stuck), _) = self.enter(StageState::Loading(manifest)) else { return };
        let Serving { generation, mut previous, digest, .. } = *stuck;
        let pulse = self.lifecycle.pulse(&generation);
        previous.take_if(|previous| previous.is_over(&pulse));
        drop(self.lifecycle.retire(generation));
        let is_too_often = self.count_loss();
        self.lost = Some(LostCode { number, digest, library, previous, why, retry: None });
        self.bring_back(is_too_often).await;
    }

    /// Brings lost code back. What its file holds now is tried first, which is most often the fix; then the previous
    /// code, if the lost one was on probation; then the same code again, unless it was lost too often. If it fails only
    /// because the system is short of a resource, it is tried again later, and events stay queued until then.
    pub(super) async fn bring_back(&mut self, is_too_often: bool) {
        let Some(mut lost) = self.lost.take() else { return };
        if let Some(newer) = self.newer_than(&lost.digest).await {
            let outcome = self.attempt(newer).await.map(Some);
            let has_come = outcome.is_ok();
            self.settle(outcome, Answer(None));
            if has_come {
                self.hangs.forget();
                return self.put_on_probation(lost.previous);
            }
        }
        if let Some(previous) = lost.previous.take() {
            match self.restore_previous(previous, (lost.number, lost.digest), &lost.why).await {
                Ok(()) => return,
                Err(previous) => lost.previous = Some(*previous),
            }
        }
        if is_too_often {
            return self.park(lost.digest, &lost.why);
        }
        let result = match self.prepare_lost(&lost).await {
            Ok(candidate) => self.claim_and_replace(candidate, Purpose::Deploy).await,
            Err(error) => Err(error),
        };
        let error = match result {
            Ok(done) => {
                // The code is the same, and so is its fault.
                self.registry.note(&self.name, |status| status.failed(lost.why));
                self.put_on_probation(lost.previous);
                return self.settle(Ok(Some(done)), Answer(None));
            }
            Err(error) => error,
        };
        if error.is_loss() && self.count_loss() {
            let why = chain(&error);
            self.settle(Err(error), Answer(None));
            return self.park(lost.digest, &why);
        }
        if !error.may_recover() {
            self.fail(&error);
            return self.settle(Err(error), Answer(None));
        }
        let retry = Retry::after(lost.retry);
        self.lost = Some(LostCode { retry: Some(retry), ..lost });
        self.fail(&error);
        self.settle(Err(error), Answer(None));
        tracing::error!(
            cog = &*self.name,
            waiting = self.inbox.len(),
            "it is brought back in {} s; its events wait",
            retry.pause.as_secs()
        );
    }

    /// Lost code was replaced. If it was on probation, what serves now is too: the host can still go back to
    /// `previous`.
    pub(super) fn put_on_probation(&mut self, previous: Option<Previous>) {
        if let StageState::Serving(serving) = &mut self.stage
            && let Some(previous) = previous
        {
            let until = Instant::now() + self.limits.probation;
            serving.previous = Some(previous.restart_probation(until));
        }
    }

    /// Prepares the lost code: from the kept library, or from its file if a cog has damaged the kept one.
    async fn prepare_lost(&self, lost: &LostCode) -> Result<Candidate<L::Library>, CogError> {
        let from_file = self.prepare_kept(&self.file);
        let Some(kept) = &lost.library else { return from_file.await };
        let kept = self.prepare_kept(kept.path()).await;
        let is_it = |found: &Result<Candidate<_>, _>| found.as_ref().is_ok_and(|it| it.digest == lost.digest);
        if is_it(&kept) {
            return kept;
        }
        let found = from_file.await;
        if is_it(&found) { found } else { kept }
    }

    /// Counts a lost generation. Returns whether there were too many.
    fn count_loss(&mut self) -> bool {
        self.hangs.count(Instant::now(), self.limits.hangs_window, self.limits.hangs_max)
    }

    fn park(&mut self, code: Digest, why: &str) {
        self.parked = Some(code);
        let reason = format!(
            "it was given up {} times within {} s, the last time because {why}; it is loaded again when its file changes, or \
             by `gearshift cogs load {}`",
            self.limits.hangs_max,
            self.limits.hangs_window.as_secs(),
            self.name
        );
        tracing::error!(cog = &*self.name, "{reason}");
        self.stay_away(Absence::Parked, reason);
    }
}
