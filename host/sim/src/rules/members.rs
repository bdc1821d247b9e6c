//! Members of guilds: they join, leave, are changed and banned.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, Actor, Draft, access, audit, dispatch, guilds, messages, onboarding, visibility, voice};
use crate::form::{ApiError, Result};
use crate::ids::{Snowflake, Timestamp};
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::wire::MemberJson;
use crate::world::{Ban, GuildMember, MessageKind, User, bits};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// A bit of a guild's `system_channel_flags`.
const NO_JOIN_NOTICES: u64 = 1 << 0;

/// Adds a user to a guild; false if they are a member already.
pub(crate) fn admit(state: &mut State, guild_id: Snowflake, user: &Arc<User>) -> bool {
    let now = state.world.clock.now();
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return false };
    if guild.members.contains_key(&user.id) {
        return false;
    }
    guild.members.insert(user.id, GuildMember::new(user.clone(), now));
    state.transcript.write(EntryKind::Membership {
        guild: guild.name.as_str().into(),
        user: user.username.as_str().into(),
        joined: true,
    });
    let mut data = json!(MemberJson::full(&guild.members[&user.id]));
    data["guild_id"] = json!(guild_id);
    dispatch::to_guild(state, guild_id, "GUILD_MEMBER_ADD", &data);
    guilds::show_to(state, guild_id, user.id);
    welcome(state, guild_id, user);
    if !user.bot {
        onboarding::begin(state, guild_id, user.id);
    }
    true
}

/// Discord's own announcement of a new member, if the guild wants it.
fn welcome(state: &mut State, guild: Snowflake, user: &Arc<User>) {
    let settings = state.world.guild(guild).map(|guild| &guild.settings);
    let wanted = settings.filter(|settings| settings.system_channel_flags & NO_JOIN_NOTICES == 0);
    if let Some(channel) = wanted.and_then(|settings| settings.system_channel_id) {
        messages::post(state, Draft::notice(channel, user.clone(), MessageKind::Join));
    }
}

/// Removes a member from a guild, its voice channels and its threads; false if they are not a member.
pub(crate) fn remove(state: &mut State, guild_id: Snowflake, user: Snowflake) -> bool {
    voice::leave(state, guild_id, user);
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return false };
    let Some(member) = guild.members.remove(&user) else { return false };
    let channels = state.world.channels.values_mut().filter(|channel| channel.guild_id == Some(guild_id));
    for thread in channels.filter_map(|channel| channel.thread.as_mut()) {
        thread.members.retain(|(one, _)| *one != user);
    }
    let name = member.user.username.as_str().into();
    state.transcript.write(EntryKind::Membership {
        guild: guild.name.as_str().into(),
        user: name,
        joined: false,
    });
    let data = json!({ "guild_id": guild_id, "user": &*member.user });
    dispatch::to_guild(state, guild_id, "GUILD_MEMBER_REMOVE", &data);
    dispatch::to_account(state, user, Some(guild_id), "GUILD_DELETE", &json!({ "id": guild_id }));
    true
}

/// `DELETE /guilds/{guild}/members/{user}`: the caller must be above the member.
pub(crate) fn kick(state: &mut State, by: &Actor, guild_id: Snowflake, user: Snowflake) -> Result<()> {
    let guild = access::guild_with(state, by.user, guild_id, bits::KICK_MEMBERS)?;
    if !guild.members.contains_key(&user) {
        return Err(ApiError::unknown_member());
    }
    access::check_outranks(guild, by.user, user)?;
    remove(state, guild_id, user);
    audit::record(state, guild_id, by, Action::MemberKick, Some(user), None);
    Ok(())
}

/// Members without a message or session in this many days, and without any roles but these.
pub(crate) fn inactive(
    state: &State,
    user: Snowflake,
    guild_id: Snowflake,
    days: u32,
    roles: &[Snowflake],
) -> Result<Vec<Snowflake>> {
    let guild = access::guild_with(state, user, guild_id, bits::KICK_MEMBERS | bits::MANAGE_GUILD)?;
    let since = Timestamp(state.world.clock.now().0.saturating_sub(u64::from(days) * DAY_MS));
    let channels = state.world.channels.values().filter(|channel| channel.guild_id == Some(guild_id));
    let recent = channels.flat_map(|one| one.messages.iter().rev().take_while(|one| one.timestamp >= since));
    let writers: HashSet<Snowflake> = recent.map(|message| message.author.id).collect();
    let is_inactive = |member: &&GuildMember| {
        let id = member.user.id;
        let is_free =
            !member.user.bot && id != guild.owner_id && member.roles.iter().all(|one| roles.contains(one));
        is_free && member.joined_at < since && !writers.contains(&id) && !state.sessions.any_of(id)
    };
    Ok(guild.members.values().filter(is_inactive).map(|member| member.user.id).collect())
}

/// Removes inactive members; returns how many.
pub(crate) fn prune(
    state: &mut State,
    by: &Actor,
    guild: Snowflake,
    days: u32,
    roles: &[Snowflake],
) -> Result<usize> {
    let inactive = inactive(state, by.user, guild, days, roles)?;
    for user in &inactive {
        remove(state, guild, *user);
    }
    // In Discord's audit log both are strings.
    let removed = inactive.len().to_string();
    let options = json!({ "delete_member_days": days.to_string(), "members_removed": removed });
    audit::record(state, guild, by, Action::MemberPrune, None, Some(options));
    Ok(inactive.len())
}

