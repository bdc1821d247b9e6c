//! Guilds over REST: reading them and their channels.

pub(crate) mod settings;

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::Result;
use crate::ids::Snowflake;
use crate::rules::access;
use crate::world::Guild;
use crate::world::wire::{channel_json, guild_json};

/// The most guilds in a page.
const MAX_PAGE: usize = 200;

/// `GET /users/@me/guilds?limit=&before=&after=&with_counts=`
pub(crate) fn mine(call: &Call) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let (before, after) = (call.query_id("before")?, call.query_id("after")?);
    let counts = call.query_flag("with_counts");
    let mut mine: Vec<&Guild> = state
        .world
        .guilds
        .values()
        .filter(|guild| guild.members.contains_key(&caller))
        .filter(|guild| before.is_none_or(|id| guild.id < id) && after.is_none_or(|id| guild.id > id))
        .collect();
    if before.is_some() {
        mine.drain(..mine.len().saturating_sub(limit));
    }
    let page = mine.into_iter().take(limit).map(|guild| {
        let settings = &guild.settings;
        let mut json = json!({
            "id": guild.id, "name": guild.name, "icon": settings.icon, "banner": null,
            "owner": guild.owner_id == caller, "features": settings.features,
            "permissions": state.world.permissions_at(guild, caller).to_string(),
        });
        if counts {
            add_counts(&mut json, guild);
        }
        json
    });
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

/// `GET /guilds/{guild}?with_counts=`
pub(crate) fn guild(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let counts = call.query_flag("with_counts");
    let guild = access::own_guild(&state, caller, guild)?;
    let mut json = guild_json(guild);
    if counts {
        add_counts(&mut json, guild);
    }
    Ok(Reply::json(&json))
}

/// All members are counted as present.
pub(super) fn add_counts(json: &mut Value, guild: &Guild) {
    for key in ["approximate_member_count", "approximate_presence_count"] {
        json[key] = json!(guild.members.len());
    }
}

/// `GET /guilds/{guild}/channels`: those that the caller may view.
pub(crate) fn channels(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild)?;
    let channels = guild.channels.iter().filter_map(|id| state.world.channel(*id));
    let viewed = channels.filter(|channel| state.world.views(channel, caller));
    Ok(Reply::json(&viewed.map(channel_json).collect::<Vec<Value>>()))
}
