//! Channels: guild channels are created, changed and deleted; direct messages are opened.

use std::sync::Arc;

use serde_json::Value;

use super::{Action, Actor, access, audit, dispatch, guilds, invites, visibility, voice};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::wire::{channel_json, channel_json_for};
use crate::world::{Channel, Guild, Overwrite, User, bits};

/// Adds a channel to its guild.
pub(crate) fn create(state: &mut State, by: &Actor, channel: Channel) -> Value {
    let json = channel_json(&channel);
    let (id, guild_id) = (channel.id, channel.guild_id);
    let visible = guild_id.map(|guild| visibility::seen(state, guild));
    state.world.channels.insert(id, channel);
    let Some((guild_id, visible)) = guild_id.zip(visible) else { return json };
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.channels.push(id);
    }
    audit::record_change(state, guild_id, by, Action::ChannelCreate, id, &Value::Null, &json);
    dispatch::to_bots(state, "CHANNEL_CREATE", id, None);
    visibility::announce(state, guild_id, visible, Some(id));
    json
}

/// Changes a channel, and dispatches an event if its JSON has changed.
pub(crate) fn change(
    state: &mut State,
    by: &Actor,
    id: Snowflake,
    change: impl FnOnce(&mut Channel),
) -> Option<Value> {
    let guild = state.world.channel(id)?.guild_id;
    let visible = guild.map(|guild| visibility::seen(state, guild));
    let channel = state.world.channels.get_mut(&id)?;
    let before = channel_json(channel);
    change(channel);
    let after = channel_json(channel);
    if before != after
        && let Some((guild, visible)) = guild.zip(visible)
    {
        audit::record_change(state, guild, by, Action::ChannelUpdate, id, &before, &after);
        dispatch::to_bots(state, "CHANNEL_UPDATE", id, None);
        visibility::announce(state, guild, visible, Some(id));
    }
    Some(after)
}

/// Sets an overwrite, replacing the one with the same id.
pub(crate) fn put_overwrite(
    state: &mut State,
    by: &Actor,
    id: Snowflake,
    overwrite: Overwrite,
) -> Result<()> {
    let (guild, channel) = access::guild_channel_with(state, by.user, id, bits::MANAGE_ROLES)?;
    if channel.thread.is_some() {
        return Err(ApiError::wrong_channel_type());
    }
    check_overwrites(state, by, guild.id, channel, std::slice::from_ref(&overwrite))?;
    let (guild, old) = (guild.id, channel.overwrites.iter().find(|one| one.id == overwrite.id).cloned());
    audit::record_overwrite(state, guild, by, id, old.as_ref(), Some(&overwrite));
    change_overwrites(state, guild, id, |overwrites| {
        overwrites.retain(|one| one.id != overwrite.id);
        overwrites.push(overwrite);
    });
    Ok(())
}

/// `DELETE /channels/{channel}/permissions/{overwrite}`
pub(crate) fn delete_overwrite(state: &mut State, by: &Actor, id: Snowflake, whom: Snowflake) -> Result<()> {
    let (guild, channel) = access::guild_channel_with(state, by.user, id, bits::MANAGE_ROLES)?;
    let old = channel.overwrites.iter().find(|one| one.id == whom).cloned();
    let (guild, old) = (guild.id, old.ok_or(ApiError::unknown_overwrite())?);
    audit::record_overwrite(state, guild, by, id, Some(&old), None);
    change_overwrites(state, guild, id, |overwrites| overwrites.retain(|one| one.id != whom));
    Ok(())
}

fn change_overwrites(
    state: &mut State,
    guild: Snowflake,
    id: Snowflake,
    change: impl FnOnce(&mut Vec<Overwrite>),
) {
    let visible = visibility::seen(state, guild);
    let Some(channel) = state.world.channels.get_mut(&id) else { return };
    change(&mut channel.overwrites);
    dispatch::to_bots(state, "CHANNEL_UPDATE", id, None);
    visibility::announce(state, guild, visible, Some(id));
}

