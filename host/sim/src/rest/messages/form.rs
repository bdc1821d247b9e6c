//! The body of a message: read, validated against Discord's limits, and turned into a draft or revision.

use serde_json::Value;

use super::allowed_mentions::allowed_mentions;
use super::components::{Surface, components};
use super::embeds::embeds;
use super::polls::PollForm;
use crate::accounts::Account;
use crate::files::{AttachmentInfo, attach, keep_listed};
use crate::form::{Fields, Result};
use crate::ids::Snowflake;
use crate::rest::Call;
use crate::rules::messages::{BESIDE_LAYOUT, MAX_CONTENT_CHARS, beside_layout, content_limit};
use crate::rules::{Draft, Revision, access};
use crate::state::State;
use crate::world::mentions::AllowedMentions;
use crate::world::{Attachment, Component, Embed, Message, flags, numbered};

const MAX_NONCE_CHARS: usize = 25;

/// A message body.
#[derive(Default)]
pub(crate) struct MessageForm {
    content: Option<Option<String>>,
    embeds: Option<Vec<Embed>>,
    components: Option<Vec<Component>>,
    attachments: Option<Vec<AttachmentInfo>>,
    allowed: Option<AllowedMentions>,
    pub(crate) poll: Option<PollForm>,
    /// Channel id and message id of the message to forward.
    pub(crate) forwards: Option<(Snowflake, Snowflake)>,
    pub(crate) reply_to: Option<Snowflake>,
    /// A reply to a deleted message becomes a plain message instead of an error.
    pub(crate) reply_is_optional: bool,
    tts: bool,
    pub(crate) flags: Option<u64>,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
}

impl MessageForm {
    /// Reads all fields of a new message; all mistakes are returned together.
    pub(crate) fn read(state: &State, author: Snowflake, fields: Fields) -> Result<Self> {
        Self::read_edit(state, author, fields, 0)
    }

    /// The same for an edit of a message with the flags `flags_before`.
    pub(crate) fn read_edit(
        state: &State,
        author: Snowflake,
        fields: Fields,
        flags_before: u64,
    ) -> Result<Self> {
        Self::read_up_to(MAX_CONTENT_CHARS, state, author, fields, flags_before)
    }

    /// The same for an account: users with Nitro may send longer texts; fields that only bots may send are ignored for
    /// users, as by Discord.
    pub(crate) fn read_of(
        account: Account,
        state: &State,
        fields: Fields,
        flags_before: u64,
    ) -> Result<Self> {
        let author = account.id();
        let most = content_limit(&state.world, author);
        let form = Self::read_up_to(most, state, author, fields, flags_before)?;
        Ok(match account {
            Account::Bot(_) => form,
            Account::User(_) => Self { embeds: None, components: None, ..form },
        })
    }

    fn read_up_to(
        content_chars: usize,
        state: &State,
        author: Snowflake,
        mut fields: Fields,
        flags_before: u64,
    ) -> Result<Self> {
        let knows = |id| access::knows_emoji(state, author, id);
        let mut form = Self { flags: fields.number("flags"), ..Self::default() };
        let layout = (form.flags.unwrap_or(0) | flags_before) & flags::IS_COMPONENTS_V2 != 0;
        form.content = fields.nullable("content", |of, key| of.text(key, content_chars));
        form.embeds = fields.has("embeds").then(|| embeds(&mut fields));
        let surface = if layout { Surface::Layout } else { Surface::Message };
        form.components = fields.has("components").then(|| components(&mut fields, surface, &knows));
        form.attachments = fields.has("attachments").then(|| AttachmentInfo::read_all(&mut fields));
        form.allowed = allowed_mentions(&mut fields);
        fields.read_object("message_reference", |reference| form.read_reference(reference));
        form.poll = PollForm::read(&mut fields);
        form.tts = fields.flag("tts").unwrap_or(false);
        form.nonce = nonce(&mut fields);
        form.enforce_nonce = fields.flag("enforce_nonce").unwrap_or(false);
        // A field that interactions.py uses internally and sends with each message.
        fields.ignore(&["pass_self_into_delete"]);
        // There are no stickers here, but clients may send an empty list.
        if fields.has_any("sticker_ids") {
            fields.fail("sticker_ids", "STICKER_UNKNOWN", "Unknown sticker");
        }
        let given = [
            ("content", !form.text().is_empty()),
            ("embeds", form.has_embeds()),
            ("poll", form.poll.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, is_given)| layout && *is_given) {
            fields.fail(key, BESIDE_LAYOUT, &beside_layout(key));
        }
        fields.checked()?;
        Ok(form)
    }

    fn read_reference(&mut self, reference: &mut Fields) {
        let forwards = reference.choice("type", &[0_u64, 1]) == Some(1);
        reference.require("message_id");
        let message = reference.snowflake("message_id");
        let channel = reference.snowflake("channel_id");
        self.reply_is_optional = !reference.flag("fail_if_not_exists").unwrap_or(true);
        reference.ignore(&["guild_id"]);
        match (forwards, channel) {
            (false, _) => self.reply_to = message,
            (true, Some(channel)) => self.forwards = message.map(|message| (channel, message)),
            (true, None) => reference.missing("channel_id"),
        }
    }

    /// Whether an edit changes only flags, which is all that users other than the author may change.
    pub(crate) fn only_flags(&self, uploads: usize) -> bool {
        self.flags.is_some()
            && self.content.is_none()
            && self.embeds.is_none()
            && self.components.is_none()
            && self.attachments.is_none()
            && uploads == 0
    }

