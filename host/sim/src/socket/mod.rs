//! The gateway's websocket: what clients send, and what their sessions receive.

mod codec;
mod connection;
mod identify;
mod members;
mod operations;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Response;
use axum::http::request::Parts;
use axum::response::IntoResponse;

use crate::ids::query_value;
use crate::state::Shared;

/// Close codes, <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway>.
mod close {
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

/// Upgrades a request to a gateway connection, which runs in its own task.
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
    // Large enough for a batch of queued events in one write.
    let upgrade = upgrade.write_buffer_size(256 * 1024).max_message_size(64 * 1024);
    // The whole buffer is cleared before each attempt to read a frame, and bots send few.
    let upgrade = upgrade.read_buffer_size(4 * 1024);
    upgrade.on_upgrade(move |socket| connection::serve(socket, shared, transport))
}
