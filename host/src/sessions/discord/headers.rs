//! What the headers of an answer say about rate limits. It makes no decisions.
//! <https://discord.com/developers/docs/topics/rate-limits#header-format-rate-limit-header-examples>

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::route::hash;

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
static RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
static BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
/// Only on a 429 caused by the bot's global limit.
pub(super) static GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
/// Only on a 429: which limit it is, `user`, `global` or `shared`.
pub(super) static SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");

/// What one answer says about its bucket; a field is `None` if its header was missing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Headers {
    /// Hash of the bucket's name.
    pub(super) bucket: Option<u64>,
    /// Requests per window.
    pub(super) limit: Option<u32>,
    /// Requests left in this window.
    pub(super) remaining: Option<u32>,
    /// End of the window in seconds since 1970; the same in all answers of one window.
    pub(super) reset: Option<f64>,
    /// Seconds until the window ends.
    pub(super) reset_after: Option<f64>,
}

impl Headers {
    /// Reads an answer's headers; a value that is not a number is treated as missing.
    pub(super) fn read(headers: &HeaderMap) -> Headers {
        let count = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
        let remaining: Option<u32> = count(&REMAINING);
        Headers {
            bucket: headers.get(&BUCKET).map(|name| hash(0, name.as_bytes())),
            // If it is missing, it is at least what remains plus this request.
            limit: count(&LIMIT).or(remaining.map(|remaining| remaining.saturating_add(1))),
            remaining,
            reset: headers.get(&RESET).and_then(number),
            reset_after: headers.get(&RESET_AFTER).and_then(number),
        }
    }

    /// Whether this route alone is granted more than `rate` requests per second. Only the first answer of a window
    /// shows how long a window is.
    pub(super) fn grants_more_than(&self, rate: u32) -> bool {
        let (Some(limit), Some(remaining), Some(length)) = (self.limit, self.remaining, self.reset_after)
        else {
            return false;
        };
        remaining.saturating_add(1) >= limit && f64::from(limit) > f64::from(rate) * length
    }
}

/// Seconds from a header or a body: never negative, at most a day.
pub(super) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, 86_400.0)).unwrap_or_default()
}

pub(super) fn number(value: &HeaderValue) -> Option<f64> {
    value.to_str().ok()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
