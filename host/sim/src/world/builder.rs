//! Builds a world: the default one, the `add_` methods for others, and the initial state of each object. It announces
//! nothing: use it before the simulator starts.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use super::file::id_of_names;
use super::{Bot, Channel, ChannelKind, Guild, GuildMember, Overwrite, Role, User, World, bits};
use crate::clock::Clock;
use crate::ids::{Snowflake, SnowflakeSource};
use crate::pictures;

/// How many messages are kept in a channel, unless [`SimOptions`](crate::SimOptions) says otherwise.
pub(crate) const HISTORY_PER_CHANNEL: usize = 10_000;

impl Default for World {
    /// Two guilds, `Harbour` (owned by alice) and `Workshop` (owned by bob), and five people, of whom alice, bob and
    /// carol are in both. It is read from a world file, so that it has the same ids at every start.
    fn default() -> Self {
        Self::read(include_str!("default.toml")).expect("the default world is read by a test")
    }
}

/// Builder methods. Users that do not exist are created; an id that does not exist is a bug of the caller and panics.
impl World {
    /// An empty world.
    pub fn empty() -> Self {
        Self {
            clock: Clock::default(),
            ids: SnowflakeSource::default(),
            users: Default::default(),
            guilds: Default::default(),
            channels: Default::default(),
            bots: Vec::new(),
            invites: Default::default(),
            webhooks: Default::default(),
            application_emojis: Default::default(),
            statuses: Default::default(),
            nitro: Default::default(),
            command_rules: Vec::new(),
            history_limit: HISTORY_PER_CHANNEL,
        }
    }

    /// Adds a user, or returns the one of that name.
    pub fn add_user(&mut self, name: &str) -> Arc<User> {
        self.user_or_new(name, false, None)
    }

    /// Gives a user Nitro, for messages of up to 4,000 characters; creates the user if there is none of that name.
    pub fn give_nitro(&mut self, name: &str) {
        let user = self.add_user(name).id;
        self.nitro.insert(user);
    }

    /// Adds a guild with `owner` as its first member.
    pub fn add_guild(&mut self, name: &str, owner: &str) -> Snowflake {
        let owner_id = self.add_user(owner).id;
        let id = self.next_id();
        let mut guild = new_guild(id, name, owner_id);
        guild.settings.icon = Some(pictures::hash_of(id).into());
        self.guilds.insert(id, guild);
        self.add_member(id, owner);
        for bot in self.bots.clone() {
            let role = self.next_id();
            self.admit_bot(id, &bot.user, role);
        }
        id
    }

    /// Adds a text channel.
    ///
    /// # Panics
    /// If there is no such guild; the same is true of the other methods that take a guild, role or channel.
    pub fn add_channel(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        self.add_channel_of(guild, name, ChannelKind::Text)
    }

    /// Adds a voice channel.
    pub fn add_voice_channel(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        self.add_channel_of(guild, name, ChannelKind::Voice)
    }

    /// Sets the topic of a channel.
    pub fn set_topic(&mut self, channel: Snowflake, topic: &str) {
        self.built_channel(channel).topic = Some(topic.to_owned());
    }

    /// Adds a permission overwrite to a channel.
    pub fn overwrite(&mut self, channel: Snowflake, overwrite: Overwrite) {
        self.built_channel(channel).overwrites.push(overwrite);
    }

    /// Adds a role above all existing ones.
    pub fn add_role(&mut self, guild: Snowflake, name: &str, permissions: u64) -> Snowflake {
        let id = self.next_id();
        let guild = self.built_guild(guild);
        let position = guild.roles.len() as u32;
        guild.roles.push(Role { position, ..Role::new(id, name, permissions) });
        id
    }

    /// Adds a user as a member.
    pub fn add_member(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        let user = self.add_user(name);
        let id = user.id;
        let member = GuildMember::new(user, self.clock.now());
        self.built_guild(guild).members.entry(id).or_insert(member);
        id
    }

    /// Gives a member a role.
    pub fn give_role(&mut self, guild: Snowflake, name: &str, role: Snowflake) {
        let user = self.add_member(guild, name);
        let member = self.built_guild(guild).members.get_mut(&user).expect("added on the line above");
        member.roles.push(role);
    }

