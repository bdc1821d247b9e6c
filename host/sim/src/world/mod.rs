//! The world: guilds, channels, people, bots and messages, all in memory. It knows nothing about sockets, sessions or
//! requests; `rules` changes it and dispatches the events.

mod act_error;
mod application;
pub(crate) mod automod;
mod builder;
mod choice;
mod components;
mod embeds;
mod file;
mod guild_data;
pub(crate) mod mentions;
pub(crate) mod message;
mod model;
mod onboarding;
pub(crate) mod permissions;
mod poll;
mod settings;
mod template;
mod users;
pub(crate) mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use act_error::ActError;
pub use application::{Application, ApplicationLinks, InstallConfig, InstallParams, RoleConnectionMetadata};
pub use automod::{
    ActionMetadata as AutoModActionMetadata, AutoModAction, AutoModRule, Pattern as AutoModPattern,
    Trigger as AutoModTrigger,
};
pub use choice::Choice;
pub(crate) use choice::Translations;
pub(crate) use components::numbered;
pub use components::{
    Component, ComponentEmoji, ComponentKind, DefaultValue, GalleryItem, Media, Modal, SelectOption,
};
pub use embeds::{Embed, EmbedAuthor, EmbedField, EmbedFooter, EmbedKind};
pub use file::{WorldError, WorldMistake};
pub use guild_data::{
    AuditEntry, Ban, CommandPermission, CommandRule, EventPlace, GuildData, GuildEmoji, Invite, NthWeekday,
    RecurrenceRule, ScheduledEvent, StageInstance, VoiceCall, VoiceState, Webhook,
};
pub(crate) use message::is_unicode_emoji;
pub use message::{
    Attachment, Emoji, IntegrationOwners, InteractionMetadata, Message, MessageKind, Origin, Reaction, flags,
};
pub(crate) use model::CHANNEL_TYPES;
pub use model::{Bot, Channel, ChannelKind, Guild, GuildMember, Overwrite, Role};
pub use onboarding::{Onboarding, OnboardingOption, OnboardingPrompt};
pub use permissions::bits;
pub use poll::{Poll, PollAnswer};
pub use settings::{ChannelSettings, DefaultReaction, GuildSettings, Incidents, Tag, Thread};
pub use template::GuildTemplate;
pub use users::{Status, User};

use crate::clock::Clock;
use crate::ids::{Snowflake, SnowflakeSource};
use users::Users;

/// Everything that exists. Build a world with the `add_` methods, or use [`World::default`].
#[derive(Debug)]
pub struct World {
    pub(crate) clock: Clock,
    pub(crate) ids: SnowflakeSource,
    pub(crate) users: Users,
    pub(crate) guilds: BTreeMap<Snowflake, Guild>,
    pub(crate) channels: HashMap<Snowflake, Channel>,
    pub(crate) bots: Vec<Bot>,
    /// By code.
    pub(crate) invites: BTreeMap<String, Invite>,
    pub(crate) webhooks: BTreeMap<Snowflake, Webhook>,
    /// Emojis of applications, by application.
    pub(crate) application_emojis: HashMap<Snowflake, Vec<GuildEmoji>>,
    /// The statuses of people who are not simply online.
    pub(crate) statuses: BTreeMap<Snowflake, Status>,
    /// Users with Nitro.
    pub(crate) nitro: BTreeSet<Snowflake>,
    pub(crate) command_rules: Vec<CommandRule>,
    pub(crate) history_limit: usize,
}

impl World {
    /// The largest id that was handed out.
    pub(crate) fn last_id(&self) -> Snowflake {
        self.ids.last()
    }

    /// A new id, larger than all previous ones.
    pub fn next_id(&self) -> Snowflake {
        self.ids.next(self.clock.now().0)
    }

    /// The guild with this id.
    pub fn guild(&self, id: Snowflake) -> Option<&Guild> {
        self.guilds.get(&id)
    }

    /// All guilds, oldest first.
    pub fn guilds(&self) -> impl Iterator<Item = &Guild> {
        self.guilds.values()
    }

    /// The channel with this id.
    pub fn channel(&self, id: Snowflake) -> Option<&Channel> {
        self.channels.get(&id)
    }

    /// The guild of a channel; `None` for a direct message.
    pub(crate) fn guild_of(&self, channel: &Channel) -> Option<&Guild> {
        self.guilds.get(&channel.guild_id?)
    }

    /// The id of a channel's guild.
    pub(crate) fn guild_id_of(&self, channel: Snowflake) -> Option<Snowflake> {
        self.channels.get(&channel)?.guild_id
    }

    /// The user with this id.
    pub fn user(&self, id: Snowflake) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    /// The status of a user while no client sets one; bots are offline then.
    pub fn status_of(&self, id: Snowflake) -> Status {
        match self.users.get(&id) {
            Some(user) if !user.bot => self.statuses.get(&id).copied().unwrap_or_default(),
            _ => Status::Offline,
        }
    }

    /// An account as its owner sees it, including private fields.
    pub(crate) fn own_account(&self, user: &User) -> serde_json::Value {
        let mut own = serde_json::json!(user);
        own["verified"] = true.into();
        own["mfa_enabled"] = true.into();
        own["email"] = serde_json::Value::Null;
        // 2 is Nitro: https://discord.com/developers/docs/resources/user#user-object-premium-types
        own["premium_type"] = (if self.nitro.contains(&user.id) { 2 } else { 0 }).into();
        own
    }

