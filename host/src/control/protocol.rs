//! The messages on the control socket. This does no I/O.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::StateRequest;
use crate::config::LaneKind;

/// The longest request without a state, in bytes, including its line end. Sensible requests are a verb and a name.
pub const REQUEST_MAX_BYTES: usize = 4096;

/// A request: `{"do":"reload","cog":"ping"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// The status of the cogs.
    List,
    /// The status of one cog, with its tasks.
    Info {
        /// Its name.
        cog: String,
    },
    /// The status of the host: sessions, shards, numbers of cogs.
    Status,
    /// The registered commands, and which cogs declare them.
    Commands,
    /// The differences between the registered and the declared commands.
    CommandsDiff,
    /// Register the declared commands, now.
    CommandsSync,
    /// Delete commands that no cog declares; all of them if none is named.
    Prune {
        /// Their names.
        names: Vec<String>,
    },
    /// Close everything and open it again with the current config.
    Restart,
    /// End in order and continue as another program.
    Upgrade {
        /// Its file; `None` for the current content of the host's own executable.
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
    /// Replace a cog with the current content of its file.
    Reload {
        /// Its name.
        cog: String,
        /// Where it runs from now on; `None` for no change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<LaneKind>,
    },
    /// Replace several cogs, with an answer for each. Those that exchange commands are replaced together.
    ReloadAll {
        /// Their names.
        cogs: Vec<String>,
        /// As for a single cog.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<LaneKind>,
    },
    /// Make a change to what is installed.
    Place {
        /// The journal that describes it.
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

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was carried out.
    pub ok: bool,
    /// The result as text: a table, a report, or the reason why not.
    pub text: String,
    /// What the reader can do, if it was not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The status, or the report with its phases; null if it was not carried out.
    #[serde(default)]
    pub data: Value,
}

impl Answer {
    /// It was carried out.
    pub fn done(text: String, data: &impl Serialize) -> Answer {
        match serde_json::to_value(data) {
            Ok(data) => Answer { ok: true, text, help: None, data },
            // Paths may contain bytes that are not Unicode.
            Err(error) => {
                Answer { ok: true, text: format!("{text} (details: {error})"), help: None, data: Value::Null }
            }
        }
    }

    /// It was not carried out.
    pub fn refused(text: String, help: Option<String>) -> Answer {
        Answer { ok: false, text, help, data: Value::Null }
    }
}
