//! Building a world: the default one and the `add_` methods for others.
//! It does not announce anything: use it before the simulator starts.

use std::sync::Arc;

use super::{Bot, Channel, ChannelKind, Guild, GuildMember, Overwrite, Role, User, World, bits};
use crate::clock::Timestamp;
use crate::snowflake::{Snowflake, SnowflakeSource};

/// Messages kept in a channel unless [`SimOptions`](crate::SimOptions) says otherwise.
pub(crate) const HISTORY_PER_CHANNEL: usize = 10_000;

impl Default for World {
    /// Two guilds, five people: `Harbour` (alice owns it) and `Workshop` (bob owns it). Alice, bob and carol are in both.
    fn default() -> Self {
        let mut world = Self::empty();
        for name in ["alice", "bob", "carol", "dave", "erin"] {
            world.add_user(name);
        }
        let harbour = world.add_guild("Harbour", "alice");
        for (name, topic) in
            [("general", "Everything and nothing"), ("random", "Off topic"), ("dev", "Things being built")]
        {
            let channel = world.add_channel(harbour, name);
            world.set_topic(channel, topic);
        }
        let staff = world.add_channel(harbour, "staff");
        world.add_voice_channel(harbour, "lounge");
        let moderator =
            world.add_role(harbour, "moderator", bits::EVERYONE | bits::MANAGE_MESSAGES | bits::PIN_MESSAGES);
        world.add_role(harbour, "newcomer", bits::VIEW_CHANNEL);
        for name in ["bob", "carol", "dave", "erin"] {
            world.add_member(harbour, name);
        }
        world.give_role(harbour, "bob", moderator);
        world.overwrite(staff, Overwrite { id: harbour, kind: 0, allow: 0, deny: bits::VIEW_CHANNEL });
        world.overwrite(staff, Overwrite { id: moderator, kind: 0, allow: bits::VIEW_CHANNEL, deny: 0 });

        let workshop = world.add_guild("Workshop", "bob");
        for name in ["general", "showcase"] {
            world.add_channel(workshop, name);
        }
        world.add_role(workshop, "admin", bits::ADMINISTRATOR);
        for name in ["alice", "carol"] {
            world.add_member(workshop, name);
        }
        world
    }
}

/// Building. Names that do not exist are made; ids that do not exist are a mistake of the builder and panic.
impl World {
    /// A world with nothing in it.
    pub fn empty() -> Self {
        Self {
            ids: SnowflakeSource::default(),
            users: Default::default(),
            guilds: Default::default(),
            channels: Default::default(),
            bots: Vec::new(),
            invites: Default::default(),
            webhooks: Default::default(),
            application_emojis: Default::default(),
            history_limit: HISTORY_PER_CHANNEL,
        }
    }

    /// A person; the one already there if the name is taken.
    pub fn add_user(&mut self, name: &str) -> Arc<User> {
        self.user_or_new(name, false)
    }

