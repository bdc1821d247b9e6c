//! Why Discord refuses a request, and what the host turns it into.

use std::fmt;

use serde_json::{Value, json};

use crate::abi::{HandleError, HandleErrorKind};

/// A refusal, with Discord's status, code and message.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
#[derive(Clone, Debug)]
pub(in crate::testing) struct Refused {
    status: u16,
    code: u32,
    message: String,
    /// The errors by field.
    errors: Value,
}

impl Refused {
    pub(super) const UNKNOWN_CHANNEL: (u16, u32, &str) = (404, 10003, "Unknown Channel");
    pub(super) const UNKNOWN_GUILD: (u16, u32, &str) = (404, 10004, "Unknown Guild");
    pub(super) const UNKNOWN_MEMBER: (u16, u32, &str) = (404, 10007, "Unknown Member");
    pub(super) const UNKNOWN_MESSAGE: (u16, u32, &str) = (404, 10008, "Unknown Message");
    pub(super) const UNKNOWN_ROLE: (u16, u32, &str) = (404, 10011, "Unknown Role");
    pub(super) const UNKNOWN_USER: (u16, u32, &str) = (404, 10013, "Unknown User");
    pub(super) const UNKNOWN_WEBHOOK: (u16, u32, &str) = (404, 10015, "Unknown Webhook");
    pub(super) const UNKNOWN_INTERACTION: (u16, u32, &str) = (404, 10062, "Unknown interaction");
    pub(super) const ACKNOWLEDGED: (u16, u32, &str) =
        (400, 40060, "Interaction has already been acknowledged.");
    pub(super) const NOT_AUTHOR: (u16, u32, &str) =
        (403, 50005, "Cannot edit a message authored by another user");
    pub(super) const EMPTY: (u16, u32, &str) = (400, 50006, "Cannot send an empty message");
    pub(super) const CLOSED: (u16, u32, &str) = (403, 50007, "Cannot send messages to this user");
    pub(super) const MISSING_PERMISSIONS: (u16, u32, &str) = (403, 50013, "Missing Permissions");
    pub(super) const BULK_COUNT: (u16, u32, &str) = (
        400,
        50016,
        "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.",
    );
    pub(super) const BULK_AGE: (u16, u32, &str) =
        (400, 50034, "You can only bulk delete messages that are under 14 days old.");
    pub(super) const DIRECT_MESSAGE: (u16, u32, &str) = (403, 50003, "Cannot execute action on a DM channel");
    pub(super) const CHANNEL_TYPE: (u16, u32, &str) =
        (400, 50024, "Cannot execute action on this channel type");
    pub(super) const EXPIRED: (u16, u32, &str) = (401, 50027, "Invalid Webhook Token");
    pub(super) const REPLY_NEEDS_HISTORY: (u16, u32, &str) =
        (400, 160_002, "Cannot reply without permission to read message history");
    pub(super) const HAS_THREAD: (u16, u32, &str) =
        (400, 160_004, "A thread has already been created for this message");

    /// A field of the body is invalid: its path with dots, and the error.
    pub(super) fn form(path: &str, code: &str, message: &str) -> Self {
        let mut errors = json!({ "_errors": [{ "code": code, "message": message }] });
        for part in path.split('.').rev() {
            errors = json!({ part: errors });
        }
        let message = format!("Invalid Form Body ({path}: {message})");
        Self { status: 400, code: 50035, message, errors }
    }

    /// The kit does not know this endpoint.
    pub(super) fn unknown_endpoint(method: &str, path: &str) -> Self {
        let message = format!(
            "the kit does not know {method} {path}; provide an answer with \
             `bot.mock_discord({method:?}, {path:?}, …)`"
        );
        Self { status: 404, code: 0, message, errors: Value::Null }
    }

    /// The refusal that the test requested.
    pub(in crate::testing) fn injected(status: u16, code: u32) -> Self {
        Self { status, code, message: "refused by the test".to_owned(), errors: Value::Null }
    }

    /// The answer of Discord that the test provided.
    pub(in crate::testing) fn given(status: u16, json: Value) -> Self {
        let code = json["code"].as_u64().and_then(|code| u32::try_from(code).ok()).unwrap_or(0);
        let message = json["message"].as_str().unwrap_or_default().to_owned();
        Self { status, code, message, errors: json["errors"].clone() }
    }

    /// The error that the host hands to a cog.
    pub(in crate::testing) fn error(&self, asked: &str) -> HandleError {
        let body = if self.errors.is_null() { String::new() } else { self.errors.to_string() };
        HandleError {
            kind: HandleErrorKind::Status,
            status: self.status,
            code: self.code,
            text: format!("{asked}: {self}").into(),
            body: body.into_bytes().into(),
        }
    }
}

impl From<(u16, u32, &str)> for Refused {
    fn from((status, code, message): (u16, u32, &str)) -> Self {
        Self { status, code, message: message.to_owned(), errors: Value::Null }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.status)?;
        if self.code != 0 {
            write!(out, ", code {}", self.code)?;
        }
        write!(out, ": {}", self.message)
    }
}
