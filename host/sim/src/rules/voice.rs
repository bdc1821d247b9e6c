//! Who is in which voice channel: entering, moving, leaving.
//! No voice is transmitted; bots see states only.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Action, By, audit, dispatch};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::wire::voice_json;
use crate::world::{ChannelKind, VoiceState, bits};

/// What a client says of itself with op 4.
#[derive(Deserialize)]
pub(crate) struct VoiceRequest {
    #[serde(rename = "guild_id")]
    pub(crate) guild: Snowflake,
    /// None leaves.
    #[serde(rename = "channel_id")]
    pub(crate) channel: Option<Snowflake>,
    #[serde(default)]
    pub(crate) self_mute: bool,
    #[serde(default)]
    pub(crate) self_deaf: bool,
}

/// Does what a client asks for; silently nothing where it may not, as Discord does.
pub(crate) fn request(state: &mut State, user: Snowflake, session: &str, request: &VoiceRequest) {
    let Some(channel) = request.channel else {
        leave(state, request.guild, user);
        return;
    };
    let Some(home) = state.world.channel(channel).filter(|home| home.guild_id == Some(request.guild)) else {
        return;
    };
    let stage = home.kind == ChannelKind::Stage;
    if !home.kind.is_voice() || state.world.permissions_in(home, user) & bits::CONNECT == 0 {
        return;
    }
    let there = state.world.guild(request.guild).and_then(|guild| guild.belongings.voice.get(&user)).cloned();
    let moved = there.as_ref().is_none_or(|there| there.channel_id != channel);
    let before = there.filter(|_| !moved);
    let voice = VoiceState {
        channel_id: channel,
        session_id: session.to_owned(),
        self_mute: request.self_mute,
        self_deaf: request.self_deaf,
        suppress: before.as_ref().map_or(stage, |before| before.suppress),
        request_to_speak: before.and_then(|before| before.request_to_speak),
    };
    enter(state, request.guild, user, voice);
    if moved {
        let token = state.interactions.new_token(user);
        // Nobody listens there: voice itself is not simulated.
        let data = json!({ "token": token, "guild_id": request.guild, "endpoint": null });
        dispatch::to_account(state, user, Some(request.guild), "VOICE_SERVER_UPDATE", &data);
    }
}

/// Puts a member into a voice channel, or changes how it is there.
pub(crate) fn enter(state: &mut State, guild: Snowflake, user: Snowflake, voice: VoiceState) {
    let Some(home) = state.world.guilds.get_mut(&guild) else { return };
    home.belongings.voice.insert(user, voice);
    announce(state, guild, user);
}

/// Takes a member out of voice; false if not there.
pub(crate) fn leave(state: &mut State, guild: Snowflake, user: Snowflake) -> bool {
    let Some(home) = state.world.guilds.get_mut(&guild) else { return false };
    let Some(voice) = home.belongings.voice.remove(&user) else { return false };
    let mut data = voice_json(home, user, &voice, true);
    data["channel_id"] = Value::Null;
    dispatch::to_guild(state, guild, "VOICE_STATE_UPDATE", &data);
    true
}

/// Sends everybody out of a voice channel that is about to go.
pub(super) fn leave_all(state: &mut State, channel: Snowflake) {
    let Some(guild) = state.world.guild_id_of(channel) else { return };
    let Some(home) = state.world.guild(guild) else { return };
    let there = home.belongings.voice.iter().filter(|(_, voice)| voice.channel_id == channel);
    for user in there.map(|(user, _)| *user).collect::<Vec<_>>() {
        leave(state, guild, user);
    }
}

pub(super) fn announce(state: &mut State, guild: Snowflake, user: Snowflake) {
    let Some(home) = state.world.guild(guild) else { return };
    let Some(voice) = home.belongings.voice.get(&user) else { return };
    let data = voice_json(home, user, voice, true);
    dispatch::to_guild(state, guild, "VOICE_STATE_UPDATE", &data);
}

/// Moves a member who is in voice to another channel, or with none out of voice.
pub(crate) fn move_member(
    state: &mut State,
    by: &By,
    guild: Snowflake,
    user: Snowflake,
    to: Option<Snowflake>,
) {
    let there = state.world.guild(guild).and_then(|home| home.belongings.voice.get(&user)).cloned();
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