    /// A guild of which `owner` is the first member.
    pub fn add_guild(&mut self, name: &str, owner: &str) -> Snowflake {
        let owner_id = self.add_user(owner).id;
        let id = self.next_id();
        let everyone = Role {
            id,
            name: "@everyone".to_owned(),
            color: 0,
            hoist: false,
            position: 0,
            permissions: bits::EVERYONE,
            bot: None,
            mentionable: false,
        };
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner_id,
            roles: vec![everyone],
            channels: Vec::new(),
            members: Default::default(),
            settings: Default::default(),
            belongings: Default::default(),
        };
        self.guilds.insert(id, guild);
        self.add_member(id, owner);
        for bot in self.bots.clone() {
            self.admit_bot(id, &bot.user);
        }
        id
    }

    /// A text channel.
    ///
    /// # Panics
    /// If there is no such guild; the same holds for the other methods that take a guild, role or channel.
    pub fn add_channel(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        self.add_channel_of(guild, name, ChannelKind::Text)
    }

    /// A voice channel.
    pub fn add_voice_channel(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        self.add_channel_of(guild, name, ChannelKind::Voice)
    }

    /// Says what a channel is about.
    pub fn set_topic(&mut self, channel: Snowflake, topic: &str) {
        self.built_channel(channel).topic = Some(topic.to_owned());
    }

    /// Adds a permission overwrite to a channel.
    pub fn overwrite(&mut self, channel: Snowflake, overwrite: Overwrite) {
        self.built_channel(channel).overwrites.push(overwrite);
    }

    /// A role above all others so far.
    pub fn add_role(&mut self, guild: Snowflake, name: &str, permissions: u64) -> Snowflake {
        let id = self.next_id();
        let guild = self.built_guild(guild);
        let position = guild.roles.len() as u32;
        guild.roles.push(Role {
            id,
            name: name.to_owned(),
            color: 0,
            hoist: false,
            position,
            permissions,
            bot: None,
            mentionable: true,
        });
        id
    }

    /// Makes a person a member.
    pub fn add_member(&mut self, guild: Snowflake, name: &str) -> Snowflake {
        let user = self.add_user(name);
        let id = user.id;
        let joined_at = Timestamp::now();
        let member = GuildMember::new(user, joined_at);
        self.built_guild(guild).members.entry(id).or_insert(member);
        id
    }

    /// Gives a member a role.
    pub fn give_role(&mut self, guild: Snowflake, name: &str, role: Snowflake) {
        let user = self.add_member(guild, name);
        let member = self.built_guild(guild).members.get_mut(&user).expect("added on the line above");
        member.roles.push(role);
    }

    /// An application with a bot account that is a member of every guild, present and future.
    pub fn add_bot(&mut self, name: &str, token: &str) -> Bot {
        let owner = match self.guilds.values().next() {
            Some(guild) => self.users[&guild.owner_id].clone(),
            None => self.add_user("alice"),
        };
        let user = self.user_or_new(name, true);
        let bot = Bot { user: user.clone(), token: token.to_owned(), owner, granted_intents: u64::MAX };
        self.bots.push(bot.clone());
        for guild in self.guilds.keys().copied().collect::<Vec<_>>() {
            self.admit_bot(guild, &user);
        }
        bot
    }

    fn admit_bot(&mut self, guild: Snowflake, user: &Arc<User>) {
        let allowed = bits::EVERYONE | bits::MANAGE_MESSAGES | bits::PIN_MESSAGES;
        let role = self.add_role(guild, &user.username, allowed);
        let guild = self.built_guild(guild);
        if let Some(role) = guild.roles.last_mut() {
            role.bot = Some(user.id);
        }
        let mut member = GuildMember::new(user.clone(), Timestamp::now());
        member.roles.push(role);
        guild.members.insert(user.id, member);
    }

    fn add_channel_of(&mut self, guild: Snowflake, name: &str, kind: ChannelKind) -> Snowflake {
        let id = self.next_id();
        let history_limit = self.history_limit;
        let home = self.built_guild(guild);
        home.channels.push(id);
        let channel = Channel {
            id,
            guild_id: Some(guild),
            kind,
            name: name.into(),
            topic: None,
            position: home.channels.len() as u32 - 1,
            parent_id: None,
            overwrites: Vec::new(),
            recipients: Vec::new(),
            messages: Default::default(),
            last_message_id: None,
            settings: Default::default(),
            thread: None,
            history_limit,
        };
        self.channels.insert(id, channel);
        id
    }

    fn user_or_new(&mut self, name: &str, bot: bool) -> Arc<User> {
        if let Some(user) = self.users.values().find(|user| user.username == name && user.bot == bot) {
            return user.clone();
        }
        let id = self.next_id();
        let user = Arc::new(User {
            id,
            username: name.to_owned(),
            discriminator: "0",
            global_name: None,
            avatar: None,
            bot,
            public_flags: 0,
        });
        self.users.insert(id, user.clone());
        user
    }

    fn built_guild(&mut self, id: Snowflake) -> &mut Guild {
        self.guilds.get_mut(&id).expect("a guild that this world's builder returned")
    }

    fn built_channel(&mut self, id: Snowflake) -> &mut Channel {
        self.channels.get_mut(&id).expect("a channel that this world's builder returned")
    }
}
