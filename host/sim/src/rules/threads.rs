//! Threads: started, changed, deleted, joined, left.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Action, Actor, Draft, audit, dispatch, messages};
use crate::clock::Due;
use crate::ids::{Snowflake, Timestamp};
use crate::sessions::{Audience, Payload};
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::wire::{channel_json, thread_json_for, thread_member, thread_member_with};
use crate::world::{Channel, MessageKind, Origin, User, flags};

/// The most members in a thread.
const MAX_THREAD_MEMBERS: usize = 1000;

/// Starts a thread with its creator as a member. `source`: whether it starts from a message, which has the same id.
pub(crate) fn create(state: &mut State, by: &Actor, thread: Channel, source: bool) -> Value {
    let (id, guild_id, parent) = (thread.id, thread.guild_id, thread.parent_id);
    let silent = source
        || state
            .world
            .channels
            .get(&parent.unwrap_or_default())
            .is_some_and(|channel| channel.kind.is_forum());
    state.world.channels.insert(id, thread);
    let Some(guild_id) = guild_id else { return Value::Null };
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.threads.push(id);
    }
    watch(state, id);
    let Some(thread) = state.world.channel(id) else { return Value::Null };
    let json = thread_json_for(thread, by.user);
    let mut data = channel_json(thread);
    data["newly_created"] = json!(true);
    audit::record_change(
        state,
        guild_id,
        by,
        Action::ThreadCreate,
        id,
        &Value::Null,
        &data["thread_metadata"],
    );
    dispatch::to_channel(state, id, "THREAD_CREATE", data);
    announce_members(state, id, &[by.user], &[]);
    match parent {
        Some(parent) if source => attach_to_message(state, guild_id, parent, id),
        Some(parent) if !silent => announce(state, by, guild_id, parent, id),
        _ => {}
    }
    json
}

/// Flags the message as having a thread, and starts the thread with a reference to it.
fn attach_to_message(state: &mut State, guild: Snowflake, parent: Snowflake, id: Snowflake) {
    let Some(message) = messages::find_mut(state, parent, id) else { return };
    message.flags |= flags::HAS_THREAD;
    let author = message.author.clone();
    messages::announce_edit(state, parent, id, false);
    let mut notice = Draft::notice(id, author, MessageKind::ThreadStarter);
    notice.message.origin = Some(Origin { kind: 0, guild: Some(guild), channel: parent, message: Some(id) });
    messages::post(state, notice);
}

/// A thread that was not started from a message is announced in its channel, unless it is private.
fn announce(state: &mut State, by: &Actor, guild: Snowflake, parent: Snowflake, id: Snowflake) {
    let Some(thread) =
        state.world.channel(id).filter(|one| one.kind != crate::world::ChannelKind::PrivateThread)
    else {
        return;
    };
    let name = thread.name.to_string();
    let Some(author) = state.world.user(by.user).cloned() else { return };
    let mut notice = Draft::notice(parent, author, MessageKind::ThreadCreated);
    notice.message.content = name;
    notice.message.origin = Some(Origin { kind: 0, guild: Some(guild), channel: id, message: None });
    messages::post(state, notice);
}

/// Changes a thread, and dispatches an event if its JSON has changed.
pub(crate) fn change(
    state: &mut State,
    by: &Actor,
    id: Snowflake,
    change: impl FnOnce(&mut Channel),
) -> Option<Value> {
    let now = state.world.clock.now();
    let thread = state.world.channels.get_mut(&id)?;
    let before = channel_json(thread);
    let was_archived = thread.thread.as_ref()?.archived;
    change(thread);
    let inner = thread.thread.as_mut()?;
    let archived = inner.archived;
    if archived != was_archived {
        inner.archive_timestamp = now;
    }
    let after = channel_json(thread);
    let guild_id = thread.guild_id?;
    if before == after {
        return Some(after);
    }
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        let active = &mut guild.data.threads;
        match archived {
            true => active.retain(|one| *one != id),
            false if !active.contains(&id) => active.push(id),
            false => {}
        }
    }
    if was_archived && !archived {
        watch(state, id);
    }
    audit::record_change(state, guild_id, by, Action::ThreadUpdate, id, &before, &after);
    dispatch::to_channel(state, id, "THREAD_UPDATE", after.clone());
    Some(after)
}

/// Deletes a thread with all its messages.
pub(crate) fn delete(state: &mut State, by: &Actor, id: Snowflake) -> Option<Value> {
    let thread = state.world.channel(id)?;
    let json = channel_json(thread);
    let (guild_id, parent) = (thread.guild_id?, thread.parent_id);
    let data = json!({ "id": id, "guild_id": guild_id, "parent_id": parent, "type": thread.kind as u8 });
    audit::record_change(
        state,
        guild_id,
        by,
        Action::ThreadDelete,
        id,
        &json["thread_metadata"],
        &Value::Null,
    );
    // Dispatched first, because the audience depends on the thread.
    dispatch::to_channel(state, id, "THREAD_DELETE", data);
    state.world.channels.remove(&id);
    if let Some(guild) = state.world.guilds.get_mut(&guild_id) {
        guild.data.threads.retain(|one| *one != id);
    }
    Some(json)
}

