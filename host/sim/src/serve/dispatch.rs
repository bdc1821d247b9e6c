//! The first steps for a request: checks its origin, then passes it to the part of the simulator that its path belongs
//! to.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::UPGRADE;
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;

use super::{origin, page, panel};
use crate::drive::control;
use crate::faults::Switch;
use crate::rest::Dropped;
use crate::state::{RESUME_PATH, Shared};
use crate::transcript::EntryKind;
use crate::{rest, socket};

/// Answers one request of a connection.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    if let Some(why) = origin::rejection(request.headers()) {
        tracing::warn!(path = request.uri().path(), why, "rejected a request");
        return Ok((StatusCode::FORBIDDEN, why).into_response());
    }
    let path = request.uri().path();
    if control::owns(path) {
        return Ok(control::answer(shared, request).await);
    }
    // Gateway connections use the root path, or the path for resuming.
    if page::owns(path) && !request.headers().contains_key(UPGRADE) {
        return Ok(page::answer(&request, shared.address.port()));
    }
    if panel::owns(path) {
        return Ok(panel::answer(&shared, request).await);
    }
    if request.headers().contains_key(UPGRADE) {
        return open_gateway(shared, request.into_parts().0).await;
    }
    let is_file = rest::files::owns(path);
    let mut answer = rest::answer(shared, request).await?;
    if is_file {
        page::isolate(answer.headers_mut());
    }
    Ok(answer)
}

async fn open_gateway(shared: Arc<Shared>, parts: Parts) -> Result<Response<Body>, Dropped> {
    let resumes = parts.uri.path().trim_end_matches('/') == RESUME_PATH;
    let faults = &shared.faults;
    if faults.is_on(Switch::Connections) || resumes && faults.is_on(Switch::Resumes) {
        shared
            .transcript
            .write(EntryKind::Gateway { session: "".into(), event: "connection refused".to_owned() });
        return Err(Dropped);
    }
    Ok(socket::upgrade(shared, parts).await)
}
