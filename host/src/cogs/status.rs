//! The status of the cogs, for people and for the control socket. Reading it changes nothing and never waits.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde::Serialize;

use super::{
    Absence, Cogs, CogsParts, DurationsSeen, Held, MissingIntent, RefusedFile, Report, Stage, Totals,
    ownership::Entry, stage::Status,
};
use crate::{
    config::LaneKind, counters::TimesSeen, lane::Pulse, library::Digest, process::Usage,
    schedule::TaskStatus, text::path_as_text,
};

/// Maximum number of planned tasks that are listed per cog.
const PLANNED_MAX: usize = 100;

/// One cog.
#[derive(Clone, Debug, Serialize)]
pub struct CogStatus {
    /// Name.
    pub name: String,
    /// The generation that serves.
    pub generation: Option<u64>,
    /// Its file.
    #[serde(serialize_with = "path_as_text")]
    pub file: PathBuf,
    /// The cog's own version.
    pub version: Option<String>,
    /// BLAKE3 of the content of the file that serves.
    pub digest: Option<Digest>,
    /// The stage it is in.
    pub stage: Stage,
    /// Why it is away.
    pub absence: Option<Absence>,
    /// Why it is away, as text.
    pub reason: Option<String>,
    /// The kind of its lane.
    pub lane: LaneKind,
    /// Its own process, if it has one.
    pub process: Option<LaneProcess>,
    /// Whether its process is sandboxed.
    pub sandbox: bool,
    /// What it may request from the host; `None`: everything.
    pub handles: Option<Vec<String>>,
    /// Settings that have changed and that this generation was opened without, as text.
    pub outdated: Vec<String>,
    /// What its thread is doing.
    pub activity: &'static str,
    /// Events it subscribes to.
    pub events: Vec<String>,
    /// Commands it handles.
    pub commands: Vec<String>,
    /// Events among them that never arrive.
    pub missing_intents: Vec<MissingIntent>,
    /// Items in its queue.
    pub queued: usize,
    /// Handlers that are running.
    pub in_flight: usize,
    /// Futures that its handlers have spawned and that are not done.
    pub spawned: usize,
    /// Items passed to it so far.
    pub handled: u64,
    /// Items that were dropped so far because its queue was full.
    pub dropped: u64,
    /// Planned tasks.
    pub tasks: usize,
    /// The first of them by name, at most 100.
    pub planned: Vec<TaskStatus>,
    /// Faults of this generation.
    pub faults: u64,
    /// Handlers of this generation that ended because Discord refused, the network failed or a user mistyped.
    pub refusals: u64,
    /// Over all generations since the host was opened, as is `handled`.
    pub totals: Totals,
    /// How long handlers have taken since then.
    #[serde(skip)]
    pub handled_in: TimesSeen,
    /// The last failure, of a handler or of an attempt to load, until other code or other settings are loaded.
    pub last_fault: Option<String>,
    /// Seconds since then.
    pub last_fault_secs: Option<u64>,
    /// Whether the state it returned last is not in the store yet.
    pub is_unsaved: bool,
    /// Seconds since this generation began to serve.
    pub uptime_secs: Option<u64>,
    /// The last operation on it.
    pub last_report: Option<Report>,
}

/// The process of a lane.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LaneProcess {
    /// Its process id.
    pub id: u32,
    /// Resident memory in bytes, including what it shares with other processes.
    pub memory_bytes: u64,
    /// Processor time so far, in milliseconds.
    pub processor_ms: u64,
}

impl LaneProcess {
    /// `None` if it is gone.
    fn of(id: u32) -> Option<LaneProcess> {
        let (memory_bytes, processor) = Usage::of_process(id)?;
        let processor_ms = u64::try_from(processor.as_millis()).unwrap_or(u64::MAX);
        Some(LaneProcess { id, memory_bytes, processor_ms })
    }
}

