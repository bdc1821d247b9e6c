//! The one task that owns a cog: its stage, its generation, its probation, its timers. Everything else sends it
//! messages and sees the status that it publishes. Operations never overlap, because there is only one task.

use std::{collections::VecDeque, path::PathBuf, sync::Arc, time::Duration};

use gearshift_cog::manifest::Manifest;
use tokio::{sync::mpsc, time::Instant};

use super::{
    CogError,
    blame::{Blame, Hangs},
    lifecycle::{Lifecycle, RetainedLibrary},
    message::{Answer, Finished, Leaving, Message, Trigger},
    ownership::Entry,
    registry::Registry,
    retry::{LostCode, RECHECK_INTERVAL, Retry},
    stage::{Absence, Stage},
};
use crate::{
    config::Limits,
    lane::{Inbox, Pulse, State},
    library::Digest,
    schedule::Schedule,
};

/// The owner.
pub(super) struct Owner<L: Lifecycle> {
    pub(super) name: Arc<str>,
    pub(super) lifecycle: L,
    pub(super) limits: Limits,
    pub(super) registry: Arc<Registry>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) stage: StageState<L::Generation>,
    /// The file that holds the cog, or held it last.
    pub(super) file: PathBuf,
    /// The number of the newest generation.
    pub(super) number: u64,
    /// A state that is not in the store yet, with its time, and when writing it is tried next, after which pause.
    pub(super) unsaved: Option<(State, Instant)>,
    pub(super) store_at: Option<(Instant, Duration)>,
    /// The state that was saved last, with its time, if there is no store from which lost code could get it.
    pub(super) last_saved: Option<(State, Instant)>,
    pub(super) save_at: Option<Instant>,
    pub(super) hangs: Hangs,
    /// A file whose content could not be brought into service, and is tried again.
    pub(super) failed_file: Option<(PathBuf, Digest, Retry)>,
    /// The serving code could not start with its current settings, and is tried again.
    pub(super) failed_renewal: Option<Retry>,
    /// Code that is to be brought back; its events are queued meanwhile.
    pub(super) lost: Option<LostCode>,
    /// The content for which the cog was last parked.
    pub(super) parked: Option<Digest>,
    /// Contents that the host went back from in this run.
    pub(super) rolled_back: Vec<Digest>,
    /// The last of them and the library that served before, until both are in the store.
    pub(super) to_remember: Option<(Digest, RetainedLibrary)>,
}

/// The stage that a cog is in, with what belongs to it.
pub(super) enum StageState<G> {
    /// Nothing serves.
    Away(Absence, Option<String>),
    /// The first generation, or the one after a crash, is being brought up; events are queued.
    Loading(Arc<Manifest>),
    /// A generation serves.
    Serving(Box<Serving<G>>),
    /// The cog is being unloaded. The generation no longer serves, and is retired soon.
    Leaving(Box<Serving<G>>),
}

impl<G> StageState<G> {
    /// Takes the stage out, to be entered again in another form at once.
    pub(super) fn take(&mut self) -> StageState<G> {
        std::mem::replace(self, StageState::Away(Absence::New, None))
    }

    /// The generation that serves.
    pub(super) fn serving(&self) -> Option<&Serving<G>> {
        match self {
            StageState::Serving(serving) => Some(serving),
            StageState::Away(..) | StageState::Loading(_) | StageState::Leaving(_) => None,
        }
    }
}

/// A generation that serves.
pub(super) struct Serving<G> {
    pub(super) number: u64,
    pub(super) generation: G,
    pub(super) manifest: Arc<Manifest>,
    pub(super) digest: Digest,
    pub(super) errors: u64,
    pub(super) previous: Option<Previous>,
}

/// The previous generation, which the host can go back to.
pub(super) struct Previous {
    pub(super) number: u64,
    pub(super) library: RetainedLibrary,
    /// The state that it handed over, and when.
    pub(super) state: Option<(State, Instant)>,
    /// When probation ends, or is checked next.
    pub(super) until: Instant,
    /// The call that the new generation's thread was in when the time of probation was up.
    pub(super) last_call: Option<u64>,
    pub(super) blame: Blame,
}

impl Previous {
    /// Whether probation is over. A hang counts from when it began: if the thread is in a call when the time is up,
    /// probation lasts until that call returns.
    pub(super) fn is_over(&mut self, pulse: &Pulse) -> bool {
        let now = Instant::now();
        if self.last_call.is_none() && now < self.until {
            return false;
        }
        let call = pulse.call();
        let is_over = call.is_none() || self.last_call.is_some_and(|last| call != Some(last));
        (self.last_call, self.until) = (call, now + RECHECK_INTERVAL);
        is_over
    }

