//! Requests that Discord refused, and requests that got no answer. Messages name method and path (without tokens),
//! status and code; never a body.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::error_body::ErrorBody;
use super::route::Shown;
use crate::sessions::Method;
use crate::text::cut;

/// The longest list of wrong fields in a message, in bytes.
const FIELDS_MAX: usize = 1000;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DiscordError {
    /// Rejected before anything was sent.
    #[error("cannot send {method} to Discord: {what}")]
    Invalid {
        /// The method.
        method: Method,
        /// What is wrong with the request.
        what: String,
    },
    /// Discord answered with a status outside 200 to 299: its API never redirects.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A rate limit requires a longer wait than `[discord] rate_wait_timeout_ms` allows, or was hit too often.
    #[error("{asked}: {}", why.text(*wait))]
    RateLimited {
        /// Method and path.
        asked: String,
        /// Which limit.
        why: Throttle,
        /// How long the request would have to wait from now.
        wait: Duration,
    },
    /// Discord rejects the bot's token. Either nothing was sent, or the answer was 401.
    #[error("{asked}: Discord refuses the bot's token (401), so the bot sends nothing")]
    TokenRefused {
        /// Method and path.
        asked: String,
    },
    /// No answer in `[discord] request_timeout_ms`.
    #[error("{asked}: no answer within {} ms; it may have been carried out", after.as_millis())]
    Timeout {
        /// Method and path.
        asked: String,
        /// The limit.
        after: Duration,
    },
    /// No connection, even after retries.
    #[error("{asked}: failed to connect to `{host}`: {why}")]
    Connect {
        /// Method and path.
        asked: String,
        /// The host.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The connection broke while the request was in progress.
    #[error("{asked}: the connection broke: {why}; it may have been carried out")]
    Broken {
        /// Method and path.
        asked: String,
        /// The innermost cause.
        why: String,
    },
    /// There was an answer, but not one that Discord documents.
    #[error("{asked}: the answer cannot be understood: {what}")]
    Unreadable {
        /// Method and path.
        asked: String,
        /// What is wrong with it.
        what: String,
    },
    /// The answer exceeds the size limit.
    #[error(
        "{asked}: the answer is larger than {limit} bytes, and was not read; it may have been carried out"
    )]
    TooLarge {
        /// Method and path.
        asked: String,
        /// The limit.
        limit: usize,
    },
    /// The session was closed.
    #[error("the discord session is closed")]
    Closed,
}

/// Which limit a request hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// The limit of its route, for its channel, guild or webhook.
    Route,
    /// Discord's global limit: it answered 429 to the bot.
    Global,
    /// The host's own budget (`[discord] requests_per_second`): too many requests of the bot were queued before it.
    Budget,
    /// Discord answered 429 to every attempt at this request.
    Repeated,
    /// A proxy in front of Discord refuses everything from this address.
    Blocked,
    /// The brake: Discord refused so many requests that it is about to ban this address.
    Invalid,
}

impl Throttle {
    fn text(self, wait: Duration) -> String {
        let ms = wait.as_millis();
        let more = "which is more than is left of `[discord] rate_wait_timeout_ms`";
        match self {
            Throttle::Route => format!("the rate limit of its route asks to wait {ms} ms, {more}"),
            Throttle::Global => format!("Discord's global rate limit asks to wait {ms} ms, {more}"),
            Throttle::Budget => "it waited for its turn for as long as `[discord] rate_wait_timeout_ms` allows; the bot sends more than `[discord] requests_per_second`".to_owned(),
            Throttle::Repeated => "Discord answered 429 (too many requests) each time it was tried".to_owned(),
            Throttle::Blocked => format!("a proxy in front of Discord refuses everything from this address (429 that is not from Discord's API); the next attempt is in {} s", wait.as_secs() + 1),
            Throttle::Invalid => format!("it was not sent: too many requests were refused (401, 403, 429), and Discord bans an address for that; the bot continues in {} s", wait.as_secs() + 1),
        }
    }
}

/// An answer with a status outside 200 to 299.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Method and path of the request, tokens left out.
    pub asked: String,
    /// HTTP status, such as 403.
    pub status: u16,
    /// Discord's own error code, such as 50013; 0 if there is none.
    pub code: u64,
    /// Discord's message; empty if the answer was not JSON.
    pub message: String,
    /// Which fields are wrong and why, in Discord's tree structure.
    pub errors: Option<Value>,
    /// Size of the answer in bytes.
    pub bytes: usize,
}

