//! A reply: status, body, and the headers that clients need.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, VIA};
use axum::http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::form::ApiError;
use crate::limits::Quota;

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: u16,
    body: Bytes,
    content_type: Option<HeaderValue>,
    refusal: Option<Refusal>,
}

/// The call was rate limited.
#[derive(Clone, Copy)]
struct Refusal {
    wait: Duration,
    by: LimitScope,
}

/// Which limit was reached.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum LimitScope {
    Route,
    Global,
    /// The limit on invalid calls, in front of Discord.
    Cloudflare,
}

impl From<()> for Reply {
    fn from((): ()) -> Self {
        Self::nothing()
    }
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::json(&body)
    }
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
        Self { status: 204, body: Bytes::new(), content_type: None, refusal: None }
    }

    pub(crate) fn raw(content_type: String, body: Bytes) -> Self {
        let content_type = HeaderValue::try_from(content_type).ok();
        Self { status: 200, body, content_type, refusal: None }
    }

    pub(crate) fn error(error: &ApiError) -> Self {
        let refusal = error.retry_after.map(|wait| Refusal { wait, by: LimitScope::Route });
        Self { refusal, ..Self::bytes(error.status, error.body()) }
    }

    pub(super) fn rate_limited(wait: Duration, by: LimitScope) -> Self {
        let refusal = Some(Refusal { wait, by });
        if by == LimitScope::Cloudflare {
            return Self { refusal, ..Self::bytes(429, b"error code: 1015".to_vec()) };
        }
        let body = json!({
            "message": "You are being rate limited.", "retry_after": wait.as_secs_f64(),
            "global": by == LimitScope::Global,
        });
        Self { refusal, ..Self::json_with(429, &body) }
    }

    /// The body as text; empty for a file.
    pub(super) fn text(&self) -> Cow<'_, str> {
        let is_json = self.content_type.as_ref().is_some_and(|kind| kind == "application/json");
        if is_json { String::from_utf8_lossy(&self.body) } else { Cow::Borrowed("") }
    }

    fn bytes(status: u16, body: Vec<u8>) -> Self {
        let content_type = Some(HeaderValue::from_static("application/json"));
        Self { status, body: body.into(), content_type, refusal: None }
    }

    /// The response without the headers that only bots need.
    pub(crate) fn into_plain_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = self.content_type {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        response
    }

    pub(super) fn into_response(mut self, quota: Option<Quota>) -> Response<Body> {
        const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
        const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
        const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
        const RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
        const BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
        const SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");
        const GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
        const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
        let refusal = self.refusal.take();
        let mut response = self.into_plain_response();
        let headers = response.headers_mut();
        headers.reserve(8);
        let decimal =
            |text: String| HeaderValue::try_from(text).expect("digits and a dot are a header value");
        if let Some(Refusal { wait, .. }) = refusal {
            headers.insert(RETRY_AFTER, decimal(wait.as_secs_f64().ceil().to_string()));
        }
        let scope = match refusal {
            None => None,
            Some(Refusal { by: LimitScope::Route, .. }) => Some("user"),
            Some(Refusal { by: LimitScope::Global, .. }) => {
                headers.insert(GLOBAL, HeaderValue::from_static("true"));
                Some("global")
            }
            // It comes from Cloudflare and not from Discord: clients recognise it by the missing headers.
            Some(Refusal { by: LimitScope::Cloudflare, .. }) => return response,
        };
        // Without this header, discord.py takes a 429 for a Cloudflare ban and gives up.
        headers.insert(VIA, HeaderValue::from_static("1.1 google"));
        if let Some(scope) = scope {
            headers.insert(SCOPE, HeaderValue::from_static(scope));
        }
        if let Some(Quota { limit, remaining, reset, reset_after, bucket }) = quota {
            headers.insert(LIMIT, limit.into());
            headers.insert(REMAINING, remaining.into());
            headers.insert(RESET, decimal(format!("{}.{:03}", reset.0 / 1000, reset.0 % 1000)));
            let (seconds, ms) = (reset_after.as_secs(), reset_after.subsec_millis());
            headers.insert(RESET_AFTER, decimal(format!("{seconds}.{ms:03}")));
            headers.insert(BUCKET, decimal(format!("{bucket:016x}")));
        }
        response
    }
}
