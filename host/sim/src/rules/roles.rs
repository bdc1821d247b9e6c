//! Roles: created, changed, deleted.

use serde_json::{Value, json};

use super::{Action, Actor, access, audit, dispatch, visibility};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{Role, bits};

/// Creates a role right above `@everyone`.
pub(crate) fn create(state: &mut State, guild_id: Snowflake, by: &Actor, mut role: Role) -> Option<Role> {
    let guild = state.world.guilds.get_mut(&guild_id)?;
    for above in guild.roles.iter_mut().filter(|other| other.position >= 1) {
        above.position += 1;
    }
    role.position = 1;
    guild.roles.push(role.clone());
    let data = json!({ "guild_id": guild_id, "role": role });
    audit::record_change(state, guild_id, by, Action::RoleCreate, role.id, &Value::Null, &json!(role));
    dispatch::to_guild(state, guild_id, "GUILD_ROLE_CREATE", &data);
    Some(role)
}

/// Replaces the role with the same id.
pub(crate) fn change(state: &mut State, guild: Snowflake, by: &Actor, role: Role) -> Option<Role> {
    let visible = visibility::seen(state, guild);
    let there = state.world.guilds.get_mut(&guild)?.role_mut(role.id)?;
    let before = json!(there);
    *there = role.clone();
    let data = json!({ "guild_id": guild, "role": role });
    if before != data["role"] {
        audit::record_change(state, guild, by, Action::RoleUpdate, role.id, &before, &data["role"]);
        dispatch::to_guild(state, guild, "GUILD_ROLE_UPDATE", &data);
        visibility::announce(state, guild, visible, None);
    }
    Some(role)
}

/// `DELETE /guilds/{guild}/roles/{role}`: deletes it from the guild, its members and its channels.
pub(crate) fn delete(state: &mut State, by: &Actor, guild_id: Snowflake, role: Snowflake) -> Result<()> {
    let guild = access::guild_with(state, by.user, guild_id, bits::MANAGE_ROLES)?;
    let gone = access::role_below(guild, by.user, role)?.clone();
    if gone.bot.is_some() || role == guild_id {
        return Err(ApiError::invalid_role());
    }
    let visible = visibility::seen(state, guild_id);
    let guild = state.world.guilds.get_mut(&guild_id).ok_or(ApiError::unknown_guild())?;
    guild.roles.retain(|one| one.id != role);
    for below in guild.roles.iter_mut().filter(|other| other.position > gone.position) {
        below.position -= 1;
    }
    for member in guild.members.values_mut() {
        member.roles.retain(|one| *one != role);
    }
    for channel in &guild.channels {
        if let Some(channel) = state.world.channels.get_mut(channel) {
            channel.overwrites.retain(|overwrite| overwrite.id != role);
        }
    }
    audit::record_change(state, guild_id, by, Action::RoleDelete, role, &json!(gone), &Value::Null);
    let data = json!({ "guild_id": guild_id, "role_id": role });
    dispatch::to_guild(state, guild_id, "GUILD_ROLE_DELETE", &data);
    visibility::announce(state, guild_id, visible, None);
    Ok(())
}
