//! Presences: who is online and doing what, as those who share a guild are sent it.

use std::sync::Arc;

use crate::ids::Snowflake;
use crate::sessions::presence::Presence;
use crate::sessions::{Audience, Payload, intents};
use crate::state::State;
use crate::transcript::What;

/// Takes over what a user says of itself and tells those who share a guild with it.
pub(crate) fn change(state: &mut State, user: Snowflake, presence: Presence) {
    if state.presences.set(user, Some(presence)) {
        announce(state, user);
    }
}

/// The first session of an account opens.
pub(crate) fn come_online(state: &mut State, user: Snowflake, said: Option<Presence>) {
    change(state, user, said.unwrap_or(Presence::plain("online")));
}

/// A session ended for good; with the last one what was said is forgotten.
pub(crate) fn go_offline(state: &mut State, user: Snowflake) {
    if !state.sessions.any_of(user) && state.presences.set(user, None) {
        announce(state, user);
    }
}

fn announce(state: &mut State, user: Snowflake) {
    let State { world, sessions, presences, transcript, .. } = state;
    if !sessions.iter().any(|session| session.intents & intents::GUILD_PRESENCES != 0) {
        return;
    }
    for guild in world.guilds.values().filter(|guild| guild.members.contains_key(&user)) {
        let payload = Payload::new("PRESENCE_UPDATE", &presences.json(world, guild.id, user));
        let audience = Audience::Guild { guild, needs: intents::GUILD_PRESENCES, permission: 0 };
        let told = sessions.publish(world, audience, &Arc::new(payload));
        transcript.write(What::Dispatched { name: "PRESENCE_UPDATE", sessions: told });
    }
}
