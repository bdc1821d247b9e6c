//! Accounts of users and bots, and applications of bots: created and changed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde_json::json;

use super::dispatch;
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::wire::MemberJson;
use crate::world::{Application, Bot, User};

pub(crate) fn add(state: &mut State, name: &str) -> Arc<User> {
    state.world.add_user(name)
}

/// Adds a bot as a member of every guild.
pub(crate) fn add_bot(state: &mut State, name: &str) -> Bot {
    let id = state.world.next_id();
    // Like a real token: serenity parses the id in its first part.
    let token = format!("{}.Gsimul.{}", BASE64.encode(id.to_string()), state.interactions.new_token(id));
    let bot = state.world.add_bot(name, &token);
    let guilds: Vec<Snowflake> = state.world.guilds.keys().copied().collect();
    for id in guilds {
        let Some(guild) = state.world.guild(id) else { continue };
        let role = guild.roles.iter().find(|role| role.bot == Some(bot.id()));
        let role = json!({ "guild_id": id, "role": role });
        let mut member = json!(guild.members.get(&bot.id()).map(MemberJson::full));
        member["guild_id"] = json!(id);
        dispatch::to_guild(state, id, "GUILD_ROLE_CREATE", &role);
        dispatch::to_guild(state, id, "GUILD_MEMBER_ADD", &member);
    }
    bot
}

/// Changes an account everywhere, and notifies it and the guilds that it is in.
pub(crate) fn change(state: &mut State, id: Snowflake, change: impl FnOnce(&mut User)) -> Option<Arc<User>> {
    let mut user = User::clone(state.world.users.get(&id)?);
    change(&mut user);
    let user = Arc::new(user);
    state.world.users.insert(user.clone());
    for bot in state.world.bots.iter_mut().filter(|bot| bot.id() == id) {
        bot.user = user.clone();
    }
    for channel in state.world.channels.values_mut() {
        channel.recipients.iter_mut().filter(|one| one.id == id).for_each(|one| *one = user.clone());
    }
    let own = state.world.own_account(&user);
    dispatch::to_account(state, id, None, "USER_UPDATE", &own);
    let mut events = Vec::new();
    for guild in state.world.guilds.values_mut() {
        if let Some(member) = guild.members.get_mut(&id) {
            member.user = user.clone();
            let mut data = json!(MemberJson::full(member));
            data["guild_id"] = json!(guild.id);
            events.push((guild.id, data));
        }
    }
    for (guild_id, data) in events {
        dispatch::to_member(state, guild_id, id, "GUILD_MEMBER_UPDATE", &data);
    }
    Some(user)
}

/// Changes an application's description of itself.
pub(crate) fn change_application(
    state: &mut State,
    id: Snowflake,
    change: impl FnOnce(&mut Application),
) -> Result<()> {
    let bot = state.world.bots.iter_mut().find(|bot| bot.id() == id);
    change(&mut bot.ok_or(ApiError::unknown_application())?.application);
    Ok(())
}

/// Installs or uninstalls an application for a user; false if nothing changes.
pub(crate) fn install(state: &mut State, bot: Snowflake, user: Snowflake, installed: bool) -> bool {
    let Some(bot) = state.world.bots.iter_mut().find(|one| one.id() == bot) else { return false };
    let before = bot.users.len();
    bot.users.retain(|one| *one != user || installed);
    if installed && !bot.users.contains(&user) {
        bot.users.push(user);
    }
    bot.users.len() != before
}

/// Takes privileged intents away from a bot.
pub(crate) fn revoke_intents(state: &mut State, id: Snowflake, intents: u64) {
    if let Some(bot) = state.world.bots.iter_mut().find(|bot| bot.id() == id) {
        bot.granted_intents &= !intents;
    }
}
