//! Stage instances over REST: a stage channel on which something is going on.
//! Who speaks on it is a matter of voice states.

use serde_json::Value;

use super::{Call, Reply};
use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::rules::{Action, By, access, audit, dispatch};
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::{ChannelKind, StageInstance, bits};

const MAX_TOPIC_CHARS: usize = 120;
/// What a stage's moderators have.
const MODERATES: u64 = bits::MANAGE_CHANNELS | bits::MUTE_MEMBERS | bits::MOVE_MEMBERS;

/// `POST /stage-instances`
pub(super) fn create(call: &Call) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    fields.require("channel_id");
    fields.require("topic");
    let channel = fields.snowflake("channel_id").unwrap_or_default();
    let topic = fields.text_within("topic", 1..=MAX_TOPIC_CHARS);
    let event = fields.snowflake("guild_scheduled_event_id");
    fields.choice("privacy_level", &[1, 2]);
    fields.ignore(&["send_start_notification"]);
    fields.checked()?;
    let mut state = call.shared.state();
    let (guild, home) = access::guild_channel_with(&state, by.user, channel, MODERATES)?;
    if home.kind != ChannelKind::Stage {
        return Err(ApiError::wrong_channel_type());
    }
    if guild.belongings.stages.iter().any(|stage| stage.channel_id == channel) {
        return Err(ApiError::new(400, 150_006, "The Stage is already open"));
    }
    let guild = guild.id;
    let id = state.world.next_id();
    let stage = StageInstance { id, channel_id: channel, topic: topic.unwrap_or_default(), event_id: event };
    let json = stage.json(guild);
    if let Some(home) = state.world.guilds.get_mut(&guild) {
        home.belongings.stages.push(stage);
    }
    dispatch::to_guild(&mut state, guild, intents::GUILDS, Payload::new("STAGE_INSTANCE_CREATE", &json));
    audit::record_change(&mut state, guild, &by, Action::StageCreate, id, &Value::Null, &json);
    Ok(Reply::json(&json))
}

/// `GET /stage-instances/{channel}`
pub(super) fn stage(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let (guild, stage) = find(&state, caller, channel, bits::VIEW_CHANNEL)?;
    Ok(Reply::json(&stage.json(guild)))
}

/// `PATCH /stage-instances/{channel}`
pub(super) fn edit(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let topic = fields.text_within("topic", 1..=MAX_TOPIC_CHARS);
    fields.choice("privacy_level", &[1, 2]);
    fields.checked()?;
    let mut state = call.shared.state();
    let (guild, mut stage) = find(&state, by.user, channel, MODERATES)?;
    let before = stage.json(guild);
    stage.topic = topic.unwrap_or(stage.topic);
    let json = stage.json(guild);
    replace(&mut state, &by, guild, Some(stage), &before);
    dispatch::to_guild(&mut state, guild, intents::GUILDS, Payload::new("STAGE_INSTANCE_UPDATE", &json));
    Ok(Reply::json(&json))
}

/// `DELETE /stage-instances/{channel}`
pub(super) fn delete(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let (guild, stage) = find(&state, by.user, channel, MODERATES)?;
    let json = stage.json(guild);
    replace(&mut state, &by, guild, None, &json);
    dispatch::to_guild(&mut state, guild, intents::GUILDS, Payload::new("STAGE_INSTANCE_DELETE", &json));
    Ok(Reply::nothing())
}

fn find(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    needed: u64,
) -> Result<(Snowflake, StageInstance), ApiError> {
    let (guild, _) = access::guild_channel_with(state, caller, channel, needed)?;
    let stage = guild.belongings.stages.iter().find(|stage| stage.channel_id == channel);
    stage.map(|stage| (guild.id, stage.clone())).ok_or(ApiError::new(404, 10067, "Unknown Stage Instance"))
}

/// Puts a changed instance in the place of the old one, which `before` describes; none removes it.
fn replace(state: &mut State, by: &By, guild: Snowflake, stage: Option<StageInstance>, before: &Value) {
    let after = stage.as_ref().map_or(Value::Null, |stage| stage.json(guild));
    let action = if stage.is_some() { Action::StageUpdate } else { Action::StageDelete };
    let id = before["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
    if let Some(home) = state.world.guilds.get_mut(&guild) {
        home.belongings.stages.retain(|one| one.id != id);
        home.belongings.stages.extend(stage);
    }
    audit::record_change(state, guild, by, action, id, before, &after);
}
