//! What belongs to guilds beside channels, roles and members: bans, invites, webhooks, emojis, events, voice states,
//! the audit log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AutoModRule, GuildTemplate, Onboarding, User};
use crate::ids::{Snowflake, Timestamp};

/// How many audit log entries are kept; the oldest are dropped first.
const MAX_AUDIT_ENTRIES: usize = 1000;

/// Everything that belongs to a guild.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct GuildData {
    /// By user id.
    pub bans: BTreeMap<Snowflake, Ban>,
    /// Custom emojis, oldest first.
    pub emojis: Vec<GuildEmoji>,
    /// Scheduled events, oldest first.
    pub events: Vec<ScheduledEvent>,
    /// Who is in which voice channel, by user id.
    pub voice: BTreeMap<Snowflake, VoiceState>,
    /// What is happening in voice channels, by channel id.
    #[serde(default)]
    pub calls: BTreeMap<Snowflake, VoiceCall>,
    /// The audit log, oldest first.
    pub audit: VecDeque<AuditEntry>,
    /// Stages with a stage instance.
    #[serde(default)]
    pub stages: Vec<StageInstance>,
    /// Threads that are not archived, oldest first.
    pub threads: Vec<Snowflake>,
    /// Auto moderation rules, oldest first.
    #[serde(default)]
    pub automod: Vec<AutoModRule>,
    /// The onboarding of new members; `None` until it is set up.
    #[serde(default)]
    pub onboarding: Option<Onboarding>,
    /// The template; a guild has at most one.
    #[serde(default)]
    pub template: Option<GuildTemplate>,
}

impl GuildData {
    pub(crate) fn note(&mut self, entry: AuditEntry) {
        if self.audit.len() >= MAX_AUDIT_ENTRIES {
            self.audit.pop_front();
        }
        self.audit.push_back(entry);
    }
}

/// What is happening in a voice channel, until the last member leaves.
/// <https://discord.com/developers/docs/events/gateway-events#channel-info>
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct VoiceCall {
    /// The voice channel status.
    pub status: Option<String>,
    /// When the first member joined; `None` while the channel is empty.
    pub started: Option<Timestamp>,
}

/// A banned user.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Ban {
    /// The reason.
    pub reason: Option<String>,
    /// The user.
    pub user: Arc<User>,
}

/// A custom emoji of a guild or an application.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildEmoji {
    /// Its id.
    pub id: Snowflake,
    /// 2 to 32 letters, digits and underscores.
    pub name: String,
    /// Whether it is animated.
    pub animated: bool,
    /// The roles that may use it; if there are none, everybody may.
    pub roles: Vec<Snowflake>,
    /// Who created it.
    pub user: Arc<User>,
}

impl GuildEmoji {
    /// As Discord serialises it.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "animated": self.animated, "roles": self.roles, "user": &*self.user,
            "require_colons": true, "managed": false, "available": true,
        })
    }
}

/// A scheduled event of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScheduledEvent {
    /// Its id.
    pub id: Snowflake,
    /// Who created it.
    pub creator: Arc<User>,
    /// Its title.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// When it begins.
    pub starts: Timestamp,
    /// When it ends; required for an event outside of a channel.
    pub ends: Option<Timestamp>,
    /// Where it takes place.
    pub place: EventPlace,
    /// How it recurs; `None` if it happens once.
    #[serde(default)]
    pub recurrence: Option<RecurrenceRule>,
    /// 1 scheduled, 2 active, 3 completed, 4 canceled.
    pub status: u8,
    /// Interested users, in the order in which they subscribed.
    pub users: Vec<Snowflake>,
}

/// How an event recurs, as far as bots can set it.
/// <https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "each is described under its name in Discord's reference")]
pub struct RecurrenceRule {
    pub start: Timestamp,
    pub frequency: u8,
    pub interval: u32,
    pub by_weekday: Option<Vec<u64>>,
    pub by_n_weekday: Option<Vec<NthWeekday>>,
    pub by_month: Option<Vec<u64>>,
    pub by_month_day: Option<Vec<u64>>,
}

/// A day of the week in one week of a month.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct NthWeekday {
    /// Which week of the month, 1 to 5.
    pub n: u8,
    /// 0 is Monday.
    pub day: u8,
}

/// Where an event takes place.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum EventPlace {
    /// In a stage channel.
    Stage(Snowflake),
    /// In a voice channel.
    Voice(Snowflake),
    /// Somewhere outside of Discord.
    #[serde(rename = "Elsewhere")]
    External(String),
}

impl ScheduledEvent {
    /// As Discord serialises it.
    pub fn json(&self, guild: Snowflake, with_user_count: bool) -> Value {
        let (kind, channel, metadata) = match &self.place {
            EventPlace::Stage(channel) => (1, Some(channel), Value::Null),
            EventPlace::Voice(channel) => (2, Some(channel), Value::Null),
            EventPlace::External(location) => (3, None, json!({ "location": location })),
        };
        let mut json = json!({
            "id": self.id, "guild_id": guild, "channel_id": channel, "creator_id": self.creator.id,
            "creator": &*self.creator, "name": self.name, "description": self.description,
            "scheduled_start_time": self.starts, "scheduled_end_time": self.ends, "privacy_level": 2,
            "status": self.status, "entity_type": kind, "entity_id": null, "entity_metadata": metadata,
            "image": null, "recurrence_rule": self.recurrence, "guild_scheduled_event_exceptions": [],
        });
        if with_user_count {
            json["user_count"] = json!(self.users.len());
        }
        json
    }
}

