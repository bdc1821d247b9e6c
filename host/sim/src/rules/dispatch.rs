//! Which sessions receive which event: those of a guild, a channel or an account, if they have the intents and may see
//! it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload, Session, Sessions, intents};
use crate::state::State;
use crate::transcript::{EntryKind, Transcript};
use crate::world::wire::{MessageJson, channel_json, obfuscated_channel_json};
use crate::world::{Channel, Message, World};

/// Dispatches an event to the members of a guild with the intent for it.
pub(super) fn to_guild(state: &mut State, guild: Snowflake, name: &'static str, data: &impl Serialize) {
    to_permitted(state, guild, 0, name, data);
}

/// The same, but only to members with a permission.
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

/// The same, but with the fields in `content` emptied for sessions without the MESSAGE_CONTENT intent.
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
    let audience = Audience::Guild { guild, permission };
    let sees = |session: &Session| session.intents & intents::MESSAGE_CONTENT != 0;
    let sessions = sessions.publish_as_seen(world, audience, &full, &bare, sees);
    transcript.write(EntryKind::Dispatched { name, sessions });
}

/// The same, but always to the member that the event is about.
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

/// Dispatches an event about a guild channel to the bots in its guild, or to `only` one of them. Bots that may not view
/// the channel receive it obfuscated.
pub(super) fn to_bots(state: &mut State, name: &'static str, channel: Snowflake, only: Option<Snowflake>) {
    let State { world, sessions, transcript, .. } = state;
    if let Some(channel) = world.channels.get(&channel) {
        publish_channel(world, sessions, transcript, name, channel, only);
    }
}

/// The same for a channel that was removed from the world.
pub(super) fn channel_deleted(state: &mut State, channel: &Channel) {
    let State { world, sessions, transcript, .. } = state;
    publish_channel(world, sessions, transcript, "CHANNEL_DELETE", channel, None);
}

fn publish_channel(
    world: &World,
    sessions: &mut Sessions,
    transcript: &Transcript,
    name: &'static str,
    channel: &Channel,
    only: Option<Snowflake>,
) {
    let Some(guild) = world.guild_of(channel) else { return };
    let full = Arc::new(Payload::new(name, &channel_json(channel)));
    let obfuscated = Arc::new(Payload::new(name, &obfuscated_channel_json(channel)));
    let audience = Audience::Bots { guild, only };
    let views = |session: &Session| world.views(channel, session.user());
    let sessions = sessions.publish_as_seen(world, audience, &full, &obfuscated, views);
    transcript.write(EntryKind::Dispatched { name, sessions });
}

/// Dispatches an event to sessions that can see the channel and have the intent; adds the guild's id, if there is one.
pub(super) fn to_channel(state: &mut State, channel: Snowflake, name: &'static str, mut data: Value) {
    if let Some(guild) = state.world.guild_id_of(channel) {
        data["guild_id"] = json!(guild);
    }
    send(state, Payload::new(name, &data), |world| {
        let channel = world.channel(channel)?;
        Some(Audience::Channel { channel, guild: world.guild_of(channel) })
    });
}

/// Dispatches a message to the sessions of its channel, or an ephemeral one to the account that may see it.
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
    let replied_to = message.reply_to.and_then(|id| channel.message(id)).map(|one| &**one);
    let seen = |seen: [bool; 2]| Payload::new(name, &event().with_thread(world).with_content(seen));
    let audience = Audience::Channel { channel, guild };
    let sessions = sessions.publish_message(world, audience, name, [Some(message), replied_to], seen);
    transcript.write(EntryKind::Dispatched { name, sessions });
}

/// Dispatches an event to all sessions of one account; it is not even serialised if there are none.
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

/// Dispatches an event to an audience, unless the object it is about is gone.
pub(super) fn send(
    state: &mut State,
    payload: Payload,
    audience: impl FnOnce(&World) -> Option<Audience<'_>>,
) {
    let State { world, sessions, transcript, .. } = state;
    let Some(audience) = audience(world) else { return };
    let name = payload.name;
    let sessions = sessions.publish(world, audience, &Arc::new(payload));
    transcript.write(EntryKind::Dispatched { name, sessions });
}
