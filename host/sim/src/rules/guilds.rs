//! Guilds: their settings, outages, and GUILD_CREATE for each session.

use std::sync::Arc;

use serde_json::json;

use super::{Action, Actor, audit, dispatch};
use crate::accounts::Account;
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::Guild;
use crate::world::wire::{guild_create_json, guild_json, user_client};

/// The most presences that are sent with a guild.
const MAX_PRESENCES: usize = 1000;

/// Changes a guild's name, owner or settings.
pub(crate) fn change(state: &mut State, guild_id: Snowflake, by: &Actor, change: impl FnOnce(&mut Guild)) {
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return };
    let before = guild_json(guild);
    change(guild);
    let after = guild_json(guild);
    audit::record_change(state, guild_id, by, Action::GuildUpdate, guild_id, &before, &after);
    dispatch::to_guild(state, guild_id, "GUILD_UPDATE", &after);
}

/// Dispatches a guild that was changed by something other than a request for it.
pub(super) fn announce(state: &mut State, guild: Snowflake) {
    if let Some(now) = state.world.guild(guild).map(guild_json) {
        dispatch::to_guild(state, guild, "GUILD_UPDATE", &now);
    }
}

/// Makes a guild unavailable to bots, as in an outage of Discord; returns how many sessions were notified.
/// <https://discord.com/developers/docs/events/gateway-events#guild-delete>
pub(crate) fn begin_outage(state: &mut State, guild: Snowflake) -> usize {
    if !state.sessions.unavailable.insert(guild) {
        return 0;
    }
    let sessions = bots_of(state, guild);
    for id in &sessions {
        let gone = Payload::new("GUILD_DELETE", &json!({ "id": guild, "unavailable": true }));
        state.sessions.push_to(id, gone);
    }
    sessions.len()
}

/// Makes the guild available again, in its present state; returns how many sessions were notified.
pub(crate) fn end_outage(state: &mut State, guild: Snowflake) -> usize {
    if !state.sessions.unavailable.remove(&guild) {
        return 0;
    }
    let sessions = bots_of(state, guild);
    show_each(state, guild, &sessions)
}

/// Sends a guild to the sessions of an account that has just joined it; they receive its events from then on.
pub(super) fn show_to(state: &mut State, guild: Snowflake, user: Snowflake) {
    let own = state.sessions.iter().filter(|one| one.user() == user && one.covers(Some(guild)));
    let sessions: Vec<Arc<str>> = own.map(|session| session.id.clone()).collect();
    if !sessions.is_empty() {
        show_each(state, guild, &sessions);
    }
}

fn show_each(state: &mut State, guild: Snowflake, sessions: &[Arc<str>]) -> usize {
    let shown = sessions.iter().filter(|session| show(state, session, guild)).count();
    state.transcript.write(EntryKind::Dispatched { name: "GUILD_CREATE", sessions: shown });
    shown
}

/// The sessions of bots that receive the guild's events.
fn bots_of(state: &State, guild_id: Snowflake) -> Vec<Arc<str>> {
    let Some(guild) = state.world.guild(guild_id) else { return Vec::new() };
    let sessions = state.sessions.iter().filter(|session| {
        session.is_bots()
            && session.intents & intents::GUILDS != 0
            && session.covers(Some(guild_id))
            && guild.members.contains_key(&session.user())
    });
    sessions.map(|session| session.id.clone()).collect()
}

/// Sends GUILD_CREATE with everything that the session may see; false if it has no GUILDS intent or cannot access the
/// guild.
pub(crate) fn show(state: &mut State, session: &str, guild_id: Snowflake) -> bool {
    let State { world, sessions, presences, .. } = state;
    let is_unavailable = sessions.unavailable.contains(&guild_id);
    let Some(session) = sessions.session(session) else { return false };
    let Some(guild) = world.guild(guild_id) else { return false };
    if session.intents & intents::GUILDS == 0 || is_unavailable && session.is_bots() {
        return false;
    }
    let mut shown = match session.account {
        Account::Bot(bot) => {
            let all_members = session.intents & intents::GUILD_MEMBERS != 0;
            guild_create_json(world, guild, bot, session.large_threshold, all_members)
        }
        Account::User(user) => user_client::guild(world, guild, user),
    };
    if session.intents & intents::GUILD_PRESENCES != 0 {
        let users = guild.members.keys().copied();
        shown["presences"] = presences.online(world, guild_id, users).take(MAX_PRESENCES).collect();
    }
    let id = session.id.clone();
    sessions.push_to(&id, Payload::new("GUILD_CREATE", &shown));
    true
}
