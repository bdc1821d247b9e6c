//! What goes over the control socket. It moves no bytes.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::StateRequest;
use crate::config::LaneKind;

/// The longest request without a state, in bytes, its line end included. The longest sensible one is a name and a verb.
pub const REQUEST_MAX_BYTES: usize = 4096;

/// What is asked: `{"do":"reload","cog":"ping"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// How the cogs are.
    List,
    /// How one cog is, with its tasks.
    Info {
        /// Its name.
        cog: String,
    },
    /// How the host is: sessions, shards, cogs in numbers.
    Status,
    /// Which commands Discord has, and whose they are.
    Commands,
    /// What differs between them and what is declared.
    CommandsDiff,
    /// Register what is declared, now.
    CommandsSync,
    /// Delete commands that no cog declares; all of them if none is named.
    Prune {
        /// Their names.
        names: Vec<String>,
    },
    /// Close everything and open it again by the config as it is now.
    Restart,
    /// End in order and go on as another program.
    Upgrade {
        /// Its file; none: the one that the host was started from, as it is now.
        file: Option<PathBuf>,
    },
    /// List, export, import or drop saved states.
    State(StateRequest),
    /// Load a cog of the folder.
    Load {
        /// Its name.
        cog: String,
    },
    /// Retire a cog.
    Unload {
        /// Its name.
        cog: String,
    },
    /// Replace a cog by what its file holds now.
    Reload {
        /// Its name.
        cog: String,
        /// Where it lives from now on; none: where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<LaneKind>,
    },
    /// Replace several cogs so, with an answer for each. Those that exchange commands are replaced together.
    ReloadAll {
        /// Their names.
        cogs: Vec<String>,
        /// As of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<LaneKind>,
    },
    /// Make a change of what is installed.
    Place {
        /// Where it is written down.
        journal: PathBuf,
    },
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::List => out.write_str("list"),
            Request::Info { cog } => write!(out, "info {cog}"),
            Request::Status => out.write_str("status"),
            Request::Commands => out.write_str("commands list"),
            Request::CommandsDiff => out.write_str("commands diff"),
            Request::CommandsSync => out.write_str("commands sync"),
            Request::Prune { names } => write!(out, "commands prune {}", names.join(" ")),
            Request::Restart => out.write_str("restart"),
            Request::Upgrade { .. } => out.write_str("upgrade"),
            Request::State(request) => write!(out, "state {request}"),
            Request::Load { cog } => write!(out, "load {cog}"),
            Request::Unload { cog } => write!(out, "unload {cog}"),
            Request::Reload { cog, lane: None } => write!(out, "reload {cog}"),
            Request::Reload { cog, lane: Some(lane) } => write!(out, "reload {cog} to a lane in a {lane}"),
            Request::ReloadAll { cogs, .. } => write!(out, "reload {}", cogs.join(" ")),
            Request::Place { journal } => write!(out, "place {}", journal.display()),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was done.
    pub ok: bool,
    /// The same for people: a table, a report, or why not.
    pub text: String,
    /// What the reader can do, if it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The status, or the report with its phases; null if it was not done.
    #[serde(default)]
    pub data: Value,
}

impl Answer {
    /// It was done.
    pub fn done(text: String, data: &impl Serialize) -> Answer {
        match serde_json::to_value(data) {
            Ok(data) => Answer { ok: true, text, help: None, data },
            // Paths may hold bytes that are not Unicode.
            Err(error) => {
                Answer { ok: true, text: format!("{text} (details: {error})"), help: None, data: Value::Null }
            }
        }
    }

    /// It was not done.
    pub fn refused(text: String, help: Option<String>) -> Answer {
        Answer { ok: false, text, help, data: Value::Null }
    }
}
