//! Presences: who is online and what they are doing, for users who share a guild with them.

use super::dispatch;
use crate::ids::Snowflake;
use crate::sessions::intents;
use crate::sessions::presence::Presence;
use crate::state::State;
use crate::world::Status;

/// Sets a user's presence and dispatches it to everyone who shares a guild with them.
pub(crate) fn change(state: &mut State, user: Snowflake, presence: Presence) {
    if state.presences.set(user, Some(presence)) {
        announce(state, user);
    }
}

/// The account's first session has started.
pub(crate) fn come_online(state: &mut State, user: Snowflake, said: Option<Presence>) {
    change(state, user, said.unwrap_or_else(|| Status::Online.into()));
}

/// A session has ended for good; with the account's last one, its presence is removed.
pub(crate) fn go_offline(state: &mut State, user: Snowflake) {
    if !state.sessions.any_of(user) && state.presences.set(user, None) {
        announce(state, user);
    }
}

fn announce(state: &mut State, user: Snowflake) {
    if !state.sessions.iter().any(|session| session.intents & intents::GUILD_PRESENCES != 0) {
        return;
    }
    let guilds = state.world.guilds().filter(|guild| guild.members.contains_key(&user));
    for guild in guilds.map(|guild| guild.id).collect::<Vec<_>>() {
        let data = state.presences.json(&state.world, guild, user);
        dispatch::to_guild(state, guild, "PRESENCE_UPDATE", &data);
    }
}
