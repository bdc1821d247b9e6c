//! REST: from a request to a response – path, authorization, faults, route, headers, transcript.

mod applications;
mod automod;
mod bans;
pub(crate) mod call;
mod channels;
mod commands;
mod emojis;
mod events;
pub(crate) mod files;
mod guilds;
mod interactions;
mod invites;
mod members;
mod messages;
mod onboarding;
mod pictures;
mod prunes;
mod reply;
mod roles;
pub(crate) mod routes;
mod stages;
mod templates;
mod threads;
mod unavailable;
mod unknown;
mod users;
mod voice;
mod webhooks;

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use hyper::body::Incoming;

use crate::limits::{Quota, Verdict};
pub(crate) use call::Call;
use reply::LimitScope;
pub(crate) use reply::Reply;
use unknown::Unknown;

use crate::faults::RestFault;
use crate::form::ApiError;
use crate::options::RateLimits;
use crate::record::Exchange;
use crate::state::Shared;
use crate::transcript::EntryKind;

/// The largest body that is accepted, in bytes: ten files of Discord's 10 MiB would be more than anyone tests with.
const MAX_BODY_BYTES: usize = 32 << 20;

/// The connection is to be cut instead of sending a response.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped by a fault")]
pub(crate) struct Dropped;

/// Answers one request of a connection.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let _in_flight = shared.calls.clone();
    let path = call::api_path(parts.uri.path()).to_owned();
    let fault = shared.faults.take_fault(parts.method.as_str(), &path);
    let method = parts.method.clone();
    let promised = || Quota::promised(method.as_str(), &path, shared.clock.now());
    let (outcome, quota) = match fault {
        Some(RestFault::Drop) => (None, None),
        Some(RestFault::Status { status, code, message }) => {
            let error = ApiError { status, code, message: message.into(), errors: None, retry_after: None };
            (Some(Reply::error(&error)), promised())
        }
        Some(RestFault::RateLimit { retry_after, global }) => {
            let by = if global { LimitScope::Global } else { LimitScope::Route };
            let quota = promised().map(|quota| quota.used_up(retry_after));
            (Some(Reply::rate_limited(retry_after, by)), quota)
        }
        Some(RestFault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            carry_out(&shared, parts, &path, body).await
        }
        Some(RestFault::DropAnswer) => {
            carry_out(&shared, parts, &path, body).await;
            (None, None)
        }
        None => carry_out(&shared, parts, &path, body).await,
    };
    let took = started.elapsed();
    let status = outcome.as_ref().map(|reply| reply.status);
    let shown = call::without_tokens(&path);
    tracing::debug!(%method, path = %shown, status, micros = took.as_micros() as u64, "rest");
    if matches!(status, Some(401 | 403 | 429)) {
        shared.limits().count_invalid(shared.clock.now());
    }
    shared.transcript.write(EntryKind::Rest {
        method: method.to_string(),
        path: shown.into_owned(),
        status,
        took,
    });
    outcome.map(|reply| reply.into_response(quota)).ok_or(Dropped)
}

async fn carry_out(
    shared: &Arc<Shared>,
    parts: axum::http::request::Parts,
    path: &str,
    body: Incoming,
) -> (Option<Reply>, Option<Quota>) {
    let Ok(body) = to_bytes(Body::new(body), MAX_BODY_BYTES).await else {
        return (Some(Reply::error(&ApiError::body_too_large())), None);
    };
    if !call::is_supported_version(parts.uri.path()) {
        return (Some(Reply::error(&ApiError::invalid_version())), None);
    }
    let mut call = Call::new(shared.clone(), parts, path.to_owned(), body);
    let (refusal, quota) = admit(shared, &call);
    let (reply, unknown) = match refusal {
        Some(refusal) => (refusal, Unknown::default()),
        None => route(&mut call).await,
    };
    if let Some(record) = &shared.options.record {
        record.write(&Exchange {
            method: call.method(),
            path: call.path(),
            request: &String::from_utf8_lossy(call.body()),
            unknown: &unknown.fields,
            status: reply.status,
            answer: &reply.text(),
        });
    }
    (Some(reply), quota)
}

/// The reply of the route, and what was unknown in the call.
async fn route(call: &mut Call) -> (Reply, Unknown) {
    let reply = match call.read_form().await {
        Ok(()) => routes::route(call),
        Err(error) => Err(error),
    };
    let unknown = unknown::report(call, reply.is_ok());
    // Which keys no handler reads is only known once the call was carried out.
    let reply = match unknown.keys.first().filter(|_| call.shared.options.strict) {
        Some(key) => Err(ApiError::form(key, "UNKNOWN_FIELD", "Unknown query parameter.")),
        None => reply,
    };
    (reply.unwrap_or_else(|error| Reply::error(&error)), unknown)
}

/// The refusal, if rate limits do not allow the call, and the quota for the headers.
fn admit(shared: &Shared, call: &Call) -> (Option<Reply>, Option<Quota>) {
    let (counted, now) = (call.counted(), shared.clock.now());
    if shared.options.rate_limits == RateLimits::Off {
        return (None, Quota::promised(counted.method, counted.path, now));
    }
    match shared.limits().count(&counted, now) {
        Verdict::Granted(quota) => (None, quota),
        Verdict::Refused(quota) => {
            (Some(Reply::rate_limited(quota.reset_after, LimitScope::Route)), Some(quota))
        }
        Verdict::RefusedGlobally(wait) => (Some(Reply::rate_limited(wait, LimitScope::Global)), None),
        Verdict::Banned(wait) => (Some(Reply::rate_limited(wait, LimitScope::Cloudflare)), None),
    }
}
