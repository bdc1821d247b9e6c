//! Members and guilds: joining, leaving, assigning and removing roles.

use super::Member;
use crate::ids::Snowflake;
use crate::rules::{Actor, members};
use crate::state::State;
use crate::world::{ActError, Guild, bits};

impl Member {
    /// Joins a guild, as with an invite; does nothing if they are already a member.
    ///
    /// # Errors
    /// If there is no such guild or the member is banned from it.
    pub async fn join(&self, guild: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let guild = guild_named(&state, guild)?;
        if guild.data.bans.contains_key(&self.user.id) {
            return Err(self.forbidden_in_guild(guild, "be", "banned"));
        }
        let guild_id = guild.id;
        members::admit(&mut state, guild_id, &self.user);
        Ok(())
    }

    /// Leaves a guild.
    ///
    /// # Errors
    /// If there is no such guild, the member is not in it, or the member owns it.
    pub async fn leave(&self, guild: &str) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let guild = guild_named(&state, guild)?;
        if guild.owner_id == self.user.id {
            return Err(self.forbidden_in_guild(guild, "leave", "the owner cannot leave"));
        }
        let guild_id = guild.id;
        match members::remove(&mut state, guild_id, self.user.id) {
            true => Ok(()),
            false => Err(ActError::unknown("member", self.name(), std::iter::empty())),
        }
    }

    /// Assigns a role to a member of the guild that this member's channel is in.
    ///
    /// # Errors
    /// If there is no such member or role, or this member may not assign it: they cannot manage roles, or the role is
    /// not below their own.
    pub async fn give_role(&self, member: &str, role: &str) -> Result<(), ActError> {
        self.change_role(member, role, true)
    }

    /// Removes a role from a member.
    ///
    /// # Errors
    /// As [`Member::give_role`].
    pub async fn take_role(&self, member: &str, role: &str) -> Result<(), ActError> {
        self.change_role(member, role, false)
    }

    fn change_role(&self, member: &str, role: &str, given: bool) -> Result<(), ActError> {
        let mut state = self.shared.state();
        let here = self.here.and_then(|here| state.world.channel(here)).and_then(|channel| channel.guild_id);
        let guild = here.and_then(|guild| state.world.guild(guild));
        let guild = guild.ok_or_else(|| ActError::NoVisibleChannel { member: self.user.username.clone() })?;
        let (user, role) = member_and_role(&state, guild, member, role)?;
        let verb = if given { "give roles" } else { "take roles" };
        if state.world.permissions_at(guild, self.user.id) & bits::MANAGE_ROLES == 0 {
            return Err(self.forbidden_in_guild(guild, verb, "the permission to manage roles is missing"));
        }
        if guild.role(role).is_none_or(|role| role.position >= guild.rank_of(self.user.id)) {
            return Err(self.forbidden_in_guild(
                guild,
                verb,
                "the role is not below the member's highest role",
            ));
        }
        let (guild_id, by) = (guild.id, Actor { user: self.user.id, reason: None });
        members::set_role(&mut state, guild_id, &by, user, role, given);
        Ok(())
    }

    pub(super) fn forbidden_in_guild(&self, guild: &Guild, verb: &str, why: &'static str) -> ActError {
        let (member, guild) = (self.user.username.clone(), guild.name.clone());
        ActError::ForbiddenInGuild { member, verb: verb.to_owned(), guild, why }
    }
}

pub(crate) fn guild_named<'a>(state: &'a State, name: &str) -> Result<&'a Guild, ActError> {
    state.world.guild_named(name).ok_or_else(|| ActError::unknown_guild(name, &state.world))
}

/// A member of a guild, and a role that members can have: not a bot's, not `@everyone`.
pub(crate) fn member_and_role(
    state: &State,
    guild: &Guild,
    member: &str,
    role: &str,
) -> Result<(Snowflake, Snowflake), ActError> {
    let names = || guild.members.values().map(|member| member.user.username.as_str());
    let user = state.world.user_named(member).filter(|user| guild.members.contains_key(&user.id));
    let user = user.ok_or_else(|| ActError::unknown("member", member, names()))?;
    let found = guild.role_named(role).filter(|role| role.bot.is_none() && role.id != guild.id);
    let role = found.ok_or_else(|| ActError::unknown_role(role, guild))?;
    Ok((user.id, role.id))
}
