//! Guilds over REST: reading them, their channels, roles and members.
//! It does not change them.

use serde_json::{Value, json};

use super::error::ApiError;
use super::{Call, Reply};
use crate::snowflake::Snowflake;
use crate::world::json::{MemberJson, channel_json, guild_json};
use crate::world::permissions::permissions_of;

/// Members in one page.
const MAX_PAGE: usize = 1000;

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
                "id": guild.id, "name": guild.name, "icon": null, "banner": null, "owner": guild.owner_id == caller,
                "permissions": permissions_of(guild, None, caller).to_string(), "features": [],
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
    Ok(Reply::json(&guild_json(state.own_guild(caller, guild)?, counts)))
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

/// `GET /guilds/{guild}/roles`
pub(super) fn roles(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    Ok(Reply::json(&call.shared.state().own_guild(caller, guild)?.roles))
}

/// `GET /guilds/{guild}/members?limit=&after=`
pub(super) fn members(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let limit =
        call.query("limit").map_or(Ok(1), str::parse).ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
    let Some(limit) = limit else {
        let message = format!("int value should be between 1 and {MAX_PAGE}.");
        return Err(ApiError::form("limit", "NUMBER_TYPE_MAX", &message));
    };
    let after = call.query("after").and_then(|id| id.parse().ok()).unwrap_or(Snowflake(0));
    let state = call.shared.state();
    let guild = state.own_guild(caller, guild)?;
    let members: Vec<MemberJson<'_>> = guild
        .members
        .range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded))
        .take(limit)
        .map(|(_, member)| MemberJson::full(member))
        .collect();
    Ok(Reply::json(&members))
}

/// `GET /guilds/{guild}/members/{user}`
pub(super) fn member(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let guild = state.own_guild(caller, guild)?;
    let member = guild.members.get(&user).ok_or(ApiError::unknown_member())?;
    Ok(Reply::json(&MemberJson::full(member)))
}
