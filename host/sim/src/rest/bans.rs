//! Bans over REST: who is banned from a guild, and what happens to their messages.

use serde_json::json;

use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result};
use crate::ids::{Snowflake, Timestamp};
use crate::rules::{access, members, messages};
use crate::state::State;
use crate::world::{Ban, bits};

/// The most bans in a page.
const MAX_PAGE: usize = 1000;
/// The most users in a bulk ban.
const MAX_BULK: usize = 200;
/// How far back messages of a banned member can be deleted, in seconds.
const MAX_DELETE_SECONDS: u64 = 7 * 24 * 3600;
/// The most bans of a guild.
const MAX_BANS: usize = 100_000;

/// `GET /guilds/{guild}/bans?limit=&before=&after=`
pub(super) fn list(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let (before, after) = (call.query_id("before")?, call.query_id("after")?);
    let bans = &access::guild_with(&state, caller, guild, bits::BAN_MEMBERS)?.data.bans;
    let page: Vec<&Ban> = match before {
        Some(before) => {
            let mut page: Vec<&Ban> = bans.range(..before).rev().take(limit).map(|(_, ban)| ban).collect();
            page.reverse();
            page
        }
        None => bans
            .iter()
            .filter(|(id, _)| after.is_none_or(|after| **id > after))
            .take(limit)
            .map(|(_, ban)| ban)
            .collect(),
    };
    Ok(Reply::json(&page))
}

/// `GET /guilds/{guild}/bans/{user}`
pub(super) fn ban(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::guild_with(&state, caller, guild, bits::BAN_MEMBERS)?;
    guild.data.bans.get(&user).map(Reply::json).ok_or(ApiError::unknown_ban())
}

/// `PUT /guilds/{guild}/bans/{user}`
pub(super) fn put(call: &Call, guild: Snowflake, user: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let days = fields.number_within("delete_message_days", 0..=7);
    // discord.py sends it in the query.
    let asked = call
        .query("delete_message_seconds")
        .and_then(|seconds| seconds.parse().ok())
        .filter(|seconds| *seconds <= MAX_DELETE_SECONDS);
    let seconds = delete_seconds(&mut fields).or(days.map(|days| days * 24 * 3600)).or(asked);
    fields.checked()?;
    let mut state = call.shared.state();
    check(&state, by.user, guild, user)?;
    let account = access::account(&state, user)?;
    members::ban(&mut state, guild, &by, &account);
    forget(&mut state, guild, user, seconds.unwrap_or(0), by.user);
    Ok(Reply::nothing())
}

/// `POST /guilds/{guild}/bulk-ban`: users who are banned already are among the failed ones.
/// <https://discord.com/developers/docs/resources/guild#bulk-guild-ban>
pub(super) fn bulk(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let users = fields.required("user_ids", |of, key| of.snowflakes(key, 1..=MAX_BULK));
    let seconds = delete_seconds(&mut fields).unwrap_or(0);
    fields.checked()?;
    let mut state = call.shared.state();
    access::guild_with(&state, by.user, guild, bits::BAN_MEMBERS | bits::MANAGE_GUILD)?;
    let (mut banned, mut failed) = (Vec::new(), Vec::new());
    for user in users {
        match check(&state, by.user, guild, user).and_then(|()| access::account(&state, user)) {
            Ok(account) if members::ban(&mut state, guild, &by, &account) => {
                forget(&mut state, guild, user, seconds, by.user);
                banned.push(user);
            }
            _ => failed.push(user),
        }
    }
    if banned.is_empty() {
        return Err(ApiError::new(400, 500_000, "Failed to ban users"));
    }
    Ok(Reply::json(&json!({ "banned_users": banned, "failed_users": failed })))
}

fn delete_seconds(fields: &mut Fields) -> Option<u64> {
    fields.number_within("delete_message_seconds", 0..=MAX_DELETE_SECONDS)
}

fn check(state: &State, caller: Snowflake, guild_id: Snowflake, user: Snowflake) -> Result<()> {
    let guild = access::guild_with(state, caller, guild_id, bits::BAN_MEMBERS)?;
    if guild.members.contains_key(&user) {
        access::check_outranks(guild, caller, user)?;
    }
    if guild.data.bans.len() >= MAX_BANS {
        return Err(ApiError::new(
            400,
            30035,
            "Maximum number of bans for non-guild members have been exceeded",
        ));
    }
    Ok(())
}

/// Deletes the messages that a user posted in a guild in the last `seconds`.
fn forget(state: &mut State, guild: Snowflake, user: Snowflake, seconds: u64, by: Snowflake) {
    if seconds == 0 {
        return;
    }
    let since = Timestamp(state.world.clock.now().0.saturating_sub(seconds * 1000));
    let homes = state.world.channels.values().filter(|channel| channel.guild_id == Some(guild));
    let doomed: Vec<(Snowflake, Vec<Snowflake>)> = homes
        .map(|channel| {
            let recent = channel.messages.iter().rev().take_while(|message| message.timestamp >= since);
            (
                channel.id,
                recent.filter(|message| message.author.id == user).map(|message| message.id).collect(),
            )
        })
        .collect();
    for (channel, ids) in doomed {
        if !ids.is_empty() {
            messages::delete(state, channel, &ids, by);
        }
    }
}
