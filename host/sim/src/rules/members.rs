//! Members and accounts: coming, going, being changed, being kept out.
//! It does not check permissions; see `changes`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::{Action, By, Draft};
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::transcript::What;
use crate::world::wire::{MemberJson, guild_create_json, user_client};
use crate::world::{Ban, Bot, GuildMember, MessageKind, User};

/// A bit of a guild's `system_channel_flags`.
const NO_JOIN_NOTICES: u64 = 1 << 0;

impl State {
    /// Lets somebody into a guild; false if already there.
    pub(crate) fn admit(&mut self, guild: Snowflake, user: &Arc<User>) -> bool {
        let now = self.world.clock.now();
        let Some(home) = self.world.guilds.get_mut(&guild) else { return false };
        if home.members.contains_key(&user.id) {
            return false;
        }
        home.members.insert(user.id, GuildMember::new(user.clone(), now));
        self.transcript.write(What::Membership {
            guild: home.name.as_str().into(),
            user: user.username.as_str().into(),
            joined: true,
        });
        let mut data = json!(MemberJson::full(&home.members[&user.id]));
        data["guild_id"] = json!(guild);
        self.tell_guild(guild, intents::GUILD_MEMBERS, Payload::new("GUILD_MEMBER_ADD", &data));
        let Some(home) = self.world.guild(guild) else { return false };
        let whole = match user.bot {
            true => guild_create_json(&self.world, home, user.id, 50, false),
            false => user_client::guild(&self.world, home, user.id),
        };
        self.tell_account(user.id, Some(guild), |_| Some(Payload::new("GUILD_CREATE", &whole)));
        self.welcome(guild, user);
        true
    }

    /// Discord's own announcement of somebody new, where a guild wants it.
    fn welcome(&mut self, guild: Snowflake, user: &Arc<User>) {
        let settings = self.world.guild(guild).map(|home| &home.settings);
        let wanted = settings.filter(|settings| settings.system_channel_flags & NO_JOIN_NOTICES == 0);
        if let Some(channel) = wanted.and_then(|settings| settings.system_channel_id) {
            let mut notice = Draft::text(channel, user.clone(), String::new());
            notice.kind = MessageKind::Join;
            self.post(notice);
        }
    }

    /// Another bot, member of every guild; those who are there are told.
    pub(crate) fn new_bot(&mut self, name: &str) -> Bot {
        let id = self.world.next_id();
        // Like a real one: serenity looks for the id in front.
        let token = format!("{}.Gsimul.{}", BASE64.encode(id.to_string()), self.interactions.new_token(id));
        let bot = self.world.add_bot(name, &token);
        let guilds: Vec<Snowflake> = self.world.guilds.keys().copied().collect();
        for id in guilds {
            let Some(guild) = self.world.guild(id) else { continue };
            let role = guild.roles.iter().find(|role| role.bot == Some(bot.id()));
            let role = Payload::new("GUILD_ROLE_CREATE", &json!({ "guild_id": id, "role": role }));
            let mut member = json!(guild.members.get(&bot.id()).map(MemberJson::full));
            member["guild_id"] = json!(id);
            self.tell_guild(id, intents::GUILDS, role);
            self.tell_guild(id, intents::GUILD_MEMBERS, Payload::new("GUILD_MEMBER_ADD", &member));
        }
        bot
    }

    /// Takes somebody out of a guild, of its voice channels and threads; false if not there.
    pub(crate) fn part(&mut self, guild: Snowflake, user: Snowflake) -> bool {
        self.leave_voice(guild, user);
        let Some(home) = self.world.guilds.get_mut(&guild) else { return false };
        let Some(member) = home.members.remove(&user) else { return false };
        for thread in &home.belongings.threads {
            if let Some(thread) = self.world.channels.get_mut(thread).and_then(|one| one.thread.as_mut()) {
                thread.members.retain(|(one, _)| *one != user);
            }
        }
        let name = member.user.username.as_str().into();
        self.transcript.write(What::Membership {
            guild: home.name.as_str().into(),
            user: name,
            joined: false,
        });
        let data = json!({ "guild_id": guild, "user": &*member.user });
        self.tell_guild(guild, intents::GUILD_MEMBERS, Payload::new("GUILD_MEMBER_REMOVE", &data));
        self.tell_account(user, Some(guild), |_| Some(Payload::new("GUILD_DELETE", &json!({ "id": guild }))));
        true
    }

    /// Gives a member a role or takes it.
    pub(crate) fn set_role(
        &mut self,
        guild: Snowflake,
        by: &By,
        user: Snowflake,
        role: Snowflake,
        given: bool,
    ) {
        self.change_member(guild, by, user, |member| {
            match member.roles.iter().position(|one| *one == role) {
                None if given => member.roles.push(role),
                Some(at) if !given => drop(member.roles.remove(at)),
                _ => {}
            }
        });
    }

