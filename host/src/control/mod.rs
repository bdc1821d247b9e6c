//! The control socket: how another process asks a running host for its status, its cogs with their commands and
//! saved states, a restart and an upgrade.
//! It decides nothing about cogs; it passes on what was asked, and what came of it. It also keeps a second host of one bot
//! away.
//!
//! JSON lines over a Unix socket of mode 0600: a [`Request`] a line, an [`Answer`] a line, in order, as many as wanted. Of
//! several cogs at once ([`Request::ReloadAll`]), one for each.

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
    bot::{BotClaim, BotTaken},
    client::{CallError, Client},
    path::{PathTooLong, default_path, running},
    protocol::{Answer, REQUEST_MAX_BYTES, Request},
    server::{Again, Asker, answer, serve},
    socket::{Socket, SocketClaim, SocketError},
    state::{ExportedState, InUse, StateRequest, answer_state},
    table::aligned,
};
