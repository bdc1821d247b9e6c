//! The objects of the world: people, guilds, roles, channels, bots.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::json;

use super::{Application, ChannelSettings, GuildData, GuildSettings, Message, Thread, User, World};
use crate::ids::{Snowflake, Timestamp};

/// A role of a guild. The role with the guild's own id is `@everyone`.
#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// RGB; 0 is no colour.
    pub color: u32,
    /// Whether its members are shown separately in the member list.
    pub hoist: bool,
    /// Position, 0 at the bottom.
    pub position: u32,
    /// Permission bits.
    #[serde(deserialize_with = "from_text")]
    pub permissions: u64,
    /// The bot it belongs to.
    #[serde(rename = "tags", deserialize_with = "bot_in_tags")]
    pub bot: Option<Snowflake>,
    /// Whether everybody may mention it.
    pub mentionable: bool,
}

impl Role {
    /// A role at the bottom of the list.
    pub(crate) fn new(id: Snowflake, name: &str, permissions: u64) -> Self {
        let name = name.to_owned();
        Self { id, name, color: 0, hoist: false, position: 0, permissions, bot: None, mentionable: true }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tags = match self.bot {
            Some(bot) => json!({ "bot_id": bot }),
            None => json!({}),
        };
        json!({
            "id": self.id, "name": self.name, "color": self.color, "hoist": self.hoist, "position": self.position,
            "colors": { "primary_color": self.color, "secondary_color": null, "tertiary_color": null },
            "icon": null, "unicode_emoji": null, "permissions": self.permissions.to_string(),
            "managed": self.bot.is_some(), "mentionable": self.mentionable, "flags": 0, "tags": tags,
        })
        .serialize(serializer)
    }
}

/// A permission overwrite of a channel for a role or a member.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Overwrite {
    /// The role's or member's id.
    pub id: Snowflake,
    /// 0 role, 1 member.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Permission bits that are allowed.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub allow: u64,
    /// Permission bits that are denied.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub deny: u64,
}

/// A user's membership in a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildMember {
    /// The user.
    pub user: Arc<User>,
    /// The nickname in this guild.
    pub nick: Option<String>,
    /// Roles besides `@everyone`.
    pub roles: Vec<Snowflake>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// Until when the member is timed out and can only read.
    pub timed_out_until: Option<Timestamp>,
    /// Whether the member is muted in voice channels.
    pub mute: bool,
    /// Whether the member is deafened in voice channels.
    pub deaf: bool,
    /// Member flags, <https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags>.
    pub flags: u32,
}

impl GuildMember {
    /// A member who has just joined.
    pub fn new(user: Arc<User>, joined_at: Timestamp) -> Self {
        Self {
            user,
            nick: None,
            roles: Vec::new(),
            joined_at,
            timed_out_until: None,
            mute: false,
            deaf: false,
            flags: 0,
        }
    }
}

/// A guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Guild {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// The owner.
    pub owner_id: Snowflake,
    /// Roles, `@everyone` first.
    pub roles: Vec<Role>,
    /// Channels in order of creation.
    pub channels: Vec<Snowflake>,
    /// By user id.
    pub members: BTreeMap<Snowflake, GuildMember>,
    /// The guild's settings.
    pub settings: GuildSettings,
    /// Bans, emojis, events, voice states, audit log, threads.
    #[serde(rename = "belongings")]
    pub data: GuildData,
}

impl Guild {
    /// The role with this id.
    pub fn role(&self, id: Snowflake) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The role with this name or id; a leading `@` is allowed.
    pub fn role_named(&self, name: &str) -> Option<&Role> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        self.roles.iter().find(|role| role.name == bare).or_else(|| self.role(bare.parse().ok()?))
    }

    pub(crate) fn role_mut(&mut self, id: Snowflake) -> Option<&mut Role> {
        self.roles.iter_mut().find(|role| role.id == id)
    }

    /// The position of a member's highest role; the owner is above all.
    pub fn rank_of(&self, user: Snowflake) -> u32 {
        if self.owner_id == user {
            return u32::MAX;
        }
        let Some(member) = self.members.get(&user) else { return 0 };
        let held = self.roles.iter().filter(|role| member.roles.contains(&role.id));
        held.map(|role| role.position).max().unwrap_or(0)
    }
}

/// All of Discord's channel types, including those that do not exist here.
/// <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
pub(crate) const CHANNEL_TYPES: [u64; 13] = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16];

/// Kinds of channel, with Discord's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum ChannelKind {
    /// A text channel of a guild.
    Text = 0,
    /// A direct message between a user and a bot.
    Dm = 1,
    /// A voice channel of a guild.
    Voice = 2,
    /// A category of channels.
    Category = 4,
    /// A text channel that other channels can follow.
    Announcement = 5,
    /// A thread in an announcement channel.
    AnnouncementThread = 10,
    /// A thread that everybody who sees its channel can see.
    PublicThread = 11,
    /// A thread for users who were added to it.
    PrivateThread = 12,
    /// A voice channel with an audience.
    Stage = 13,
    /// A channel of threads.
    Forum = 15,
    /// A forum for media.
    Media = 16,
}