    /// Changes a member and tells so if it looks different then.
    pub(crate) fn change_member(
        &mut self,
        guild: Snowflake,
        by: &By,
        user: Snowflake,
        change: impl FnOnce(&mut GuildMember),
    ) -> Option<Value> {
        let sight = self.sight(guild);
        let member = self.world.guilds.get_mut(&guild)?.members.get_mut(&user)?;
        let (mut before, roles_before) = (json!(MemberJson::full(member)), member.roles.clone());
        change(member);
        let mut after = json!(MemberJson::full(member));
        let roles_after = member.roles.clone();
        let answer = after.clone();
        if before == after {
            return Some(answer);
        }
        self.record_roles(guild, by, user, &roles_before, &roles_after);
        for side in [&mut before, &mut after] {
            side["roles"] = Value::Null;
        }
        self.record_change(guild, by, Action::MemberUpdate, user, &before, &after);
        let mut data = answer.clone();
        data["guild_id"] = json!(guild);
        self.tell_about(guild, intents::GUILD_MEMBERS, user, Payload::new("GUILD_MEMBER_UPDATE", &data));
        self.tell_sight(guild, sight);
        if (before["mute"] != after["mute"]) || (before["deaf"] != after["deaf"]) {
            self.tell_voice(guild, user);
        }
        Some(answer)
    }

    fn record_roles(
        &mut self,
        guild: Snowflake,
        by: &By,
        user: Snowflake,
        before: &[Snowflake],
        after: &[Snowflake],
    ) {
        let Some(home) = self.world.guild(guild) else { return };
        let among = |one: &[Snowflake], other: &[Snowflake]| -> Vec<Value> {
            let only = one.iter().filter(|id| !other.contains(id)).filter_map(|id| home.role(*id));
            only.map(|role| json!({ "id": role.id, "name": role.name })).collect()
        };
        let changes: Vec<Value> = [("$add", among(after, before)), ("$remove", among(before, after))]
            .into_iter()
            .filter(|(_, roles)| !roles.is_empty())
            .map(|(key, roles)| json!({ "key": key, "new_value": roles }))
            .collect();
        if !changes.is_empty() {
            self.record(guild, by, Action::MemberRoleUpdate, Some(user), changes, None);
        }
    }

    /// Keeps somebody out of a guild.
    pub(crate) fn ban(&mut self, guild: Snowflake, by: &By, user: &Arc<User>) {
        self.part(guild, user.id);
        let Some(home) = self.world.guilds.get_mut(&guild) else { return };
        home.belongings.bans.insert(user.id, Ban { reason: by.reason.clone(), user: user.clone() });
        self.record(guild, by, Action::BanAdd, Some(user.id), Vec::new(), None);
        let data = json!({ "guild_id": guild, "user": &**user });
        self.tell_guild(guild, intents::GUILD_MODERATION, Payload::new("GUILD_BAN_ADD", &data));
    }

    /// Lets somebody in again; false if there was no ban.
    pub(crate) fn unban(&mut self, guild: Snowflake, by: &By, user: Snowflake) -> bool {
        let Some(home) = self.world.guilds.get_mut(&guild) else { return false };
        let Some(ban) = home.belongings.bans.remove(&user) else { return false };
        self.record(guild, by, Action::BanRemove, Some(user), Vec::new(), None);
        let data = json!({ "guild_id": guild, "user": &*ban.user });
        self.tell_guild(guild, intents::GUILD_MODERATION, Payload::new("GUILD_BAN_REMOVE", &data));
        true
    }

    /// Changes an account wherever it is known, and tells itself and the guilds it is in.
    pub(crate) fn change_account(
        &mut self,
        id: Snowflake,
        change: impl FnOnce(&mut User),
    ) -> Option<Arc<User>> {
        let mut user = User::clone(self.world.users.get(&id)?);
        change(&mut user);
        let user = Arc::new(user);
        self.world.users.insert(user.clone());
        for bot in self.world.bots.iter_mut().filter(|bot| bot.id() == id) {
            bot.user = user.clone();
        }
        for channel in self.world.channels.values_mut() {
            channel.recipients.iter_mut().filter(|one| one.id == id).for_each(|one| *one = user.clone());
        }
        self.tell_account(id, None, |_| Some(Payload::new("USER_UPDATE", &*user)));
        let mut told = Vec::new();
        for home in self.world.guilds.values_mut() {
            if let Some(member) = home.members.get_mut(&id) {
                member.user = user.clone();
                let mut data = json!(MemberJson::full(member));
                data["guild_id"] = json!(home.id);
                told.push((home.id, data));
            }
        }
        for (guild, data) in told {
            self.tell_about(guild, intents::GUILD_MEMBERS, id, Payload::new("GUILD_MEMBER_UPDATE", &data));
        }
        Some(user)
    }
}
