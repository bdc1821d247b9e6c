//! The gateway: websocket sessions, what they hear, and how they end.
//! It changes nothing in the world and answers no REST call.

pub(crate) mod codec;
mod connection;
pub(crate) mod event;
mod identify;
pub(crate) mod intents;
mod members;
mod operations;
pub(crate) mod presence;
pub(crate) mod sessions;
pub(crate) mod starts;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Response;
use axum::http::request::Parts;
use axum::response::IntoResponse;

use crate::ids::query_value;
use crate::shared::Shared;
use sessions::Outgoing;

/// Close codes, <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway>.
pub(crate) mod close {
    pub(crate) const UNKNOWN_OPCODE: u16 = 4001;
    pub(crate) const DECODE_ERROR: u16 = 4002;
    pub(crate) const NOT_AUTHENTICATED: u16 = 4003;
    pub(crate) const AUTHENTICATION_FAILED: u16 = 4004;
    pub(crate) const ALREADY_AUTHENTICATED: u16 = 4005;
    pub(crate) const INVALID_SEQ: u16 = 4007;
    pub(crate) const RATE_LIMITED: u16 = 4008;
    pub(crate) const SESSION_TIMED_OUT: u16 = 4009;
    pub(crate) const INVALID_SHARD: u16 = 4010;
    pub(crate) const SHARDING_REQUIRED: u16 = 4011;
    pub(crate) const INVALID_VERSION: u16 = 4012;
    pub(crate) const INVALID_INTENTS: u16 = 4013;
    pub(crate) const DISALLOWED_INTENTS: u16 = 4014;
}

/// Turns a request into a gateway connection that lives on a task of its own.
pub(crate) async fn upgrade(shared: Arc<Shared>, mut parts: Parts) -> Response<Body> {
    let query = parts.uri.query().unwrap_or_default();
    let transport = connection::Transport {
        version: query_value(query, "v").and_then(|version| version.parse().ok()),
        json: query_value(query, "encoding").is_none_or(|encoding| encoding == "json"),
        compress: query_value(query, "compress").map(str::to_owned),
    };
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(refusal) => return refusal.into_response(),
    };
    // Large enough that a batch of queued events leaves in one write.
    let upgrade = upgrade.write_buffer_size(256 * 1024).max_message_size(64 * 1024);
    // All of it is cleared before every look for a frame, and a bot sends few.
    let upgrade = upgrade.read_buffer_size(4 * 1024);
    upgrade.on_upgrade(move |socket| connection::serve(socket, shared, transport))
}

/// Drives the gateway from outside: what a real one does to bots now and then, on demand. Persons' clients are left alone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Ids of the bots' sessions that exist, connected or resumable.
    pub fn sessions(&self) -> Vec<String> {
        let state = self.shared.state();
        let bots = state.sessions.iter().filter(|session| session.is_bots());
        bots.map(|session| session.id.to_string()).collect()
    }

    /// How many sessions of bots are connected.
    pub fn connected(&self) -> usize {
        let state = self.shared.state();
        state.sessions.iter().filter(|session| session.is_bots() && session.is_connected()).count()
    }

    /// Cuts every connection without a word; sessions stay resumable. Returns how many were cut.
    pub fn drop_sockets(&self) -> usize {
        self.order("socket dropped", || Outgoing::Drop)
    }

    /// Sends op 7 to every session: reconnect and resume.
    pub fn ask_reconnect(&self) -> usize {
        self.order("op 7 reconnect", || Outgoing::Op(r#"{"op":7,"d":null,"s":null,"t":null}"#.to_owned()))
    }

    /// Sends op 9 to every session. Not resumable: the session is gone and the client must identify again.
    pub fn invalidate(&self, resumable: bool) -> usize {
        self.order("op 9 invalid session", || Outgoing::Invalidate { resumable })
    }

    /// Closes every connection with a code; sessions stay resumable unless the code ends them.
    pub fn close_sockets(&self, code: u16) -> usize {
        self.order(&format!("closed with {code}"), || Outgoing::Close { code, reason: "closed on demand" })
    }

    /// While true, heartbeats are not acknowledged.
    pub fn ignore_heartbeats(&self, ignore: bool) {
        self.shared.faults.ignore_heartbeats(ignore);
    }

    /// While true, new gateway connections are dropped before the websocket opens.
    pub fn refuse_connections(&self, refuse: bool) {
        self.shared.faults.refuse_gateway(refuse);
    }

    fn order(&self, what: &str, order: impl Fn() -> Outgoing) -> usize {
        let mut state = self.shared.state();
        let told = state.sessions.order_all(order);
        self.shared.faults.note(format!("{what}: {told} sessions"));
        told
    }
}
