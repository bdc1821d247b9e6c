//! Treats any text as a message that may call a command.

use serde_json::{Value, json};

use super::prefix::Prefix;
use crate::event::{self, LazyMessage};

/// The first line is the prefix; the rest is the content of a message, and may also be the JSON of one.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (prefix, rest) = text.split_once('\n').unwrap_or(("!", text));
    let prefix = Prefix { text: prefix.to_owned(), bot: Some(42) };
    let written =
        json!({ "id": "1", "channel_id": "2", "author": { "id": "3" }, "content": rest }).to_string();
    let message = event::message(&written).expect("a message");
    assert_eq!(message.content(), rest);
    call(&prefix, &written, message);
    // Written as Discord does: without escapes in keys, and each key once.
    let Ok(json) = serde_json::from_str::<Value>(rest) else { return };
    let json = json.to_string();
    if let Ok(message) = event::message(&json) {
        call(&prefix, &json, message);
    }
    let _ = (event::deleted(&json), event::interaction(&json));
}

/// Checks that what is called is a word of the message and what follows it, and that no message with a call
/// was skipped.
fn call(prefix: &Prefix, json: &str, message: LazyMessage<'_>) {
    if let Some((name, arguments)) = prefix.command(&message) {
        assert!(prefix.may_be_in(json), "it was passed over");
        assert!(!name.contains(char::is_whitespace) && arguments == arguments.trim());
        let line = message.content().trim_end().strip_suffix(arguments).expect("they end it");
        assert!(line.trim_end().ends_with(name));
    }
    let content = message.content().to_owned();
    assert_eq!(message.message().content, content);
}
