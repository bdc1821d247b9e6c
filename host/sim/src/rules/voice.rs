//! Who is in which voice channel: entering, moving, leaving.
//! Nothing is said or heard; bots see states only.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::wire::voice_json;
use crate::world::{ChannelKind, VoiceState, bits};

/// What a client says of itself with op 4.
#[derive(Deserialize)]
pub(crate) struct VoiceWish {
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

impl State {
    /// Does what a client asks for; silently nothing where it may not, as Discord does.
    pub(crate) fn wish_voice(&mut self, user: Snowflake, session: &str, wish: &VoiceWish) {
        let Some(channel) = wish.channel else {
            self.leave_voice(wish.guild, user);
            return;
        };
        let Some(home) = self.world.channel(channel).filter(|home| home.guild_id == Some(wish.guild)) else {
            return;
        };
        let stage = home.kind == ChannelKind::Stage;
        if !home.kind.is_voice() || self.world.permissions_in(home, user) & bits::CONNECT == 0 {
            return;
        }
        let there = self.world.guild(wish.guild).and_then(|guild| guild.belongings.voice.get(&user)).cloned();
        let moved = there.as_ref().is_none_or(|there| there.channel_id != channel);
        let before = there.filter(|_| !moved);
        let state = VoiceState {
            channel_id: channel,
            session_id: session.to_owned(),
            self_mute: wish.self_mute,
            self_deaf: wish.self_deaf,
            suppress: before.as_ref().map_or(stage, |before| before.suppress),
            request_to_speak: before.and_then(|before| before.request_to_speak),
        };
        self.enter_voice(wish.guild, user, state);
        if moved {
            let token = self.interactions.new_token(user);
            self.tell_account(user, Some(wish.guild), |_| {
                // Nobody listens there: voice itself is not simulated.
                let data = json!({ "token": token, "guild_id": wish.guild, "endpoint": null });
                Some(Payload::new("VOICE_SERVER_UPDATE", &data))
            });
        }
    }

    /// Puts a member into a voice channel, or changes how it is there.
    pub(crate) fn enter_voice(&mut self, guild: Snowflake, user: Snowflake, state: VoiceState) {
        let Some(home) = self.world.guilds.get_mut(&guild) else { return };
        home.belongings.voice.insert(user, state);
        self.tell_voice(guild, user);
    }

    /// Takes a member out of voice; false if not there.
    pub(crate) fn leave_voice(&mut self, guild: Snowflake, user: Snowflake) -> bool {
        let Some(home) = self.world.guilds.get_mut(&guild) else { return false };
        let Some(state) = home.belongings.voice.remove(&user) else { return false };
        let mut data = voice_json(home, user, &state, true);
        data["channel_id"] = Value::Null;
        self.tell_guild(guild, intents::GUILD_VOICE_STATES, Payload::new("VOICE_STATE_UPDATE", &data));
        true
    }

    /// Sends everybody out of a voice channel that is about to go.
    pub(super) fn empty_voice(&mut self, channel: Snowflake) {
        let Some(guild) = self.world.channel(channel).and_then(|channel| channel.guild_id) else { return };
        let Some(home) = self.world.guild(guild) else { return };
        let there = home.belongings.voice.iter().filter(|(_, state)| state.channel_id == channel);
        for user in there.map(|(user, _)| *user).collect::<Vec<_>>() {
            self.leave_voice(guild, user);
        }
    }

    pub(super) fn tell_voice(&mut self, guild: Snowflake, user: Snowflake) {
        let Some(home) = self.world.guild(guild) else { return };
        let Some(state) = home.belongings.voice.get(&user) else { return };
        let payload = Payload::new("VOICE_STATE_UPDATE", &voice_json(home, user, state, true));
        self.tell_guild(guild, intents::GUILD_VOICE_STATES, payload);
    }
}
