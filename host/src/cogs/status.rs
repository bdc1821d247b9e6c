//! How the cogs are, for people and for the control socket. Looking changes nothing and waits for nothing.

use std::{path::PathBuf, sync::Arc};

use serde::Serialize;

use super::{Cogs, Held, Report};
use crate::lane::{Activity, Pulse};

/// How a cog stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It never served, or was unloaded.
    #[default]
    Away,
    /// It is being loaded for the first time; its events wait.
    Loading,
    /// It serves.
    Serving,
}

/// One cog.
#[derive(Clone, Debug, Serialize)]
pub struct CogStatus {
    /// Name.
    pub name: String,
    /// The generation that serves.
    pub generation: Option<u64>,
    /// Its file.
    pub file: PathBuf,
    /// The cog's own version.
    pub version: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// What its thread is doing.
    pub activity: &'static str,
    /// Events it hears.
    pub events: Vec<String>,
    /// Commands it answers.
    pub commands: Vec<String>,
    /// Items that wait for it.
    pub queued: usize,
    /// Handlers that were begun and are not done.
    pub in_flight: usize,
    /// Items handed to it so far.
    pub handled: u64,
    /// Items that found its queue full so far.
    pub turned_away: u64,
    /// Planned tasks.
    pub tasks: usize,
    /// Faults of this generation.
    pub faults: u64,
    /// The last failure, of a handler or of an attempt to load.
    pub last_fault: Option<String>,
    /// Seconds since this generation began to serve.
    pub uptime_secs: Option<u64>,
    /// The last operation on it.
    pub last_report: Option<Report>,
}

/// All cogs, and what is left of those that went.
#[derive(Clone, Debug, Serialize)]
pub struct HostStatus {
    /// The cogs by name.
    pub cogs: Vec<CogStatus>,
    /// Retired generations that are still mapped.
    pub held: Vec<Held>,
    /// Libraries unmapped so far.
    pub unmapped: usize,
    /// Events that reached at least one cog so far.
    pub routed: u64,
    /// Events that could not be read so far.
    pub unreadable: u64,
}

impl Cogs {
    /// Whether no cog has an event waiting or a handler under way.
    pub fn is_idle(&self) -> bool {
        self.cogs().values().all(|cog| {
            let rests = |pulse: &Arc<Pulse>| pulse.handlers() == 0 && pulse.look().1 == Activity::Idle;
            cog.inbox.is_empty() && cog.view().pulse.as_ref().is_none_or(rests)
        })
    }

    /// How everything is now.
    pub fn status(&self) -> HostStatus {
        let (routed, unreadable) = self.parts.router.counts();
        let cogs = self.cogs().values().map(status).collect();
        HostStatus { cogs, held: self.reaper.held(), unmapped: self.reaper.unmapped(), routed, unreadable }
    }
}

fn status(cog: &Arc<super::Cog>) -> CogStatus {
    let view = cog.view();
    let manifest = view.manifest.filter(|_| view.number > 0);
    let counts = cog.inbox.counts();
    CogStatus {
        name: cog.name.to_string(),
        generation: (view.number > 0).then_some(view.number),
        file: view.source,
        version: manifest.as_ref().map(|manifest| manifest.version.clone()),
        standing: view.standing,
        activity: view.pulse.as_ref().map_or("idle", |pulse| pulse.look().1.name()),
        in_flight: view.pulse.as_ref().map_or(0, |pulse| pulse.handlers()),
        events: manifest.as_ref().map_or_else(Vec::new, |manifest| manifest.events.clone()),
        commands: manifest
            .iter()
            .flat_map(|it| it.commands.iter().map(|command| command.name.clone()))
            .collect(),
        queued: counts.waiting,
        handled: counts.taken,
        turned_away: counts.turned_away,
        tasks: cog.schedule.len(),
        faults: view.faults,
        last_fault: view.last_fault,
        uptime_secs: view.since.filter(|_| view.number > 0).map(|since| since.elapsed().as_secs()),
        last_report: view.last_report,
    }
}