/// A live stage: a stage channel with a topic.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StageInstance {
    /// Its id.
    pub id: Snowflake,
    /// The stage channel.
    pub channel_id: Snowflake,
    /// The topic, up to 120 characters.
    pub topic: String,
    /// The scheduled event that it belongs to.
    pub event_id: Option<Snowflake>,
}

impl StageInstance {
    /// As Discord serialises it.
    pub fn json(&self, guild: Snowflake) -> Value {
        json!({
            "id": self.id, "guild_id": guild, "channel_id": self.channel_id, "topic": self.topic,
            "privacy_level": 2, "discoverable_disabled": true, "guild_scheduled_event_id": self.event_id,
        })
    }
}

/// A user's voice state.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VoiceState {
    /// The voice channel.
    pub channel_id: Snowflake,
    /// The session id of the voice connection.
    pub session_id: String,
    /// Whether the user muted themselves.
    pub self_mute: bool,
    /// Whether the user deafened themselves.
    pub self_deaf: bool,
    /// On a stage: whether the user is in the audience.
    pub suppress: bool,
    /// On a stage: when the user requested to speak.
    pub request_to_speak: Option<Timestamp>,
}

/// One entry of the audit log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: Snowflake,
    /// Who did it.
    pub user_id: Snowflake,
    /// The target of the action.
    pub target_id: Option<Snowflake>,
    /// Discord's number of the action.
    pub action_type: u16,
    /// The changes, each `{key, old_value, new_value}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Value>,
    /// Further details of some actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    /// The reason that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who may use a command in a guild and where, whatever the command itself says; it is set before the command is
/// registered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CommandRule {
    /// The guild.
    pub guild: Snowflake,
    /// The command's name.
    pub command: String,
    /// Whom and where it is allowed or denied.
    pub exceptions: Vec<CommandPermission>,
}

/// An exception that a guild's moderators make for a command.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CommandPermission {
    /// The id of a role, user or channel; the guild's own id stands for all users, and that id minus one for all
    /// channels.
    pub id: Snowflake,
    /// 1 role, 2 user, 3 channel.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Whether it is allowed.
    pub permission: bool,
}

impl CommandPermission {
    pub(crate) const ROLE: u8 = 1;
    pub(crate) const USER: u8 = 2;
    pub(crate) const CHANNEL: u8 = 3;
}

/// An invite to a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Invite {
    /// The code to join with.
    pub code: String,
    /// The channel it leads to.
    pub channel_id: Snowflake,
    /// The guild of that channel.
    pub guild_id: Snowflake,
    /// Who created it.
    pub inviter: Arc<User>,
    /// When it was created.
    pub created_at: Timestamp,
    /// For how many seconds it is valid; 0 is forever.
    pub max_age: u32,
    /// How often it can be used; 0 is unlimited.
    pub max_uses: u32,
    /// How often it has been used.
    pub uses: u32,
    /// Whether membership is temporary: members leave again unless they get a role.
    pub temporary: bool,
}

impl Invite {
    /// When it expires.
    pub fn expires_at(&self) -> Option<Timestamp> {
        (self.max_age > 0).then(|| Timestamp(self.created_at.0 + u64::from(self.max_age) * 1000))
    }
}

/// A webhook: a way to post in a channel without an account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Webhook {
    /// Its id.
    pub id: Snowflake,
    /// The secret token.
    pub token: String,
    /// The channel in which it posts.
    pub channel_id: Snowflake,
    /// The guild of that channel.
    pub guild_id: Snowflake,
    /// The default name of the author of its messages.
    pub name: String,
    /// The hash of its avatar.
    pub avatar: Option<Arc<str>>,
    /// Who created it.
    pub user: Arc<User>,
    /// The application that created it.
    pub application_id: Option<Snowflake>,
    /// For a channel follower webhook, the announcement channel whose messages it brings; it cannot be used for
    /// anything else.
    pub follows: Option<Snowflake>,
}

impl Webhook {
    /// As Discord serialises it; the token is only for those who may use it.
    pub(crate) fn json(&self, with_token: bool) -> Value {
        let mut json = json!({
            "id": self.id, "type": if self.follows.is_some() { 2 } else { 1 }, "guild_id": self.guild_id,
            "channel_id": self.channel_id, "user": &*self.user, "name": self.name, "avatar": self.avatar,
            "application_id": self.application_id,
        });
        if with_token && self.follows.is_none() {
            json["token"] = json!(self.token);
        }
        json
    }

    /// The author of its messages.
    pub(crate) fn author(&self, name: Option<String>, avatar: Option<String>) -> User {
        User {
            id: self.id,
            username: name.unwrap_or_else(|| self.name.clone()),
            discriminator: "0000",
            global_name: None,
            avatar: avatar.or_else(|| self.avatar.as_deref().map(str::to_owned)),
            bot: true,
        }
    }
}
