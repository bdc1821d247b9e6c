//! How one generation replaces another, in the steps of the README. The new one is completely ready before the old one
//! is paused. If anything fails, the old one goes on with the same instance and the events that were queued.

use std::{path::PathBuf, sync::Arc, time::Duration};

use gearshift_cog::manifest::Manifest;
use tokio::time::Instant;

use super::{
    CogError, Report,
    blame::{Blame, Errors},
    error::RetryIn,
    leave::SaveError,
    lifecycle::{Candidate, Lifecycle},
    message::{Finished, Purpose},
    owner::{Owner, Previous, Serving, StageState},
    report::{Outcome, Phase},
    terms::with_old_settings,
    together::{Member, Point},
};
use crate::{
    lane::{OrderError, State},
    step::Step,
};

impl<L: Lifecycle> Owner<L> {
    /// Replaces what serves by a library, or starts with it if nothing serves.
    pub(super) async fn replace(
        &mut self,
        mut candidate: Candidate<L::Library>,
        purpose: Purpose,
    ) -> Result<Finished, CogError> {
        let together = candidate.together.take();
        let (manifest, digest, file) =
            (Arc::clone(&candidate.manifest), candidate.digest, candidate.file.clone());
        self.number += 1;
        let number = self.number;
        let mut report = self.new_report(number, &candidate, &purpose);
        let missing_intents = candidate.missing_intents.clone();

        // 1. prepare: done by the caller that found the library. None of its code has been executed.
        report.phases.push(Phase { name: Step::Prepare, took: candidate.took });

        // 2. open
        let since = Instant::now();
        let new = self.lifecycle.open(number, candidate).await.map_err(|error| self.not_opened(error))?;
        report.passed(Step::Open, since);
        report.process = self.lifecycle.pulse(&new).process();

        let reservation = Reservation { together, file, manifest };
        let (paused, state) = match self.make_ready(&new, number, &reservation, &purpose, &mut report).await {
            Ok(ready) => ready,
            Err(error) => {
                self.discard(new, number);
                return Err(error);
            }
        };
        let Reservation { together, file, manifest } = reservation;

        // 6. serve: queued events come first.
        let since = Instant::now();
        let previous = match &mut self.stage {
            // The same code again: the host can still go back to what that replaced.
            StageState::Serving(old) if old.digest == digest => old.previous.take(),
            _ if purpose.is_going_back() => None,
            _ => self.previous(state.as_ref()),
        };
        let serving = Serving { number, generation: new, manifest, digest, errors: 0, previous };
        report.buffered = self.inbox.len();
        self.file = file;
        // The new generation has started with its current settings.
        self.failed_renewal = None;
        let lost = self.lost.take();
        self.failed_file.take_if(|(_, failed, _)| *failed == digest);
        let (was, _) = self.enter(StageState::Serving(Box::new(serving)));
        self.put_on_probation(lost.and_then(|lost| lost.previous));
        if let Some(member) = &together {
            member.reach(Point::Published).await;
            self.registry.reassign_calls(&self.name);
        }
        if let Some(new) = self.stage.serving() {
            self.lifecycle.serve(&new.generation);
        }
        report.passed(Step::Serve, since);
        for missing in &missing_intents {
            tracing::warn!(cog = self.id(number), "{missing}");
        }
        self.plan_save();
        let old = match was {
            StageState::Serving(old) => Some(old),
            StageState::Away(..) | StageState::Loading(_) | StageState::Leaving(_) => None,
        };
        // Otherwise the state came from the store, or is being written there. The code that the host goes back from may
        // have stored another.
        if let Some(state) = state.filter(|_| old.is_some() || purpose.is_going_back()) {
            let since = report.state_age.and_then(|age| Instant::now().checked_sub(age));
            self.unsaved = Some((state, since.unwrap_or_else(Instant::now)));
            self.plan_store();
        }
        let Some(old) = old else { return Ok((report, None)) };
        report.pause = Some(paused.elapsed());

        // 7. retire
        Ok((report, Some(self.lifecycle.retire(old.generation))))
    }

