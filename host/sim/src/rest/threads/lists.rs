//! Which threads exist and who is in them: list, join, leave, add, remove.

use serde_json::{Value, json};

use crate::form::{ApiError, Result};
use crate::ids::{Snowflake, Timestamp};
use crate::rest::{Call, Reply};
use crate::rules::{access, threads};
use crate::state::State;
use crate::world::wire::thread_json_for;
use crate::world::{Channel, ChannelKind, Thread, bits};

/// The most threads or members in a page.
const MAX_PAGE: usize = 100;

/// `GET /guilds/{guild}/threads/active`
pub(crate) fn active(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let ids = &access::own_guild(&state, caller, guild)?.data.threads;
    let mut threads: Vec<&Channel> = ids.iter().filter_map(|id| state.world.channel(*id)).collect();
    threads.retain(|thread| state.world.permissions_in(thread, caller) & bits::VIEW_CHANNEL != 0);
    threads.reverse();
    Ok(Reply::json(&listed(&state, &threads, caller, false)))
}

/// `GET /channels/{channel}/threads/archived/public?before=&limit=`
pub(crate) fn archived_public(call: &Call, parent: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    archived(call, caller, parent, 0, |channel, _| channel.kind != ChannelKind::PrivateThread)
}

/// `GET /channels/{channel}/threads/archived/private?before=&limit=`
pub(crate) fn archived_private(call: &Call, parent: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    archived(call, caller, parent, bits::MANAGE_THREADS, |channel, _| {
        channel.kind == ChannelKind::PrivateThread
    })
}

/// `GET /channels/{channel}/users/@me/threads/archived/private?before=&limit=`
pub(crate) fn archived_joined(call: &Call, parent: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    archived(call, caller, parent, 0, |channel, thread| {
        channel.kind == ChannelKind::PrivateThread && thread.has(caller)
    })
}

/// Most recently archived first; `before` is a timestamp, or an id for the list that Discord sorts by id.
fn archived(
    call: &Call,
    caller: Snowflake,
    parent: Snowflake,
    needed: u64,
    is_asked: impl Fn(&Channel, &Thread) -> bool,
) -> Result<Reply> {
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let before = match call.query("before") {
        Some(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
            call.query_id("before")?.map(|id| Timestamp(id.unix_ms()))
        }
        _ => call.query_moment("before")?,
    };
    let state = call.shared.state();
    access::channel_with(&state, caller, parent, bits::READ_MESSAGE_HISTORY | needed)?;
    let mut found: Vec<(Timestamp, &Channel)> = state
        .world
        .channels
        .values()
        .filter(|channel| channel.parent_id == Some(parent))
        .filter_map(|channel| channel.thread.as_deref().map(|thread| (channel, thread)))
        .filter(|(channel, thread)| thread.archived && is_asked(channel, thread))
        .map(|(channel, thread)| (thread.archive_timestamp, channel))
        .filter(|(at, _)| before.is_none_or(|before| *at < before))
        .collect();
    found.sort_by_key(|(at, channel)| std::cmp::Reverse((*at, channel.id)));
    let has_more = found.len() > limit;
    let page: Vec<&Channel> = found.into_iter().take(limit).map(|(_, channel)| channel).collect();
    Ok(Reply::json(&listed(&state, &page, caller, has_more)))
}

fn listed(state: &State, threads: &[&Channel], caller: Snowflake, has_more: bool) -> Value {
    let json: Vec<Value> = threads.iter().map(|thread| thread_json_for(thread, caller)).collect();
    let members: Vec<Value> =
        threads.iter().filter_map(|thread| threads::membership(state, thread.id, caller, false)).collect();
    json!({ "threads": json, "members": members, "has_more": has_more })
}

/// `GET /channels/{thread}/thread-members?with_member=&after=&limit=`
pub(crate) fn members(call: &Call, id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let with_member = call.query_flag("with_member");
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let after = call.query_id("after")?.unwrap_or_default();
    let thread = thread_of(access::seen_channel(&state, caller, id)?)?;
    let mut ids: Vec<Snowflake> = thread.members.iter().map(|(id, _)| *id).filter(|id| *id > after).collect();
    ids.sort_unstable();
    // Without `with_member`, Discord lists all of them at once.
    let limit = if with_member { limit } else { ids.len() };
    let page = ids.iter().take(limit).filter_map(|user| threads::membership(&state, id, *user, with_member));
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

/// `GET /channels/{thread}/thread-members/{user}?with_member=`
pub(crate) fn member(call: &Call, id: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    thread_of(access::seen_channel(&state, caller, id)?)?;
    let member = threads::membership(&state, id, user, call.query_flag("with_member"));
    member.map(|member| Reply::json(&member)).ok_or(ApiError::unknown_member())
}

/// `PUT /channels/{thread}/thread-members/@me`, or `POST`, which nextcord uses.
pub(crate) fn join(call: &Call, id: Snowflake) -> Result<Reply> {
    add(call, id, call.caller()?)
}

/// `PUT /channels/{thread}/thread-members/{user}`
pub(crate) fn add(call: &Call, id: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let channel = access::seen_channel(&state, caller, id)?;
    let thread = thread_of(channel)?;
    let moderates = state.world.permissions_in(channel, caller) & bits::MANAGE_THREADS != 0;
    if thread.archived {
        return Err(ApiError::thread_archived());
    }
    if user != caller {
        access::text_channel_with(&state, caller, id, bits::SEND_MESSAGES)?;
        if channel.kind == ChannelKind::PrivateThread
            && !thread.invitable
            && thread.owner_id != caller
            && !moderates
        {
            return Err(ApiError::missing_permissions());
        }
        let guild = state.world.guild_of(channel);
        if !guild.is_some_and(|guild| guild.members.contains_key(&user)) {
            return Err(ApiError::unknown_member());
        }
    }
    let account = access::account(&state, user)?;
    threads::join(&mut state, id, &account);
    Ok(Reply::nothing())
}

/// `DELETE /channels/{thread}/thread-members/@me`
pub(crate) fn leave(call: &Call, id: Snowflake) -> Result<Reply> {
    remove(call, id, call.caller()?)
}

/// `DELETE /channels/{thread}/thread-members/{user}`
pub(crate) fn remove(call: &Call, id: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let channel = access::seen_channel(&state, caller, id)?;
    let thread = thread_of(channel)?;
    let owns = thread.owner_id == caller && channel.kind == ChannelKind::PrivateThread;
    if thread.archived {
        return Err(ApiError::thread_archived());
    }
    if user != caller && !owns {
        access::channel_with(&state, caller, id, bits::MANAGE_THREADS)?;
    }
    if threads::leave(&mut state, id, user) { Ok(Reply::nothing()) } else { Err(ApiError::unknown_member()) }
}

fn thread_of(channel: &Channel) -> Result<&Thread> {
    channel.thread.as_deref().ok_or(ApiError::wrong_channel_type())
}
