//! A message to send, and the message that Discord made of it. The sending itself is done by the discord handle.

mod long;
mod mention;
mod sent;

use self::mention::{NOBODY, allowed};
pub use self::{long::Long, mention::Mention, sent::Sent};
pub(crate) use self::{mention::notify_nobody, sent::id_of};
use crate::{
    ToJson,
    abi::{File, HandleError},
    discord_codes::{INVALID_FORM_BODY, REPLY_NEEDS_HISTORY},
};

/// A message to post, or to reply or answer with. Text converts into it: `"hello".into()`.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    content: Option<String>,
    reply_to: Option<u64>,
    /// Discord's message flags.
    flags: u64,
    /// Embeds, each as JSON.
    embeds: Vec<String>,
    mentions: Vec<Mention>,
    /// Any other fields of Discord's message object, as JSON. Kept as text, so that a cog that uses none carries no
    /// code for JSON values.
    others: Vec<(String, String)>,
    pub(crate) files: Vec<File>,
    /// Descriptions of files for screen readers, by the file's position.
    descriptions: Vec<(usize, String)>,
    /// The files that stay on an edited message, if set.
    kept: Option<Vec<u64>>,
    /// Why the message cannot be sent.
    #[cfg(feature = "serenity")]
    refused: Option<&'static str>,
    long: Long,
}

impl NewMessage {
    /// A message with text of at most 2000 characters; [`long`](Self::long) sets what happens to longer text. The
    /// message notifies nobody, not even the author it replies to: mentions are shown, but only notify those that
    /// [`allow_mentions`](Self::allow_mentions) names. That makes it safe to repeat another user's text.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: Some(content.into()), ..Self::default() }
    }

    /// Sets the text.
    #[must_use]
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Makes the message a reply. It is posted without the reference if the other message is gone by then or cannot be
    /// replied to, or if the bot may not read the history there.
    #[must_use]
    pub fn reply_to(mut self, message: u64) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Posts the message only once, however often it is sent within some minutes: if Discord already has a message of
    /// the bot with this nonce, it returns that message. At most 25 characters.
    /// <https://discord.com/developers/docs/resources/message#create-message>
    #[must_use]
    pub fn nonce(self, nonce: &str) -> Self {
        self.raw_field("nonce", &quoted(nonce)).raw_field("enforce_nonce", "true")
    }

    /// Only the user of the interaction can see the message, regardless of how it was deferred. This works for answers
    /// to interactions only: in a channel everybody sees the message.
    #[must_use]
    pub fn ephemeral(mut self) -> Self {
        self.flags |= EPHEMERAL;
        self
    }

    /// Lets the message notify those in `mentions`, if its text mentions them.
    #[must_use]
    pub fn allow_mentions(mut self, mentions: &[Mention]) -> Self {
        self.mentions.extend_from_slice(mentions);
        self
    }

    /// Adds an embed.
    #[must_use]
    pub fn embed(mut self, embed: impl ToJson) -> Self {
        self.embeds.push(embed.to_json());
        self
    }

    /// Sets the components: a list of rows, or of whatever else Discord accepts.
    #[must_use]
    pub fn components(self, components: impl ToJson) -> Self {
        self.field("components", components)
    }

    /// Sets any field of Discord's message object, such as `components` or `poll`. It takes precedence over what other
    /// methods set, except that `flags` are added to those that are set.
    #[must_use]
    pub fn field(self, name: &str, value: impl ToJson) -> Self {
        self.raw_field(name, &value.to_json())
    }

    pub(crate) fn raw_field(mut self, name: &str, json: &str) -> Self {
        match (name, json.parse::<u64>()) {
            ("flags", Ok(flags)) => self.flags |= flags,
            // Kept separately, as its length matters.
            ("content", _) => self.content = serde_json::from_str(json).unwrap_or_default(),
            _ => {
                self.others.retain(|(other, _)| other != name);
                self.others.push((name.to_owned(), json.to_owned()));
            }
        }
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.push(File::new(name, bytes));
        self
    }

    /// Describes the last file added, for users who cannot see it: at most 1024 characters.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        if let Some(file) = self.files.len().checked_sub(1) {
            self.descriptions.push((file, text.into()));
        }
        self
    }

    /// In an edit: only these of the existing files stay, by snowflake; new files are added to them. Without this, all
    /// of them stay unless the edit adds files, or sets a text that could become a file ([`long`](Self::long)): then
    /// none stay.
    #[must_use]
    pub fn keep_files(mut self, files: &[u64]) -> Self {
        self.kept = Some(files.to_vec());
        self
    }

    /// The message, which fails with this reason instead of being sent.
    #[cfg(feature = "serenity")]
    pub(crate) fn refused(mut self, why: &'static str) -> Self {
        self.refused = Some(why);
        self
    }

    /// Whether only the user of the interaction can see it.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// The message for a channel, where everybody sees it: Discord has no ephemeral messages there.
    pub(crate) fn for_channel(mut self) -> Self {
        self.flags &= !EPHEMERAL;
        self
    }

    /// An edit that only removes buttons and menus.
    pub(crate) fn without_components() -> Self {
        Self::default().raw_field("components", "[]")
    }

    /// An edit that leaves nothing of the existing message: no text, embeds or files of another page.
    pub(crate) fn in_place_of_all(mut self) -> Self {
        self.kept.get_or_insert_default();
        if self.flags & COMPONENTS_V2 != 0 {
            return self;
        }
        self.content.get_or_insert_default();
        let has_embeds = !self.embeds.is_empty() || self.others.iter().any(|(name, _)| name == "embeds");
        if has_embeds { self } else { self.raw_field("embeds", "[]") }
    }

    /// The message without its reply reference; `None` if it is not a reply.
    pub(crate) fn without_reference(&self) -> Option<Self> {
        self.reply_to.map(|_| Self { reply_to: None, ..self.clone() })
    }

    /// Encodes the message as Discord's JSON.
    ///
    /// # Errors
    /// If the text is longer than Discord accepts; [`Invalid`](crate::abi::HandleErrorKind::Invalid) if the message was
    /// made of something that cannot be sent.
    pub(crate) fn encode(&self) -> Result<String, HandleError> {
        #[cfg(feature = "serenity")]
        if let Some(why) = self.refused {
            return Err(refused(why));
        }
        match self.length() {
            0..=TEXT_MAX => Ok(self.json()),
            length => Err(too_long(length)),
        }
    }

    /// The number of characters of the text.
    fn length(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.chars().count())
    }

    fn json(&self) -> String {
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
        if self.kept.is_some() || !self.descriptions.is_empty() {
            default("attachments", &|| self.attachments());
        }
        default("allowed_mentions", &|| match &*self.mentions {
            [] => NOBODY.to_owned(),
            mentions => allowed(mentions),
        });
        json.finish()
    }
}

