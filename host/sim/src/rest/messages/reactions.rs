//! Reactions over REST: add, remove, list, clear.

use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rest::{Call, Reply};
use crate::rules::{access, reactions};
use crate::world::{Emoji, User, bits, is_unicode_emoji};

/// The most users in a page.
const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 25;
/// The most different emojis on a message.
const MAX_REACTIONS: usize = 20;

/// `PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me`
pub(crate) fn put(call: &Call, channel: Snowflake, id: Snowflake, emoji: String) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let emoji = readable(&emoji)?;
    let (_, message) = access::open_message(&state, caller, channel, id)?;
    // Anyone who can read the history may join a reaction that exists already.
    let joined = message.reactions.iter().any(|reaction| reaction.emoji == emoji);
    if !joined && message.reactions.len() >= MAX_REACTIONS {
        return Err(ApiError::new(400, 30010, "Maximum number of reactions reached (20)"));
    }
    if let Some(id) = emoji.id
        && !joined
        && !access::knows_emoji(&state, caller, id)
    {
        return Err(ApiError::unknown_emoji());
    }
    let needed = bits::READ_MESSAGE_HISTORY | if joined { 0 } else { bits::ADD_REACTIONS };
    access::channel_with(&state, caller, channel, needed)?;
    if access::is_timed_out(&state, caller, channel) {
        return Err(ApiError::missing_permissions());
    }
    let account = access::account(&state, caller)?;
    reactions::add(&mut state, channel, id, &account, &emoji);
    Ok(Reply::nothing())
}

/// `DELETE /channels/{channel}/messages/{message}/reactions/{emoji}/@me`
pub(crate) fn take_own(call: &Call, channel: Snowflake, id: Snowflake, emoji: String) -> Result<Reply> {
    take(call, channel, id, emoji, call.caller()?)
}

/// `DELETE /channels/{channel}/messages/{message}/reactions/{emoji}/{user}`
pub(crate) fn take(
    call: &Call,
    channel: Snowflake,
    id: Snowflake,
    emoji: String,
    user: Snowflake,
) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let emoji = readable(&emoji)?;
    access::open_message(&state, caller, channel, id)?;
    if user != caller {
        access::channel_with(&state, caller, channel, bits::MANAGE_MESSAGES)?;
    }
    let user = state.world.user(user).cloned().ok_or(ApiError::unknown_user())?;
    reactions::remove(&mut state, channel, id, &user, &emoji);
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/messages/{message}/reactions/{emoji}?limit=&after=`
pub(crate) fn list(call: &Call, channel: Snowflake, id: Snowflake, emoji: String) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let emoji = readable(&emoji)?;
    // Super reactions (`type` 1) cost money and cannot be added here.
    call.ignore_query(&["type"]);
    let limit = call.query_limit(DEFAULT_PAGE, MAX_PAGE)?;
    // 0 normal, 1 burst; there are none of the latter here.
    let burst = call.query("type") == Some("1");
    let after = call.query_id("after")?.unwrap_or_default();
    let (_, message) = access::seen_message(&state, caller, channel, id)?;
    let reaction = message.reactions.iter().find(|reaction| reaction.emoji == emoji && !burst);
    let mut ids: Vec<Snowflake> = reaction.map(|reaction| reaction.users.clone()).unwrap_or_default();
    ids.sort_unstable();
    let users: Vec<&User> = ids
        .iter()
        .filter(|id| **id > after)
        .take(limit)
        .filter_map(|id| state.world.user(*id))
        .map(|user| &**user)
        .collect();
    Ok(Reply::json(&users))
}

/// `DELETE /channels/{channel}/messages/{message}/reactions/{emoji}`
pub(crate) fn clear(call: &Call, channel: Snowflake, id: Snowflake, emoji: String) -> Result<Reply> {
    remove(call, channel, id, Some(&readable(&emoji)?))
}

/// `DELETE /channels/{channel}/messages/{message}/reactions`
pub(crate) fn clear_all(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply> {
    remove(call, channel, id, None)
}

fn remove(call: &Call, channel: Snowflake, id: Snowflake, emoji: Option<&Emoji>) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    access::open_message(&state, caller, channel, id)?;
    access::channel_with(&state, caller, channel, bits::MANAGE_MESSAGES)?;
    reactions::clear(&mut state, channel, id, emoji);
    Ok(Reply::nothing())
}

/// A Unicode emoji, or a custom one as `name:id`.
fn readable(text: &str) -> Result<Emoji> {
    let emoji = Emoji::parse(text);
    let is_emoji = emoji.id.is_some() || is_unicode_emoji(&emoji.name);
    if is_emoji { Ok(emoji) } else { Err(ApiError::unknown_emoji()) }
}
