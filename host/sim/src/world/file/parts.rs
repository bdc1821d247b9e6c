//! The parts of a world file, as written.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;
use toml::value::Datetime;

use crate::ids::{Snowflake, Timestamp};
use crate::world::{ChannelKind, Component, Embed, Status};

/// A name that must exist elsewhere in the file; the span is where it is written.
pub(super) type Name = Spanned<String>;

/// A whole world file.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) people: Vec<Person>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) bots: Vec<BotPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) guilds: Vec<GuildPart>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dms: Vec<Direct>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: Name,
    pub(super) id: Option<Spanned<Snowflake>>,
    /// The display name.
    pub(super) shown: Option<String>,
    #[serde(default, skip_serializing_if = "is_online")]
    pub(super) status: Status,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) picture: bool,
    /// Whether messages may have 4,000 characters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) nitro: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BotPart {
    pub(super) name: Name,
    pub(super) id: Option<Spanned<Snowflake>>,
    pub(super) shown: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) picture: bool,
    pub(super) token: String,
    /// The guilds that it is a member of; all of them by default.
    pub(super) guilds: Option<Vec<Name>>,
    /// The owner, a user; by default the owner of the first guild.
    pub(super) owner: Option<Name>,
    /// Users who installed it for themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) users: Vec<Name>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuildPart {
    pub(super) name: Name,
    pub(super) id: Option<Spanned<Snowflake>>,
    pub(super) owner: Name,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) picture: bool,
    /// The permissions of `@everyone`; by default those of a new guild.
    pub(super) everyone: Option<Vec<Name>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<RolePart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<MemberPart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) channels: Vec<ChannelPart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) commands: Vec<CommandPart>,
}

/// Who may use a command of this name and where, whatever the command itself says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandPart {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "AccessList::is_empty")]
    pub(super) allow: AccessList,
    #[serde(default, skip_serializing_if = "AccessList::is_empty")]
    pub(super) deny: AccessList,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccessList {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) channels: Vec<Name>,
}

impl AccessList {
    fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.members.is_empty() && self.channels.is_empty()
    }
}

/// A role; the first one in the file is the highest.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolePart {
    pub(super) name: String,
    pub(super) id: Option<Spanned<Snowflake>>,
    /// `#3498db`
    pub(super) color: Option<Spanned<String>>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) hoist: bool,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) mentionable: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) permissions: Vec<Name>,
    /// The bot that it belongs to; a bot without such a role gets one.
    pub(super) bot: Option<Name>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberPart {
    pub(super) name: Name,
    pub(super) nick: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<Name>,
    pub(super) joined: Option<TomlTimestamp>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelPart {
    pub(super) name: String,
    pub(super) id: Option<Spanned<Snowflake>>,
    #[serde(default, skip_serializing_if = "Kind::is_text")]
    pub(super) kind: Kind,
    pub(super) category: Option<Name>,
    pub(super) topic: Option<String>,
    /// Whether Discord itself announces joins here; at most one channel per guild.
    pub(super) system: Option<Spanned<bool>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) overwrites: Vec<OverwritePart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<MessagePart>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    #[default]
    Text,
    Voice,
    Category,
    Announcement,
    Stage,
    Forum,
    Media,
}

impl Kind {
    /// The kinds that a file may contain; threads are not among them.
    const ALL: [(Self, ChannelKind); 7] = [
        (Self::Text, ChannelKind::Text),
        (Self::Voice, ChannelKind::Voice),
        (Self::Category, ChannelKind::Category),
        (Self::Announcement, ChannelKind::Announcement),
        (Self::Stage, ChannelKind::Stage),
        (Self::Forum, ChannelKind::Forum),
        (Self::Media, ChannelKind::Media),
    ];

    fn is_text(&self) -> bool {
        *self == Self::Text
    }

    pub(super) fn of(kind: ChannelKind) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, one)| *one == kind).map(|(here, _)| here)
    }

    /// The kind in the world; the table is in the order of the variants.
    pub(super) fn in_world(self) -> ChannelKind {
        Self::ALL[self as usize].1
    }
}

/// An overwrite for a role (such as `@everyone`) or for a member.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverwritePart {
    pub(super) role: Option<Name>,
    pub(super) member: Option<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allow: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deny: Vec<Name>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagePart {
    pub(super) by: Name,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
    pub(super) id: Option<Spanned<Snowflake>>,
    /// By default one minute after the previous message.
    pub(super) at: Option<TomlTimestamp>,
    pub(super) edited: Option<TomlTimestamp>,
    /// The message that it replies to; 1 is the first one of this channel.
    pub(super) reply: Option<Spanned<usize>>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) pinned: bool,
    /// In Discord's format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) embeds: Vec<Embed>,
    /// In Discord's format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Component>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reactions: Vec<ReactionPart>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReactionPart {
    /// `👍` or `name:id`
    pub(super) emoji: String,
    pub(super) by: Vec<Name>,
}

/// Direct messages between a user and a bot.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Direct {
    pub(super) person: Name,
    pub(super) bot: Name,
    pub(super) id: Option<Spanned<Snowflake>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<MessagePart>,
}

/// A timestamp as TOML writes it: `2026-03-14T09:26:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TomlTimestamp(pub(super) Timestamp);

impl<'de> Deserialize<'de> for TomlTimestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Datetime::deserialize(deserializer)?;
        written.to_string().parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for TomlTimestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written: Datetime = self.0.to_string().parse().map_err(serde::ser::Error::custom)?;
        written.serialize(serializer)
    }
}

fn is_online(status: &Status) -> bool {
    *status == Status::Online
}

fn yes() -> bool {
    true
}

fn is_true(flag: &bool) -> bool {
    *flag
}

fn is_false(flag: &bool) -> bool {
    !flag
}
