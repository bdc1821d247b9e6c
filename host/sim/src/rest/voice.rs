//! Voice states over REST: who is in which channel, and speaking on a stage. Users connect and disconnect over the
//! gateway; no audio is transmitted.

use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{access, voice};
use crate::state::State;
use crate::world::wire::voice_json;
use crate::world::{ChannelKind, VoiceState, bits};

const MAX_STATUS_CHARS: usize = 500;

/// `GET /guilds/{guild}/voice-states/{user}`
pub(super) fn state(call: &Call, guild_id: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild_id)?;
    let voice = guild.data.voice.get(&user).ok_or(unknown())?;
    Ok(Reply::json(&voice_json(guild, user, voice, true)))
}

/// `GET /guilds/{guild}/voice-states/@me`
pub(super) fn own(call: &Call, guild: Snowflake) -> Result<Reply> {
    self::state(call, guild, call.caller()?)
}

/// `PATCH /guilds/{guild}/voice-states/@me`
pub(super) fn edit_own(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let mut fields = call.fields()?;
    let channel = fields.snowflake("channel_id");
    let suppress = fields.flag("suppress");
    let asks = fields.nullable("request_to_speak_timestamp", Fields::moment);
    fields.checked()?;
    let mut voice = on_stage(&state, caller, guild, caller, channel)?;
    let stage = voice.channel_id;
    // Only moderators can make themselves speakers; everyone may request to speak or step back.
    if suppress == Some(false) {
        access::channel_with(&state, caller, stage, bits::MUTE_MEMBERS)?;
    }
    if asks.flatten().is_some() {
        access::channel_with(&state, caller, stage, bits::REQUEST_TO_SPEAK)?;
    }
    set(&mut voice.suppress, suppress);
    set(&mut voice.request_to_speak, asks);
    voice::enter(&mut state, guild, caller, voice);
    Ok(Reply::nothing())
}

/// `PATCH /guilds/{guild}/voice-states/{user}`
pub(super) fn edit(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let mut fields = call.fields()?;
    let channel = Some(fields.required("channel_id", Fields::snowflake));
    let suppress = fields.flag("suppress");
    fields.checked()?;
    let mut voice = on_stage(&state, caller, guild, user, channel)?;
    access::channel_with(&state, caller, voice.channel_id, bits::MUTE_MEMBERS)?;
    set(&mut voice.suppress, suppress);
    if !voice.suppress {
        voice.request_to_speak = None;
    }
    voice::enter(&mut state, guild, user, voice);
    Ok(Reply::nothing())
}

/// `PUT /channels/{channel}/voice-status`
/// <https://discord.com/developers/docs/resources/channel#set-voice-channel-status>
pub(super) fn set_status(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let status = fields.text("status", MAX_STATUS_CHARS).filter(|status| !status.is_empty());
    fields.checked()?;
    voice::set_status(&mut call.shared.state(), &by, channel, status)?;
    Ok(Reply::nothing())
}

/// A user's voice state, which must be on a stage, and on this one if `channel` is given.
fn on_stage(
    state: &State,
    caller: Snowflake,
    guild_id: Snowflake,
    user: Snowflake,
    channel: Option<Snowflake>,
) -> Result<VoiceState> {
    let guild = access::own_guild(state, caller, guild_id)?;
    let voice = guild.data.voice.get(&user).ok_or(unknown())?;
    let stage =
        state.world.channel(voice.channel_id).is_some_and(|channel| channel.kind == ChannelKind::Stage);
    if channel.is_some_and(|channel| channel != voice.channel_id) {
        return Err(unknown());
    }
    if stage { Ok(voice.clone()) } else { Err(ApiError::wrong_channel_type()) }
}

fn unknown() -> ApiError {
    ApiError::new(404, 10065, "Unknown Voice State")
}
