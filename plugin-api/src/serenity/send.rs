//! serenity's builders, converted into what the SDK sends.

mod files;

use std::collections::BTreeMap;

use ::serenity::builder::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use self::files::Hidden;
use crate::{NewMessage, ToJson, message::notify_nobody};

macro_rules! builders {
    ($($type:ty)+) => {
        $(impl ToJson for $type {
            fn to_json(&self) -> String {
                written(self)
            }
        })+
    };
}

fn written(builder: &impl Serialize) -> String {
    // Their fields are plain data, with text as keys.
    serde_json::to_string(builder).expect("a builder is always JSON")
}

builders! {
    // Parts of messages.
    CreateActionRow CreateAllowedMentions CreateButton CreateEmbed CreateInputText CreateModal
    CreatePoll<create_poll::Ready> CreateSelectMenu
    // Guilds, channels and what is in them.
    AddMember CreateChannel<'_> CreateCommand CreateForumTag CreateInvite<'_> CreateScheduledEvent<'_>
    CreateStageInstance<'_> CreateThread<'_> CreateWebhook<'_> EditAutoModRule<'_> EditChannel<'_> EditGuild<'_>
    EditGuildWelcomeScreen<'_> EditMember<'_> EditRole<'_> EditScheduledEvent<'_> EditStageInstance<'_> EditThread<'_>
    EditVoiceState EditWebhook<'_>
}

/// Builders that are a message, or have one in this field. Even as JSON they notify nobody, unless they say otherwise.
macro_rules! notifying {
    ($($type:ty: $message:literal;)+) => {
        $(impl ToJson for $type {
            fn to_json(&self) -> String {
                let mut json = serde_json::from_str(&written(self)).unwrap_or_default();
                notify_nobody(&mut json, $message);
                json.to_string()
            }
        })+
    };
}

// Each with the JSON pointer to its message.
notifying! {
    CreateForumPost<'_>: "/message";
    CreateInteractionResponseFollowup: "";
    CreateInteractionResponseMessage: "";
    CreateMessage: "";
    EditInteractionResponse: "";
    EditMessage: "";
    EditWebhookMessage: "";
    ExecuteWebhook: "";
}

impl ToJson for CreateInteractionResponse {
    fn to_json(&self) -> String {
        let mut json: Value = serde_json::from_str(&written(self)).unwrap_or_default();
        // The other variants are forms and suggestions.
        if matches!(self, Self::Message(_) | Self::UpdateMessage(_)) {
            notify_nobody(&mut json, "/data");
        }
        json.to_string()
    }
}

/// Builders of a message, each with the fields that it writes even if they were not set, as empty or `false`. In an
/// edit those would remove what is there.
macro_rules! messages {
    ($($type:ty: $unset:expr;)+) => {
        $(impl From<$type> for NewMessage {
            fn from(builder: $type) -> Self {
                let mut hidden = Hidden::default();
                hidden.read(&builder);
                message(&written(&builder), &$unset, hidden)
            }
        })+
    };
}

messages! {
    CreateMessage: ["attachments", "embeds", "enforce_nonce", "sticker_ids", "tts"];
    CreateInteractionResponseMessage: ["attachments"];
    CreateInteractionResponseFollowup: ["attachments", "embeds"];
    EditInteractionResponse: [];
    EditMessage: [];
    EditWebhookMessage: [];
}

impl From<CreateEmbed> for NewMessage {
    fn from(embed: CreateEmbed) -> Self {
        Self::default().embed(embed)
    }
}

impl From<Vec<CreateEmbed>> for NewMessage {
    fn from(embeds: Vec<CreateEmbed>) -> Self {
        embeds.into_iter().fold(Self::default(), Self::embed)
    }
}

impl From<CreateAttachment> for NewMessage {
    fn from(file: CreateAttachment) -> Self {
        Self::default().attach(file)
    }
}

impl From<CreatePoll<create_poll::Ready>> for NewMessage {
    fn from(poll: CreatePoll<create_poll::Ready>) -> Self {
        Self::default().field("poll", poll)
    }
}

impl NewMessage {
    /// Adds a file.
    #[must_use]
    pub fn attach(self, file: CreateAttachment) -> Self {
        let message = self.file(&file.filename, file.data);
        match file.description {
            Some(description) => message.description(description),
            None => message,
        }
    }
}

/// The message that a builder makes.
fn message(json: &str, unset: &[&str], mut hidden: Hidden) -> NewMessage {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let mut message = NewMessage::default();
    for (name, value) in fields {
        let value = value.get();
        let is_unset = || unset.contains(&&*name) && matches!(value, "[]" | "false");
        message = match &*name {
            _ if is_unset() => message,
            "content" => message.content(serde_json::from_str::<String>(value).unwrap_or_default()),
            "message_reference" => refer(message, value),
            "attachments" => attach(message, value, std::mem::take(&mut hidden.files)),
            name => message.raw_field(name, value),
        };
    }
    match hidden.reactions {
        true => message.refused(
            "a message cannot be sent with reactions; add them afterwards, with `ctx.discord().react(…)`",
        ),
        false => message,
    }
}