    pub(crate) fn text(&self) -> &str {
        self.content.as_ref().and_then(Option::as_deref).unwrap_or_default()
    }

    pub(crate) fn has_embeds(&self) -> bool {
        self.embeds.as_ref().is_some_and(|embeds| !embeds.is_empty())
    }

    /// Whether the message would be empty.
    pub(crate) fn is_empty(&self, uploads: usize) -> bool {
        let blank = self.content.as_ref().and_then(Option::as_ref).is_none_or(|text| text.trim().is_empty());
        let bare = self.poll.is_none() && self.forwards.is_none() && uploads == 0;
        blank && bare && !self.has_embeds() && self.components.as_ref().is_none_or(Vec::is_empty)
    }

    /// Fills in a draft, and stores the files of the call.
    pub(crate) fn fill(self, draft: &mut Draft, state: &mut State, call: &Call) {
        draft.allowed = self.allowed;
        let message = &mut draft.message;
        message.attachments = new_attachments(state, call, self.attachments.as_deref().unwrap_or_default());
        message.content = self.content.flatten().unwrap_or_default();
        message.embeds = self.embeds.unwrap_or_default();
        message.components = numbered(self.components.unwrap_or_default());
        if !message.attachments.is_empty() {
            link_files(&mut message.embeds, &mut message.components, &message.attachments);
        }
        message.poll = self.poll.map(|poll| poll.begin(state.world.clock.now()));
        message.tts = self.tts;
        message.nonce = self.nonce;
        message.flags |= self.flags.unwrap_or(0) & flags::SETTABLE;
    }

    /// The changes that the body makes to the message `kept`, if they are allowed.
    pub(crate) fn into_revision(self, kept: &Message, state: &mut State, call: &Call) -> Result<Revision> {
        let attachments = if self.attachments.is_some() || !call.uploads.is_empty() {
            let listed = self.attachments.as_deref();
            let mut all = match listed {
                Some(listed) => keep_listed(&kept.attachments, listed),
                None => kept.attachments.clone(),
            };
            all.extend(new_attachments(state, call, listed.unwrap_or_default()));
            Some(all)
        } else {
            None
        };
        let (mut embeds, mut components) = (self.embeds, self.components.map(numbered));
        link_files(
            embeds.as_deref_mut().unwrap_or_default(),
            components.as_deref_mut().unwrap_or_default(),
            attachments.as_deref().unwrap_or(&kept.attachments),
        );
        // https://discord.com/developers/docs/resources/webhook#edit-webhook-message
        let poll = self.poll.filter(|_| kept.is_loading());
        let revision = Revision {
            content: self.content.map(Option::unwrap_or_default),
            embeds,
            components,
            attachments,
            allowed: self.allowed,
            poll: poll.map(|poll| poll.begin(state.world.clock.now())),
            flags: self.flags,
        };
        revision.check(kept).map(|()| revision)
    }
}

/// The nonce by which a client recognises its message: an integer or a short text.
/// <https://discord.com/developers/docs/resources/message#create-message>
pub(crate) fn nonce(fields: &mut Fields) -> Option<Value> {
    match fields.take("nonce")? {
        Value::String(text) if text.chars().count() > MAX_NONCE_CHARS => {
            let message = format!("Must be {MAX_NONCE_CHARS} or fewer in length.");
            fields.fail("nonce", "BASE_TYPE_MAX_LENGTH", &message);
            None
        }
        value if value.is_string() || value.is_i64() || value.is_u64() => Some(value),
        _ => {
            fields.fail("nonce", "STRING_TYPE_CONVERT", "Could not interpret value as string.");
            None
        }
    }
}

fn new_attachments(state: &mut State, call: &Call, notes: &[AttachmentInfo]) -> Vec<Attachment> {
    if call.uploads.is_empty() {
        return Vec::new();
    }
    attach(&mut state.files, &state.world, &call.shared.base_url(), &call.uploads, notes)
}

/// Resolves `attachment://name` in embeds and components to the URLs of the message's files.
fn link_files(embeds: &mut [Embed], components: &mut [Component], files: &[Attachment]) {
    let link = |url: &mut String| {
        let name = url.strip_prefix("attachment://");
        if let Some(file) = name.and_then(|name| files.iter().find(|file| file.filename == name)) {
            *url = file.url.clone();
        }
    };
    embeds.iter_mut().flat_map(Embed::urls_mut).for_each(link);
    for component in components {
        component.each_mut(&mut |one| one.urls_mut().for_each(link));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_lead_to_the_files_of_a_message_and_its_texts_stay_as_they_are() {
        let named = "attachment://a.png";
        let written = |url: &str| {
            let embeds = json!([{ "type": "rich", "title": named, "image": { "url": url }, "footer": { "text": named, "icon_url": url } }]);
            let items = json!([{ "media": { "url": url }, "description": named }]);
            let inner = json!([{ "type": 12, "items": items }, { "type": 13, "file": { "url": url } }, { "type": 10, "content": named }]);
            (embeds, json!([{ "type": 17, "components": inner }]))
        };
        let file = json!({ "id": "1", "filename": "a.png", "size": 1, "url": "http://x/a", "proxy_url": "" });
        let (embeds, components) = written(named);
        let mut embeds: Vec<Embed> = serde_json::from_value(embeds).unwrap();
        let mut components: Vec<Component> = serde_json::from_value(components).unwrap();
        link_files(&mut embeds, &mut components, &[serde_json::from_value(file).unwrap()]);
        assert_eq!((json!(embeds), json!(components)), written("http://x/a"));
    }
}
