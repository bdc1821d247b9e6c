//! Why a host does not start, ends on its own, or loses state when it closes.

use std::path::PathBuf;

use crate::{control::BotInUse, error::denied, gateway::EndError, library::FolderError, sessions::OpenError};

/// Why the host did not start, or ended on its own.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A session could not be opened.
    #[error(transparent)]
    Sessions(#[from] OpenError),
    /// Another host serves the bot.
    #[error(transparent)]
    Taken(#[from] BotInUse),
    /// Private copies of libraries cannot be made.
    #[error("cannot prepare the folder for private copies of libraries")]
    Copies(#[from] FolderError),
    /// The cogs folder cannot be used.
    #[error("cannot use the cogs folder `{}`{}", .folder.display(), denied(.folder, .source))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The cogs folder cannot be watched.
    #[error("cannot watch the cogs folder `{}`", .folder.display())]
    Watch {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: notify::Error,
    },
    /// The gateway's thread cannot be started.
    #[error("cannot start the gateway's thread")]
    Gateway(#[source] std::io::Error),
    /// The host could not be closed without losing state.
    #[error(transparent)]
    Lost(#[from] LostStates),
    /// Discord refuses this bot at the gateway, or the gateway has failed.
    #[error(transparent)]
    Ended(#[from] EndError),
}

/// States that could not be stored when the host closed.
#[derive(Debug, thiserror::Error)]
#[error("the state of {} could not be stored, and is lost", .cogs.iter().map(|cog| format!("`{cog}`")).collect::<Vec<_>>().join(", "))]
pub struct LostStates {
    /// The cogs whose states are lost.
    pub cogs: Vec<String>,
}