/// Adds a user to a thread; false if it is full or they are a member already.
pub(crate) fn join(state: &mut State, id: Snowflake, user: &Arc<User>) -> bool {
    let now = state.world.clock.now();
    let Some(channel) = state.world.channels.get_mut(&id) else { return false };
    let Some(thread) = channel.thread.as_mut() else { return false };
    if thread.has(user.id) || thread.members.len() >= MAX_THREAD_MEMBERS {
        return false;
    }
    thread.members.push((user.id, now));
    let guild = channel.guild_id.unwrap_or_default();
    announce_members(state, id, &[user.id], &[]);
    // A user who joins receives the thread as a new one: they did not know a private thread before.
    let thread = state.world.channel(id).map(|thread| thread_json_for(thread, user.id));
    dispatch::to_account(state, user.id, Some(guild), "THREAD_CREATE", &thread);
    true
}

/// Removes a user from a thread; false if they are not a member.
pub(crate) fn leave(state: &mut State, id: Snowflake, user: Snowflake) -> bool {
    let channel = state.world.channels.get_mut(&id);
    let Some(thread) = channel.and_then(|channel| channel.thread.as_mut()) else { return false };
    if !thread.has(user) {
        return false;
    }
    thread.members.retain(|(one, _)| *one != user);
    announce_members(state, id, &[], &[user]);
    true
}

/// The author and users who are mentioned in a thread join it.
pub(super) fn join_participants(
    state: &mut State,
    id: Snowflake,
    author: &Arc<User>,
    mentioned: &[Arc<User>],
) {
    for user in std::iter::once(author).chain(mentioned) {
        let is_member = state
            .world
            .channel(id)
            .and_then(|thread| thread.guild_id)
            .and_then(|guild| state.world.guild(guild))
            .is_some_and(|guild| guild.members.contains_key(&user.id));
        if is_member {
            join(state, id, user);
        }
    }
}

fn announce_members(state: &mut State, id: Snowflake, added: &[Snowflake], removed: &[Snowflake]) {
    let State { world, sessions, transcript, .. } = state;
    let Some(channel) = world.channels.get(&id) else { return };
    let Some(guild) = world.guild_of(channel) else { return };
    let Some(thread) = &channel.thread else { return };
    let new = added.iter().filter_map(|user| {
        let (_, since) = thread.members.iter().find(|(member, _)| member == user)?;
        Some(thread_member_with(guild, id, world.users.get(user)?, *since))
    });
    let data = json!({
        "id": id, "guild_id": guild.id, "member_count": thread.members.len().min(50),
        "added_members": new.collect::<Vec<_>>(), "removed_member_ids": removed,
    });
    let users = [added, removed].concat();
    let payload = Arc::new(Payload::new("THREAD_MEMBERS_UPDATE", &data));
    let audience = Audience::ThreadMembers { thread: channel, guild, users: &users };
    let sessions = sessions.publish(world, audience, &payload);
    transcript.write(EntryKind::Dispatched { name: payload.name, sessions });
}

/// A user's thread member object.
pub(crate) fn membership(state: &State, id: Snowflake, user: Snowflake, with_member: bool) -> Option<Value> {
    let channel = state.world.channel(id)?;
    let (_, since) = channel.thread.as_ref()?.members.iter().find(|(member, _)| *member == user)?;
    if !with_member {
        return Some(thread_member(id, user, *since));
    }
    let guild = state.world.guild(channel.guild_id?)?;
    Some(thread_member_with(guild, id, state.world.user(user)?, *since))
}

/// Schedules archiving a thread that was opened, for when it is inactive for its auto-archive duration.
pub(crate) fn watch(state: &State, id: Snowflake) {
    let Some(when) = archive_time(state, id) else { return };
    state.world.clock.at(when, Due::ThreadIdle(id));
}

/// When a thread is to be archived; `None` if it is archived already.
fn archive_time(state: &State, id: Snowflake) -> Option<Timestamp> {
    let channel = state.world.channel(id)?;
    let thread = channel.thread.as_deref().filter(|thread| !thread.archived)?;
    let written = channel.last_message_id.map_or(Timestamp(0), |id| Timestamp(id.unix_ms()));
    let last = written.max(thread.archive_timestamp);
    Some(last + Duration::from_secs(u64::from(thread.auto_archive_minutes) * 60))
}

/// Archives a thread if it has been inactive for its auto-archive duration.
pub(super) fn archive_idle(state: &mut State, id: Snowflake) {
    match archive_time(state, id) {
        Some(when) if when <= state.world.clock.now() => {
            let thread = state.world.channel(id).and_then(|channel| channel.thread.as_ref());
            let Some(owner) = thread.map(|thread| thread.owner_id) else { return };
            change(state, &Actor { user: owner, reason: None }, id, |channel| {
                if let Some(thread) = &mut channel.thread {
                    thread.archived = true;
                }
            });
        }
        // There was a message in the meantime.
        Some(_) => watch(state, id),
        None => {}
    }
}
