//! Pins over REST, by the new paths and the old ones.

use serde_json::{Value, json};

use super::shown;
use crate::form::Result;
use crate::ids::{Snowflake, Timestamp};
use crate::rest::{Call, Reply};
use crate::rules::access;
use crate::world::{Channel, Message, bits};

/// The most pins in a page.
const MAX_PAGE: usize = 50;

/// `GET /channels/{channel}/messages/pins?before=&limit=`: a page with timestamps, most recently pinned first.
pub(crate) fn list(call: &Call, channel_id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let before = call.query_moment("before")?;
    let channel = access::channel_with(&state, caller, channel_id, bits::READ_MESSAGE_HISTORY)?;
    let mut all = pinned(channel);
    all.retain(|(at, _)| before.is_none_or(|before| *at < before));
    let items: Vec<Value> = all
        .iter()
        .take(limit)
        .map(|(at, message)| json!({ "pinned_at": at, "message": shown(&state, message, channel, caller) }))
        .collect();
    Ok(Reply::json(&json!({ "items": items, "has_more": all.len() > limit })))
}

/// `GET /channels/{channel}/pins`: the older form, only messages.
pub(crate) fn list_plain(call: &Call, channel_id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let channel = access::channel_with(&state, caller, channel_id, bits::READ_MESSAGE_HISTORY)?;
    let all = pinned(channel);
    let page = all.iter().take(MAX_PAGE).map(|(_, message)| shown(&state, message, channel, caller));
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

fn pinned(channel: &Channel) -> Vec<(Timestamp, &Message)> {
    let mut all: Vec<(Timestamp, &Message)> = channel
        .messages
        .iter()
        .filter(|message| message.pinned)
        .map(|message| (message.pinned_at.unwrap_or(message.timestamp), &**message))
        .collect();
    all.sort_by_key(|(at, message)| std::cmp::Reverse((*at, message.id)));
    all
}