    /// Steps 3 to 5, up to the point where nothing can fail any more. Returns when the old generation was paused, and
    /// the state that the new one was given.
    async fn make_ready(
        &self,
        new: &L::Generation,
        number: u64,
        reservation: &Reservation,
        purpose: &Purpose,
        report: &mut Report,
    ) -> Result<(Instant, Option<State>), CogError> {
        // 3. setup: the old one still serves.
        let since = Instant::now();
        let set_up = self.lifecycle.setup(new).await;
        set_up.map_err(|source| self.failed(number, new, Step::Setup, source))?;
        report.passed(Step::Setup, since);
        self.wait_for_group(Point::SetUp, reservation).await?;

        // 4. pause: from here on events are queued.
        let paused = Instant::now();
        if let Some(old) = self.stage.serving() {
            match self.lifecycle.pause(&old.generation).await {
                Ok(cancelled) => report.cancelled = cancelled,
                // The generation that is undone may be broken.
                Err(error) if purpose.is_going_back() => {
                    report.notes.push(format!("it did not pause: {error}"))
                }
                Err(source) => return Err(self.stays(old, Step::Pause, source)),
            }
            report.passed(Step::Pause, paused);
        }

        // 5. save, restore
        let since = Instant::now();
        let states = self.states(purpose).await?;
        if self.stage.serving().is_some() {
            report.passed(Step::Save, since);
        }
        let since = Instant::now();
        let mut state = None;
        for (given, age) in states {
            (report.state_bytes, report.state_age) = (Some(given.bytes.len()), age);
            match self.lifecycle.restore(new, given.clone()).await {
                Ok(()) => {
                    state = Some(given);
                    break;
                }
                Err(error) if purpose.is_going_back() => {
                    report.notes.push(format!("a state was refused: {error}"));
                }
                Err(source) => return Err(self.failed(number, new, Step::Restore, source)),
            }
        }
        if report.state_bytes.is_some() {
            report.passed(Step::Restore, since);
        }
        self.wait_for_group(Point::Restored, reservation).await?;
        Ok((paused, state))
    }

    /// Waits for the cogs that are replaced together with this one. If one of them fails, this one goes on only if it
    /// can serve without them.
    async fn wait_for_group(&self, point: Point, reservation: &Reservation) -> Result<(), CogError> {
        match &reservation.together {
            Some(member) if !member.reach(point).await => {
                self.registry.claim(&reservation.file, &reservation.manifest, None)
            }
            _ => Ok(()),
        }
    }

    fn new_report(&self, number: u64, candidate: &Candidate<L::Library>, purpose: &Purpose) -> Report {
        let serving = self.stage.serving();
        let outcome = match (purpose, serving) {
            (Purpose::GoBack { .. }, _) => Outcome::WentBack,
            (Purpose::Deploy, Some(_)) => Outcome::Replaced,
            (Purpose::Deploy, None) => Outcome::Loaded,
        };
        let mut report = Report::new(&self.name, outcome);
        report.from = serving.map(|serving| serving.number);
        report.from_version = serving.map(|serving| serving.manifest.version.clone());
        report.to = Some(number);
        report.to_version = Some(candidate.manifest.version.clone());
        report.notes.clone_from(&candidate.notes);
        report.notes.extend(candidate.missing_intents.iter().map(ToString::to_string));
        if let Purpose::GoBack { note, from, to, .. } = purpose {
            report.from = Some(*from);
            report.restored = Some(*to);
            report.notes.push(note.clone());
        }
        report
    }

    /// The states to offer to the new generation, best first, each with its age; `None` as the age if the serving
    /// generation has just saved it.
    async fn states(&self, purpose: &Purpose) -> Result<Vec<(State, Option<Duration>)>, CogError> {
        let with_age = |(state, age)| (state, Some(age));
        let own = match self.stage.serving() {
            Some(old) => {
                self.saved(&old.generation).await.map(|state| Some((state?, None))).map_err(|error| {
                    match error {
                        SaveError::Order(source) => self.stays(old, Step::Save, source),
                        SaveError::TooLarge { bytes, limit } => {
                            CogError::StateTooLarge { name: self.id(old.number), bytes, limit }
                        }
                    }
                })
            }
            None => match self.unsaved.as_ref().or(self.last_saved.as_ref()) {
                Some((state, since)) => Ok(Some((state.clone(), Some(since.elapsed())))),
                None => self.lifecycle.stored_state().await.map(|state| state.map(with_age)),
            },
        };
        match purpose {
            Purpose::Deploy => Ok(own?.into_iter().collect()),
            // The state that the failing code saved is newer; the one that it was given is certainly readable.
            Purpose::GoBack { state: given, .. } => {
                let newer = own.ok().flatten();
                let is_readable =
                    |newer: &State| given.as_ref().is_none_or(|(given, _)| given.version == newer.version);
                let newer = newer.filter(|(newer, _)| is_readable(newer));
                let given = given.clone().map(|(given, since)| (given, Some(since.elapsed())));
                Ok([newer, given].into_iter().flatten().collect())
            }
        }
    }