    /// The same for other new code, with no faults counted yet.
    pub(super) fn restart_probation(self, until: Instant) -> Previous {
        Previous { until, last_call: None, blame: self.blame.reset(), ..self }
    }
}

impl<L: Lifecycle> Owner<L> {
    /// The owner of a cog of which nothing is loaded; adds it to the registry. `itself` sends messages to this owner.
    pub(super) fn new(
        name: Arc<str>,
        lifecycle: L,
        limits: Limits,
        registry: Arc<Registry>,
        inbox: Arc<Inbox>,
        schedule: Arc<Schedule>,
        itself: mpsc::WeakUnboundedSender<Message<L::Library>>,
    ) -> Owner<L> {
        let entry = Entry {
            inbox: Arc::clone(&inbox),
            schedule: Arc::clone(&schedule),
            status: Default::default(),
            file_gone: Box::new(move |file| {
                if let Some(owner) = itself.upgrade() {
                    let _ = owner.send(Message::Leave(Leaving::FileGone(file), Answer(None)));
                }
            }),
        };
        registry.add(&name, entry);
        Owner {
            name,
            lifecycle,
            limits,
            registry,
            inbox,
            schedule,
            stage: StageState::Away(Absence::New, None),
            file: PathBuf::new(),
            number: 0,
            unsaved: None,
            store_at: None,
            last_saved: None,
            save_at: None,
            hangs: Hangs::default(),
            failed_file: None,
            failed_renewal: None,
            lost: None,
            parked: None,
            rolled_back: Vec::new(),
            to_remember: None,
        }
    }

