//! Members of the guild: roles, nicknames, kicks and bans.

use serde_json::{Value, json};

use super::{Discord, GUILD, Refused};
use crate::testing::world::World;

impl Discord {
    pub(super) fn set_role(&mut self, world: &World, user: u64, role: u64, has: bool) -> Result<(), Refused> {
        if !self.roles.contains_key(&role) {
            return Err(Refused::UNKNOWN_ROLE.into());
        }
        let account = self.users.get_mut(&user).filter(|it| it.is_member).ok_or(Refused::UNKNOWN_MEMBER)?;
        account.roles.retain(|it| *it != role);
        if has {
            account.roles.push(role);
        }
        self.updated(world, user);
        Ok(())
    }

    /// Sets the nickname and the roles in the body. A timeout only appears in the response.
    pub(super) fn edit_member(&mut self, world: &World, user: u64, body: &Value) -> Result<Value, Refused> {
        let account = self.users.get_mut(&user).filter(|it| it.is_member).ok_or(Refused::UNKNOWN_MEMBER)?;
        if let Some(nick) = body.get("nick") {
            account.nick = nick.as_str().filter(|nick| !nick.is_empty()).map(str::to_owned);
        }
        if let Some(roles) = body["roles"].as_array() {
            account.roles = roles.iter().filter_map(|id| id.as_str()?.parse().ok()).collect();
        }
        self.updated(world, user);
        let mut member = self.member_json(user).unwrap_or_default();
        if let Some(until) = body.get("communication_disabled_until") {
            member["communication_disabled_until"] = until.clone();
        }
        Ok(member)
    }

    fn updated(&self, world: &World, user: u64) {
        if let Some(mut member) = self.member_json(user) {
            member["guild_id"] = json!(GUILD.to_string());
            world.emit("GUILD_MEMBER_UPDATE", member);
        }
    }

    /// Makes the user a member of the guild.
    pub(in crate::testing) fn join(&mut self, world: &World, user: u64) {
        if let Some(account) = self.users.get_mut(&user) {
            (account.is_member, account.joined_ms) = (true, world.clock.unix_ms());
        }
        if let Some(mut member) = self.member_json(user) {
            member["guild_id"] = json!(GUILD.to_string());
            world.emit("GUILD_MEMBER_ADD", member);
        }
    }

    /// The user leaves, or is removed.
    pub(in crate::testing) fn leave(&mut self, world: &World, user: u64) -> Result<(), Refused> {
        let account = self.users.get_mut(&user).filter(|it| it.is_member).ok_or(Refused::UNKNOWN_MEMBER)?;
        (account.is_member, account.nick) = (false, None);
        account.roles.clear();
        let gone = json!({ "guild_id": GUILD.to_string(), "user": self.user_json(user) });
        world.emit("GUILD_MEMBER_REMOVE", gone);
        Ok(())
    }

    pub(super) fn ban(&mut self, world: &World, user: u64) -> Result<(), Refused> {
        if !self.users.contains_key(&user) {
            return Err(Refused::UNKNOWN_USER.into());
        }
        // Users who are not members can be banned as well.
        let _ = self.leave(world, user);
        world.emit("GUILD_BAN_ADD", json!({ "guild_id": GUILD.to_string(), "user": self.user_json(user) }));
        Ok(())
    }
}
