//! What the headers of an answer say about rate limits.
//! It judges nothing. <https://discord.com/developers/docs/topics/rate-limits#header-format-rate-limit-header-examples>

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::route::hash;

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
static RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
static BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
/// Only on a 429 of the limit of the whole bot.
pub(super) static GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
/// Only on a 429: whose limit it is, `user`, `global` or `shared`.
pub(super) static SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");

/// What one answer says about its bucket; fields are `None` where the header was missing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Headers {
    /// Hash of the bucket's name.
    pub(super) bucket: Option<u64>,
    /// Requests in a window.
    pub(super) limit: Option<u32>,
    /// Requests left in this window.
    pub(super) remaining: Option<u32>,
    /// End of the window, seconds since 1970, which is the same for all answers of one window.
    pub(super) reset: Option<f64>,
    /// Seconds until the window ends.
    pub(super) reset_after: Option<f64>,
}

impl Headers {
    /// What an answer says; what is no number is as if it were missing.
    pub(super) fn read(headers: &HeaderMap) -> Headers {
        let count = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
        let remaining: Option<u32> = count(&REMAINING);
        Headers {
            bucket: headers.get(&BUCKET).map(|name| hash(0, name.as_bytes())),
            // Where it is missing, it is what remains and this one, or more.
            limit: count(&LIMIT).or(remaining.map(|remaining| remaining.saturating_add(1))),
            remaining,
            reset: headers.get(&RESET).and_then(number),
            reset_after: headers.get(&RESET_AFTER).and_then(number),
        }
    }

    /// Whether one route alone is granted more requests in a second than `rate`. Only the first answer of a window
    /// tells how long a window is.
    pub(super) fn grants_more_than(&self, rate: u32) -> bool {
        let (Some(limit), Some(remaining), Some(length)) = (self.limit, self.remaining, self.reset_after)
        else {
            return false;
        };
        remaining.saturating_add(1) >= limit && f64::from(limit) > f64::from(rate) * length
    }
}

/// Seconds from a header or a body: never negative, never beyond a day.
pub(super) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, 86_400.0)).unwrap_or_default()
}

pub(super) fn number(value: &HeaderValue) -> Option<f64> {
    value.to_str().ok()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
