//! Who is sent which event: the sessions of a guild, a channel, an account, as far as they asked for it and may see it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload};
use crate::state::State;
use crate::transcript::What;
use crate::world::wire::MessageJson;
use crate::world::{Message, World};

/// Sends an event to the members of a guild who asked for it.
pub(super) fn to_guild(state: &mut State, guild: Snowflake, name: &'static str, data: &impl Serialize) {
    to_permitted(state, guild, 0, name, data);
}

/// The same, to those only who have a permission.
pub(super) fn to_permitted(
    state: &mut State,
    guild: Snowflake,
    permission: u64,
    name: &'static str,
    data: &impl Serialize,
) {
    send(state, Payload::new(name, data), |world| {
        Some(Audience::Guild { guild: world.guild(guild)?, permission })
    });
}

/// The same, without the fields `content` to those who do not read messages.
pub(super) fn to_permitted_readers(
    state: &mut State,
    guild: Snowflake,
    permission: u64,
    name: &'static str,
    data: &Value,
    content: &[&str],
) {
    let mut bare = data.clone();
    content.iter().for_each(|key| bare[*key] = json!(""));
    let (full, bare) = (Arc::new(Payload::new(name, data)), Arc::new(Payload::new(name, &bare)));
    let State { world, sessions, transcript, .. } = state;
    let Some(guild) = world.guild(guild) else { return };
    let sessions = sessions.publish_content(world, Audience::Guild { guild, permission }, &full, &bare);
    transcript.write(What::Dispatched { name, sessions });
}

/// The same, to the one it is about in any case.
pub(super) fn to_member(
    state: &mut State,
    guild: Snowflake,
    user: Snowflake,
    name: &'static str,
    data: &impl Serialize,
) {
    send(state, Payload::new(name, data), |world| {
        Some(Audience::Member { guild: world.guild(guild)?, user })
    });
}

/// Sends an event about a channel to the bots of its guild.
pub(super) fn to_bots(state: &mut State, guild: Snowflake, name: &'static str, channel: &Value) {
    send(state, Payload::new(name, channel), |world| Some(Audience::Bots { guild: world.guild(guild)? }));
}

/// Sends an event to those who see the channel and asked for it; in a guild with its id.
pub(super) fn to_channel(state: &mut State, channel: Snowflake, name: &'static str, mut data: Value) {
    if let Some(guild) = state.world.guild_id_of(channel) {
        data["guild_id"] = json!(guild);
    }
    send(state, Payload::new(name, &data), |world| {
        let channel = world.channel(channel)?;
        Some(Audience::Channel { channel, guild: world.guild_of(channel) })
    });
}

/// Sends a message to the sessions of its channel, or an ephemeral one to the account that may see it.
pub(super) fn message(state: &mut State, message: &Message, name: &'static str) {
    let State { world, sessions, transcript, .. } = state;
    let Some(channel) = world.channels.get(&message.channel_id) else { return };
    let guild = world.guild_of(channel);
    let event = || MessageJson::event(message, channel, guild);
    if message.is_ephemeral() {
        let (user, guild, data) = (message.listener(), channel.guild_id, json!(event()));
        let Some(user) = user else { return };
        return to_account(state, user, guild, name, &data);
    }
    let full = Arc::new(Payload::new(name, &event().with_thread(world)));
    let bare = || Payload::new(name, &event().without_content());
    let audience = Audience::Channel { channel, guild };
    let sessions = sessions.publish_message(world, audience, message, &full, bare);
    transcript.write(What::Dispatched { name, sessions });
}

/// Sends an event to all sessions of one account; it is not even written if there are none.
pub(super) fn to_account(
    state: &mut State,
    user: Snowflake,
    guild: Option<Snowflake>,
    name: &'static str,
    data: &impl Serialize,
) {
    if state.sessions.any_of(user) {
        send(state, Payload::new(name, data), |_| Some(Audience::Account { user, guild }));
    }
}

/// Sends an event to an audience; to nobody if what it is about is gone.
pub(super) fn send(
    state: &mut State,
    payload: Payload,
    audience: impl FnOnce(&World) -> Option<Audience<'_>>,
) {
    let State { world, sessions, transcript, .. } = state;
    let Some(audience) = audience(world) else { return };
    let name = payload.name;
    let sessions = sessions.publish(world, audience, &Arc::new(payload));
    transcript.write(What::Dispatched { name, sessions });
}
