//! What a request meets first: the door, and then the part of the simulator that its path belongs to.
//! It answers nothing but refusals itself.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::rest::Dropped;
use crate::shared::Shared;
use crate::{control, door, rest};

/// Answers one request of a connection.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    if let Some(why) = door::turned_away(request.headers()) {
        tracing::warn!(path = request.uri().path(), why, "turned a request away");
        let mut refusal = Response::new(Body::from(why));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Ok(refusal);
    }
    if control::owns(request.uri().path()) {
        return Ok(control::answer(shared, request).await);
    }
    rest::answer(shared, request).await
}
