//! The control interface: drives the simulator from outside over HTTP, for tests in any language and for the page. It
//! is not part of Discord: its calls do not enter the transcript, no fault applies to them, and all of them but the
//! document need their own token.
//!
//! It answers like the REST API, with the same calls, replies and error format, but its routes are a table that can be
//! compared with `openapi.json`, which documents them.

mod act;
mod bots;
mod faults;
mod people;
mod routes;
mod time;
mod transcript;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::form::{ApiError, Result};
use crate::rest::{Call, Reply};
use crate::state::Shared;

/// The largest body that is accepted, in bytes.
const MAX_BODY_BYTES: usize = 4 << 20;

/// Whether a path belongs to the control interface.
pub(crate) fn owns(path: &str) -> bool {
    path == "/control" || path.starts_with("/control/")
}

/// Answers one request.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let reply = match to_bytes(Body::new(body), MAX_BODY_BYTES).await {
        Ok(body) => carry_out(&Call::new(shared, parts, path, body)).await,
        Err(_) => Err(ApiError::body_too_large()),
    };
    reply.unwrap_or_else(|error| Reply::error(&error)).into_plain_response()
}

async fn carry_out(call: &Call) -> Result<Reply> {
    if !routes::is_open(call) && !call.has_bearer(&call.shared.control_token) {
        return Err(ApiError::unauthorized());
    }
    routes::route(call).await
}

/// The body as the route's type; the error names the field that does not fit.
fn body<T: DeserializeOwned>(call: &Call) -> Result<T> {
    let text = if call.body().is_empty() { b"{}" } else { call.body() };
    serde_json::from_slice(text).map_err(|error| refusal(400, error.to_string()))
}

/// An error with a message, in the format of Discord's errors.
fn refusal(status: u16, message: String) -> ApiError {
    ApiError { status, code: 0, message: message.into(), errors: None, retry_after: None }
}
