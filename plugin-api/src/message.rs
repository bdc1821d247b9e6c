//! A message to be sent, and the one that Discord made of it. Sending is the discord handle's part.

use abi_stable::std_types::RVec;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Result, abi::File};

/// A message to post, reply or answer with. Text converts into it: `"hello".into()`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
    /// Any other field of Discord's message object.
    #[serde(flatten)]
    others: Map<String, Value>,
    #[serde(skip)]
    pub(crate) files: Vec<File>,
}

#[derive(Clone, Debug, Serialize)]
struct Reference {
    message_id: String,
    fail_if_not_exists: bool,
}

impl NewMessage {
    /// A message with text, at most 2000 characters.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: Some(content.into()), ..Self::default() }
    }

    /// Makes it a reply. If the message is gone by then, it is posted without the reference.
    #[must_use]
    pub fn reply_to(mut self, message: u64) -> Self {
        self.message_reference =
            Some(Reference { message_id: message.to_string(), fail_if_not_exists: false });
        self
    }

    /// Only the person who asked can see it. Interactions only.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.flags = Some(self.flags.unwrap_or(0) | 64);
        self
    }

    /// Adds an embed, in Discord's JSON.
    #[must_use]
    pub fn embed(mut self, embed: Value) -> Self {
        match self.others.entry("embeds").or_insert_with(|| json!([])) {
            Value::Array(embeds) => embeds.push(embed),
            other => *other = json!([embed]),
        }
        self
    }

    /// Sets any other field of Discord's message object, such as `components` or `allowed_mentions`.
    #[must_use]
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.others.insert(name.to_owned(), value);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.push(File { name: name.into(), content_type: "".into(), bytes: bytes.into() });
        self
    }

    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("strings, numbers and JSON values always serialise")
    }
}

impl From<&str> for NewMessage {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

impl From<String> for NewMessage {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}

pub(crate) fn encode(message: &NewMessage) -> Vec<u8> {
    serde_json::to_vec(message).expect("strings, numbers and JSON values always serialise")
}

/// A message that Discord accepted.
#[derive(Debug)]
pub struct Sent {
    body: RVec<u8>,
}

impl Sent {
    pub(crate) fn new(body: RVec<u8>) -> Self {
        Self { body }
    }

    /// Its snowflake.
    ///
    /// # Errors
    /// When Discord's answer has none.
    pub fn id(&self) -> Result<u64> {
        #[derive(serde::Deserialize)]
        struct Id<'a> {
            id: &'a str,
        }
        Ok(serde_json::from_slice::<Id<'_>>(&self.body)?.id.parse()?)
    }

    /// The whole message as Discord returned it.
    ///
    /// # Errors
    /// When Discord's answer is not JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_as_discord_takes_it() {
        let message = NewMessage::new("hi")
            .reply_to(7)
            .ephemeral()
            .embed(json!({"title": "t"}))
            .field("tts", json!(true));
        let expected = json!({
            "content": "hi", "flags": 64, "tts": true, "embeds": [{"title": "t"}],
            "message_reference": {"message_id": "7", "fail_if_not_exists": false},
        });
        assert_eq!(message.to_value(), expected);
        assert_eq!(encode(&"x".into()), br#"{"content":"x"}"#);
    }
}
