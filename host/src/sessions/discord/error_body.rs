//! Reads the body of an error answer field by field: a malformed field does not affect the others. It makes no
//! decisions. <https://discord.com/developers/docs/reference#error-messages>

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::cut;

/// The longest message that is repeated, in bytes: it appears in one line of the log. Discord's own are sentences.
const MESSAGE_MAX: usize = 500;

/// The body, borrowed; anything but an object has no fields.
#[derive(Default, Deserialize)]
pub(super) struct ErrorBody<'b> {
    #[serde(borrow)]
    code: Option<&'b RawValue>,
    #[serde(borrow)]
    message: Option<&'b RawValue>,
    #[serde(borrow)]
    errors: Option<&'b RawValue>,
    /// Only in a 429, as is `global`.
    /// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit-rate-limit-response-structure>
    #[serde(borrow)]
    retry_after: Option<&'b RawValue>,
    #[serde(borrow)]
    global: Option<&'b RawValue>,
}

impl<'b> ErrorBody<'b> {
    pub(super) fn read(body: &'b [u8]) -> ErrorBody<'b> {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Discord's own error code; 0 if there is none.
    pub(super) fn code(&self) -> u64 {
        self.code.and_then(number).unwrap_or(0)
    }

    /// Discord's message; empty if there is none.
    pub(super) fn message(&self) -> String {
        let mut message: String = self.message.and_then(value).unwrap_or_default();
        cut(&mut message, MESSAGE_MAX);
        message
    }

    /// Which fields are wrong and why, in Discord's tree structure.
    pub(super) fn errors(&self) -> Option<Value> {
        self.errors.and_then(value)
    }

    /// Whether this is Discord's answer to an exceeded rate limit.
    pub(super) fn is_rate_limit(&self) -> bool {
        self.retry_after.is_some()
    }

    /// How long to wait, in seconds.
    pub(super) fn retry_after(&self) -> Option<f64> {
        self.retry_after.and_then(number).filter(|seconds: &f64| seconds.is_finite())
    }

    /// Whether the limit is the bot's global one.
    pub(super) fn is_global(&self) -> bool {
        self.global.and_then(value) == Some(true)
    }
}

fn value<'b, T: Deserialize<'b>>(raw: &'b RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// A number, possibly in quotes.
fn number<'b, T: Deserialize<'b> + std::str::FromStr>(raw: &'b RawValue) -> Option<T> {
    value(raw).or_else(|| value::<&str>(raw)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(json: &str) -> (bool, Option<f64>, bool) {
        let body = ErrorBody::read(json.as_bytes());
        (body.is_rate_limit(), body.retry_after(), body.is_global())
    }

    #[test]
    fn a_wait_is_read_in_any_form_and_whatever_is_beside_it() {
        let cases = [
            (r#"{"message":"","retry_after":1.5,"global":false}"#, (true, Some(1.5), false)),
            (r#"{"retry_after":"1.5","global":true}"#, (true, Some(1.5), true)),
            (r#"{"message":null,"retry_after":2,"global":null,"code":{}}"#, (true, Some(2.0), false)),
            (r#"{"message":5,"retry_after":-7,"global":"true"}"#, (true, Some(-7.0), false)),
            (r#"{"retry_after":1e999}"#, (true, None, false)),
            (r#"{"retry_after":"inf"}"#, (true, None, false)),
            (r#"{"retry_after":"soon"}"#, (true, None, false)),
            (r#"{"message":"You are being blocked","code":0}"#, (false, None, false)),
            ("[]", (false, None, false)),
            ("<html>", (false, None, false)),
        ];
        for (json, read) in cases {
            assert_eq!(limit(json), read, "{json}");
        }
    }

    #[test]
    fn a_field_that_is_odd_or_large_takes_no_other_with_it() {
        let body = ErrorBody::read(br#"{"message":"Cannot send an empty message","code":"50006"}"#);
        assert_eq!((body.code(), &*body.message()), (50006, "Cannot send an empty message"));
        let deep =
            format!(r#"{{"message":"x","code":-1,"errors":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        let body = ErrorBody::read(deep.as_bytes());
        assert_eq!((body.code(), &*body.message(), body.errors()), (0, "x", None));
        let long = format!(r#"{{"message":"{}"}}"#, "y".repeat(1_000_000));
        let message = ErrorBody::read(long.as_bytes()).message();
        assert!(message.len() < 600 && message.ends_with('…'), "{}", message.len());
    }
}
