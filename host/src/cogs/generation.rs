//! The real implementation of `Lifecycle`: each generation is a lane with a library. Bringing one up touches nothing
//! that runs, and a failure leaves nothing behind.

use std::{fs, path::Path, sync::Arc, time::Duration};

use gearshift_cog::manifest::Manifest;
use tokio::sync::{mpsc, oneshot};

use super::{
    CogError, CogsParts, MissingIntent, Retirement,
    error::RetryIn,
    lifecycle::{Candidate, Lifecycle, RetainedLibrary},
    message::{Lost, Message},
    retire::{Reaper, Remains},
    terms::Terms,
};
use crate::{
    config::LaneKind,
    cooldowns::Cooldowns,
    error::chain,
    fault::FaultKind,
    handles::{self, Lease, LeaseParts},
    identity::GenerationId,
    lane::{Bounds, Ending, Inbox, Lane, LaneParts, OrderError, PauseError, ProcessParts, Pulse, State},
    library::{
        self, CopyError, Digest, Mapping, Note, OpenError, OpenLibrary, Prepared, PrivateCopy, Refused,
        prefix_names,
    },
    schedule::Schedule,
};

/// The lanes of one cog.
pub(super) struct Lanes {
    pub(super) name: Arc<str>,
    pub(super) parts: Arc<CogsParts>,
    pub(super) reaper: Arc<Reaper>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) cooldowns: Arc<Cooldowns>,
    /// Receives the faults of the cog's generations.
    pub(super) owner: mpsc::WeakUnboundedSender<Message<PrivateCopy>>,
}

/// A generation whose instance exists.
#[derive(Debug)]
pub(super) struct Generation {
    id: GenerationId,
    lane: Lane,
    /// The library, if it is open in this process.
    library: Option<OpenLibrary>,
    copy: PrivateCopy,
    lease: Arc<Lease>,
    terms: Arc<Terms>,
}

/// Reads, copies and verifies a file, on a blocking thread.
pub(super) async fn prepare(parts: &CogsParts, file: &Path) -> Result<Candidate<PrivateCopy>, CogError> {
    let (from, copies) = (file.to_owned(), parts.copies.clone());
    let prepared = tokio::task::spawn_blocking(move || library::prepare(&copies, &from)).await;
    let prepared = prepared.map_err(|error| CogError::Host(error.to_string()))?;
    let Prepared { copy, manifest, notes, took } = prepared.map_err(Box::new)?;
    Ok(Candidate {
        file: file.to_owned(),
        missing_intents: MissingIntent::of(&manifest.events, parts.intents.as_deref()),
        manifest: Arc::new(manifest),
        digest: copy.digest(),
        took,
        never_unmapped: notes.iter().any(Note::is_never_unmapped),
        notes: notes.iter().map(ToString::to_string).collect(),
        library: copy,
        together: None,
    })
}

impl Lanes {
    fn id(&self, number: u64) -> GenerationId {
        GenerationId { cog: Arc::clone(&self.name), number }
    }

    fn refused(&self, file: &Path, why: CopyError) -> CogError {
        let cog = Some(self.name.to_string());
        CogError::from(Box::new(Refused { file: file.to_owned(), cog, why: why.into() }))
    }

    fn lane_parts(
        &self,
        id: &GenerationId,
        manifest: &Manifest,
        copy: &PrivateCopy,
        terms: &Terms,
    ) -> (LaneParts, Arc<Lease>) {
        let parts = &self.parts;
        let lease = Lease::new(LeaseParts {
            id: id.clone(),
            sessions: Arc::clone(&parts.sessions),
            settings: terms.settings.as_ref().map_or("{}", |settings| settings.json()).to_owned(),
            allowed: terms.allowed.clone(),
            schedule: Arc::clone(&self.schedule),
            cooldowns: Arc::clone(&self.cooldowns),
            facts: Arc::clone(parts.router.facts()),
            runtime: parts.runtime.clone(),
            work: parts.work.clone(),
            calls_in_flight: parts.limits.calls_in_flight,
        });
        let (owner, reporter) = (self.owner.clone(), id.clone());
        let discord = parts.sessions.discord.clone();
        let lane = LaneParts {
            id: id.clone(),
            file: copy.path().to_owned(),
            lease: Arc::clone(&lease),
            table: handles::table(),
            inbox: Arc::clone(&self.inbox),
            events: manifest.events.clone(),
            commands: manifest
                .commands
                .iter()
                .flat_map(|command| prefix_names(command).chain([&*command.name]))
                .map(str::to_owned)
                .collect(),
            handlers_in_flight: parts.limits.handlers_in_flight,
            report: Box::new(move |what, fault| {
                if fault.is_fault() {
                    tracing::error!(cog = %reporter, what, "a handler failed: {fault}");
                } else if fault.kind == FaultKind::Refused
                    && discord.as_ref().is_some_and(|discord| discord.is_token_refused())
                {
                    // The session has already logged this as an error, once; it
                    // affects every handler that uses Discord.
                    tracing::debug!(cog = %reporter, what, "a handler ended early: {fault}");
                } else {
                    tracing::warn!(cog = %reporter, what, "a handler ended early: {fault}");
                }
                if let Some(owner) = owner.upgrade() {
                    let (number, what) = (reporter.number, what.to_owned());
                    let _ = owner.send(Message::Fault { number, what, fault });
                }
            }),
        };
        (lane, lease)
    }

