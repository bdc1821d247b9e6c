//! Errors as Discord's REST answers them: status, code, message, and the tree of a bad form.
//! It does not decide when one is due.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// A refused call. <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: Cow<'static, str>,
    pub(crate) errors: Option<Value>,
}

impl ApiError {
    pub(crate) const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message), errors: None }
    }

    pub(crate) const fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }
    pub(crate) const fn not_found() -> Self {
        Self::new(404, 0, "404: Not Found")
    }
    pub(crate) const fn method_not_allowed() -> Self {
        Self::new(405, 0, "405: Method Not Allowed")
    }
    pub(crate) const fn invalid_version() -> Self {
        Self::new(400, 50041, "Invalid API version")
    }
    pub(crate) const fn unknown_application() -> Self {
        Self::new(404, 10002, "Unknown Application")
    }
    pub(crate) const fn unknown_channel() -> Self {
        Self::new(404, 10003, "Unknown Channel")
    }
    pub(crate) const fn unknown_guild() -> Self {
        Self::new(404, 10004, "Unknown Guild")
    }
    pub(crate) const fn unknown_member() -> Self {
        Self::new(404, 10007, "Unknown Member")
    }
    pub(crate) const fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }
    pub(crate) const fn unknown_user() -> Self {
        Self::new(404, 10013, "Unknown User")
    }
    pub(crate) const fn unknown_emoji() -> Self {
        Self::new(400, 10014, "Unknown Emoji")
    }
    pub(crate) const fn unknown_webhook() -> Self {
        Self::new(404, 10015, "Unknown Webhook")
    }
    pub(crate) const fn unknown_interaction() -> Self {
        Self::new(404, 10062, "Unknown interaction")
    }
    pub(crate) const fn unknown_command() -> Self {
        Self::new(404, 10063, "Unknown application command")
    }
    pub(crate) const fn unknown_command_permissions() -> Self {
        Self::new(404, 10066, "Unknown application command permissions")
    }
    pub(crate) const fn persons_only() -> Self {
        Self::new(403, 20001, "Bots cannot use this endpoint")
    }
    pub(crate) const fn bots_only() -> Self {
        Self::new(403, 20002, "Only bots can use this endpoint")
    }
    pub(crate) fn too_many_commands(most: usize) -> Self {
        let message = format!("Maximum number of application commands reached ({most})");
        Self { status: 400, code: 30032, message: message.into(), errors: None }
    }
    pub(crate) const fn body_too_large() -> Self {
        Self::new(413, 40005, "Request entity too large")
    }
    pub(crate) const fn already_acknowledged() -> Self {
        Self::new(400, 40060, "Interaction has already been acknowledged.")
    }
    pub(crate) const fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }
    pub(crate) const fn edit_of_anothers_message() -> Self {
        Self::new(403, 50005, "Cannot edit a message authored by another user")
    }
    pub(crate) const fn empty_message() -> Self {
        Self::new(400, 50006, "Cannot send an empty message")
    }
    pub(crate) const fn cannot_message_user() -> Self {
        Self::new(403, 50007, "Cannot send messages to this user")
    }
    pub(crate) const fn not_in_this_channel() -> Self {
        Self::new(400, 50008, "Cannot send messages in a non-text channel")
    }
    pub(crate) const fn wrong_channel_type() -> Self {
        Self::new(400, 50024, "Cannot execute action on this channel type")
    }
    pub(crate) const fn thread_archived() -> Self {
        Self::new(400, 50083, "Thread is archived")
    }
    pub(crate) const fn not_your_application() -> Self {
        Self::new(403, 20012, "You are not authorized to perform this action on this application")
    }
    pub(crate) const fn system_message() -> Self {
        Self::new(400, 50021, "Cannot execute action on a system message")
    }
    pub(crate) const fn unknown_role() -> Self {
        Self::new(404, 10011, "Unknown Role")
    }
    pub(crate) const fn invalid_role() -> Self {
        Self::new(400, 50028, "Invalid Role")
    }
    pub(crate) const fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }
    pub(crate) const fn bulk_delete_count() -> Self {
        Self::new(
            400,
            50016,
            "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.",
        )
    }
    pub(crate) const fn expired_token() -> Self {
        Self::new(401, 50027, "Invalid Webhook Token")
    }
    pub(crate) const fn invalid_json() -> Self {
        Self::new(400, 50109, "The request body contains invalid JSON.")
    }

    /// A form with one mistake, at a path like `options.0.name`.
    pub(crate) fn form(path: &str, code: &str, message: &str) -> Self {
        let mut errors = FormErrors::default();
        errors.add(path, code, message);
        errors.into_error()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body.to_string().into_bytes()
    }
}

/// The mistakes found in a form, gathered before they are answered together with code 50035.
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

    /// Takes over mistakes that were found elsewhere in the same form.
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
        ApiError { status: 400, code: 50035, message: Cow::Borrowed("Invalid Form Body"), errors }
    }

    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}
