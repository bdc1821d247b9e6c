//! Guilds over REST: reading them and their channels.
//! It does not change them.

use serde_json::{Value, json};

use super::error::ApiError;
use super::{Call, Reply};
use crate::snowflake::Snowflake;
use crate::world::json::channel_json;
use crate::world::settings_json;

/// `GET /users/@me/guilds`
pub(super) fn mine(call: &Call) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let guilds: Vec<Value> = state
        .world
        .guilds
        .values()
        .filter(|guild| guild.members.contains_key(&caller))
        .map(|guild| {
            json!({
                "id": guild.id, "name": guild.name, "icon": guild.settings.icon, "banner": null, "owner": guild.owner_id == caller,
                "permissions": state.world.permissions_at(guild, caller).to_string(), "features": guild.settings.features,
            })
        })
        .collect();
    Ok(Reply::json(&guilds))
}

/// `GET /guilds/{guild}?with_counts=`
pub(super) fn guild(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let counts = matches!(call.query("with_counts"), Some("true" | "True" | "1"));
    let state = call.shared.state();
    let guild = state.own_guild(caller, guild)?;
    let mut json = settings_json::guild(guild);
    if counts {
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.members.len());
    }
    Ok(Reply::json(&json))
}

/// `GET /guilds/{guild}/channels`
pub(super) fn channels(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let guild = state.own_guild(caller, guild)?;
    let channels: Vec<Value> =
        guild.channels.iter().filter_map(|id| state.world.channel(*id)).map(channel_json).collect();
    Ok(Reply::json(&channels))
}