/// A reply becomes [`NewMessage::reply_to`], which drops the reference if its target is gone, unless the builder says
/// otherwise.
fn refer(message: NewMessage, json: &str) -> NewMessage {
    #[derive(Default, Deserialize)]
    struct Reference {
        #[serde(rename = "type")]
        kind: u8,
        message_id: Option<String>,
        fail_if_not_exists: Option<bool>,
    }
    let reference: Reference = serde_json::from_str(json).unwrap_or_default();
    let is_lenient = reference.kind == 0 && reference.fail_if_not_exists != Some(true);
    match reference.message_id.and_then(|id| id.parse().ok()) {
        Some(id) if is_lenient => message.reply_to(id),
        _ => message.raw_field("message_reference", json),
    }
}

/// New files have a name; files that stay have only their id.
/// <https://discord.com/developers/docs/reference#uploading-files>
fn attach(message: NewMessage, json: &str, files: Vec<Vec<u8>>) -> NewMessage {
    #[derive(Deserialize)]
    struct Attachment {
        id: Value,
        filename: Option<String>,
        description: Option<String>,
    }
    let attachments: Vec<Attachment> = serde_json::from_str(json).unwrap_or_default();
    let (new, kept): (Vec<_>, Vec<_>) = attachments.into_iter().partition(|it| it.filename.is_some());
    let kept: Vec<u64> = kept.iter().filter_map(|it| it.id.as_str()?.parse().ok()).collect();
    if new.len() != files.len() {
        return message.refused("its files cannot be read; add them with `NewMessage::attach`");
    }
    new.into_iter().zip(files).fold(message.keep_files(&kept), |message, (new, bytes)| {
        let mut file = CreateAttachment::bytes(bytes, new.filename.unwrap_or_default());
        file.description = new.description;
        message.attach(file)
    })
}

#[cfg(test)]
mod tests {
    use ::serenity::model::{
        application::{ButtonStyle, InputTextStyle},
        channel::{MessageFlags, MessageReference, MessageReferenceKind},
        id::{ChannelId, MessageId},
    };
    use serde_json::json;

    use super::*;

    fn written(message: impl Into<NewMessage>) -> Value {
        serde_json::from_str(&message.into().encode().expect("it can be sent")).expect("JSON")
    }

    fn refusal(message: impl Into<NewMessage>) -> String {
        message.into().encode().expect_err("it cannot be sent").text.into()
    }

    #[test]
    fn a_built_message_is_sent_completely_and_notifies_nobody() {
        let poll = CreatePoll::new()
            .question("Tea?")
            .answers(vec![CreatePollAnswer::new().text("yes")])
            .duration(std::time::Duration::from_secs(3600));
        let message = CreateMessage::new()
            .content("hi")
            .embed(CreateEmbed::new().title("t"))
            .button(CreateButton::new("go").label("Go").style(ButtonStyle::Danger))
            .sticker_id(5)
            .flags(MessageFlags::SUPPRESS_EMBEDS)
            .poll(poll);
        let sent = written(message);
        assert_eq!((&sent["content"], &sent["embeds"][0]["title"]), (&json!("hi"), &json!("t")));
        let button = json!({"type": 2, "custom_id": "go", "label": "Go", "style": 4, "disabled": false});
        assert_eq!(sent["components"], json!([{"type": 1, "components": [button]}]));
        assert_eq!((&sent["sticker_ids"], &sent["flags"]), (&json!(["5"]), &json!(4)));
        assert_eq!(sent["poll"]["answers"][0]["poll_media"]["text"], "yes");
        assert_eq!(sent["allowed_mentions"], json!({"parse": []}));
    }

    #[test]
    fn an_edit_sends_only_what_was_set() {
        let nobody = json!({"parse": []});
        let expected = json!({"content": "x", "allowed_mentions": nobody});
        assert_eq!(written(CreateMessage::new().content("x")), expected);
        assert_eq!(written(CreateInteractionResponseMessage::new().content("x")), expected);
        assert_eq!(written(CreateInteractionResponseFollowup::new().content("x")), expected);
        assert_eq!(written(EditMessage::new().content("x")), expected);
        assert_eq!(written(EditInteractionResponse::new().content("x")), expected);
        let cleared = EditMessage::new().embeds(vec![]).components(vec![]).remove_all_attachments();
        let expected = json!({"embeds": [], "components": [], "attachments": [], "allowed_mentions": nobody});
        assert_eq!(written(cleared), expected);
    }

    #[test]
    fn the_builder_decides_who_may_be_notified() {
        let allowed = CreateAllowedMentions::new().all_users(true);
        let sent = written(CreateMessage::new().content("x").allowed_mentions(allowed));
        assert_eq!(sent["allowed_mentions"]["parse"], json!(["users"]));
    }

