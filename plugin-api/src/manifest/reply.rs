//! Which requests to Discord are answers: a cog that declares `discord.reply` may make these.

use serde::Deserialize;

use crate::abi::{DiscordRequest, Method};

/// Whether a request answers an interaction, or sends, edits or reacts to messages. It may not show a message from
/// elsewhere.
#[must_use]
pub fn is_reply(request: &DiscordRequest) -> bool {
    is_path_of_reply(request.method, &request.path) && !forwards(&request.json)
}

/// Whether a server could read an escape in it as a part of the path's structure.
#[must_use]
pub fn hides_path(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["%2e", "%2f", "%5c", "%25"].iter().any(|hidden| text.contains(hidden))
}

/// Whether a path is one that bots use for answers:
/// <https://discord.com/developers/docs/interactions/receiving-and-responding>,
/// <https://discord.com/developers/docs/resources/message>.
fn is_path_of_reply(method: Method, path: &str) -> bool {
    let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_token =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_emoji = |text: &str| !hides_path(text);
    let segments: Vec<&str> = path.split('/').collect();
    match (method, &segments[..]) {
        (Method::Post, ["", "interactions", id, token, "callback"]) => is_id(id) && is_token(token),
        (Method::Post, ["", "webhooks", id, token]) => is_id(id) && is_token(token),
        (_, ["", "webhooks", id, token, "messages", message]) => {
            is_id(id) && is_token(token) && (is_id(message) || *message == "@original")
        }
        (Method::Post, ["", "channels", channel, "messages" | "typing"]) => is_id(channel),
        (Method::Patch, ["", "channels", channel, "messages", message]) => is_id(channel) && is_id(message),
        (
            Method::Put | Method::Delete,
            ["", "channels", channel, "messages", message, "reactions", emoji, "@me"],
        ) => is_id(channel) && is_id(message) && is_emoji(emoji),
        _ => false,
    }
}

/// Whether a message forwards another one, which the cog might not be able to read itself.
/// <https://discord.com/developers/docs/resources/message#message-reference-types>
fn forwards(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Body {
        message_reference: Option<Reference>,
    }
    #[derive(Deserialize)]
    struct Reference {
        r#type: Option<u64>,
    }
    const DEFAULT: u64 = 0;
    match serde_json::from_slice::<Body>(json) {
        Ok(Body { message_reference }) => message_reference
            .is_some_and(|reference| reference.r#type.is_some_and(|reference| reference != DEFAULT)),
        // Discord may parse it differently.
        Err(_) => !json.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_shows_another_one_is_more_than_a_reply() {
        for (json, is_forward) in [
            ("", false),
            (r#"{"content":"x"}"#, false),
            (r#"{"message_reference":{"message_id":"1"}}"#, false),
            (r#"{"message_reference":{"type":0,"message_id":"1"}}"#, false),
            (r#"{"message_reference":null}"#, false),
            (r#"{"message_reference":{"type":1,"message_id":"1","channel_id":"2"}}"#, true),
            (r#"{"message_reference":{"type":0,"type":1}}"#, true),
            (r#"{"message_reference":{"type":"1"}}"#, true),
            (r#"{"message_reference":{"type":1}} "#, true),
            ("{", true),
        ] {
            assert_eq!(forwards(json.as_bytes()), is_forward, "{json}");
        }
    }
}
