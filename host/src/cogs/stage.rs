//! How a cog is, as everybody but its owner sees it.

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
    /// Its first generation is being loaded, or one after a crash; its events wait.
    Loading,
    /// A generation serves.
    Serving,
    /// It saves its state and goes.
    Leaving,
}

/// Why a cog is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Nothing was loaded yet.
    #[default]
    New,
    /// It could not be loaded. Its commands stay registered.
    Failed,
    /// It kept its thread too often; nothing is loaded until its file changes or somebody asks.
    Parked,
    /// Somebody unloaded it, or the host is closing.
    Unloaded,
    /// Its file is gone, or is another cog now.
    FileGone,
}

/// What is known of a cog. Its owner publishes it as one value.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    pub(super) stage: Stage,
    pub(super) absence: Absence,
    /// Why it is away, in words.
    pub(super) reason: Option<String>,
    /// Whether what failed is tried again by itself.
    pub(super) is_tried_again: bool,
    /// Since when it is in this stage.
    pub(super) since: Option<Instant>,
    /// The generation that serves.
    pub(super) generation: Option<u64>,
    pub(super) file: PathBuf,
    /// Of the generation that serves, or is being loaded, or was there last.
    pub(super) manifest: Option<Arc<Manifest>>,
    pub(super) digest: Option<Digest>,
    pub(super) pulse: Option<Arc<Pulse>>,
    /// What the generation that serves was opened with.
    pub(super) terms: Option<Arc<Terms>>,
    pub(super) faults: u64,
    /// Handlers that ended with what Discord refused, the network did or a user typed.
    pub(super) refusals: u64,
    /// Over all generations.
    pub(super) totals: Totals,
    pub(super) last_fault: Option<LastFault>,
    pub(super) last_report: Option<Report>,
    /// Whether it gave a state that is not in the store yet.
    pub(super) is_unsaved: bool,
    /// Whether it went without giving its state.
    pub(super) is_state_lost: bool,
}

/// A failure, of a handler or of an attempt to load.
#[derive(Clone, Debug)]
pub(super) struct LastFault {
    pub(super) text: String,
    pub(super) at: Instant,
}

impl Status {
    /// Something failed just now.
    pub(super) fn failed(&mut self, text: String) {
        self.last_fault = Some(LastFault { text, at: Instant::now() });
    }

    /// Whether events and commands go to its queue.
    pub(super) fn is_routed(&self) -> bool {
        matches!(self.stage, Stage::Loading | Stage::Serving)
    }

    /// Whether it went for good, as far as anybody knows: its name and its commands are free.
    pub(super) fn has_left(&self) -> bool {
        self.stage == Stage::Away && matches!(self.absence, Absence::Unloaded | Absence::FileGone)
    }

    /// How it is away, for its users.
    pub(super) fn away(&self) -> Away {
        if self.is_tried_again { Away::ComesBack } else { Away::Stays }
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &str> {
        self.manifest.iter().flat_map(|manifest| manifest.commands.iter().map(|command| &*command.name))
    }
}
