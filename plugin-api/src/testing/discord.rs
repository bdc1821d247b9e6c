//! A simulated Discord: users, a guild with channels and roles, messages and interactions, in memory. Its endpoints are
//! in `route`; ids and times are the same in every run.

mod form;
mod interactions;
mod json;
mod members;
mod messages;
mod refused;
pub(super) mod route;
pub(super) mod select;
mod threads;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use self::{
    interactions::{FIRST_ANSWER_MS, Open, State},
    json::mentions,
    messages::New,
    refused::Refused,
};
use crate::permissions;

/// The id of the bot's user, and of its application.
pub(super) const BOT: u64 = 900;
/// The guild, and its role `@everyone`.
pub(super) const GUILD: u64 = 100;
/// The first ids: users count from 1, so that they are easy to read.
const CHANNELS: u64 = 200;
const ROLES: u64 = 300;
/// Added to the ids of users from the hundredth on: there are no other ids.
const MORE_USERS: u64 = 1000;

/// Discord's first moment, in milliseconds since the Unix epoch. <https://discord.com/developers/docs/reference#snowflakes>
const EPOCH: u64 = 1_420_070_400_000;

/// The permissions of `@everyone` in a new guild, as far as they matter for text channels.
const EVERYONE: u64 = permissions::ADD_REACTIONS
    | permissions::VIEW_CHANNEL
    | permissions::SEND_MESSAGES
    | permissions::EMBED_LINKS
    | permissions::ATTACH_FILES
    | permissions::READ_MESSAGE_HISTORY
    | permissions::USE_APPLICATION_COMMANDS;

/// The state of Discord.
pub(super) struct Discord {
    pub(super) users: BTreeMap<u64, Account>,
    pub(super) channels: BTreeMap<u64, Channel>,
    /// Names by id, without `@everyone`.
    pub(super) roles: BTreeMap<u64, String>,
    pub(super) messages: BTreeMap<u64, Posted>,
    pub(super) interactions: Vec<Open>,
    pub(super) owners: Vec<u64>,
    pub(super) presence: Value,
    made: u64,
}

/// A user, and their membership in the guild.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) is_bot: bool,
    pub(super) is_member: bool,
    pub(super) nick: Option<String>,
    pub(super) roles: Vec<u64>,
    /// Their permissions in every channel of the guild.
    pub(super) permissions: u64,
    pub(super) joined_ms: u64,
    /// Whether they refuse direct messages.
    pub(super) is_closed: bool,
}

/// A channel or thread of the guild, or a direct message.
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) is_nsfw: bool,
    /// For a direct message: the other user.
    pub(super) recipient: Option<u64>,
    /// For a thread: its JSON, without what its messages change.
    pub(super) thread: Option<Value>,
}

/// A message.
pub(super) struct Posted {
    pub(super) channel: u64,
    /// The message in the JSON of REST.
    pub(super) json: Value,
    pub(super) is_deleted: bool,
    /// For an ephemeral message: the user who sees it.
    pub(super) only_for: Option<u64>,
}

impl Discord {
    pub(super) fn new(unix_ms: u64) -> Self {
        let mut discord = Self {
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            roles: BTreeMap::new(),
            messages: BTreeMap::new(),
            interactions: Vec::new(),
            owners: Vec::new(),
            presence: Value::Null,
            made: 0,
        };
        let bot = Account { is_bot: true, permissions: permissions::every(), ..Account::new("bot", unix_ms) };
        discord.users.insert(BOT, bot);
        discord.add_channel("general");
        discord
    }

    pub(super) fn add_user(&mut self, name: &str, unix_ms: u64) -> u64 {
        // The bot is one of them.
        let number = self.users.len() as u64;
        let id = if number < GUILD { number } else { MORE_USERS + number };
        self.users.insert(id, Account::new(name, unix_ms));
        id
    }

    pub(super) fn add_channel(&mut self, name: &str) -> u64 {
        let channel = Channel { name: name.to_owned(), is_nsfw: false, recipient: None, thread: None };
        self.insert_channel(channel)
    }

    /// The direct message with a user.
    pub(super) fn direct(&mut self, user: u64) -> u64 {
        let found = self.channels.iter().find(|(_, channel)| channel.recipient == Some(user));
        if let Some((id, _)) = found {
            return *id;
        }
        let channel = Channel { name: String::new(), is_nsfw: false, recipient: Some(user), thread: None };
        self.insert_channel(channel)
    }

    fn insert_channel(&mut self, channel: Channel) -> u64 {
        let id = CHANNELS + self.channels.len() as u64;
        self.channels.insert(id, channel);
        id
    }

    pub(super) fn channel(&self, name: &str) -> Option<u64> {
        let is_it = |channel: &Channel| channel.recipient.is_none() && channel.name == name;
        self.channels.iter().find(|(_, channel)| is_it(channel)).map(|(id, _)| *id)
    }

    /// The role of a name; created if there is none.
    pub(super) fn role(&mut self, name: &str) -> u64 {
        if let Some((id, _)) = self.roles.iter().find(|(_, known)| *known == name) {
            return *id;
        }
        let id = ROLES + self.roles.len() as u64;
        self.roles.insert(id, name.to_owned());
        id
    }

    /// The guild of a channel; `None` for a direct message.
    pub(super) fn guild_of(&self, channel: u64) -> Option<u64> {
        self.channels.get(&channel).filter(|channel| channel.recipient.is_none()).map(|_| GUILD)
    }

    /// A new snowflake: later ones are larger, and it contains its time.
    pub(super) fn snowflake(&mut self, unix_ms: u64) -> u64 {
        self.made += 1;
        (unix_ms.saturating_sub(EPOCH) << 22) | self.made
    }

    /// The name of a channel in the transcript.
    pub(super) fn channel_name(&self, channel: u64) -> String {
        match self.channels.get(&channel) {
            Some(Channel { recipient: Some(_), .. }) => "a direct message".to_owned(),
            Some(channel) => format!("#{}", channel.name),
            None => format!("channel {channel}"),
        }
    }

    pub(super) fn user_name(&self, user: u64) -> &str {
        self.users.get(&user).map_or("nobody", |account| &account.name)
    }

    /// The gateway's `READY`.
    pub(super) fn application(&self) -> Value {
        let owners: Vec<String> = self.owners.iter().map(u64::to_string).collect();
        json!({
            "id": BOT.to_string(), "name": "bot", "user_id": BOT.to_string(), "user_name": "bot", "owner_ids": owners,
        })
    }
}

impl Posted {
    /// Whether the bot wrote it.
    pub(super) fn is_by_bot(&self) -> bool {
        self.json["author"]["id"].as_str() == Some(&BOT.to_string())
    }
}

impl Account {
    fn new(name: &str, unix_ms: u64) -> Self {
        Self {
            name: name.to_owned(),
            is_bot: false,
            is_member: true,
            nick: None,
            roles: Vec::new(),
            permissions: EVERYONE,
            joined_ms: unix_ms,
            is_closed: false,
        }
    }

    pub(super) fn may(&self, permission: u64) -> bool {
        permissions::missing(self.permissions, permission) == 0
    }
}