/// Assigns a role to a member, or removes it.
pub(crate) fn set_role(
    state: &mut State,
    guild: Snowflake,
    by: &Actor,
    user: Snowflake,
    role: Snowflake,
    given: bool,
) {
    change(state, guild, by, user, |member| match member.roles.iter().position(|one| *one == role) {
        None if given => member.roles.push(role),
        Some(at) if !given => drop(member.roles.remove(at)),
        _ => {}
    });
}

/// Changes a member, and dispatches an event if their JSON has changed.
pub(crate) fn change(
    state: &mut State,
    guild: Snowflake,
    by: &Actor,
    user: Snowflake,
    change: impl FnOnce(&mut GuildMember),
) -> Option<Value> {
    apply(state, guild, Some(by), user, change)
}

/// The same without an audit log entry, for changes by Discord itself.
pub(super) fn change_unlogged(
    state: &mut State,
    guild: Snowflake,
    user: Snowflake,
    change: impl FnOnce(&mut GuildMember),
) {
    apply(state, guild, None, user, change);
}

fn apply(
    state: &mut State,
    guild: Snowflake,
    by: Option<&Actor>,
    user: Snowflake,
    change: impl FnOnce(&mut GuildMember),
) -> Option<Value> {
    let visible = visibility::seen(state, guild);
    let member = state.world.guilds.get_mut(&guild)?.members.get_mut(&user)?;
    let (mut before, roles_before) = (json!(MemberJson::full(member)), member.roles.clone());
    let voice_before = (member.mute, member.deaf);
    change(member);
    let mut after = json!(MemberJson::full(member));
    let (roles_after, voice_after) = (member.roles.clone(), (member.mute, member.deaf));
    let answer = after.clone();
    if before == after {
        return Some(answer);
    }
    for side in [&mut before, &mut after] {
        side["roles"] = Value::Null;
    }
    if let Some(by) = by {
        record_roles(state, guild, by, user, &roles_before, &roles_after);
        audit::record_change(state, guild, by, Action::MemberUpdate, user, &before, &after);
    }
    let mut data = answer.clone();
    data["guild_id"] = json!(guild);
    dispatch::to_member(state, guild, user, "GUILD_MEMBER_UPDATE", &data);
    visibility::announce(state, guild, visible, None);
    if voice_before != voice_after {
        voice::announce(state, guild, user);
    }
    Some(answer)
}

fn record_roles(
    state: &mut State,
    guild_id: Snowflake,
    by: &Actor,
    user: Snowflake,
    before: &[Snowflake],
    after: &[Snowflake],
) {
    let Some(guild) = state.world.guild(guild_id) else { return };
    let among = |one: &[Snowflake], other: &[Snowflake]| -> Vec<Value> {
        let only = one.iter().filter(|id| !other.contains(id)).filter_map(|id| guild.role(*id));
        only.map(|role| json!({ "id": role.id, "name": role.name })).collect()
    };
    let changes: Vec<Value> = [("$add", among(after, before)), ("$remove", among(before, after))]
        .into_iter()
        .filter(|(_, roles)| !roles.is_empty())
        .map(|(key, roles)| json!({ "key": key, "new_value": roles }))
        .collect();
    if !changes.is_empty() {
        audit::write(state, guild_id, by, Action::MemberRoleUpdate, Some(user), changes, None);
    }
}

/// Bans a user from a guild; false if they are banned already.
pub(crate) fn ban(state: &mut State, guild_id: Snowflake, by: &Actor, user: &Arc<User>) -> bool {
    remove(state, guild_id, user.id);
    let Some(guild) = state.world.guilds.get_mut(&guild_id) else { return false };
    if guild.data.bans.contains_key(&user.id) {
        return false;
    }
    guild.data.bans.insert(user.id, Ban { reason: by.reason.clone(), user: user.clone() });
    audit::record(state, guild_id, by, Action::BanAdd, Some(user.id), None);
    let data = json!({ "guild_id": guild_id, "user": &**user });
    dispatch::to_guild(state, guild_id, "GUILD_BAN_ADD", &data);
    true
}

/// `DELETE /guilds/{guild}/bans/{user}`
pub(crate) fn unban(state: &mut State, by: &Actor, guild_id: Snowflake, user: Snowflake) -> Result<()> {
    access::guild_with(state, by.user, guild_id, bits::BAN_MEMBERS)?;
    let guild = state.world.guilds.get_mut(&guild_id).ok_or(ApiError::unknown_guild())?;
    let ban = guild.data.bans.remove(&user).ok_or(ApiError::unknown_ban())?;
    audit::record(state, guild_id, by, Action::BanRemove, Some(user), None);
    let data = json!({ "guild_id": guild_id, "user": &*ban.user });
    dispatch::to_guild(state, guild_id, "GUILD_BAN_REMOVE", &data);
    Ok(())
}
