//! A message as the world keeps it, and the parts it is made of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mentions::Mentions;
use super::{Component, Embed, Poll, User};
use crate::ids::{Snowflake, Timestamp};

/// Message flags, <https://discord.com/developers/docs/resources/message#message-object-message-flags>.
pub mod flags {
    /// Published to those who follow the channel.
    pub const CROSSPOSTED: u64 = 1 << 0;
    /// Came from a channel that this one follows.
    pub const IS_CROSSPOST: u64 = 1 << 1;
    /// A thread grew from it.
    pub const HAS_THREAD: u64 = 1 << 5;
    /// It forwards another.
    pub const HAS_SNAPSHOT: u64 = 1 << 14;
    /// Only the one who invoked the interaction sees it.
    pub const EPHEMERAL: u64 = 1 << 6;
    /// "… is thinking": a deferred answer not filled in yet.
    pub const LOADING: u64 = 1 << 7;
    /// Link previews are not shown.
    pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
    /// Posted without a push notification.
    pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    /// Laid out by components alone; has no content of its own.
    pub const IS_COMPONENTS_V2: u64 = 1 << 15;
    /// What a bot may set on its own messages.
    pub const SETTABLE: u64 = EPHEMERAL | SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_COMPONENTS_V2;
}

/// Kinds of message, with Discord's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum MessageKind {
    /// Somebody said something.
    Default = 0,
    /// Somebody pinned a message.
    Pin = 6,
    /// Somebody came into the guild.
    Join = 7,
    /// Somebody started a thread.
    ThreadCreated = 18,
    /// An answer to a message.
    Reply = 19,
    /// An answer to a slash command.
    ChatInputCommand = 20,
    /// The first message of a thread, pointing to the message it grew from.
    ThreadStarter = 21,
    /// What auto moderation found.
    AutoModAction = 24,
    /// What came of a poll.
    PollResult = 46,
}

impl MessageKind {
    /// Whether Discord wrote it: nobody answers, pins or forwards it.
    pub fn is_system(self) -> bool {
        !matches!(self, Self::Default | Self::Reply | Self::ChatInputCommand)
    }
}

/// A message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Message {
    /// Its id; ids in a channel only grow.
    pub id: Snowflake,
    /// Where it is.
    pub channel_id: Snowflake,
    /// Who wrote it.
    pub author: Arc<User>,
    /// The text, at most 2,000 characters.
    pub content: String,
    /// What kind it is.
    pub kind: MessageKind,
    /// When it was posted.
    pub timestamp: Timestamp,
    /// When it was last edited.
    pub edited: Option<Timestamp>,
    /// Read aloud.
    pub tts: bool,
    /// Whether it really mentions everybody.
    pub mention_everyone: bool,
    /// Who is mentioned.
    pub mentions: Vec<Arc<User>>,
    /// Roles mentioned.
    pub mention_roles: Vec<Snowflake>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Embeds as the author gave them.
    pub embeds: Vec<Embed>,
    /// Components as the author gave them, each with its id.
    pub components: Vec<Component>,
    /// Reactions in the order they were first put.
    pub reactions: Vec<Reaction>,
    /// Pinned in its channel.
    pub pinned: bool,
    /// Bits of [`flags`].
    pub flags: u64,
    /// What the author sent along to recognise its own message.
    pub nonce: Option<Value>,
    /// The message this one answers.
    pub reply_to: Option<Snowflake>,
    /// What it points to, where that is not a message it answers.
    pub origin: Option<Origin>,
    /// The interaction this one answers.
    pub interaction: Option<InteractionNote>,
    /// The webhook it came through, if not that of an interaction.
    pub webhook_id: Option<Snowflake>,
    /// The application that posted it through a webhook.
    pub application_id: Option<Snowflake>,
    /// When it was pinned.
    pub pinned_at: Option<Timestamp>,
    /// What it asks its readers.
    pub poll: Option<Box<Poll>>,
    /// What it forwards, as it was then.
    pub forwarded: Option<Arc<Message>>,
}

impl Message {
    /// A plain text message that mentions nobody.
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

    /// Makes these its mentions.
    pub(crate) fn mentioning(&mut self, mentions: Mentions) {
        (self.mentions, self.mention_roles) = (mentions.users, mentions.roles);
        self.mention_everyone = mentions.everyone;
    }

    /// Whether only the one who invoked the interaction sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.flags & flags::EPHEMERAL != 0
    }

    /// The one user who sees it, if it is ephemeral.
    pub(crate) fn listener(&self) -> Option<Snowflake> {
        let note = self.interaction.as_ref().filter(|_| self.is_ephemeral())?;
        Some(note.user.id)
    }

    /// Its buttons and menus: which of the two each is, and how users know it.
    pub fn controls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.components.iter().flat_map(Component::flatten).filter_map(Component::control)
    }

    /// Whether it is a deferred answer that was not filled in yet.
    pub fn is_loading(&self) -> bool {
        self.flags & flags::LOADING != 0
    }
}

/// What a message points to.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Origin {
    /// 0: where it comes from. 1: what it forwards.
    pub kind: u8,
    /// The guild there.
    pub guild: Option<Snowflake>,
    /// The channel there.
    pub channel: Snowflake,
    /// The message there.
    pub message: Option<Snowflake>,
}

/// By whom an application was installed, as far as an interaction rests on that.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Owners {
    /// The guild it is in; 0 in a direct message with its bot.
    pub guild: Option<Snowflake>,
    /// The user who installed it.
    pub user: Option<Snowflake>,
}

impl Owners {
    pub(crate) fn json(self) -> Value {
        let owners = [("0", self.guild), ("1", self.user)];
        owners.into_iter().filter_map(|(kind, id)| Some((kind.to_owned(), json!(id?)))).collect()
    }
}

/// What a message remembers of the interaction it answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InteractionNote {
    /// The interaction's id.
    pub id: Snowflake,
    /// Discord's number of the interaction's kind: 2 command, 3 component, 5 modal.
    pub kind: u8,
    /// The command's name with its subcommands; empty for components.
    pub name: String,
    /// Who invoked it.
    pub user: Arc<User>,
    /// By whom the application was installed, as far as the interaction rests on that.
    #[serde(default)]
    pub owners: Owners,
    /// The message whose component was used.
    #[serde(default)]
    pub interacted: Option<Snowflake>,
    /// The interaction that opened the form, if this is its submission.
    #[serde(default)]
    pub opened_by: Option<Box<InteractionNote>>,
}

/// A file of a message, served back under its local URL.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Attachment {
    /// Its id.
    pub id: Snowflake,
    /// The name it was uploaded under.
    pub filename: String,
    /// What the uploader says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// By its name, or as declared by the uploader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// In bytes.
    pub size: usize,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// On this machine.
    pub url: String,
    /// The same.
    pub proxy_url: String,
}

/// An emoji: a Unicode one has only a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Emoji {
    /// The id of a custom emoji.
    pub id: Option<Snowflake>,
    /// The characters, or a custom emoji's name.
    pub name: String,
}

impl Emoji {
    /// Reads `👍` or `name:id`.
    pub fn parse(text: &str) -> Self {
        if let Some((name, id)) = text.split_once(':')
            && let Ok(id) = id.parse()
        {
            return Self { id: Some(id), name: name.to_owned() };
        }
        Self { id: None, name: text.to_owned() }
    }
}

/// One emoji under a message and those who put it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reaction {
    /// Which.
    pub emoji: Emoji,
    /// Who, in order.
    pub users: Vec<Snowflake>,
}