    #[test]
    fn a_message_as_json_notifies_nobody_either() {
        let message = || CreateMessage::new().content("@everyone");
        let answer = || CreateInteractionResponseMessage::new().content("@everyone");
        let allowed = CreateAllowedMentions::new().everyone(true);
        let table: [(&dyn ToJson, &str, Value); 8] = [
            (&message(), "/allowed_mentions", json!({"parse": []})),
            (&message().allowed_mentions(allowed), "/allowed_mentions/parse", json!(["everyone"])),
            (&ExecuteWebhook::new().content("x"), "/allowed_mentions", json!({"parse": []})),
            (&EditMessage::new().content("x"), "/allowed_mentions", json!({"parse": []})),
            (&CreateForumPost::new("t", message()), "/message/allowed_mentions", json!({"parse": []})),
            (&CreateInteractionResponse::Message(answer()), "/data/allowed_mentions", json!({"parse": []})),
            (
                &CreateInteractionResponse::UpdateMessage(answer()),
                "/data/allowed_mentions",
                json!({"parse": []}),
            ),
            (
                &CreateInteractionResponse::Modal(CreateModal::new("i", "t")),
                "/data/allowed_mentions",
                Value::Null,
            ),
        ];
        for (builder, pointer, expected) in table {
            let json: Value = serde_json::from_str(&builder.to_json()).expect("JSON");
            assert_eq!(json.pointer(pointer).unwrap_or(&Value::Null), &expected, "{json}");
        }
    }

    #[test]
    fn an_ephemeral_answer_stays_ephemeral_and_a_text_has_its_limit() {
        let secret = || CreateInteractionResponseMessage::new().content("x").ephemeral(true);
        assert!(NewMessage::from(secret()).is_ephemeral());
        assert_eq!(written(secret())["flags"], 64);
        assert!(!NewMessage::from(secret()).for_channel().is_ephemeral());
        let long = refusal(CreateMessage::new().content("x".repeat(2001)));
        assert_eq!(
            long,
            "cannot send a message of 2001 characters; Discord allows 2000, and `NewMessage::long` makes it fit"
        );
    }

    #[test]
    fn files_are_sent_with_their_descriptions() {
        let message = CreateMessage::new()
            .add_file(CreateAttachment::bytes([0, 200], "a.bin").description("two bytes"))
            .add_file(CreateAttachment::bytes("text", "b.txt"));
        let message = NewMessage::from(message).file("c.txt", vec![1]);
        let files: Vec<(&str, &[u8])> =
            message.files.iter().map(|it| (&*it.name, it.bytes.as_slice())).collect();
        assert_eq!(files, [("a.bin", &[0, 200][..]), ("b.txt", b"text"), ("c.txt", &[1])]);
        let expected = json!([
            {"id": 0, "filename": "a.bin", "description": "two bytes"},
            {"id": 1, "filename": "b.txt", "description": null},
            {"id": 2, "filename": "c.txt", "description": null},
        ]);
        assert_eq!(written(message)["attachments"], expected);
        let edit = EditMessage::new().keep_existing_attachment(7.into());
        let edit = edit.new_attachment(CreateAttachment::bytes([1], "d"));
        let expected = json!([{"id": "7"}, {"id": 0, "filename": "d", "description": null}]);
        assert_eq!(written(edit)["attachments"], expected);
    }

    #[test]
    fn reactions_are_refused_instead_of_lost() {
        let why = refusal(CreateMessage::new().content("x").reactions(['👍']));
        assert!(why.starts_with("cannot send a message: a message cannot be sent with reactions"), "{why}");
    }

    #[test]
    fn a_reply_to_a_deleted_message_is_sent_unless_it_is_required() {
        let place = (ChannelId::new(1), MessageId::new(2));
        let sent = |reference| {
            written(CreateMessage::new().reference_message(reference))["message_reference"].clone()
        };
        let lenient = json!({"message_id": "2", "fail_if_not_exists": false});
        assert_eq!(sent(MessageReference::from(place)), lenient);
        let strict = sent(MessageReference::from(place).fail_if_not_exists(true));
        assert_eq!((&strict["message_id"], &strict["fail_if_not_exists"]), (&json!("2"), &json!(true)));
        let forward = MessageReference::new(MessageReferenceKind::Forward, place.0).message_id(place.1);
        assert_eq!(sent(forward)["type"], 1);
    }

    #[test]
    fn parts_of_a_message_are_messages_too() {
        assert_eq!(written(CreateEmbed::new().title("t"))["embeds"][0]["title"], "t");
        let rows = vec![CreateActionRow::Buttons(vec![CreateButton::new("go").label("Go")])];
        let sent = written(NewMessage::new("x").components(rows).embed(CreateEmbed::new().title("t")));
        assert_eq!(sent["components"][0]["components"][0]["custom_id"], "go");
        assert_eq!(NewMessage::from(CreateAttachment::bytes([1], "a")).files.len(), 1);
    }

    #[test]
    fn a_form_is_encoded_as_discord_expects() {
        let field = CreateInputText::new(InputTextStyle::Short, "Title", "title");
        let form = CreateModal::new("tag", "New tag").components(vec![CreateActionRow::InputText(field)]);
        let json: Value = serde_json::from_str(&form.to_json()).expect("JSON");
        assert_eq!((&json["custom_id"], &json["title"]), (&json!("tag"), &json!("New tag")));
        assert_eq!(json["components"][0]["components"][0]["custom_id"], "title");
    }
}
