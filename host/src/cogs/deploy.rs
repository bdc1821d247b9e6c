//! How a library gets to its cog: whether it is wanted, whether its name and commands are free, what happens
//! if it fails.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;

use super::{
    CogError,
    error::RetryIn,
    lifecycle::{Candidate, Lifecycle, RetainedLibrary},
    message::{Answer, Finished, Purpose, Trigger},
    owner::{Owner, StageState},
    retry::Retry,
    stage::Absence,
};
use crate::{error::chain, lane::OrderError, library::Digest, step::Step};

impl<L: Lifecycle> Owner<L> {
    pub(super) fn expect(&mut self, file: PathBuf, manifest: Arc<Manifest>) -> Result<(), CogError> {
        self.registry.claim(&file, &manifest, None)?;
        self.file = file;
        self.enter(StageState::Loading(manifest));
        Ok(())
    }

    pub(super) async fn deploy(
        &mut self,
        mut candidate: Candidate<L::Library>,
        trigger: Trigger,
    ) -> Result<Option<Finished>, CogError> {
        let mut stands_in_for = None;
        if trigger == Trigger::FileChanged {
            // The file has changed again while this content was waiting.
            if !self.registry.holds(&candidate.file, &self.name) {
                return Ok(None);
            }
            if matches!(&self.stage, StageState::Serving(serving) if serving.digest == candidate.digest)
                && self.file == candidate.file
            {
                return Ok(None);
            }
            // The file was touched, or the same content was copied there again.
            if matches!(self.stage, StageState::Away(Absence::Parked, _))
                && self.parked == Some(candidate.digest)
            {
                return Ok(None);
            }
            let remembered = self.lifecycle.remembered(&candidate.digest).await;
            if self.rolled_back.contains(&candidate.digest) || matches!(remembered, Some(None)) {
                return Err(self.rolled_back_error(candidate));
            }
            if let Some(Some(kept)) = remembered {
                if self.number > 0 {
                    return Err(self.rolled_back_error(candidate));
                }
                let from = candidate.digest;
                candidate = self.substitute(candidate, kept).await;
                stands_in_for = Some(from).filter(|from| *from != candidate.digest);
            }
        }
        self.hangs.forget();
        let digest = candidate.digest;
        let done = self.try_deploy(candidate).await?;
        // What failed in its file before no longer matters.
        self.failed_file = None;
        if let Some(from) = stands_in_for {
            self.note_refused(&from).await;
        }
        if trigger == Trigger::Requested {
            self.rolled_back.retain(|other| *other != digest);
            self.to_remember.take_if(|(other, _)| *other == digest);
            self.lifecycle.forget(&digest).await;
        }
        Ok(Some(done))
    }

    /// Starts a new generation with the current settings. If the file holds other code than what serves, that code may
    /// have lacked one of them, and is tried first, unless the host went back from it.
    pub(super) async fn renew(&mut self) -> Result<Option<Finished>, CogError> {
        let is_serving = match &self.stage {
            StageState::Serving(_) => true,
            StageState::Away(Absence::Failed, _) => false,
            StageState::Loading(_) if self.lost.is_some() => {
                self.bring_back(false).await;
                return Ok(None);
            }
            StageState::Away(..) | StageState::Loading(_) | StageState::Leaving(_) => return Ok(None),
        };
        match self.lifecycle.prepare(&self.file).await {
            Ok(candidate) if is_serving && self.was_rolled_back(&candidate.digest).await => {}
            Ok(candidate) if candidate.manifest.name == *self.name => {
                match self.deploy(candidate, Trigger::FileChanged).await {
                    Ok(None) => {}
                    Err(error) if is_serving => self.settle(Err(error), Answer(None)),
                    outcome => return outcome,
                }
            }
            Err(error) if !is_serving => return Err(error),
            // The watcher deals with changes of the file.
            Ok(_) | Err(_) => {}
        }
        self.renew_serving().await
    }

    /// Replaces the serving generation by the same code, from its copy: its file may hold other code by now.
    async fn renew_serving(&mut self) -> Result<Option<Finished>, CogError> {
        let StageState::Serving(serving) = &self.stage else { return Ok(None) };
        let Some(kept) = self.lifecycle.keep(&serving.generation) else {
            return Err(CogError::Host("cannot keep a private copy of the serving library".to_owned()));
        };
        let candidate = self.prepare_kept(kept.path()).await?;
        // Removes the link: the replacement keeps the same code, under the same file name.
        drop(kept);
        match self.claim_and_replace(candidate, Purpose::Deploy).await {
            Ok(done) => {
                self.registry.note(&self.name, |status| status.last_fault = None);
                Ok(Some(done))
            }
            Err(error) => {
                let (retry, error) = self.retry_after(self.failed_renewal, error);
                self.failed_renewal = retry;
                self.fail(&error);
                Err(error)
            }
        }
    }