/// All cogs, and what is left of those that were unloaded.
#[derive(Clone, Debug, Serialize)]
pub struct HostStatus {
    /// The cogs by name.
    pub cogs: Vec<CogStatus>,
    /// Files that are not loaded, and why.
    pub refused: Vec<RefusedFile>,
    /// Retired generations that are still mapped.
    pub held: Vec<Held>,
    /// Libraries unmapped so far.
    pub unmapped: usize,
    /// Events that reached at least one cog so far.
    pub routed: u64,
    /// Events that could not be read so far.
    pub unreadable: u64,
    /// Events that arrived so far, by Discord's name; `other` counts those beyond the names that are
    /// counted separately.
    pub received: BTreeMap<String, u64>,
    /// How long the operations on cogs took so far.
    #[serde(skip)]
    pub durations: DurationsSeen,
}

impl Cogs {
    /// Whether no cog has an event queued or a handler running.
    pub fn is_idle(&self) -> bool {
        let is_idle = |pulse: &Arc<Pulse>| pulse.is_idle();
        let busy = self.registry.each(|_, status, entry| {
            (!entry.inbox.is_empty() || !status.pulse.as_ref().is_none_or(is_idle)).then_some(())
        });
        busy.is_empty()
    }

    /// The current status of everything.
    pub fn status(&self) -> HostStatus {
        let (routed, unreadable) = self.parts.router.counts();
        let mut received = self.parts.router.received().counts();
        let others = self.parts.router.received().others();
        if others > 0 {
            *received.entry("other".to_owned()).or_default() += others;
        }
        HostStatus {
            cogs: self.registry.each(|name, known, entry| Some(status(name, known, entry, &self.parts))),
            refused: self.registry.refused(),
            held: self.reaper.held(),
            unmapped: self.reaper.unmapped(),
            routed,
            unreadable,
            received,
            durations: self.registry.durations.seen(),
        }
    }
}

fn status(name: &Arc<str>, status: &Status, entry: &Entry, parts: &CogsParts) -> CogStatus {
    let manifest = status.manifest.as_ref().filter(|_| status.generation.is_some());
    let counts = entry.inbox.counts();
    let is_away = status.stage == Stage::Away;
    let terms_now = parts.settings.terms(name, manifest.map(|manifest| &**manifest));
    // A serving generation keeps the terms that it was opened with.
    let terms = status.terms.as_deref().unwrap_or(&terms_now);
    CogStatus {
        name: name.to_string(),
        generation: status.generation,
        file: status.file.clone(),
        version: manifest.map(|manifest| manifest.version.clone()),
        digest: status.digest,
        stage: status.stage,
        absence: is_away.then_some(status.absence),
        reason: status.reason.clone().filter(|_| is_away),
        lane: match status.pulse.as_ref() {
            Some(pulse) if pulse.process().is_some() => LaneKind::Process,
            Some(_) => LaneKind::Thread,
            None => terms.lane.kind,
        },
        process: status.pulse.as_ref().and_then(|pulse| LaneProcess::of(pulse.process()?)),
        sandbox: terms.lane.sandbox.is_on(),
        handles: terms.allowed.list().map(|list| list.iter().map(ToString::to_string).collect()),
        outdated: terms.outdated(&terms_now),
        activity: status.pulse.as_ref().map_or("idle", |pulse| pulse.snapshot().1.name()),
        in_flight: status.pulse.as_ref().map_or(0, |pulse| pulse.handlers()),
        spawned: status.pulse.as_ref().map_or(0, |pulse| pulse.spawned()),
        missing_intents: manifest
            .map_or_else(Vec::new, |manifest| MissingIntent::of(&manifest.events, parts.intents.as_deref())),
        events: manifest.map_or_else(Vec::new, |manifest| manifest.events.clone()),
        commands: if manifest.is_some() {
            status.commands().map(str::to_owned).collect()
        } else {
            Vec::new()
        },
        queued: counts.waiting,
        handled: counts.taken,
        dropped: counts.dropped,
        tasks: entry.schedule.len(),
        planned: entry.schedule.tasks(PLANNED_MAX),
        faults: status.faults,
        refusals: status.refusals,
        totals: status.totals.clone(),
        handled_in: entry.inbox.handled(),
        last_fault: status.last_fault.as_ref().map(|fault| fault.text.clone()),
        last_fault_secs: status.last_fault.as_ref().map(|fault| fault.at.elapsed().as_secs()),
        is_unsaved: status.is_unsaved,
        uptime_secs: status
            .since
            .filter(|_| status.generation.is_some())
            .map(|since| since.elapsed().as_secs()),
        last_report: status.last_report.clone(),
    }
}