impl ChannelKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Dm,
        Self::Voice,
        Self::Category,
        Self::Announcement,
        Self::AnnouncementThread,
        Self::PublicThread,
        Self::PrivateThread,
        Self::Stage,
        Self::Forum,
        Self::Media,
    ];

    /// The kind with this number.
    pub fn numbered(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u64 == number)
    }

    /// Whether messages are posted in it.
    pub fn holds_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum | Self::Media)
    }

    /// Whether it is a thread.
    pub fn is_thread(self) -> bool {
        matches!(self, Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread)
    }

    /// Whether it is a forum or media channel, so that its posts are threads.
    pub fn is_forum(self) -> bool {
        matches!(self, Self::Forum | Self::Media)
    }

    /// Whether it is for voice.
    pub fn is_voice(self) -> bool {
        matches!(self, Self::Voice | Self::Stage)
    }
}

/// A channel and its history.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Channel {
    /// Its id.
    pub id: Snowflake,
    /// The guild; `None` for a direct message.
    pub guild_id: Option<Snowflake>,
    /// The kind.
    pub kind: ChannelKind,
    /// Its name; for a direct message, `@name` of the user.
    pub name: Arc<str>,
    /// The topic.
    pub topic: Option<String>,
    /// Position in the list.
    pub position: u32,
    /// The category that it is in; for a thread, the channel in which it was started.
    pub parent_id: Option<Snowflake>,
    /// Permission overwrites; a thread uses those of its channel.
    pub overwrites: Vec<Overwrite>,
    /// The participants of a direct message.
    pub recipients: Vec<Arc<User>>,
    /// History, oldest first; bounded by [`SimOptions::history_per_channel`](crate::SimOptions).
    pub messages: VecDeque<Arc<Message>>,
    /// The last message that was ever posted here, deleted or not.
    pub last_message_id: Option<Snowflake>,
    /// The channel's settings.
    pub settings: ChannelSettings,
    /// The thread's own state, if it is a thread.
    pub thread: Option<Box<Thread>>,
    /// How many messages are kept; stored with the channel so that posting needs no look-up.
    pub(crate) history_limit: usize,
}

impl Channel {
    /// An empty channel that is in no guild.
    pub(crate) fn new(id: Snowflake, kind: ChannelKind, name: &str, history_limit: usize) -> Self {
        Self {
            id,
            guild_id: None,
            kind,
            name: name.into(),
            topic: None,
            position: 0,
            parent_id: None,
            overwrites: Vec::new(),
            recipients: Vec::new(),
            messages: Default::default(),
            last_message_id: None,
            settings: Default::default(),
            thread: None,
            history_limit,
        }
    }

    /// The message with this id, unless it was deleted or dropped from the history.
    pub fn message(&self, id: Snowflake) -> Option<&Arc<Message>> {
        self.place_of(id).map(|at| &self.messages[at])
    }

    /// Whether it is a forum post without a first message; until that is posted, only the author writes in it.
    pub(crate) fn awaits_first_message(&self, world: &World) -> bool {
        let parent = self.parent_id.and_then(|parent| world.channel(parent));
        self.thread.is_some()
            && self.last_message_id.is_none()
            && parent.is_some_and(|one| one.kind.is_forum())
    }

    pub(crate) fn message_mut(&mut self, id: Snowflake) -> Option<&mut Message> {
        let at = self.place_of(id)?;
        Some(Arc::make_mut(&mut self.messages[at]))
    }

    pub(crate) fn push(&mut self, message: Arc<Message>) {
        if self.messages.len() >= self.history_limit {
            self.messages.pop_front();
        }
        self.last_message_id = Some(message.id);
        if let Some(thread) = &mut self.thread
            && message.id != self.id
        {
            thread.total_messages += 1;
        }
        self.messages.push_back(message);
    }

    pub(crate) fn remove(&mut self, id: Snowflake) -> Option<Arc<Message>> {
        let at = self.place_of(id)?;
        if let Some(thread) = &mut self.thread
            && id != self.id
        {
            thread.deleted_messages += 1;
        }
        self.messages.remove(at)
    }

    /// Ids always grow, so the history is sorted by id.
    fn place_of(&self, id: Snowflake) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }
}

/// An application and its bot account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Bot {
    /// The bot's account; it shares its id with the application.
    pub user: Arc<User>,
    /// The token, without the `Bot ` prefix.
    pub token: String,
    /// Who owns the application.
    pub owner: Arc<User>,
    /// Intents that the application may request; others close with 4014.
    pub granted_intents: u64,
    /// The application's description of itself.
    #[serde(default)]
    pub application: Application,
    /// Users who installed the application for themselves, and may use its commands everywhere.
    /// <https://discord.com/developers/docs/resources/application#user-context>
    #[serde(default)]
    pub users: Vec<Snowflake>,
}

impl Bot {
    /// The id that the application shares with the account.
    pub fn id(&self) -> Snowflake {
        self.user.id
    }

    /// The application's flags: the privileged intents granted to a small one (`…_LIMITED`).
    /// <https://discord.com/developers/docs/resources/application#application-object-application-flags>
    pub fn flags(&self) -> u64 {
        /// The bit of each intent and of its flag: presences, members, message content.
        const BITS: [(u64, u64); 3] = [(8, 13), (1, 15), (15, 19)];
        let granted = BITS.iter().filter(|(intent, _)| self.granted_intents & 1 << intent != 0);
        granted.fold(0, |flags, (_, flag)| flags | 1 << flag)
    }
}

pub(crate) fn as_text<S: Serializer>(bits: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(bits)
}

fn bot_in_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Snowflake>, D::Error> {
    #[derive(Deserialize)]
    struct Tags {
        bot_id: Option<Snowflake>,
    }
    Tags::deserialize(deserializer).map(|tags| tags.bot_id)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
