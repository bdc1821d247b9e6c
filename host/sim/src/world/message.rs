//! A message as the world stores it, and its parts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mentions::Mentions;
use super::{Component, Embed, Poll, User};
use crate::ids::{Snowflake, Timestamp};

/// Message flags, <https://discord.com/developers/docs/resources/message#message-object-message-flags>.
pub mod flags {
    /// Published to following channels.
    pub const CROSSPOSTED: u64 = 1 << 0;
    /// Crossposted from a channel that this one follows.
    pub const IS_CROSSPOST: u64 = 1 << 1;
    /// A thread was started from it.
    pub const HAS_THREAD: u64 = 1 << 5;
    /// It forwards another message.
    pub const HAS_SNAPSHOT: u64 = 1 << 14;
    /// Only the user who invoked the interaction sees it.
    pub const EPHEMERAL: u64 = 1 << 6;
    /// "… is thinking": a deferred response that is not filled in yet.
    pub const LOADING: u64 = 1 << 7;
    /// Link previews are not shown.
    pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
    /// Posted without a push notification.
    pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    /// Consists of components only, without content.
    pub const IS_COMPONENTS_V2: u64 = 1 << 15;
    /// The flags that a bot may set on its own messages.
    pub const SETTABLE: u64 = EPHEMERAL | SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_COMPONENTS_V2;
}

/// Kinds of message, with Discord's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum MessageKind {
    /// A normal message.
    Default = 0,
    /// A message was pinned.
    Pin = 6,
    /// A user joined the guild.
    Join = 7,
    /// A user started a thread.
    ThreadCreated = 18,
    /// A reply to a message.
    Reply = 19,
    /// A response to a slash command.
    ChatInputCommand = 20,
    /// The first message of a thread, pointing to the message from which it was started.
    ThreadStarter = 21,
    /// What auto moderation matched.
    AutoModAction = 24,
    /// The result of a poll.
    PollResult = 46,
}

impl MessageKind {
    /// Whether Discord wrote it; system messages cannot be replied to, pinned or forwarded.
    pub fn is_system(self) -> bool {
        !matches!(self, Self::Default | Self::Reply | Self::ChatInputCommand)
    }
}

/// A message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Message {
    /// Its id; ids in a channel always grow.
    pub id: Snowflake,
    /// The channel.
    pub channel_id: Snowflake,
    /// The author.
    pub author: Arc<User>,
    /// The text, at most 2,000 characters, or 4,000 from a user with Nitro.
    pub content: String,
    /// The kind.
    pub kind: MessageKind,
    /// When it was posted.
    pub timestamp: Timestamp,
    /// When it was last edited, if ever.
    pub edited: Option<Timestamp>,
    /// Whether it is read aloud.
    pub tts: bool,
    /// Whether it actually mentions everyone.
    pub mention_everyone: bool,
    /// The users that it mentions.
    pub mentions: Vec<Arc<User>>,
    /// The roles that it mentions.
    pub mention_roles: Vec<Snowflake>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
    /// Embeds as the author sent them.
    pub embeds: Vec<Embed>,
    /// Components as the author sent them, each with an id.
    pub components: Vec<Component>,
    /// Reactions, in the order in which each emoji was first used.
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned in its channel.
    pub pinned: bool,
    /// Bits of [`flags`].
    pub flags: u64,
    /// The nonce by which the author recognises its own message.
    pub nonce: Option<Value>,
    /// The message that this is a reply to.
    pub reply_to: Option<Snowflake>,
    /// The message it refers to otherwise than as a reply.
    pub origin: Option<Origin>,
    /// The interaction that this responds to.
    pub interaction: Option<InteractionMetadata>,
    /// The webhook that posted it, unless it was an interaction's.
    pub webhook_id: Option<Snowflake>,
    /// The application that posted it through a webhook.
    pub application_id: Option<Snowflake>,
    /// When it was pinned.
    pub pinned_at: Option<Timestamp>,
    /// The poll.
    pub poll: Option<Box<Poll>>,
    /// The message that it forwards, as it was then.
    pub forwarded: Option<Arc<Message>>,
}

impl Message {
    /// A plain text message without mentions.
    pub(crate) fn plain(
        id: Snowflake,
        channel_id: Snowflake,
        author: Arc<User>,
        content: String,
        timestamp: Timestamp,
    ) -> Self {
        Self {
            id,
            channel_id,
            author,
            content,
            kind: MessageKind::Default,
            timestamp,
            edited: None,
            tts: false,
            mention_everyone: false,
            mentions: Vec::new(),
            mention_roles: Vec::new(),
            attachments: Vec::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            reactions: Vec::new(),
            pinned: false,
            flags: 0,
            nonce: None,
            reply_to: None,
            origin: None,
            interaction: None,
            webhook_id: None,
            application_id: None,
            pinned_at: None,
            poll: None,
            forwarded: None,
        }
    }

