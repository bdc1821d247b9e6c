//! Stage instances: live stage channels. Voice states determine who speaks.

use serde_json::Value;

use super::{Action, Actor, access, audit, dispatch};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{ChannelKind, StageInstance, bits};

/// The permissions of stage moderators.
const MODERATES: u64 = bits::MANAGE_CHANNELS | bits::MUTE_MEMBERS | bits::MOVE_MEMBERS;

pub(crate) fn open(
    state: &mut State,
    by: &Actor,
    channel_id: Snowflake,
    topic: String,
    event_id: Option<Snowflake>,
) -> Result<Value> {
    let (guild, channel) = access::guild_channel_with(state, by.user, channel_id, MODERATES)?;
    if channel.kind != ChannelKind::Stage {
        return Err(ApiError::wrong_channel_type());
    }
    if guild.data.stages.iter().any(|stage| stage.channel_id == channel_id) {
        return Err(ApiError::new(400, 150_006, "The Stage is already open"));
    }
    let guild = guild.id;
    let stage = StageInstance { id: state.world.next_id(), channel_id, topic, event_id };
    Ok(replace(state, by, guild, None, Some(stage)))
}

pub(crate) fn change(
    state: &mut State,
    by: &Actor,
    channel: Snowflake,
    topic: Option<String>,
) -> Result<Value> {
    let (guild, old) = find(state, by.user, channel, MODERATES)?;
    let mut new = old.clone();
    new.topic = topic.unwrap_or(new.topic);
    Ok(replace(state, by, guild, Some(old), Some(new)))
}

/// `DELETE /stage-instances/{channel}`
pub(crate) fn close(state: &mut State, by: &Actor, channel: Snowflake) -> Result<()> {
    let (guild, old) = find(state, by.user, channel, MODERATES)?;
    replace(state, by, guild, Some(old), None);
    Ok(())
}

/// The stage instance of a channel and its guild, for callers with all `needed` permissions there.
pub(crate) fn find(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    needed: u64,
) -> Result<(Snowflake, StageInstance)> {
    let (guild, _) = access::guild_channel_with(state, caller, channel, needed)?;
    let stage = guild.data.stages.iter().find(|stage| stage.channel_id == channel);
    stage.map(|stage| (guild.id, stage.clone())).ok_or(ApiError::new(404, 10067, "Unknown Stage Instance"))
}

/// Creates, replaces or deletes an instance; returns its JSON, or null if it is deleted.
fn replace(
    state: &mut State,
    by: &Actor,
    guild_id: Snowflake,
    old: Option<StageInstance>,
    new: Option<StageInstance>,
) -> Value {
    let json =
        |stage: &Option<StageInstance>| stage.as_ref().map_or(Value::Null, |stage| stage.json(guild_id));
    let (before, after) = (json(&old), json(&new));
    let (name, action) = match (&old, &new) {
        (None, _) => ("STAGE_INSTANCE_CREATE", Action::StageCreate),
        (_, Some(_)) => ("STAGE_INSTANCE_UPDATE", Action::StageUpdate),
        (_, None) => ("STAGE_INSTANCE_DELETE", Action::StageDelete),
    };
    let Some(id) = old.as_ref().or(new.as_ref()).map(|stage| stage.id) else { return after };
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.stages.retain(|one| one.id != id);
        guild.data.stages.extend(new);
    }
    let shown = if after.is_null() { &before } else { &after };
    dispatch::to_guild(state, guild_id, name, shown);
    audit::record_change(state, guild_id, by, action, id, &before, &after);
    after
}