    /// A user's name, for display; the id if the user is gone.
    pub(crate) fn name_of(&self, id: Snowflake) -> Arc<str> {
        self.users.get(&id).map_or_else(|| id.to_string().into(), |user| user.username.as_str().into())
    }

    /// The user with this name; a leading `@` is allowed.
    pub fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        let name = name.strip_prefix('@').unwrap_or(name);
        if let Ok(id) = name.parse()
            && let Some(user) = self.users.get(&id)
        {
            return Some(user);
        }
        self.users.named(name, false).or_else(|| self.users.named(name, true))
    }

    /// The guild with this name (ignoring case) or id.
    pub fn guild_named(&self, name: &str) -> Option<&Guild> {
        let by_id = || self.guilds.get(&name.parse().ok()?);
        self.guilds.values().find(|guild| guild.name.eq_ignore_ascii_case(name)).or_else(by_id)
    }

    /// All bots, in the order they were added.
    pub fn bots(&self) -> &[Bot] {
        &self.bots
    }

    pub(crate) fn bot(&self, id: Snowflake) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.id() == id)
    }

    /// Finds a channel by id, `#name`, `name` or `guild/name`. If several match, the guild `near` comes first, then the
    /// oldest.
    pub fn channel_named(&self, name: &str, near: Option<Snowflake>) -> Option<&Channel> {
        let bare = name.strip_prefix('#').unwrap_or(name);
        let (guild_name, bare) = match bare.split_once('/') {
            Some((guild, channel)) => (Some(guild), channel),
            None => (None, bare),
        };
        let within = |guild: &Guild| {
            guild
                .channels
                .iter()
                .filter_map(|id| self.channels.get(id))
                .find(|channel| &*channel.name == bare && channel.kind != ChannelKind::Category)
                .map(|channel| channel.id)
        };
        let mut guilds = near
            .and_then(|id| self.guilds.get(&id))
            .into_iter()
            .chain(self.guilds.values())
            .filter(|guild| guild_name.is_none_or(|name| guild.name.eq_ignore_ascii_case(name)));
        if let Some(id) = guilds.find_map(within) {
            return self.channels.get(&id);
        }
        if let Ok(id) = bare.parse() {
            return self.channels.get(&id);
        }
        self.channels.values().find(|channel| channel.kind == ChannelKind::Dm && &*channel.name == bare)
    }

    /// The direct message channel of a user and a bot, created on first use; and whether it is new.
    pub(crate) fn dm_channel(&mut self, person: &Arc<User>, bot: &Arc<User>) -> (Snowflake, bool) {
        let there = self.channels.values().find(|channel| {
            channel.kind == ChannelKind::Dm
                && channel.recipients.iter().any(|user| user.id == person.id)
                && channel.recipients.iter().any(|user| user.id == bot.id)
        });
        if let Some(channel) = there {
            return (channel.id, false);
        }
        let id = self.next_id();
        let name = format!("@{}", person.username);
        let mut channel = Channel::new(id, ChannelKind::Dm, &name, self.history_limit);
        channel.recipients = vec![person.clone(), bot.clone()];
        self.channels.insert(id, channel);
        (id, true)
    }

    /// The permissions of `user` in `channel`: in their own direct messages all but those to moderate, and none in
    /// channels of guilds they are not in. A thread has the overwrites of its channel; a private thread is closed to
    /// users who neither joined it nor may manage threads.
    pub fn permissions_in(&self, channel: &Channel, user: Snowflake) -> u64 {
        match channel.guild_id.and_then(|id| self.guilds.get(&id)) {
            Some(guild) => {
                let thread = channel.thread.as_deref();
                let parent = thread.and(channel.parent_id).and_then(|id| self.channels.get(&id));
                let granted = permissions::permissions_of(guild, Some(parent.unwrap_or(channel)), user);
                let closed = channel.kind == ChannelKind::PrivateThread
                    && granted & bits::MANAGE_THREADS == 0
                    && !thread.is_some_and(|thread| thread.has(user));
                if closed { 0 } else { self.without_timeout(guild, user, granted) }
            }
            None if channel.recipients.iter().any(|recipient| recipient.id == user) => bits::DIRECT_MESSAGES,
            None => 0,
        }
    }

    /// Whether `user` may view a channel; a category also if they may view a channel in it.
    /// <https://discord.com/developers/docs/topics/permissions#channel-visibility>
    pub(crate) fn views(&self, channel: &Channel, user: Snowflake) -> bool {
        let views = |channel: &Channel| self.permissions_in(channel, user) & bits::VIEW_CHANNEL != 0;
        let mut siblings = self.guild_of(channel).into_iter().flat_map(|guild| &guild.channels);
        let is_child = |one: &&Channel| one.parent_id == Some(channel.id);
        views(channel)
            || channel.kind == ChannelKind::Category
                && siblings.any(|id| self.channel(*id).filter(is_child).is_some_and(views))
    }

    /// The permissions of `user` in a guild as a whole.
    pub fn permissions_at(&self, guild: &Guild, user: Snowflake) -> u64 {
        self.without_timeout(guild, user, permissions::permissions_of(guild, None, user))
    }

    /// A timeout does not affect users with all permissions.
    fn without_timeout(&self, guild: &Guild, user: Snowflake, granted: u64) -> u64 {
        if granted == bits::ALL {
            return granted;
        }
        let until = guild.members.get(&user).and_then(|member| member.timed_out_until);
        match until {
            Some(until) if until > self.clock.now() => granted & bits::TIMED_OUT,
            _ => granted,
        }
    }
}