    /// What a lane in its own process needs in addition.
    fn process_parts(&self, id: &GenerationId, terms: &Terms) -> ProcessParts {
        let (owner, number) = (self.owner.clone(), id.number);
        ProcessParts {
            memory_max: terms.lane.memory_max,
            bounds: Bounds::of(&self.parts.limits),
            redeliver: terms.lane.redeliver,
            sandbox: terms.lane.sandbox,
            end_within: self.parts.limits.join_timeout,
            crashed: Box::new(move |why| {
                if let Some(owner) = owner.upgrade() {
                    let _ = owner.send(Message::Lost { number, how: Lost::Crash, why });
                }
            }),
        }
    }

    fn hand_over(&self, remains: Remains) -> oneshot::Receiver<Retirement> {
        self.reaper.retire(remains, self.parts.limits.join_timeout)
    }
}

impl Lifecycle for Lanes {
    type Library = PrivateCopy;
    type Generation = Generation;

    async fn prepare(&self, file: &Path) -> Result<Candidate<PrivateCopy>, CogError> {
        prepare(&self.parts, file).await
    }

    fn has_room(&self) -> Result<(), CogError> {
        match self.reaper.is_full_for(&self.name) {
            Some(held) => Err(CogError::TooManyHeld { name: self.name.to_string(), held }),
            None => Ok(()),
        }
    }

    async fn open(&self, number: u64, candidate: Candidate<PrivateCopy>) -> Result<Generation, CogError> {
        let Candidate { file, manifest, library: mut copy, .. } = candidate;
        let id = self.id(number);
        let settings = &self.parts.settings;
        for odd in [settings.unused(&manifest), settings.not_allowed(&manifest)].into_iter().flatten() {
            tracing::warn!(cog = %id, "{odd}");
        }
        copy.rename(&self.name, number).map_err(|why| self.refused(&file, why))?;
        copy.set_mapping(Mapping::Mapped);
        let terms = Arc::new(settings.terms(&self.name, Some(&manifest)));
        let (parts, lease) = self.lane_parts(&id, &manifest, &copy, &terms);
        let failed = |source| CogError::Open {
            name: id.to_string(),
            file: file.clone(),
            kept: String::new(),
            retry_in: RetryIn(None),
            source,
        };
        let vanished = || self.refused(&file, CopyError::Vanished);
        let deadline = self.parts.limits.setup_timeout;
        if terms.lane.kind == LaneKind::Process {
            let process = self.process_parts(&id, &terms);
            // If it does not start in time, dropping the future ends the process.
            let started = tokio::time::timeout(deadline, Lane::start_process(parts, process)).await;
            let lane = started.unwrap_or(Err(OpenError::Deadline(deadline))).map_err(|error| {
                // At most a process that is ending still maps it.
                copy.set_mapping(Mapping::Unmapped);
                match error {
                    OpenError::Process(_) if copy.is_missing() => vanished(),
                    error => failed(error),
                }
            })?;
            return Ok(Generation { id, lane, library: None, copy, lease, terms });
        }
        let Ok(started) = tokio::time::timeout(deadline, Lane::start(parts)).await else {
            // Its thread is stuck inside the dynamic loader and may hold the loader's lock: nothing of it can
            // be reclaimed.
            self.reaper.hold(&id, "its thread did not return from opening it");
            return Err(failed(OpenError::Deadline(deadline)));
        };
        match started {
            Ok((lane, library)) => Ok(Generation { id, lane, library: Some(library), copy, lease, terms }),
            Err(failure) => {
                let (thread, library, pulse) = (failure.thread, failure.library, failure.pulse);
                let id = id.clone();
                let is_missing = matches!(failure.error, OpenError::Loader(_)) && copy.is_missing();
                drop(self.hand_over(Remains { id, thread, pulse, library, copy, lease, was_lent: false }));
                Err(if is_missing { vanished() } else { failed(failure.error) })
            }
        }
    }

    async fn setup(&self, new: &Generation) -> Result<(), OrderError> {
        self.schedule.recall().await;
        let done = tokio::select! {
            done = new.lane.setup(self.parts.limits.setup_timeout) => done,
            () = self.parts.closing.cancelled() => Err(OrderError::Closing),
        };
        done.map_err(|error| match error {
            OrderError::Fault(fault) => self.parts.settings.with_config_line(&self.name, fault).into(),
            error => error,
        })
    }

    /// Handlers that do not finish in time are dropped at their `await`.
    async fn pause(&self, old: &Generation) -> Result<usize, OrderError> {
        let limits = &self.parts.limits;
        let stop = limits.drain_timeout + limits.join_timeout;
        match old.lane.pause(stop, limits.drain_timeout).await {
            Ok(()) => Ok(0),
            Err(PauseError::Order(error)) => Err(error),
            Err(PauseError::InFlight) => {
                let cancelled = old.lane.cancel(limits.join_timeout).await?;
                if cancelled > 0 {
                    let id = &old.id;
                    tracing::warn!(cog = %id, cancelled, "handlers were cancelled: they did not finish in time \
                                                          (`[limits] drain_timeout_ms`)");
                }
                Ok(cancelled)
            }
        }
    }

