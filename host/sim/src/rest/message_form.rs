//! The body of a message: read, checked against Discord's limits, made into a draft or a revision.
//! It does not post.

use serde_json::{Value, json};

use super::Call;
use super::allowed_mentions::allowed_mentions;
use super::components::{Surface, components};
use super::embeds::embeds;
use super::error::ApiError;
use super::fields::Fields;
use super::files::attach;
use crate::accounts::Account;
use crate::changes::{AllowedMentions, Draft, Revision};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::world::{Attachment, flags};

/// Characters of a message.
pub(crate) const MAX_CONTENT_CHARS: usize = 2000;
/// Files of a message.
pub(crate) const MAX_FILES: usize = 10;

/// A message's body.
#[derive(Default)]
pub(crate) struct MessageForm {
    content: Option<Option<String>>,
    embeds: Option<Vec<Value>>,
    components: Option<Vec<Value>>,
    /// Descriptions of files: new ones by the `n` of `files[n]`, kept ones by their id.
    attachments: Option<Vec<Value>>,
    allowed: Option<AllowedMentions>,
    pub(crate) reply_to: Option<Snowflake>,
    /// A reply to a message that is gone becomes a plain message instead of an error.
    pub(crate) reply_is_optional: bool,
    tts: bool,
    pub(crate) flags: Option<u64>,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
}

impl MessageForm {
    /// Reads all fields of a new message; mistakes are answered together.
    pub(crate) fn read(fields: Fields) -> Result<Self, ApiError> {
        Self::read_edit(fields, 0)
    }

    /// Without what only bots can say it with; Discord ignores that when a person sends it.
    pub(crate) fn of(self, account: Account) -> Self {
        match account {
            Account::Bot(_) => self,
            Account::Person(_) => Self { embeds: None, components: None, ..self },
        }
    }

    /// The same for an edit of a message that has the flags `flags_before`.
    pub(crate) fn read_edit(mut fields: Fields, flags_before: u64) -> Result<Self, ApiError> {
        let mut form = Self { flags: fields.number("flags"), ..Self::default() };
        let layout = (form.flags.unwrap_or(0) | flags_before) & flags::IS_COMPONENTS_V2 != 0;
        if layout {
            refuse_beside_layout(&mut fields);
        }
        if fields.has("content") {
            form.content = Some(fields.text("content", MAX_CONTENT_CHARS));
        }
        if fields.has("embeds") {
            form.embeds = Some(embeds(&mut fields));
        }
        if fields.has("components") {
            let surface = if layout { Surface::Layout } else { Surface::Message };
            form.components = Some(components(&mut fields, surface));
        }
        if fields.has("attachments") {
            form.attachments = Some(fields.list("attachments", MAX_FILES).unwrap_or_default());
        }
        form.allowed = allowed_mentions(&mut fields);
        if let Some(mut reference) = fields.object("message_reference") {
            form.reply_to = reference.snowflake("message_id");
            form.reply_is_optional = !reference.flag("fail_if_not_exists").unwrap_or(true);
            if form.reply_to.is_none() && reference.errors.is_empty() {
                reference.missing("message_id");
            }
            // Where the message is follows from its id; `type` 0 is a reply.
            reference.ignore(&["channel_id", "guild_id", "type"]);
            fields.absorb(reference);
        }
        form.tts = fields.flag("tts").unwrap_or(false);
        form.nonce = fields.take("nonce");
        form.enforce_nonce = fields.flag("enforce_nonce").unwrap_or(false);
        fields.checked()?;
        Ok(form)
    }

    /// Whether nothing would be shown.
    pub(crate) fn is_empty(&self, uploads: usize) -> bool {
        let blank = self.content.as_ref().and_then(Option::as_ref).is_none_or(|text| text.trim().is_empty());
        let none = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        blank && none(&self.embeds) && none(&self.components) && uploads == 0
    }

    /// Fills in a draft, keeping the call's files.
    pub(crate) fn fill(self, draft: &mut Draft, state: &mut State, call: &Call) {
        draft.attachments = new_attachments(state, call, self.attachments.as_deref().unwrap_or_default());
        draft.content = self.content.flatten().unwrap_or_default();
        draft.embeds = self.embeds.unwrap_or_default();
        draft.components = numbered(self.components.unwrap_or_default());
        draft.allowed = self.allowed;
        draft.tts = self.tts;
        draft.nonce = self.nonce;
        draft.flags |= self.flags.unwrap_or(0) & flags::SETTABLE;
    }

    /// What the body changes in a message that has the attachments `kept`.
    pub(crate) fn into_revision(self, kept: &[Attachment], state: &mut State, call: &Call) -> Revision {
        let attachments = if self.attachments.is_some() || !call.uploads.is_empty() {
            let listed = self.attachments.as_deref();
            let mut all: Vec<Attachment> = kept
                .iter()
                .filter(|file| listed.is_none_or(|listed| lists(listed, file.id)))
                .cloned()
                .collect();
            all.extend(new_attachments(state, call, listed.unwrap_or_default()));
            Some(all)
        } else {
            None
        };
        Revision {
            content: self.content.map(Option::unwrap_or_default),
            embeds: self.embeds,
            components: self.components.map(numbered),
            attachments,
            allowed: self.allowed,
            flags: self.flags,
        }
    }
}

/// A message that is laid out by components alone has nothing else.
fn refuse_beside_layout(fields: &mut Fields) {
    for key in ["content", "embeds", "stickers", "poll"] {
        let given = fields.take(key);
        if given.is_some_and(|value| value != json!("") && value != json!([])) {
            let message =
                format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2");
            fields.fail(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", &message);
        }
    }
}

fn new_attachments(state: &mut State, call: &Call, described: &[Value]) -> Vec<Attachment> {
    if call.uploads.is_empty() {
        return Vec::new();
    }
    let base = format!("http://{}", call.shared.address);
    attach(&mut state.files, &mut state.world, &base, &call.uploads, described)
}

fn lists(listed: &[Value], id: Snowflake) -> bool {
    listed.iter().filter_map(|said| said.get("id")).any(|said| {
        said.as_u64() == Some(id.0) || said.as_str().and_then(|text| text.parse().ok()) == Some(id)
    })
}

/// Gives every component its id, as Discord does for those that come without.
fn numbered(mut components: Vec<Value>) -> Vec<Value> {
    fn number(component: &mut Value, next: &mut u64) {
        if let Some(map) = component.as_object_mut() {
            map.entry("id").or_insert_with(|| json!(*next));
            *next += 1;
            for key in ["components", "accessory", "component"] {
                match map.get_mut(key) {
                    Some(Value::Array(inner)) => inner.iter_mut().for_each(|inner| number(inner, next)),
                    Some(inner @ Value::Object(_)) => number(inner, next),
                    _ => {}
                }
            }
        }
    }
    let mut next = 1;
    components.iter_mut().for_each(|component| number(component, &mut next));
    components
}
