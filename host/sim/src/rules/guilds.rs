//! Guilds as a whole.

use super::{Action, By, audit, dispatch};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::Guild;
use crate::world::wire::guild_json;

/// Changes a guild's name, owner or settings.
pub(crate) fn change(state: &mut State, guild: Snowflake, by: &By, change: impl FnOnce(&mut Guild)) {
    let Some(home) = state.world.guilds.get_mut(&guild) else { return };
    let before = guild_json(home);
    change(home);
    let after = guild_json(home);
    audit::record_change(state, guild, by, Action::GuildUpdate, guild, &before, &after);
    dispatch::to_guild(state, guild, "GUILD_UPDATE", &after);
}
