//! Voice states: who joins, moves between and leaves which voice channel; and the status of voice channels. No audio is
//! transmitted; bots only see the states.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Action, Actor, access, audit, dispatch};
use crate::form::{ApiError, Result};
use crate::ids::{Snowflake, Timestamp};
use crate::state::State;
use crate::world::wire::voice_json;
use crate::world::{ChannelKind, GuildData, VoiceState, bits};

/// The voice state that a client sends with op 4.
#[derive(Deserialize)]
pub(crate) struct VoiceRequest {
    #[serde(rename = "guild_id")]
    pub(crate) guild: Snowflake,
    /// `None` disconnects.
    #[serde(rename = "channel_id")]
    pub(crate) channel: Option<Snowflake>,
    #[serde(default)]
    pub(crate) self_mute: bool,
    #[serde(default)]
    pub(crate) self_deaf: bool,
}

/// Carries out a client's request, or silently ignores it if the client may not, as Discord does.
pub(crate) fn request(state: &mut State, user: Snowflake, session: &str, request: &VoiceRequest) {
    let Some(channel_id) = request.channel else {
        leave(state, request.guild, user);
        return;
    };
    let Some(channel) =
        state.world.channel(channel_id).filter(|channel| channel.guild_id == Some(request.guild))
    else {
        return;
    };
    let stage = channel.kind == ChannelKind::Stage;
    if !channel.kind.is_voice() || state.world.permissions_in(channel, user) & bits::CONNECT == 0 {
        return;
    }
    let there = state.world.guild(request.guild).and_then(|guild| guild.data.voice.get(&user)).cloned();
    let moved = there.as_ref().is_none_or(|there| there.channel_id != channel_id);
    let before = there.filter(|_| !moved);
    let voice = VoiceState {
        channel_id,
        session_id: session.to_owned(),
        self_mute: request.self_mute,
        self_deaf: request.self_deaf,
        suppress: before.as_ref().map_or(stage, |before| before.suppress),
        request_to_speak: before.and_then(|before| before.request_to_speak),
    };
    enter(state, request.guild, user, voice);
    if moved {
        let token = state.interactions.new_token(user);
        // There is no voice server: voice itself is not simulated.
        let data = json!({ "token": token, "guild_id": request.guild, "endpoint": null });
        dispatch::to_account(state, user, Some(request.guild), "VOICE_SERVER_UPDATE", &data);
    }
}

/// Connects a member to a voice channel, or changes their voice state.
pub(crate) fn enter(state: &mut State, guild_id: Snowflake, user: Snowflake, voice: VoiceState) {
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return };
    let to = voice.channel_id;
    let from = guild.data.voice.insert(user, voice).map(|before| before.channel_id);
    announce(state, guild_id, user);
    for channel in from.into_iter().chain([to]) {
        settle(state, guild_id, channel);
    }
}

/// Disconnects a member from voice; false if they were not connected.
pub(crate) fn leave(state: &mut State, guild_id: Snowflake, user: Snowflake) -> bool {
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return false };
    let Some(voice) = guild.data.voice.remove(&user) else { return false };
    let mut data = voice_json(guild, user, &voice, true);
    data["channel_id"] = Value::Null;
    dispatch::to_guild(state, guild_id, "VOICE_STATE_UPDATE", &data);
    settle(state, guild_id, voice.channel_id);
    true
}

/// Starts the call in a channel when its first member joins, and ends it when nobody is left.
fn settle(state: &mut State, guild_id: Snowflake, channel: Snowflake) {
    let now = state.world.clock.now();
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return };
    let GuildData { voice, calls, .. } = &mut guild.data;
    let is_used = voice.values().any(|voice| voice.channel_id == channel);
    let started = calls.get(&channel).and_then(|call| call.started);
    if is_used == started.is_some() {
        return;
    }
    if is_used {
        calls.entry(channel).or_default().started = Some(now);
    } else if calls.remove(&channel).is_some_and(|call| call.status.is_some()) {
        announce_status(state, guild_id, channel, None);
    }
    let data =
        json!({ "id": channel, "guild_id": guild_id, "voice_start_time": is_used.then(|| seconds(now)) });
    dispatch::to_guild(state, guild_id, "VOICE_CHANNEL_START_TIME_UPDATE", &data);
}

