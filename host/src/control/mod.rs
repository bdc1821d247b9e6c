//! The control socket: how another process asks a running host for its status, its cogs with their commands and saved
//! states, a restart and an upgrade.
//! It makes no decisions about cogs; it passes on requests and returns results. It also prevents a second host for the
//! same bot.
//!
//! JSON lines over a Unix socket of mode 0600: one [`Request`] per line, one [`Answer`] per line, in order, any number
//! of them.
//! A request about several cogs ([`Request::ReloadAll`]) gets one answer for each.

mod bot;
mod client;
mod clients;
mod commands;
mod info;
mod path;
mod place;
mod protocol;
mod server;
mod socket;
mod state;
mod status;
mod table;

pub use self::{
    bot::{BotClaim, BotInUse},
    client::{CallError, Client},
    path::{PathTooLong, default_path, running},
    protocol::{Answer, REQUEST_MAX_BYTES, Request},
    server::{RestartKind, WaitingClient, answer, serve},
    socket::{Socket, SocketClaim, SocketError},
    state::{ExportedState, InUse, StateRequest, answer_state},
    table::aligned,
};