    /// Adds an application whose bot is a member of every guild, including those added later.
    pub fn add_bot(&mut self, name: &str, token: &str) -> Bot {
        let owner = match self.guilds.values().next() {
            Some(guild) => self.users.get(&guild.owner_id).cloned(),
            None => Some(self.add_user("alice")),
        };
        let user = self.user_or_new(name, true, id_in_token(token));
        let bot = Bot { owner: owner.unwrap_or(user.clone()), ..new_bot(user.clone(), token) };
        self.bots.push(bot.clone());
        for guild in self.guilds.keys().copied().collect::<Vec<_>>() {
            let role = id_of_names(&["role of bot", &guild.to_string(), &user.id.to_string()]);
            self.admit_bot(guild, &user, role);
        }
        bot
    }

    /// Adds a bot as a member, with its own role of id `role` unless it has one.
    pub(super) fn admit_bot(&mut self, guild: Snowflake, user: &Arc<User>, role: Snowflake) {
        let joined_at = self.clock.now();
        let guild = self.built_guild(guild);
        let role = match guild.roles.iter().find(|role| role.bot == Some(user.id)) {
            Some(own) => own.id,
            None => {
                let allowed = bits::EVERYONE | bits::MANAGE_MESSAGES | bits::PIN_MESSAGES;
                let position = guild.roles.len() as u32;
                let made = Role::new(role, &user.username, allowed);
                guild.roles.push(Role { position, bot: Some(user.id), ..made });
                role
            }
        };
        let member =
            guild.members.entry(user.id).or_insert_with(|| GuildMember::new(user.clone(), joined_at));
        if !member.roles.contains(&role) {
            member.roles.push(role);
        }
    }

    fn add_channel_of(&mut self, guild_id: Snowflake, name: &str, kind: ChannelKind) -> Snowflake {
        let id = self.next_id();
        let history_limit = self.history_limit;
        let guild = self.built_guild(guild_id);
        guild.channels.push(id);
        let position = guild.channels.len() as u32 - 1;
        let channel =
            Channel { guild_id: Some(guild_id), position, ..Channel::new(id, kind, name, history_limit) };
        self.channels.insert(id, channel);
        id
    }

    fn user_or_new(&mut self, name: &str, bot: bool, id: Option<Snowflake>) -> Arc<User> {
        if let Some(user) = self.users.named(name, bot) {
            return user.clone();
        }
        let id = id.filter(|id| self.users.get(id).is_none()).unwrap_or_else(|| self.next_id());
        let user = Arc::new(User { avatar: Some(pictures::hash_of(id)), ..new_user(id, name, bot) });
        self.users.insert(user.clone());
        user
    }

    fn built_guild(&mut self, id: Snowflake) -> &mut Guild {
        self.guilds.get_mut(&id).expect("a guild that this world's builder returned")
    }

    fn built_channel(&mut self, id: Snowflake) -> &mut Channel {
        self.channels.get_mut(&id).expect("a channel that this world's builder returned")
    }
}

/// A user without an avatar.
pub(super) fn new_user(id: Snowflake, name: &str, bot: bool) -> User {
    User { id, username: name.to_owned(), discriminator: "0", global_name: None, avatar: None, bot }
}

/// An application that is its own owner.
pub(super) fn new_bot(user: Arc<User>, token: &str) -> Bot {
    Bot {
        owner: user.clone(),
        user,
        token: token.to_owned(),
        granted_intents: u64::MAX,
        application: Default::default(),
        users: Vec::new(),
    }
}

/// A guild without members.
pub(super) fn new_guild(id: Snowflake, name: &str, owner_id: Snowflake) -> Guild {
    let everyone = Role { mentionable: false, ..Role::new(id, "@everyone", bits::EVERYONE) };
    Guild {
        id,
        name: name.to_owned(),
        owner_id,
        roles: vec![everyone],
        channels: Vec::new(),
        members: Default::default(),
        settings: Default::default(),
        data: Default::default(),
    }
}

/// The id in the first part of a token, which is base64 as in Discord's own tokens.
pub(super) fn id_in_token(token: &str) -> Option<Snowflake> {
    let digits = BASE64.decode(token.split('.').next()?).ok()?;
    std::str::from_utf8(&digits).ok()?.parse().ok().filter(|id| *id != Snowflake(0))
}
