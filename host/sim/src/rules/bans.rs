//! Bans: who is kept out of a guild.

use std::sync::Arc;

use serde_json::json;

use super::{Action, By, audit, dispatch, members};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{Ban, User};

/// Keeps somebody out of a guild.
pub(crate) fn add(state: &mut State, guild: Snowflake, by: &By, user: &Arc<User>) {
    members::remove(state, guild, user.id);
    let Some(home) = state.world.guilds.get_mut(&guild) else { return };
    home.belongings.bans.insert(user.id, Ban { reason: by.reason.clone(), user: user.clone() });
    audit::record(state, guild, by, Action::BanAdd, Some(user.id), None);
    let data = json!({ "guild_id": guild, "user": &**user });
    dispatch::to_guild(state, guild, "GUILD_BAN_ADD", &data);
}

/// Lets somebody in again; false if there was no ban.
pub(crate) fn remove(state: &mut State, guild: Snowflake, by: &By, user: Snowflake) -> bool {
    let Some(home) = state.world.guilds.get_mut(&guild) else { return false };
    let Some(ban) = home.belongings.bans.remove(&user) else { return false };
    audit::record(state, guild, by, Action::BanRemove, Some(user), None);
    let data = json!({ "guild_id": guild, "user": &*ban.user });
    dispatch::to_guild(state, guild, "GUILD_BAN_REMOVE", &data);
    true
}
