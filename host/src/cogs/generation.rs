//! Brings a generation up, from a verified copy to a cog that is set up and not yet serving. Nothing that runs is
//! touched; a failure leaves nothing behind.

use std::{path::Path, sync::Arc, time::Instant};

use gearshift_cog::manifest::Manifest;

use super::{Cog, CogError, Cogs, report::Report, retire::Remains};
use crate::{
    handles::{self, Lease, LeaseParts},
    identity::GenerationId,
    lane::{Lane, LaneParts},
    library::{Mapping, OpenError, OpenLibrary, Prepared, PrivateCopy, Refused},
};

/// A generation whose cog exists.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) id: GenerationId,
    pub(super) manifest: Arc<Manifest>,
    pub(super) lane: Lane,
    pub(super) library: OpenLibrary,
    pub(super) copy: PrivateCopy,
    pub(super) lease: Arc<Lease>,
}

impl Generation {
    /// The events that it hears and `before` did not.
    pub(super) fn misses(&self, before: &Generation) -> Vec<String> {
        let heard = &before.manifest.events;
        self.manifest.events.iter().filter(|event| !heard.contains(event)).cloned().collect()
    }

    /// Everything of it that is left once its cog has been told to end.
    pub(super) fn into_remains(self) -> Remains {
        self.lease.retire();
        let Generation { id, lane, library, copy, lease, .. } = self;
        Remains { id, thread: Some(lane.end()), library: Some(library), copy, lease, was_lent: true }
    }
}

impl Cogs {
    /// Opens the copy on a lane of its own and sets the cog up.
    pub(super) async fn bring_up(
        &self,
        cog: &Cog,
        source: &Path,
        prepared: Prepared,
        report: &mut Report,
    ) -> Result<Generation, CogError> {
        let generation = self.open_up(cog, source, prepared, report).await?;
        self.set_up(cog, generation, report).await
    }

    /// Opens the copy on a lane of its own and makes the cog's instance.
    pub(super) async fn open_up(
        &self,
        cog: &Cog,
        source: &Path,
        mut prepared: Prepared,
        report: &mut Report,
    ) -> Result<Generation, CogError> {
        let id = GenerationId { cog: Arc::clone(&cog.name), number: cog.next_number() };
        report.to = Some(id.number);
        report.notes.extend(prepared.notes.iter().map(ToString::to_string));
        let lease = Lease::new(LeaseParts {
            id: id.clone(),
            sessions: Arc::clone(&self.parts.sessions),
            schedule: Arc::clone(&cog.schedule),
            runtime: self.parts.runtime.clone(),
            calls_in_flight: self.parts.limits.calls_in_flight,
        });
        prepared.copy.rename(&cog.name, id.number).map_err(|why| {
            let (file, cog) = (source.to_owned(), Some(cog.name.to_string()));
            CogError::from(Box::new(Refused { file, cog, why: why.into() }))
        })?;
        prepared.copy.set_mapping(Mapping::Mapped);
        let since = Instant::now();
        let router = Arc::clone(&self.parts.router);
        let parts = LaneParts {
            decline: Box::new(move |item| router.decline(item)),
            id: id.clone(),
            file: prepared.copy.path().to_owned(),
            lease: Arc::clone(&lease),
            table: handles::table(),
            inbox: Arc::clone(&cog.inbox),
            events: prepared.manifest.events.clone(),
            commands: prepared.manifest.commands.iter().map(|command| command.name.clone()).collect(),
            handlers_in_flight: self.parts.limits.handlers_in_flight,
            faults: self.faults.clone(),
        };
        let deadline = self.parts.limits.setup_timeout;
        let started = match tokio::time::timeout(deadline, Lane::start(parts)).await {
            Ok(started) => started,
            // Its thread is stuck inside the dynamic loader: nothing of it can be taken back.
            Err(_) => {
                self.reaper.hold(&id, "its thread did not come back from opening it");
                return Err(open_error(&id, source, OpenError::Deadline(deadline)));
            }
        };
        let (lane, library) = match started {
            Ok(started) => started,
            Err(failure) => {
                let (thread, library) = (failure.thread, failure.library);
                self.reaper.retire(
                    Remains { id: id.clone(), thread, library, copy: prepared.copy, lease, was_lent: false },
                    self.deadline(),
                );
                return Err(open_error(&id, source, failure.error));
            }
        };
        report.phase("open", since);
        let manifest = Arc::new(prepared.manifest);
        Ok(Generation { id, manifest, lane, library, copy: prepared.copy, lease })
    }

    /// Sets the cog up.
    pub(super) async fn set_up(
        &self,
        cog: &Cog,
        generation: Generation,
        report: &mut Report,
    ) -> Result<Generation, CogError> {
        let deadline = self.parts.limits.setup_timeout;
        let since = Instant::now();
        if let Err(source) = generation.lane.setup(deadline).await {
            let error = self.step_error(cog, &generation, "setup", source);
            let remains = generation.into_remains();
            // After its lease has ended: it plans nothing more.
            cog.schedule.forget(remains.id.number);
            self.reaper.retire(remains, self.deadline());
            return Err(error);
        }
        report.phase("setup", since);
        Ok(generation)
    }

    /// A step of a new generation failed: says what serves on.
    pub(super) fn step_error(
        &self,
        cog: &Cog,
        generation: &Generation,
        step: &'static str,
        source: crate::lane::OrderError,
    ) -> CogError {
        let kept = match cog.view().number {
            0 => "; it is not loaded".to_owned(),
            serving => format!("; `{}#{serving}` serves on", cog.name),
        };
        CogError::Step { name: generation.id.to_string(), step, kept, source }
    }

    /// How long a retired generation's thread may take to end.
    pub(super) fn deadline(&self) -> std::time::Duration {
        self.parts.limits.join_timeout
    }
}

fn open_error(id: &GenerationId, file: &Path, source: OpenError) -> CogError {
    CogError::Open { name: id.to_string(), file: file.to_owned(), source }
}