    async fn was_rolled_back(&self, digest: &Digest) -> bool {
        self.rolled_back.contains(digest) || self.lifecycle.remembered(digest).await.is_some()
    }

    fn rolled_back_error(&mut self, candidate: Candidate<L::Library>) -> CogError {
        // If the cog's own file is gone, this becomes its file: what serves does not change.
        if matches!(self.stage, StageState::Serving(_)) && !self.registry.is_present(&self.file, &self.name) {
            self.file.clone_from(&candidate.file);
        }
        let error = CogError::WentBackFrom { name: self.name.to_string(), file: candidate.file };
        self.fail(&error);
        error
    }

    /// What served in the last run, instead of the content that the host went back from.
    async fn substitute(
        &mut self,
        candidate: Candidate<L::Library>,
        kept: RetainedLibrary,
    ) -> Candidate<L::Library> {
        match self.lifecycle.prepare(kept.path()).await {
            Ok(before) if before.manifest.name == *self.name => {
                tracing::warn!(
                    cog = &*self.name,
                    "`{}` is the version that the host went back from; the one before is loaded instead",
                    candidate.file.display()
                );
                self.rolled_back.push(candidate.digest);
                Candidate { file: candidate.file, ..before }
            }
            Ok(_) => candidate,
            Err(error) => {
                tracing::error!(
                    cog = &*self.name,
                    "the previous version cannot be loaded: {}",
                    chain(&error)
                );
                candidate
            }
        }
    }

    /// Brings a library into service. If that fails, everything stays as it was, and its file is tried again if
    /// that may help.
    pub(super) async fn try_deploy(
        &mut self,
        candidate: Candidate<L::Library>,
    ) -> Result<Finished, CogError> {
        let result = self.attempt(candidate).await;
        if let Err(error) = &result {
            self.fail(error);
        }
        result
    }

    /// Brings a library into service. If that fails, plans another try of its file if that may help, and leaves
    /// the stage as it was, or at `Loading`.
    pub(super) async fn attempt(&mut self, candidate: Candidate<L::Library>) -> Result<Finished, CogError> {
        let (file, digest) = (candidate.file.clone(), candidate.digest);
        let result = match self.claim_and_replace(candidate, Purpose::Deploy).await {
            Err(error) if error.has_lost_copy() => match self.lifecycle.prepare(&file).await {
                Ok(again) if again.digest == digest => self.claim_and_replace(again, Purpose::Deploy).await,
                _ => Err(error),
            },
            result => result,
        };
        match result {
            Ok(done) => {
                self.registry.forget_refused(&file);
                self.registry.note(&self.name, |status| status.last_fault = None);
                Ok(done)
            }
            Err(error) => {
                let last = self.failed_file.take().map(|(.., retry)| retry);
                let (retry, error) = self.retry_after(last, error);
                self.failed_file = retry.map(|retry| (file, digest, retry));
                Err(error)
            }
        }
    }

    /// Lists the cog's file as not loaded, if it still holds the content that the host went back from.
    pub(super) async fn note_refused(&self, from: &Digest) {
        if self.lifecycle.prepare(&self.file).await.is_ok_and(|found| found.digest == *from) {
            let error = CogError::WentBackFrom { name: self.name.to_string(), file: self.file.clone() };
            self.registry.refuse(&self.file, &error);
        }
    }

    /// The content of the cog's file, if that is other code than `served`, the host did not go back from it, and it is
    /// not waiting for another try after failing on its own.
    pub(super) async fn newer_than(&self, served: &Digest) -> Option<Candidate<L::Library>> {
        let found = self.lifecycle.prepare(&self.file).await.ok()?;
        let is_other = found.manifest.name == *self.name && found.digest != *served;
        let has_failed = self
            .failed_file
            .as_ref()
            .is_some_and(|(_, failed, retry)| *failed == found.digest && retry.after_call.is_none());
        (is_other && !has_failed && !self.was_rolled_back(&found.digest).await).then_some(found)
    }

