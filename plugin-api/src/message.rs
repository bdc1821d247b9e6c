//! A message to be sent, and the one that Discord made of it. Sending is the discord handle's part.

use abi_stable::std_types::RVec;
use serde_json::Value;

use crate::{Result, abi::File};

/// A message to post, reply or answer with. Text converts into it: `"hello".into()`.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    content: Option<String>,
    reply_to: Option<u64>,
    /// Discord's message flags.
    flags: u64,
    /// Embeds, each as JSON.
    embeds: Vec<String>,
    /// Any other field of Discord's message object, as JSON. Kept as text: a cog that uses none then carries no code
    /// for JSON values.
    others: Vec<(String, String)>,
    pub(crate) files: Vec<File>,
}

impl NewMessage {
    /// A message with text, at most 2000 characters.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: Some(content.into()), ..Self::default() }
    }

    /// Makes it a reply. If the message is gone by then, it is posted without the reference.
    #[must_use]
    pub fn reply_to(mut self, message: u64) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Only the user who asked can see it, whatever was deferred before. Answers to interactions only: in a channel
    /// everybody sees it.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.flags |= EPHEMERAL;
        self
    }

    /// Adds an embed, in Discord's JSON.
    #[must_use]
    pub fn embed(mut self, embed: &Value) -> Self {
        self.embeds.push(embed.to_string());
        self
    }

    /// Sets any field of Discord's message object, such as `components` or `poll`; it goes before what other calls set.
    /// `flags` are added to those that are set.
    #[must_use]
    pub fn field(mut self, name: &str, value: &Value) -> Self {
        match value.as_u64() {
            Some(flags) if name == "flags" => self.flags |= flags,
            _ => {
                self.others.retain(|(other, _)| other != name);
                self.others.push((name.to_owned(), value.to_string()));
            }
        }
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.push(File { name: name.into(), content_type: "".into(), bytes: bytes.into() });
        self
    }

    /// Whether only the user who asked can see it.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// Discord's JSON for it.
    pub(crate) fn encode(&self) -> String {
        let mut json = Object::with_capacity(96 + self.content.as_ref().map_or(0, String::len));
        for (name, value) in &self.others {
            json.field(name, value);
        }
        let mut default = |name: &str, value: &dyn Fn() -> String| {
            if !self.others.iter().any(|(other, _)| other == name) {
                json.field(name, &value());
            }
        };
        if let Some(content) = &self.content {
            default("content", &|| quoted(content));
        }
        if let Some(message) = self.reply_to {
            default("message_reference", &|| {
                format!(r#"{{"message_id":"{message}","fail_if_not_exists":false}}"#)
            });
        }
        if self.flags != 0 {
            default("flags", &|| self.flags.to_string());
        }
        if !self.embeds.is_empty() {
            default("embeds", &|| format!("[{}]", self.embeds.join(",")));
        }
        json.finish()
    }
}

/// Discord's message flag for "only you can see this".
pub(crate) const EPHEMERAL: u64 = 1 << 6;

/// A JSON object that is being written.
struct Object(String);

impl Object {
    fn with_capacity(bytes: usize) -> Self {
        let mut json = String::with_capacity(bytes);
        json.push('{');
        Self(json)
    }

    fn field(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(value);
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is always JSON")
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
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_written_as_discord_takes_it() {
        let message = NewMessage::new("\"hi\"")
            .reply_to(7)
            .ephemeral()
            .embed(&json!({"title": "t"}))
            .field("tts", &json!(true));
        let expected = json!({
            "content": "\"hi\"", "flags": 64, "tts": true, "embeds": [{"title": "t"}],
            "message_reference": {"message_id": "7", "fail_if_not_exists": false},
        });
        assert_eq!(serde_json::from_str::<Value>(&message.encode()).expect("JSON"), expected);
        assert_eq!(NewMessage::default().encode(), "{}");
    }
}
