//! An answer on its way out: status, body, and the headers that clients need.
//! It does not know what the body says.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, VIA};
use axum::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::Bytes;
use super::error::ApiError;
use crate::clock::Timestamp;

/// Calls a second in every bucket that the headers promise; nobody counts them.
const PROMISED_CALLS: &str = "1000";
const PROMISED_REMAINING: &str = "999";

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    body: Bytes,
    content_type: Option<HeaderValue>,
    retry_after: Option<(Duration, bool)>,
}

impl Reply {
    pub(crate) fn json(body: &impl Serialize) -> Self {
        Self::json_with(200, body)
    }

    pub(crate) fn json_with(status: u16, body: &impl Serialize) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        serde_json::to_writer(&mut bytes, body)
            .expect("the world's objects have string keys and go to memory");
        Self::bytes(status, bytes)
    }

    pub(crate) fn nothing() -> Self {
        Self { status: 204, body: Bytes::new(), content_type: None, retry_after: None }
    }

    pub(crate) fn raw(content_type: String, body: Bytes) -> Self {
        let content_type = HeaderValue::try_from(content_type).ok();
        Self { status: 200, body, content_type, retry_after: None }
    }

    pub(crate) fn error(error: &ApiError) -> Self {
        Self::bytes(error.status, error.body())
    }

    pub(super) fn rate_limited(retry_after: Duration, global: bool) -> Self {
        let seconds = retry_after.as_secs_f64();
        let body =
            json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": global });
        Self { retry_after: Some((retry_after, global)), ..Self::json_with(429, &body) }
    }

    fn bytes(status: u16, body: Vec<u8>) -> Self {
        let content_type = Some(HeaderValue::from_static("application/json"));
        Self { status, body: body.into(), content_type, retry_after: None }
    }

    /// The answer without what only bots need to know.
    pub(crate) fn into_plain_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = self.content_type {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        response
    }

    pub(super) fn into_response(self, bucket: u64, now: Timestamp) -> Response<Body> {
        const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
        const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
        const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
        const RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
        const BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
        const SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");
        const GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
        const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
        let retry_after = self.retry_after;
        let mut response = self.into_plain_response();
        let headers = response.headers_mut();
        headers.reserve(8);
        // Without it discord.py takes a 429 for a ban by Cloudflare and gives up.
        headers.insert(VIA, HeaderValue::from_static("1.1 google"));
        let decimal =
            |text: String| HeaderValue::try_from(text).expect("digits and a dot are a header value");
        let mut wait = Duration::from_secs(1);
        let mut remaining = PROMISED_REMAINING;
        if let Some((retry_after, global)) = retry_after {
            wait = retry_after;
            remaining = "0";
            headers.insert(RETRY_AFTER, decimal(retry_after.as_secs_f64().ceil().to_string()));
            headers.insert(SCOPE, HeaderValue::from_static(if global { "global" } else { "user" }));
            if global {
                headers.insert(GLOBAL, HeaderValue::from_static("true"));
            }
        }
        let reset_ms = now.0 + wait.as_millis() as u64;
        headers.insert(LIMIT, HeaderValue::from_static(PROMISED_CALLS));
        headers.insert(REMAINING, HeaderValue::from_static(remaining));
        headers.insert(RESET, decimal(format!("{}.{:03}", reset_ms / 1000, reset_ms % 1000)));
        headers.insert(RESET_AFTER, decimal(format!("{}.{:03}", wait.as_secs(), wait.subsec_millis())));
        headers.insert(BUCKET, decimal(format!("{bucket:016x}")));
        response
    }
}
