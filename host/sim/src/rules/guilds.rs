//! Guilds as a whole.

use serde_json::Value;

use super::{Action, By, audit, dispatch};
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::wire::guild_json;

/// Tells that a guild is different now; `before` is how it was.
pub(crate) fn changed(state: &mut State, guild: Snowflake, by: &By, before: &Value) {
    let Some(home) = state.world.guild(guild) else { return };
    let after = guild_json(home);
    audit::record_change(state, guild, by, Action::GuildUpdate, guild, before, &after);
    dispatch::to_guild(state, guild, intents::GUILDS, Payload::new("GUILD_UPDATE", &after));
}
