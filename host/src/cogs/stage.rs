//! The status of a cog, as everything but its owner sees it.

use std::{path::PathBuf, sync::Arc};

use gearshift_cog::manifest::Manifest;
use serde::Serialize;
use tokio::time::Instant;

use super::{Report, Totals, terms::Terms};
use crate::{lane::Pulse, library::Digest, router::Away};

/// The stage a cog is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// None of its generations serves.
    #[default]
    Away,
    /// Its first generation is being loaded, or one after a crash; its events are queued.
    Loading,
    /// A generation serves.
    Serving,
    /// It saves its state and is unloaded.
    Leaving,
}

/// Why a cog is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Nothing has been loaded yet.
    #[default]
    New,
    /// It could not be loaded. Its commands stay registered.
    Failed,
    /// It hung or crashed too often; nothing is loaded until its file changes or a user asks for it.
    Parked,
    /// A user unloaded it, or the host is closing.
    Unloaded,
    /// Its file is gone, or holds another cog now.
    FileGone,
}

/// What is known about a cog. Its owner publishes it as one value.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    pub(super) stage: Stage,
    pub(super) absence: Absence,
    /// Why it is away, as text.
    pub(super) reason: Option<String>,
    /// Whether what failed is tried again automatically.
    pub(super) is_tried_again: bool,
    /// Since when it is in this stage.
    pub(super) since: Option<Instant>,
    /// The generation that serves.
    pub(super) generation: Option<u64>,
    pub(super) file: PathBuf,
    /// The manifest of the generation that serves, is being loaded, or was there last.
    pub(super) manifest: Option<Arc<Manifest>>,
    pub(super) digest: Option<Digest>,
    pub(super) pulse: Option<Arc<Pulse>>,
    /// The terms that the serving generation was opened with.
    pub(super) terms: Option<Arc<Terms>>,
    pub(super) faults: u64,
    /// Handlers that ended because Discord refused, the network failed or a user mistyped.
    pub(super) refusals: u64,
    /// Over all generations.
    pub(super) totals: Totals,
    pub(super) last_fault: Option<LastFault>,
    pub(super) last_report: Option<Report>,
    /// Whether it returned a state that is not in the store yet.
    pub(super) is_unsaved: bool,
    /// Whether it was unloaded without returning its state.
    pub(super) is_state_lost: bool,
}

/// A failure, of a handler or of an attempt to load the cog.
#[derive(Clone, Debug)]
pub(super) struct LastFault {
    pub(super) text: String,
    pub(super) at: Instant,
}

impl Status {
    /// Records a failure, with the current time.
    pub(super) fn failed(&mut self, text: String) {
        self.last_fault = Some(LastFault { text, at: Instant::now() });
    }

    /// Whether events and commands go to its queue.
    pub(super) fn is_routed(&self) -> bool {
        matches!(self.stage, Stage::Loading | Stage::Serving)
    }

    /// Whether it was unloaded and not just interrupted: its name and its commands are free.
    pub(super) fn has_left(&self) -> bool {
        self.stage == Stage::Away && matches!(self.absence, Absence::Unloaded | Absence::FileGone)
    }

    /// How it is away, for messages to users.
    pub(super) fn away(&self) -> Away {
        if self.is_tried_again { Away::ComesBack } else { Away::Stays }
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &str> {
        self.manifest.iter().flat_map(|manifest| manifest.commands.iter().map(|command| &*command.name))
    }
}