    async fn save(&self, old: &Generation) -> Result<Option<State>, OrderError> {
        old.lane.save(self.parts.limits.state_timeout).await
    }

    async fn restore(&self, new: &Generation, state: State) -> Result<(), OrderError> {
        new.lane.restore(state, self.parts.limits.state_timeout).await
    }

    fn serve(&self, generation: &Generation) {
        generation.lane.serve();
    }

    async fn teardown(&self, old: &Generation) -> Result<(), OrderError> {
        old.lane.teardown(self.parts.limits.state_timeout).await
    }

    fn retire(&self, old: Generation) -> oneshot::Receiver<Retirement> {
        old.lease.retire();
        let Generation { id, lane, library, mut copy, lease, .. } = old;
        let pulse = Arc::clone(lane.pulse());
        match lane.end() {
            Ending::Thread(thread) => {
                let thread = Some(thread);
                self.hand_over(Remains { id, thread, pulse, library, copy, lease, was_lent: true })
            }
            Ending::Process(ended) => {
                let (done, retired) = oneshot::channel();
                self.parts.runtime.spawn(async move {
                    let killed = ended.await.unwrap_or(true);
                    // The copy is no longer needed: a core dump is read with the file in the cogs folder.
                    copy.set_mapping(Mapping::Unmapped);
                    let _ = done.send(Retirement::Ended { killed });
                });
                retired
            }
        }
    }

    fn keep(&self, generation: &Generation) -> Option<RetainedLibrary> {
        // A hard link: the original name is removed when the library is unmapped.
        let copy = generation.copy.path();
        let file = copy.with_file_name(format!(".before-{}", copy.file_name()?.to_string_lossy()));
        // The link may exist already, from an earlier `keep` whose result was dropped.
        let _ = fs::remove_file(&file);
        match fs::hard_link(copy, &file) {
            Ok(()) => Some(RetainedLibrary(file)),
            Err(error) => {
                tracing::warn!(cog = %generation.id, "the host cannot go back to it: {error}");
                None
            }
        }
    }

    fn pulse(&self, generation: &Generation) -> Arc<Pulse> {
        Arc::clone(generation.lane.pulse())
    }

    fn terms(&self, generation: &Generation) -> Arc<Terms> {
        Arc::clone(&generation.terms)
    }

    fn terms_now(&self, manifest: &Manifest) -> Arc<Terms> {
        Arc::new(self.parts.settings.terms(&self.name, Some(manifest)))
    }

    async fn stored_state(&self) -> Result<Option<(State, Duration)>, CogError> {
        let Some(store) = &self.parts.sessions.store else { return Ok(None) };
        let saved = store.load_state(&self.name).await.map_err(|error| CogError::Host(error.to_string()))?;
        Ok(saved.map(|saved| {
            let age = saved.age();
            (State { version: saved.version, bytes: saved.bytes }, age)
        }))
    }

    fn has_store(&self) -> bool {
        self.parts.sessions.store.is_some()
    }

    async fn store_state(&self, state: &State) -> Result<(), String> {
        let Some(store) = &self.parts.sessions.store else { return Ok(()) };
        let saved = store.save_state(&self.name, state.version, state.bytes.clone()).await;
        saved.map_err(|error| error.to_string())
    }

    async fn remember(&self, from: &Digest, kept: &RetainedLibrary) -> Result<(), String> {
        let Some(store) = &self.parts.sessions.store else { return Ok(()) };
        let library = fs::read(kept.path()).map_err(|error| error.to_string())?;
        let saved = store.save_fallback(&self.name, &from.to_string(), library).await;
        saved.map_err(|error| error.to_string())
    }

    async fn remembered(&self, from: &Digest) -> Option<Option<RetainedLibrary>> {
        let store = self.parts.sessions.store.as_ref()?;
        let found = match store.fallback(&self.name, &from.to_string()).await {
            Ok(found) => found?,
            Err(error) => {
                tracing::warn!(cog = &*self.name, "cannot tell whether the host went back from it: {error}");
                return None;
            }
        };
        let Some(library) = found else { return Some(None) };
        let written = self.parts.copies.unused().map_err(|error| chain(&error)).and_then(|file| {
            fs::write(&file, library).map(|()| RetainedLibrary(file)).map_err(|error| error.to_string())
        });
        match written {
            Ok(kept) => Some(Some(kept)),
            Err(error) => {
                tracing::warn!(cog = &*self.name, "the previous version cannot be written: {error}");
                Some(None)
            }
        }
    }

    async fn forget(&self, from: &Digest) {
        if let Some(store) = &self.parts.sessions.store
            && let Err(error) = store.drop_fallback(&self.name, &from.to_string()).await
        {
            tracing::warn!(cog = &*self.name, "cannot forget that the host went back from it: {error}");
        }
    }
}