    /// Reserves what the candidate needs, and replaces what serves. A failure leaves the stage as it was, or
    /// at `Loading`.
    pub(super) async fn claim_and_replace(
        &mut self,
        candidate: Candidate<L::Library>,
        purpose: Purpose,
    ) -> Result<Finished, CogError> {
        self.lifecycle.has_room()?;
        self.registry.claim(&candidate.file, &candidate.manifest, candidate.together.as_ref())?;
        let before = match &self.stage {
            StageState::Serving(_) => return self.replace(candidate, purpose).await,
            StageState::Loading(manifest) => Some(Arc::clone(manifest)),
            StageState::Away(..) | StageState::Leaving(_) => None,
        };
        self.file.clone_from(&candidate.file);
        self.enter(StageState::Loading(Arc::clone(&candidate.manifest)));
        let result = self.replace(candidate, purpose).await;
        if let (Err(_), Some(before)) = (&result, before) {
            // Lost code may be brought back later: what is queued meanwhile is what it declares.
            self.enter(StageState::Loading(before));
        }
        result
    }

    /// Loading failed: what serves goes on. If nothing serves, the cog is away, unless lost code is still to be
    /// brought back.
    pub(super) fn fail(&mut self, error: &CogError) {
        let text = chain(error);
        self.registry.note(&self.name, |status| status.failed(text.clone()));
        if matches!(self.stage, StageState::Serving(_)) || self.lost.is_some() {
            // Releases what was reserved for the new generation.
            return self.publish();
        }
        self.stay_away(Absence::Failed, text);
    }

    /// Nothing serves, for a reason. Events that were queued for the cog are dropped, and that is logged.
    pub(super) fn stay_away(&mut self, absence: Absence, reason: String) {
        let (_, dropped) = self.enter(StageState::Away(absence, Some(reason)));
        if dropped > 0 {
            let cog = &*self.name;
            tracing::warn!(cog, dropped, "events that waited for it are dropped: it is not loaded");
        }
    }

    /// Prepares a kept library, as this cog's in place of what its file holds.
    pub(super) async fn prepare_kept(&self, kept: &Path) -> Result<Candidate<L::Library>, CogError> {
        let prepared = self.lifecycle.prepare(kept).await?;
        Ok(Candidate { file: self.file.clone(), ..prepared })
    }

    /// When to try again after a failure that may pass: a service that is not up yet, a thread that does not return.
    /// The error mentions it. `last` is the retry after which it failed again.
    fn retry_after(&self, last: Option<Retry>, mut error: CogError) -> (Option<Retry>, CogError) {
        let retry = Retry::after(last);
        let is_passing = error.is_worth_retrying();
        let retry = match &mut error {
            CogError::Step { retry_in, .. } | CogError::Open { retry_in, .. } if is_passing => {
                *retry_in = RetryIn(Some(retry.pause));
                Some(retry)
            }
            // It has failed on its own before, and after that because of another cog; the same may happen again.
            CogError::CommandTaken { .. } if last.is_some() => Some(retry),
            CogError::Stays { step: Step::Pause, source: OrderError::Deadline(_), .. } => {
                let serving = self.stage.serving();
                let after_call = serving.and_then(|serving| self.lifecycle.pulse(&serving.generation).call());
                Some(Retry { after_call, ..retry })
            }
            _ => None,
        };
        (retry, error)
    }

    pub(super) async fn try_file_again(&mut self, file: &Path, failed: Digest) {
        let outcome = match self.lifecycle.prepare(file).await {
            Ok(candidate) if candidate.manifest.name == *self.name => {
                // It is tried whatever serves: the same content may be serving, but a user has asked for it.
                match candidate.digest == failed && !self.was_rolled_back(&failed).await {
                    true => self.try_deploy(candidate).await.map(Some),
                    false => self.deploy(candidate, Trigger::FileChanged).await,
                }
            }
            // The watcher deals with changes of the file.
            Ok(_) | Err(_) => Ok(None),
        };
        // It was not even tried: it serves already, or the host went back from it in the meantime.
        self.failed_file.take_if(|(.., retry)| retry.has_come());
        if let Err(error) = &outcome {
            // The file may wait for what another cog owns, or exchange it with that cog.
            self.registry.refuse(file, error);
        }
        self.settle(outcome, Answer(None));
    }

    pub(super) async fn try_renewal_again(&mut self) {
        let outcome = self.renew_serving().await;
        // It was not even tried: nothing serves.
        self.failed_renewal.take_if(|retry| retry.has_come());
        self.settle(outcome, Answer(None));
    }
}
