//! Who may be notified by a message.

use serde_json::Value;

/// Who may be notified by a message. See "Allowed Mentions Object" in Discord's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Every user that the text mentions.
    Users,
    /// Every role that the text mentions.
    Roles,
    /// `@everyone` and `@here`.
    Everyone,
    /// The author of the message that is replied to.
    RepliedUser,
    /// A user, by snowflake.
    User(u64),
    /// A role, by snowflake.
    Role(u64),
}

/// Discord's JSON for a message that notifies nobody, as nearly all messages do.
pub(super) const NOBODY: &str = r#"{"parse":[]}"#;

/// The same for a message that already is JSON, unless it has its own allowed mentions. `message` is the JSON pointer
/// to it in `json`.
pub(crate) fn notify_nobody(json: &mut Value, message: &str) {
    if let Some(message) = json.pointer_mut(message).and_then(Value::as_object_mut) {
        message.entry("allowed_mentions").or_insert_with(|| serde_json::json!({ "parse": [] }));
    }
}

/// Discord's JSON for who may be notified. Discord refuses ids next to the kind that covers them.
/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
pub(super) fn allowed(mentions: &[Mention]) -> String {
    let [mut parse, mut users, mut roles] = [const { Vec::new() }; 3];
    for mention in mentions {
        match mention {
            Mention::Users => parse.push("\"users\"".to_owned()),
            Mention::Roles => parse.push("\"roles\"".to_owned()),
            Mention::Everyone => parse.push("\"everyone\"".to_owned()),
            Mention::User(id) => users.push(format!("\"{id}\"")),
            Mention::Role(id) => roles.push(format!("\"{id}\"")),
            Mention::RepliedUser => {}
        }
    }
    let mut json = format!(r#"{{"parse":[{}]"#, parse.join(","));
    if !users.is_empty() && !mentions.contains(&Mention::Users) {
        json.push_str(&format!(r#","users":[{}]"#, users.join(",")));
    }
    if !roles.is_empty() && !mentions.contains(&Mention::Roles) {
        json.push_str(&format!(r#","roles":[{}]"#, roles.join(",")));
    }
    if mentions.contains(&Mention::RepliedUser) {
        json.push_str(r#","replied_user":true"#);
    }
    json.push('}');
    json
}