impl NewMessage {
    /// Discord's list of files: the ones that stay, and each new one by its position.
    /// <https://discord.com/developers/docs/reference#uploading-files>
    fn attachments(&self) -> String {
        let kept = self.kept.iter().flatten().map(|id| format!(r#"{{"id":"{id}"}}"#));
        let new = self.files.iter().enumerate().map(|(place, file)| {
            let description = self.descriptions.iter().find(|(of, _)| *of == place);
            let description = description.map_or("null".to_owned(), |(_, text)| quoted(text));
            format!(r#"{{"id":{place},"filename":{},"description":{description}}}"#, quoted(&file.name))
        });
        format!("[{}]", kept.chain(new).collect::<Vec<_>>().join(","))
    }
}

/// Discord's limit for a message's text, in characters.
pub(crate) const TEXT_MAX: usize = 2000;

#[cfg(feature = "serenity")]
fn refused(why: &str) -> HandleError {
    HandleError::new(crate::abi::HandleErrorKind::Invalid, format!("cannot send a message: {why}"))
}

fn too_long(length: usize) -> HandleError {
    HandleError::form_body(format!(
        "cannot send a message of {length} characters; Discord allows {TEXT_MAX}, and `NewMessage::long` makes it fit"
    ))
}

/// Whether Discord refused a message because of what it replies to: the bot may not read the history there, or the
/// other message is a system message or gone.
pub(crate) fn is_about_reference(error: &HandleError) -> bool {
    let names_it = || String::from_utf8_lossy(&error.body).contains("message_reference");
    error.code == REPLY_NEEDS_HISTORY || error.code == INVALID_FORM_BODY && names_it()
}

/// Discord's message flag for "only you can see this".
pub(crate) const EPHEMERAL: u64 = 1 << 6;
/// Discord's message flag for "thinking …".
pub(crate) const LOADING: u64 = 1 << 7;
/// Discord's message flag for components that contain the text as well: the message then has no text or embeds of its
/// own.
pub(crate) const COMPONENTS_V2: u64 = 1 << 15;

/// A JSON object being written.
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

macro_rules! texts {
    ($($text:ty),+) => {
        $(impl From<$text> for NewMessage {
            fn from(content: $text) -> Self {
                Self::new(content)
            }
        })+
    };
}

texts! { &str, &String, String }

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_message_is_encoded_as_discord_expects() {
        let message = NewMessage::new("\"hi\"")
            .reply_to(7)
            .ephemeral()
            .embed(json!({"title": "t"}))
            .field("tts", json!(true));
        let nobody = json!({"parse": []});
        let expected = json!({
            "content": "\"hi\"", "flags": 64, "tts": true, "embeds": [{"title": "t"}], "allowed_mentions": nobody,
            "message_reference": {"message_id": "7", "fail_if_not_exists": false},
        });
        assert_eq!(written(&message), expected);
        assert_eq!(written(&NewMessage::default()), json!({ "allowed_mentions": nobody }));
        let text = "hi".to_owned();
        assert_eq!(written(&(&text).into()), written(&text.into()));
    }

    fn written(message: &NewMessage) -> Value {
        serde_json::from_str(&message.encode().expect("it is short")).expect("JSON")
    }

    #[test]
    fn a_message_notifies_only_allowed_mentions() {
        let some = [Mention::User(7), Mention::Role(8), Mention::RepliedUser];
        let message = NewMessage::new("x").allow_mentions(&some);
        let expected = json!({"parse": [], "users": ["7"], "roles": ["8"], "replied_user": true});
        assert_eq!(written(&message)["allowed_mentions"], expected);
        let message = message.allow_mentions(&[Mention::Users, Mention::Roles, Mention::Everyone]);
        let expected = json!({"parse": ["users", "roles", "everyone"], "replied_user": true});
        assert_eq!(written(&message)["allowed_mentions"], expected);
    }

    #[test]
    fn a_custom_field_takes_precedence_and_flags_are_combined() {
        let message = NewMessage::new("x")
            .field("allowed_mentions", json!({"parse": ["users"]}))
            .field("flags", json!(4))
            .ephemeral()
            .field("flags", json!(4096));
        let expected = json!({"content": "x", "flags": 4164, "allowed_mentions": {"parse": ["users"]}});
        assert_eq!(written(&message), expected);
    }

    #[test]
    fn files_with_a_description_are_listed() {
        let message = NewMessage::default().file("a.txt", vec![1]).file("b.txt", vec![2]);
        assert_eq!(written(&message).get("attachments"), None);
        let message = message.description("two").keep_files(&[7]).file("c.txt", vec![3]);
        let expected = json!([
            {"id": "7"},
            {"id": 0, "filename": "a.txt", "description": null},
            {"id": 1, "filename": "b.txt", "description": "two"},
            {"id": 2, "filename": "c.txt", "description": null},
        ]);
        assert_eq!(written(&message)["attachments"], expected);
        assert_eq!(written(&NewMessage::default().keep_files(&[]))["attachments"], json!([]));
    }

    #[test]
    fn a_text_that_discord_would_refuse_is_an_error() {
        assert!(NewMessage::new("é".repeat(2000)).encode().is_ok());
        let error = NewMessage::new("é".repeat(2001)).encode().expect_err("it is too long");
        assert_eq!(
            error.text,
            "cannot send a message of 2001 characters; Discord allows 2000, and `NewMessage::long` makes it fit"
        );
    }
}