    /// Owns the cog until nothing can send it messages any more.
    pub(super) async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message<L::Library>>) {
        let mut waiting = VecDeque::new();
        loop {
            while let Ok(message) = messages.try_recv() {
                waiting.push_back(message);
            }
            // Timers get their turn however many messages arrive.
            if self.next_due().is_some_and(|due| due <= Instant::now()) {
                self.on_time().await;
            }
            match waiting.pop_front() {
                Some(Message::Deploy(candidate, Trigger::FileChanged, answer))
                    if waiting.iter().any(|later| later.replaces(&candidate.file)) =>
                {
                    answer.send(Ok(None));
                }
                Some(message) => self.take(message).await,
                None => tokio::select! {
                    message = messages.recv() => match message {
                        Some(message) => waiting.push_back(message),
                        None => return,
                    },
                    () = until(self.next_due()) => self.on_time().await,
                },
            }
        }
    }

    /// The name of one of its generations, such as `name#7`.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{}#{number}", self.name)
    }

    async fn take(&mut self, message: Message<L::Library>) {
        match message {
            Message::Expect(file, manifest, answer) => {
                let claimed = self.expect(file, manifest);
                answer.send(claimed.map(|()| None));
            }
            Message::Deploy(candidate, trigger, answer) => {
                let outcome = self.deploy(candidate, trigger).await;
                self.settle(outcome, answer);
            }
            Message::Renew(answer) => {
                let outcome = self.renew().await;
                self.settle(outcome, answer);
            }
            Message::Leave(why, answer) => {
                let outcome = self.leave(why).await;
                self.settle(outcome.map(Some), answer);
            }
            Message::Fault { number, what, fault } => {
                if self.count_fault(number, &what, &fault) {
                    self.go_back("it failed repeatedly").await;
                }
            }
            Message::Lost { number, how, why } => self.give_up(number, how, why).await,
        }
    }

    /// Enters a stage: the only place where it changes. Publishes the status here, and updates queue and schedule.
    /// Returns the previous stage, and how many queued events were dropped.
    pub(super) fn enter(&mut self, stage: StageState<L::Generation>) -> (StageState<L::Generation>, usize) {
        let mut waiting = VecDeque::new();
        match &stage {
            StageState::Loading(_) => self.inbox.open(),
            StageState::Serving(serving) => {
                self.inbox.open();
                self.schedule.take_over(serving.number);
            }
            StageState::Leaving(_) => waiting = self.inbox.close(),
            StageState::Away(..) => {
                waiting = self.inbox.close();
                self.schedule.clear();
                self.last_saved = None;
            }
        }
        let previous = std::mem::replace(&mut self.stage, stage);
        self.publish();
        let dropped = waiting.len();
        waiting.into_iter().filter_map(|item| item.observer).for_each(|observer| observer.decline());
        (previous, dropped)
    }

    /// Publishes the stage, and releases what was reserved for a generation that did not make it.
    pub(super) fn publish(&self) {
        let (file, is_unsaved) = (self.file.clone(), self.unsaved.is_some());
        self.registry.publish(&self.name, |status| {
            let was_serving = status.generation;
            status.file = file;
            status.is_unsaved = is_unsaved;
            status.is_tried_again = self.failed_file.is_some();
            (status.generation, status.digest, status.reason) = (None, None, None);
            (status.pulse, status.terms) = (None, None);
            let stage = match &self.stage {
                StageState::Away(absence, reason) => {
                    status.absence = *absence;
                    status.reason.clone_from(reason);
                    Stage::Away
                }
                StageState::Loading(manifest) => {
                    status.is_state_lost = false;
                    status.manifest = Some(Arc::clone(manifest));
                    Stage::Loading
                }
                StageState::Serving(serving) | StageState::Leaving(serving) => {
                    if was_serving != Some(serving.number) {
                        (status.faults, status.refusals) = (0, 0);
                    }
                    status.manifest = Some(Arc::clone(&serving.manifest));
                    status.digest = Some(serving.digest);
                    status.generation = Some(serving.number);
                    status.pulse = Some(self.lifecycle.pulse(&serving.generation));
                    status.terms = Some(self.lifecycle.terms(&serving.generation));
                    if matches!(self.stage, StageState::Serving(_)) { Stage::Serving } else { Stage::Leaving }
                }
            };
            if status.stage != stage || was_serving != status.generation {
                status.since = Some(Instant::now());
            }
            status.stage = stage;
        });
    }

    /// Reports the outcome of an operation, as soon as the outcome of retiring the old generation is known.
    pub(super) fn settle(&mut self, outcome: Result<Option<Finished>, CogError>, answer: Answer) {
        let name = Arc::clone(&self.name);
        let done = match outcome {
            Ok(Some(done)) => done,
            Ok(None) => return answer.send(Ok(None)),
            Err(error) => {
                self.registry.note(&name, |status| status.totals.ended(Err(&error)));
                return answer.send(Err(error));
            }
        };
        let (mut report, retired) = done;
        self.registry.durations.count(&report);
        self.registry.note(&name, |status| {
            status.totals.ended(Ok(report.outcome));
            status.last_report = Some(report.clone());
        });
        let since = Instant::now();
        let (patience, registry) =
            (self.limits.join_timeout + Duration::from_secs(1), Arc::clone(&self.registry));
        tokio::spawn(async move {
            if let Some(retired) = retired {
                report.retirement = tokio::time::timeout(patience, retired).await.ok().and_then(Result::ok);
                registry.durations.retired(since.elapsed());
                registry.note(&name, |status| {
                    // Another operation may have been reported since.
                    if let Some(last) = status.last_report.as_mut().filter(|last| last.is_of_same(&report)) {
                        last.retirement.clone_from(&report.retirement);
                    }
                });
            }
            answer.send(Ok(Some(report)));
        });
    }

    fn next_due(&self) -> Option<Instant> {
        let probation = match &self.stage {
            StageState::Serving(serving) => serving.previous.as_ref().map(|previous| previous.until),
            _ => None,
        };
        let store = self.store_at.map(|(at, _)| at);
        let file = self.failed_file.as_ref().map(|(.., retry)| retry.at);
        let renewal = self.failed_renewal.map(|retry| retry.at);
        let lost = self.lost.as_ref().and_then(|lost| lost.retry).map(|retry| retry.at);
        [probation, store, self.save_at, file, renewal, lost].into_iter().flatten().min()
    }

    async fn on_time(&mut self) {
        let now = Instant::now();
        if let StageState::Serving(serving) = &mut self.stage {
            let pulse = self.lifecycle.pulse(&serving.generation);
            // Drop the old code once it is no longer needed.
            serving.previous.take_if(|previous| previous.is_over(&pulse));
        }
        if self.store_at.is_some_and(|(at, _)| at <= now) {
            self.store().await;
            self.remember().await;
        }
        if self.save_at.is_some_and(|at| at <= now) {
            self.save().await;
        }
        if self.lost.as_ref().and_then(|lost| lost.retry).is_some_and(Retry::has_come) {
            self.bring_back(false).await;
        }
        // The file first: a generation from it needs no renewal.
        if let Some((file, failed, retry)) = &mut self.failed_file
            && retry.is_due(&self.lifecycle, &self.stage)
        {
            let (file, failed) = (file.clone(), *failed);
            self.try_file_again(&file, failed).await;
        }
        if let Some(retry) = &mut self.failed_renewal
            && retry.is_due(&self.lifecycle, &self.stage)
        {
            self.try_renewal_again().await;
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
