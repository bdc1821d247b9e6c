//! What guilds own beside channels, roles and members: bans, invites, webhooks, emojis, events, voice states, the audit log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AutoModRule, GuildTemplate, Onboarding, User};
use crate::ids::{Snowflake, Timestamp};

/// Entries of the audit log that are kept; the oldest go first.
const MAX_AUDIT_ENTRIES: usize = 1000;

/// All that a guild owns.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Belongings {
    /// By user.
    pub bans: BTreeMap<Snowflake, Ban>,
    /// Custom emojis, oldest first.
    pub emojis: Vec<GuildEmoji>,
    /// Scheduled events, oldest first.
    pub events: Vec<ScheduledEvent>,
    /// Who is in which voice channel, by user.
    pub voice: BTreeMap<Snowflake, VoiceState>,
    /// What goes on in voice channels, by channel.
    #[serde(default)]
    pub calls: BTreeMap<Snowflake, VoiceCall>,
    /// Who did what, oldest first.
    pub audit: VecDeque<AuditEntry>,
    /// Stages on which something is going on.
    #[serde(default)]
    pub stages: Vec<StageInstance>,
    /// Threads that are not archived, oldest first.
    pub threads: Vec<Snowflake>,
    /// Rules of auto moderation, oldest first.
    #[serde(default)]
    pub automod: Vec<AutoModRule>,
    /// What new members are asked; none until somebody sets it up.
    #[serde(default)]
    pub onboarding: Option<Onboarding>,
    /// Its template: there is one at most.
    #[serde(default)]
    pub template: Option<GuildTemplate>,
}

impl Belongings {
    pub(crate) fn note(&mut self, entry: AuditEntry) {
        if self.audit.len() >= MAX_AUDIT_ENTRIES {
            self.audit.pop_front();
        }
        self.audit.push_back(entry);
    }
}

/// What goes on in a voice channel; it is over when the last member leaves.
/// <https://discord.com/developers/docs/events/gateway-events#channel-info>
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct VoiceCall {
    /// What members say of it.
    pub status: Option<String>,
    /// When the first member came; none while nobody is there.
    pub started: Option<Timestamp>,
}

/// Somebody who must stay out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Ban {
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub user: Arc<User>,
}

/// A custom emoji of a guild or an application.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildEmoji {
    /// Its id.
    pub id: Snowflake,
    /// 2 to 32 letters, digits and underscores.
    pub name: String,
    /// Whether it moves.
    pub animated: bool,
    /// Roles that may use it; none listed is everybody.
    pub roles: Vec<Snowflake>,
    /// Who made it.
    pub user: Arc<User>,
}

impl GuildEmoji {
    /// As Discord writes it.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "animated": self.animated, "roles": self.roles, "user": &*self.user,
            "require_colons": true, "managed": false, "available": true,
        })
    }
}

/// An event that a guild announced.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScheduledEvent {
    /// Its id.
    pub id: Snowflake,
    /// Who made it.
    pub creator: Arc<User>,
    /// Its title.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// When it begins.
    pub starts: Timestamp,
    /// When it ends; elsewhere than in a channel it must say so.
    pub ends: Option<Timestamp>,
    /// Where.
    pub place: EventPlace,
    /// How it recurs; none happens once.
    #[serde(default)]
    pub recurrence: Option<RecurrenceRule>,
    /// 1 scheduled, 2 active, 3 completed, 4 canceled.
    pub status: u8,
    /// Who is interested, in the order they said so.
    pub users: Vec<Snowflake>,
}

/// How an event recurs, as far as bots can say it.
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
    /// Which week, 1 to 5.
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
    /// Somewhere else.
    Elsewhere(String),
}

