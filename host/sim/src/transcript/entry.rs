//! One entry of the transcript: what happened, readable and serialisable. It shares parts of the world and never copies
//! a whole message.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use crate::ids::{Snowflake, Timestamp};
use crate::world::Message;

/// Something that happened. `Display` is the line that users read.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Entries are numbered from 0 without gaps.
    pub number: u64,
    /// When it happened, by the clock of this Discord.
    pub at: Timestamp,
    /// When it happened, by the machine's monotonic clock, which nothing here moves, for measuring. It is not
    /// serialised.
    #[serde(skip)]
    pub instant: Instant,
    /// What happened.
    #[serde(flatten)]
    pub kind: EntryKind,
}

impl Entry {
    /// The entry as one line of JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("an entry has string keys and goes to memory")
    }

    /// The message, if one was posted; this includes ephemeral responses and responses to interactions.
    pub fn posted(&self) -> Option<&Arc<Message>> {
        match &self.kind {
            EntryKind::Posted { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The message as it is now, if one was edited; this includes a deferred response that was filled in.
    pub fn edited(&self) -> Option<&Arc<Message>> {
        match &self.kind {
            EntryKind::Edited { message, .. } => Some(message),
            _ => None,
        }
    }
}

/// The kinds of things that happen.
#[derive(Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum EntryKind {
    /// A message was posted.
    Posted {
        /// The channel's name.
        channel: Arc<str>,
        /// The message.
        #[serde(serialize_with = "message_fields")]
        message: Arc<Message>,
    },
    /// A message was edited, or a deferred response was filled in.
    Edited {
        /// The channel's name.
        channel: Arc<str>,
        /// The message as it is now.
        #[serde(serialize_with = "message_fields")]
        message: Arc<Message>,
    },
    /// Messages were deleted.
    Deleted {
        /// The channel's name.
        channel: Arc<str>,
        /// Who deleted them.
        user: Arc<str>,
        /// The ids of the messages.
        ids: Vec<Snowflake>,
    },
    /// A reaction was added or removed.
    Reacted {
        /// The channel's name.
        channel: Arc<str>,
        /// The message.
        message_id: Snowflake,
        /// Who reacted.
        user: Arc<str>,
        /// The emoji.
        emoji: String,
        /// False if it was removed.
        added: bool,
    },
    /// A message was pinned or unpinned.
    Pinned {
        /// The channel's name.
        channel: Arc<str>,
        /// The message.
        message_id: Snowflake,
        /// False if it was unpinned.
        pinned: bool,
    },
    /// A user started typing.
    Typing {
        /// The channel's name.
        channel: Arc<str>,
        /// Who.
        user: Arc<str>,
    },
    /// A member ran a command, pressed a button, selected, submitted a form, or typed into an option.
    Invoked {
        /// The interaction.
        interaction: Snowflake,
        /// The channel's name.
        channel: Arc<str>,
        /// The member.
        user: Arc<str>,
        /// How it reads: `/ping text:hi`, `[button yes]`.
        line: Arc<str>,
    },
    /// The bot acknowledged an interaction.
    Acknowledged {
        /// The interaction.
        interaction: Snowflake,
        /// What was invoked, as in [`EntryKind::Invoked`].
        line: Arc<str>,
        /// How it was acknowledged.
        how: Acknowledgement,
    },
    /// The bot did not acknowledge an interaction in time; the member sees "The application did not respond".
    Unanswered {
        /// The interaction.
        interaction: Snowflake,
        /// What was invoked.
        line: Arc<str>,
        /// The member.
        user: Arc<str>,
    },
    /// A bot registered commands.
    Commands {
        /// The bot.
        bot: Arc<str>,
        /// The names of its commands in this scope now.
        names: Vec<String>,
        /// The guild; `None` for global commands.
        guild: Option<Snowflake>,
    },
    /// A user joined a guild, left it, or was removed from it.
    Membership {
        /// The guild's name.
        guild: Arc<str>,
        /// Who.
        user: Arc<str>,
        /// False if they left.
        joined: bool,
    },
    /// Something that has an audit log entry.
    Moderated {
        /// Who did it.
        user: Arc<str>,
        /// The action: `ChannelCreate`.
        action: String,
        /// The target of the action.
        target: Option<Snowflake>,
        /// The reason given.
        reason: Option<String>,
    },
    /// A REST call was answered.
    Rest {
        /// The method.
        method: String,
        /// The path without `/api/vN`; tokens are left out.
        path: String,
        /// The status; `None` if a fault dropped the connection.
        status: Option<u16>,
        /// How long it took.
        #[serde(rename = "micros", serialize_with = "micros")]
        took: Duration,
    },
    /// A bot called a route that this Discord does not have.
    UnknownRoute {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// How often so far.
        times: u64,
    },
    /// A bot sent a field or query key that this Discord does not know.
    UnknownField {
        /// The call's method.
        method: String,
        /// The path.
        path: String,
        /// Where the field is in the body, such as `embeds.0.titel`, or `?key` in the query.
        field: String,
        /// How often so far.
        times: u64,
    },
    /// Something happened to a gateway session or connection.
    Gateway {
        /// The session; empty as long as the connection has none.
        session: Arc<str>,
        /// A description: `identified as bot, shard 0/1`.
        event: String,
    },
    /// An event was dispatched to sessions.
    Dispatched {
        /// Its name on the wire.
        name: &'static str,
        /// How many sessions got it.
        sessions: usize,
    },
    /// A fault was armed, switched or cleared, or the gateway was driven from outside.
    Fault {
        /// A description.
        text: String,
    },
    /// A note by the test or user that drives the simulator.
    Note {
        /// The note.
        text: String,
    },
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Messages, reactions, members joining and leaving: what people and bots say and do.
    Talk,
    /// Commands, buttons, menus, forms, and how bots answer them.
    Interactions,
    /// REST calls, and unknown routes and fields.
    Rest,
    /// Sessions, and events dispatched to them.
    Gateway,
    /// Faults, and notes by the test or user that drives the simulator.
    Driver,
}

impl EntryKind {
    /// The topic of this kind of entry.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Posted { .. }
            | Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Reacted { .. }
            | Self::Pinned { .. }
            | Self::Typing { .. }
            | Self::Membership { .. }
            | Self::Moderated { .. } => Topic::Talk,
            Self::Invoked { .. }
            | Self::Acknowledged { .. }
            | Self::Unanswered { .. }
            | Self::Commands { .. } => Topic::Interactions,
            Self::Rest { .. } | Self::UnknownRoute { .. } | Self::UnknownField { .. } => Topic::Rest,
            Self::Gateway { .. } | Self::Dispatched { .. } => Topic::Gateway,
            Self::Fault { .. } | Self::Note { .. } => Topic::Driver,
        }
    }
}

/// How a bot acknowledged an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledgement {
    /// Type 4: with a message.
    Message,
    /// Type 5: a message follows later.
    DeferredMessage,
    /// Type 6: the component's message is edited later.
    DeferredUpdate,
    /// Type 7: the component's message was edited.
    Update,
    /// Type 8: choices for an option.
    Choices,
    /// Type 9: a form to fill in.
    Modal,
}

fn message_fields<S: Serializer>(message: &Arc<Message>, serializer: S) -> Result<S::Ok, S::Error> {
    json!({
        "id": message.id, "channel_id": message.channel_id, "author": message.author.username,
        "bot": message.author.bot, "content": message.content, "reply_to": message.reply_to,
        "interaction": message.interaction.as_ref().map(|note| note.id), "ephemeral": message.is_ephemeral(),
        "loading": message.is_loading(), "embeds": message.embeds, "components": message.components,
        "attachments": message.attachments,
    })
    .serialize(serializer)
}

fn micros<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(took.as_micros() as u64)
}