    /// What the host can go back to from the new generation, if the configuration wants that.
    fn previous(&self, state: Option<&State>) -> Option<Previous> {
        let old = self.stage.serving()?;
        let faults = self.limits.probation_faults;
        if faults == 0 {
            return None;
        }
        let errors = Errors { handled: self.lifecycle.pulse(&old.generation).handled(), errors: old.errors };
        Some(Previous {
            number: old.number,
            library: self.lifecycle.keep(&old.generation)?,
            state: state.map(|state| (state.clone(), Instant::now())),
            until: Instant::now() + self.limits.probation,
            last_call: None,
            blame: Blame::new(faults, errors),
        })
    }

    /// The error for a failed step of the new generation.
    fn failed(&self, number: u64, new: &L::Generation, step: Step, source: OrderError) -> CogError {
        let kept = self.kept().unwrap_or_else(|| "; it is not loaded".to_owned());
        let has_process = self.lifecycle.pulse(new).process().is_some();
        CogError::Step { name: self.id(number), step, kept, retry_in: RetryIn(None), has_process, source }
    }

    /// The same for step 2, where the error does not yet mention what serves.
    fn not_opened(&self, error: CogError) -> CogError {
        match error {
            CogError::Open { name, file, retry_in, source, .. } => {
                CogError::Open { name, file, kept: self.kept().unwrap_or_default(), retry_in, source }
            }
            error => error,
        }
    }

    /// The error for an old generation that could not be replaced.
    fn stays(&self, old: &Serving<L::Generation>, step: Step, source: OrderError) -> CogError {
        let pulse = self.lifecycle.pulse(&old.generation);
        let follows = match source {
            OrderError::Ended(_) => {
                "; it has ended, and is loaded again with the state that was saved last".to_owned()
            }
            // What keeps it from pausing also keeps it from serving.
            OrderError::Deadline(_) if step == Step::Pause && pulse.call().is_some() => {
                format!(", and is still in `{}`", pulse.describe())
            }
            OrderError::Deadline(_) if step == Step::Pause && pulse.unanswered().is_some() => {
                ", and its process does not answer".to_owned()
            }
            _ => format!(", and keeps serving{}", self.with_old_settings(old)),
        };
        CogError::Stays { name: self.id(old.number), step, follows, source }
    }

    /// What happens to the serving generation, as a clause.
    fn kept(&self) -> Option<String> {
        let old = self.stage.serving()?;
        let id = self.id(old.number);
        Some(match self.lifecycle.pulse(&old.generation).has_ended() {
            true => format!("; `{id}` has ended meanwhile"),
            false => format!("; `{id}` keeps serving{}", self.with_old_settings(old)),
        })
    }

    fn with_old_settings(&self, old: &Serving<L::Generation>) -> String {
        let outdated =
            self.lifecycle.terms(&old.generation).outdated(&self.lifecycle.terms_now(&old.manifest));
        match outdated.as_slice() {
            [] => String::new(),
            outdated => format!(" {}", with_old_settings(outdated)),
        }
    }

    /// The new generation will not serve; the old one goes on.
    fn discard(&self, new: L::Generation, number: u64) {
        if let Some(old) = self.stage.serving() {
            self.lifecycle.serve(&old.generation);
        }
        // Its lease ends first, so that it plans nothing more.
        drop(self.lifecycle.retire(new));
        self.schedule.forget(number);
    }
}

/// What is claimed for the new generation, and with which other cogs.
struct Reservation {
    together: Option<Member>,
    file: PathBuf,
    manifest: Arc<Manifest>,
}