/// Callers can allow and deny the permissions that they have in the guild or in the channel's category, or all if an
/// overwrite of the channel lets them manage its permissions. Only administrators give or take MANAGE_ROLES in a new
/// channel. Overwrites must name existing roles and users.
/// <https://discord.com/developers/docs/resources/channel#edit-channel-permissions>
/// <https://discord.com/developers/docs/resources/guild#create-guild-channel>
pub(crate) fn check_overwrites(
    state: &State,
    by: &Actor,
    guild_id: Snowflake,
    planned: &Channel,
    overwrites: &[Overwrite],
) -> Result<()> {
    let guild = access::own_guild(state, by.user, guild_id)?;
    let there = state.world.channel(planned.id);
    let category = planned.parent_id.and_then(|id| state.world.channel(id));
    let mut own = state.world.permissions_at(guild, by.user)
        | category.map_or(0, |category| state.world.permissions_in(category, by.user));
    if there.is_none() && own & bits::ADMINISTRATOR == 0 {
        own &= !bits::MANAGE_ROLES;
    }
    if there.is_some_and(|channel| may_set_all(guild, channel, by.user)) {
        own = bits::ALL;
    }
    for overwrite in overwrites {
        if (overwrite.allow | overwrite.deny) & bits::ALL & !own != 0 {
            return Err(ApiError::missing_permissions());
        }
        let there = match overwrite.kind {
            0 => guild.role(overwrite.id).is_some(),
            _ => state.world.user(overwrite.id).is_some(),
        };
        if !there {
            return Err(ApiError::unknown_overwrite());
        }
    }
    Ok(())
}

/// Whether an overwrite of a channel allows a member MANAGE_ROLES.
fn may_set_all(guild: &Guild, channel: &Channel, user: Snowflake) -> bool {
    let roles = guild.members.get(&user).map_or(&[][..], |member| &member.roles);
    let concerns = |id: Snowflake| id == user || id == guild.id || roles.contains(&id);
    channel.overwrites.iter().any(|one| one.allow & bits::MANAGE_ROLES != 0 && concerns(one.id))
}

/// Deletes a guild channel with everything that depends on it: threads, webhooks, invites, settings of the guild.
/// Channels in a category stay.
pub(crate) fn delete(state: &mut State, by: &Actor, id: Snowflake) -> Option<Value> {
    let guild_id = state.world.channel(id)?.guild_id?;
    let visible = visibility::seen(state, guild_id);
    voice::leave_all(state, id);
    let channel = state.world.channels.remove(&id)?;
    let json = channel_json(&channel);
    let mut was_set = false;
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.channels.retain(|one| *one != id);
        was_set = guild.settings.forget_channel(id);
    }
    let under: Vec<(Snowflake, bool)> = state
        .world
        .channels
        .values()
        .filter(|other| other.parent_id == Some(id))
        .map(|other| (other.id, other.thread.is_some()))
        .collect();
    for (child, is_thread) in under {
        if is_thread {
            state.world.channels.remove(&child);
        } else {
            change(state, by, child, |child| child.parent_id = None);
        }
    }
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        let channels = &state.world.channels;
        guild.data.threads.retain(|thread| channels.contains_key(thread));
        guild.data.stages.retain(|stage| stage.channel_id != id);
    }
    state.world.webhooks.retain(|_, webhook| webhook.channel_id != id);
    let closed: Vec<String> = state
        .world
        .invites
        .values()
        .filter(|invite| invite.channel_id == id)
        .map(|invite| invite.code.clone())
        .collect();
    for code in closed {
        invites::end(state, &code);
    }
    audit::record_change(state, guild_id, by, Action::ChannelDelete, id, &json, &Value::Null);
    dispatch::channel_deleted(state, &channel);
    if was_set {
        guilds::announce(state, guild_id);
    }
    visibility::announce(state, guild_id, visible, Some(id));
    Some(json)
}

/// The direct message channel between two accounts, created on first use. Users receive an event for a new one; bots
/// only receive its messages, as with Discord.
pub(crate) fn open_dm(state: &mut State, one: &Arc<User>, other: &Arc<User>) -> Snowflake {
    let (person, partner) = if one.bot { (other, one) } else { (one, other) };
    let (id, new) = state.world.dm_channel(person, partner);
    if new {
        for user in [person, partner].into_iter().filter(|user| !user.bot) {
            let channel = state.world.channel(id).map(|channel| channel_json_for(channel, user.id));
            dispatch::to_account(state, user.id, None, "CHANNEL_CREATE", &channel);
        }
    }
    id
}