impl ScheduledEvent {
    /// As Discord writes it.
    pub fn json(&self, guild: Snowflake, with_user_count: bool) -> Value {
        let (kind, channel, metadata) = match &self.place {
            EventPlace::Stage(channel) => (1, Some(channel), Value::Null),
            EventPlace::Voice(channel) => (2, Some(channel), Value::Null),
            EventPlace::Elsewhere(location) => (3, None, json!({ "location": location })),
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

/// A stage channel on which something is going on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StageInstance {
    /// Its id.
    pub id: Snowflake,
    /// The stage.
    pub channel_id: Snowflake,
    /// What it is about, up to 120 characters.
    pub topic: String,
    /// The event it belongs to.
    pub event_id: Option<Snowflake>,
}

impl StageInstance {
    /// As Discord writes it.
    pub fn json(&self, guild: Snowflake) -> Value {
        json!({
            "id": self.id, "guild_id": guild, "channel_id": self.channel_id, "topic": self.topic,
            "privacy_level": 2, "discoverable_disabled": true, "guild_scheduled_event_id": self.event_id,
        })
    }
}

/// Somebody in a voice channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VoiceState {
    /// Which.
    pub channel_id: Snowflake,
    /// Of the voice connection.
    pub session_id: String,
    /// By own choice.
    pub self_mute: bool,
    /// By own choice.
    pub self_deaf: bool,
    /// On a stage: among the listeners.
    pub suppress: bool,
    /// On a stage: since when this one wants to speak.
    pub request_to_speak: Option<Timestamp>,
}

/// One entry of the audit log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: Snowflake,
    /// Who did it.
    pub user_id: Snowflake,
    /// To whom or what.
    pub target_id: Option<Snowflake>,
    /// Discord's number.
    pub action_type: u16,
    /// `{key, old_value, new_value}` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Value>,
    /// What else belongs to some kinds of entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    /// As the doer gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who may use a command in a guild, and where, whatever the command itself says; made before it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CommandRule {
    /// In which guild.
    pub guild: Snowflake,
    /// The command's name.
    pub command: String,
    /// For whom and where it is allowed or denied.
    pub exceptions: Vec<CommandException>,
}

/// An exception that a guild's moderators make for a command.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CommandException {
    /// A role, user or channel; the guild's own id is everyone, and one less is every channel.
    pub id: Snowflake,
    /// 1 role, 2 user, 3 channel.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Allowed or denied.
    pub permission: bool,
}

impl CommandException {
    pub(crate) const ROLE: u8 = 1;
    pub(crate) const USER: u8 = 2;
    pub(crate) const CHANNEL: u8 = 3;
}

/// A way into a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Invite {
    /// What is typed to enter.
    pub code: String,
    /// Where it leads.
    pub channel_id: Snowflake,
    /// The guild of that channel.
    pub guild_id: Snowflake,
    /// Who made it.
    pub inviter: Arc<User>,
    /// When.
    pub created_at: Timestamp,
    /// Seconds it lives; 0 is forever.
    pub max_age: u32,
    /// How often it can be used; 0 is without end.
    pub max_uses: u32,
    /// How often it was used.
    pub uses: u32,
    /// Whether those who enter leave again unless they get a role.
    pub temporary: bool,
}

impl Invite {
    /// When it ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        (self.max_age > 0).then(|| Timestamp(self.created_at.0 + u64::from(self.max_age) * 1000))
    }
}

/// A way to post in a channel without an account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Webhook {
    /// Its id.
    pub id: Snowflake,
    /// The key to it.
    pub token: String,
    /// Where it posts.
    pub channel_id: Snowflake,
    /// The guild of that channel.
    pub guild_id: Snowflake,
    /// The name its messages carry unless they say otherwise.
    pub name: String,
    /// The hash of its picture.
    pub avatar: Option<Arc<str>>,
    /// Who made it.
    pub user: Arc<User>,
    /// The application that made it.
    pub application_id: Option<Snowflake>,
    /// The announcement channel whose messages it brings; such a one cannot be used otherwise.
    pub follows: Option<Snowflake>,
}

impl Webhook {
    /// As Discord writes it; the token is only for those who may use it.
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
