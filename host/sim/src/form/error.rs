//! Errors as Discord's REST API returns them: status, code, message, and the tree of form errors.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// A refused call. <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
    pub(crate) errors: Option<Value>,
    /// How long until the same call is allowed.
    pub(crate) retry_after: Option<Duration>,
}

/// The result of a request.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    pub(crate) const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message), errors: None, retry_after: None }
    }

    pub(crate) fn too_many_commands(most: usize) -> Self {
        let message = format!("Maximum number of application commands reached ({most})");
        Self { status: 400, code: 30032, message: message.into(), errors: None, retry_after: None }
    }

    /// Too soon after the last message (slow mode): a rate limit with its own code.
    /// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>
    pub(crate) fn slowmode(retry_after: Duration) -> Self {
        let error = Self::new(429, 20016, "This action cannot be performed due to slowmode rate limit");
        Self { retry_after: Some(retry_after), ..error }
    }

    /// A form with one mistake, at a path such as `options.0.name`.
    pub(crate) fn form(path: &str, code: &str, message: &str) -> Self {
        let mut errors = FormErrors::default();
        errors.add(path, code, message);
        errors.into_error()
    }

    pub(crate) fn required(path: &str) -> Self {
        Self::form(path, "BASE_TYPE_REQUIRED", "This field is required")
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        if let Some(wait) = self.retry_after {
            body["retry_after"] = json!(wait.as_secs_f64());
            body["global"] = json!(false);
        }
        body.to_string().into_bytes()
    }
}

/// Errors by Discord's code: HTTP status, code, message.
macro_rules! errors {
    ($($name:ident: $status:literal, $code:literal, $message:literal;)*) => {
        impl ApiError {
            $(pub(crate) const fn $name() -> Self {
                Self::new($status, $code, $message)
            })*
        }
    };
}

errors! {
    unauthorized: 401, 0, "401: Unauthorized";
    not_found: 404, 0, "404: Not Found";
    method_not_allowed: 405, 0, "405: Method Not Allowed";
    unknown_application: 404, 10002, "Unknown Application";
    unknown_channel: 404, 10003, "Unknown Channel";
    unknown_guild: 404, 10004, "Unknown Guild";
    unknown_member: 404, 10007, "Unknown Member";
    unknown_message: 404, 10008, "Unknown Message";
    unknown_overwrite: 404, 10009, "Unknown Overwrite";
    unknown_role: 404, 10011, "Unknown Role";
    unknown_user: 404, 10013, "Unknown User";
    unknown_emoji: 400, 10014, "Unknown Emoji";
    unknown_webhook: 404, 10015, "Unknown Webhook";
    unknown_ban: 404, 10026, "Unknown Ban";
    unknown_guild_template: 404, 10057, "Unknown guild template";
    unknown_interaction: 404, 10062, "Unknown interaction";
    unknown_command: 404, 10063, "Unknown application command";
    unknown_command_permissions: 404, 10066, "Unknown application command permissions";
    users_only: 403, 20001, "Bots cannot use this endpoint";
    bots_only: 403, 20002, "Only bots can use this endpoint";
    not_your_application: 403, 20012, "You are not authorized to perform this action on this application";
    guild_has_template: 400, 30031, "Guild already has a template";
    body_too_large: 413, 40005, "Request entity too large";
    no_first_message: 403, 40058, "Cannot message this thread until after the post author has sent an initial message.";
    already_acknowledged: 400, 40060, "Interaction has already been acknowledged.";
    missing_access: 403, 50001, "Missing Access";
    direct_message: 403, 50003, "Cannot execute action on a DM channel";
    edit_of_anothers_message: 403, 50005, "Cannot edit a message authored by another user";
    empty_message: 400, 50006, "Cannot send an empty message";
    cannot_message_user: 403, 50007, "Cannot send messages to this user";
    not_in_this_channel: 400, 50008, "Cannot send messages in a non-text channel";
    missing_permissions: 403, 50013, "Missing Permissions";
    bulk_delete_count: 400, 50016, "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.";
    system_message: 400, 50021, "Cannot execute action on a system message";
    wrong_channel_type: 400, 50024, "Cannot execute action on this channel type";
    expired_token: 401, 50027, "Invalid Webhook Token";
    invalid_role: 400, 50028, "Invalid Role";
    invalid_version: 400, 50041, "Invalid API version";
    thread_archived: 400, 50083, "Thread is archived";
    onboarding_requirements_not_met: 400, 350_000, "Cannot enable onboarding, requirements are not met";
    onboarding_below_requirements: 400, 350_001, "Cannot update onboarding while below requirements";
    blocked_by_automod: 400, 200_000, "Message was blocked by automatic moderation";
    invalid_json: 400, 50109, "The request body contains invalid JSON.";
}

/// The mistakes found in a form, collected so that they are returned together under code 50035.
#[derive(Debug, Default)]
pub(crate) struct FormErrors {
    tree: Map<String, Value>,
}

impl FormErrors {
    pub(crate) fn add(&mut self, path: &str, code: &str, message: &str) {
        let mut at = &mut self.tree;
        for key in path.split('.').chain(["_errors"]) {
            if key == "_errors" {
                let list = at.entry(key).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(json!({ "code": code, "message": message }));
                }
                return;
            }
            let next = at.entry(key).or_insert_with(|| json!({}));
            match next {
                Value::Object(map) => at = map,
                _ => return,
            }
        }
    }

    /// Adds mistakes that were found elsewhere in the same form.
    pub(crate) fn merge(&mut self, other: FormErrors) {
        fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
            for (key, value) in from {
                match (into.get_mut(&key), value) {
                    (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
                    (Some(Value::Array(there)), Value::Array(more)) => there.extend(more),
                    (_, value) => {
                        into.insert(key, value);
                    }
                }
            }
        }
        merge(&mut self.tree, other.tree);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    pub(crate) fn into_error(self) -> ApiError {
        let errors = Some(Value::Object(self.tree));
        ApiError {
            status: 400,
            code: 50035,
            message: Cow::Borrowed("Invalid Form Body"),
            errors,
            retry_after: None,
        }
    }

    pub(crate) fn into_result(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}