/// Sets or clears the status of a voice channel; a user who is not in the channel must be able to manage it.
pub(crate) fn set_status(
    state: &mut State,
    by: &Actor,
    channel: Snowflake,
    status: Option<String>,
) -> Result<()> {
    let (guild, target) =
        access::guild_channel_with(state, by.user, channel, bits::SET_VOICE_CHANNEL_STATUS)?;
    if target.kind != ChannelKind::Voice {
        return Err(ApiError::wrong_channel_type());
    }
    if guild.data.voice.get(&by.user).is_none_or(|voice| voice.channel_id != channel) {
        access::guild_channel_with(state, by.user, channel, bits::MANAGE_CHANNELS)?;
    }
    let guild_id = guild.id;
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return Ok(()) };
    let call = guild.data.calls.entry(channel).or_default();
    call.status.clone_from(&status);
    if call.status.is_none() && call.started.is_none() {
        guild.data.calls.remove(&channel);
    }
    announce_status(state, guild_id, channel, status.as_deref());
    let action = if status.is_some() { Action::VoiceStatusUpdate } else { Action::VoiceStatusDelete };
    let options = status.map(|status| json!({ "status": status }));
    audit::record(state, guild_id, by, action, Some(channel), options);
    Ok(())
}

fn announce_status(state: &mut State, guild: Snowflake, channel: Snowflake, status: Option<&str>) {
    let data = json!({ "id": channel, "guild_id": guild, "status": status });
    dispatch::to_guild(state, guild, "VOICE_CHANNEL_STATUS_UPDATE", &data);
}

/// The payload of op 43.
#[derive(Deserialize)]
pub(crate) struct InfoRequest {
    #[serde(rename = "guild_id")]
    pub(crate) guild: Snowflake,
    fields: Vec<String>,
}

/// The status and start time of the voice channels that a member sees; `None` for a guild that they are not in.
pub(crate) fn info(state: &State, user: Snowflake, request: &InfoRequest) -> Option<Value> {
    let guild = state.world.guild(request.guild).filter(|guild| guild.members.contains_key(&user))?;
    let asks = |field: &str| request.fields.iter().any(|asked| asked == field);
    let sees = |channel: Snowflake| {
        let channel = state.world.channel(channel);
        channel.is_some_and(|channel| state.world.permissions_in(channel, user) & bits::VIEW_CHANNEL != 0)
    };
    let seen = guild.data.calls.iter().filter(|(channel, _)| sees(**channel));
    let channels = seen.map(|(channel, call)| {
        let mut info = json!({ "id": channel });
        if asks("status") {
            info["status"] = json!(call.status);
        }
        if asks("voice_start_time") {
            info["voice_start_time"] = json!(call.started.map(seconds));
        }
        info
    });
    Some(json!({ "guild_id": guild.id, "channels": channels.collect::<Vec<_>>() }))
}

fn seconds(moment: Timestamp) -> u64 {
    moment.0 / 1000
}

/// Disconnects everyone from a voice channel that is about to be deleted.
pub(super) fn leave_all(state: &mut State, channel: Snowflake) {
    let Some(guild_id) = state.world.guild_id_of(channel) else { return };
    let Some(guild) = state.world.guild(guild_id) else { return };
    let there = guild.data.voice.iter().filter(|(_, voice)| voice.channel_id == channel);
    for user in there.map(|(user, _)| *user).collect::<Vec<_>>() {
        leave(state, guild_id, user);
    }
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.calls.remove(&channel);
    }
}

pub(super) fn announce(state: &mut State, guild_id: Snowflake, user: Snowflake) {
    let Some(guild) = state.world.guild(guild_id) else { return };
    let Some(voice) = guild.data.voice.get(&user) else { return };
    let data = voice_json(guild, user, voice, true);
    dispatch::to_guild(state, guild_id, "VOICE_STATE_UPDATE", &data);
}

/// Moves a connected member to another voice channel, or disconnects them if `to` is `None`.
pub(crate) fn move_member(
    state: &mut State,
    by: &Actor,
    guild: Snowflake,
    user: Snowflake,
    to: Option<Snowflake>,
) {
    let there = state.world.guild(guild).and_then(|guild| guild.data.voice.get(&user)).cloned();
    match (there, to) {
        (Some(there), Some(channel_id)) => {
            enter(state, guild, user, VoiceState { channel_id, ..there });
            let options = json!({ "channel_id": channel_id, "count": "1" });
            audit::record(state, guild, by, Action::MemberMove, None, Some(options));
        }
        (Some(_), None) => {
            leave(state, guild, user);
            let options = json!({ "count": "1" });
            audit::record(state, guild, by, Action::MemberDisconnect, None, Some(options));
        }
        (None, _) => {}
    }
}