impl DiscordError {
    /// The status of Discord's answer, if there was one; 401 for a rejected token even if nothing was sent.
    pub fn status(&self) -> Option<u16> {
        match self {
            DiscordError::Refused(refusal) => Some(refusal.status),
            DiscordError::TokenRefused { .. } => Some(401),
            _ => None,
        }
    }

    /// Discord's own error code, if there is one.
    pub fn code(&self) -> Option<u64> {
        match self {
            DiscordError::Refused(refusal) if refusal.code != 0 => Some(refusal.code),
            _ => None,
        }
    }
}

impl Refusal {
    pub(super) fn read(method: Method, path: &str, status: u16, body: &[u8]) -> Refusal {
        let said = ErrorBody::read(body);
        Refusal {
            asked: asked(method, path),
            status,
            code: said.code(),
            message: said.message(),
            errors: said.errors(),
            bytes: body.len(),
        }
    }

    /// Whether the refusal came from a proxy in front of Discord: Discord's own 403 gives a reason.
    pub fn is_from_proxy(&self) -> bool {
        self.status == 403 && self.code == 0 && self.message.is_empty()
    }

    /// The wrong fields, such as `embeds.0.title: BASE_TYPE_REQUIRED`.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        if let Some(errors) = &self.errors {
            flatten(errors, &mut Vec::new(), &mut fields);
        }
        fields
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_from_proxy() {
            return write!(
                f,
                "{}: a proxy in front of Discord answered 403 with {} bytes that are not an error of Discord's \
                 API; it blocks this request or this address",
                self.asked, self.bytes
            );
        }
        write!(f, "{}: Discord answered {}", self.asked, self.status)?;
        if self.code != 0 {
            write!(f, ", code {}", self.code)?;
        }
        match self.message.is_empty() {
            true => write!(f, " and {} bytes that are not an error of its API", self.bytes)?,
            false => write!(f, ": {}", self.message)?,
        }
        // Codes only: Discord's messages can quote the rejected value.
        let fields = self.fields();
        if !fields.is_empty() {
            let mut fields = fields.join(", ");
            cut(&mut fields, FIELDS_MAX);
            write!(f, " ({fields})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

fn flatten(errors: &Value, path: &mut Vec<String>, fields: &mut Vec<String>) {
    let Value::Object(object) = errors else { return };
    for (key, value) in object {
        if key == "_errors" {
            for error in value.as_array().into_iter().flatten() {
                let code = error.get("code").and_then(Value::as_str).unwrap_or("?");
                let place = if path.is_empty() { "the whole".to_owned() } else { path.join(".") };
                fields.push(format!("{place}: {code}"));
            }
        } else {
            path.push(key.clone());
            flatten(value, path, fields);
            path.pop();
        }
    }
}

/// Method and path for an error message.
pub(super) fn asked(method: Method, path: &str) -> String {
    format!("{method} {}", Shown(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_request_status_code_and_fields_but_quotes_no_value() {
        let body =
            br#"{"message":"Invalid Form Body","code":50035,"errors":{"embeds":{"0":{"title":{"_errors":
            [{"code":"BASE_TYPE_CHOICES","message":"Value \"what a user said\" must be one of"}]}}}}}"#;
        let refusal = Refusal::read(Method::Post, "/webhooks/1/secret", 400, body);
        let text = refusal.to_string();
        assert_eq!(
            text,
            "POST /webhooks/1/…: Discord answered 400, code 50035: Invalid Form Body (embeds.0.title: BASE_TYPE_CHOICES)"
        );
        assert!(refusal.errors.is_some());
    }

    #[test]
    fn an_answer_that_is_no_json_is_not_quoted() {
        let text = Refusal::read(Method::Get, "/users/@me", 502, b"<html>secret</html>").to_string();
        assert_eq!(
            text,
            "GET /users/@me: Discord answered 502 and 19 bytes that are not an error of its API"
        );
        let text = Refusal::read(Method::Get, "/users/@me", 403, b"<html>blocked</html>").to_string();
        assert!(
            text.starts_with("GET /users/@me: a proxy in front of Discord answered 403 with 20 bytes"),
            "{text}"
        );
    }
}