    /// Sets its mentions.
    pub(crate) fn mentioning(&mut self, mentions: Mentions) {
        (self.mentions, self.mention_roles) = (mentions.users, mentions.roles);
        self.mention_everyone = mentions.everyone;
    }

    /// Whether an application sees its content even without MESSAGE_CONTENT: it is its own, or mentions it.
    /// <https://discord.com/developers/docs/events/gateway#message-content-intent>
    pub(crate) fn concerns(&self, application: Snowflake) -> bool {
        self.author.id == application
            || self.application_id == Some(application)
            || self.mentions.iter().any(|user| user.id == application)
    }

    /// Whether only the user who invoked the interaction sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.flags & flags::EPHEMERAL != 0
    }

    /// The only user who sees it, if it is ephemeral.
    pub(crate) fn listener(&self) -> Option<Snowflake> {
        let note = self.interaction.as_ref().filter(|_| self.is_ephemeral())?;
        Some(note.user.id)
    }

    /// Its buttons and select menus: which of the two each is, and the text by which users know it.
    pub fn controls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.components.iter().flat_map(Component::flatten).filter_map(Component::control)
    }

    /// Whether it is a deferred response that is not filled in yet.
    pub fn is_loading(&self) -> bool {
        self.flags & flags::LOADING != 0
    }
}

/// What a message refers to.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Origin {
    /// 0: a reference to its origin. 1: the message that it forwards.
    pub kind: u8,
    /// The guild there.
    pub guild: Option<Snowflake>,
    /// The channel there.
    pub channel: Snowflake,
    /// The message there.
    pub message: Option<Snowflake>,
}

/// Who installed an application, as far as an interaction relies on it.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct IntegrationOwners {
    /// The interaction's guild; 0 in a direct message with the bot.
    pub guild: Option<Snowflake>,
    /// The user who installed it.
    pub user: Option<Snowflake>,
}

impl IntegrationOwners {
    pub(crate) fn json(self) -> Value {
        let owners = [("0", self.guild), ("1", self.user)];
        owners.into_iter().filter_map(|(kind, id)| Some((kind.to_owned(), json!(id?)))).collect()
    }
}

/// What a message stores about the interaction that it responds to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InteractionMetadata {
    /// The interaction's id.
    pub id: Snowflake,
    /// Discord's number of the interaction's kind: 2 command, 3 component, 5 modal.
    pub kind: u8,
    /// The command's name with its subcommands; empty for components.
    pub name: String,
    /// Who invoked it.
    pub user: Arc<User>,
    /// Who installed the application, as far as the interaction relies on it.
    #[serde(default)]
    pub owners: IntegrationOwners,
    /// The message whose component was used.
    #[serde(default)]
    pub interacted: Option<Snowflake>,
    /// The interaction that opened the form, if this is its submission.
    #[serde(default)]
    pub opened_by: Option<Box<InteractionMetadata>>,
}

/// A file of a message, served from a local URL.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Attachment {
    /// Its id.
    pub id: Snowflake,
    /// The name it was uploaded under.
    pub filename: String,
    /// The uploader's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type, from the name or as declared by the uploader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The size in bytes.
    pub size: usize,
    /// Width of a picture in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of a picture in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The local URL.
    pub url: String,
    /// The same URL.
    pub proxy_url: String,
    /// Discord's attachment flags.
    /// <https://discord.com/developers/docs/resources/message#attachment-object-attachment-flags>
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flags: u64,
}

impl Attachment {
    /// The flag of a file that is blurred until somebody wants to see it.
    pub const IS_SPOILER: u64 = 1 << 3;
}

fn is_zero(flags: &u64) -> bool {
    *flags == 0
}

/// An emoji; a Unicode one has only a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Emoji {
    /// The id of a custom emoji.
    pub id: Option<Snowflake>,
    /// The emoji itself, or the name of a custom one.
    pub name: String,
}

impl Emoji {
    /// Parses `👍` or `name:id`.
    pub fn parse(text: &str) -> Self {
        if let Some((name, id)) = text.split_once(':')
            && let Ok(id) = id.parse()
        {
            return Self { id: Some(id), name: name.to_owned() };
        }
        Self { id: None, name: text.to_owned() }
    }
}

/// Whether a text may be a Unicode emoji. Each of those has a character outside ASCII, while `:smile:`, which only
/// Discord's own client replaces, has none.
pub(crate) fn is_unicode_emoji(text: &str) -> bool {
    !text.is_ascii() && !text.contains(|c: char| c.is_ascii_alphabetic())
}

/// An emoji that users reacted with to a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// The users, in the order in which they reacted.
    pub users: Vec<Snowflake>,
}
