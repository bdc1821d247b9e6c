//! Pins over REST: what is kept in sight in a channel, by the new paths and the old.
//! Pinning edits nothing else of a message.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::form::ApiError;
use crate::ids::{Snowflake, Timestamp};
use crate::rules::{Action, Draft, access, audit, messages};
use crate::world::wire::MessageJson;
use crate::world::{Channel, Message, MessageKind, bits};

/// Pins of a channel.
const MAX_PINS: usize = 250;
/// Pins in one page.
const MAX_PAGE: usize = 50;

/// `PUT /channels/{channel}/messages/pins/{message}`, and the older `/channels/{channel}/pins/{message}`
pub(super) fn pin(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    set_pinned(call, channel, id, true)
}

/// `DELETE` of the same two.
pub(super) fn unpin(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    set_pinned(call, channel, id, false)
}

fn set_pinned(call: &Call, channel: Snowflake, id: Snowflake, pinned: bool) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let (home, message) = access::open_message(&state, by.user, channel, id)?;
    let granted = state.world.permissions_in(home, by.user);
    if granted & (bits::PIN_MESSAGES | bits::MANAGE_MESSAGES) == 0 {
        return Err(ApiError::missing_permissions());
    }
    if message.kind.is_system() {
        return Err(ApiError::system_message());
    }
    if message.pinned == pinned {
        return Ok(Reply::nothing());
    }
    if pinned && home.messages.iter().filter(|message| message.pinned).count() >= MAX_PINS {
        return Err(ApiError::new(400, 30003, "Maximum number of pins reached for the channel (250)"));
    }
    let (author, guild) = (message.author.id, home.guild_id);
    messages::pin(&mut state, channel, id, pinned);
    if let Some(guild) = guild {
        let action = if pinned { Action::MessagePin } else { Action::MessageUnpin };
        let options = json!({ "channel_id": channel, "message_id": id });
        audit::record(&mut state, guild, &by, action, Some(author), Vec::new(), Some(options));
    }
    if pinned {
        let mut notice = Draft::text(channel, access::account(&state, by.user)?, String::new());
        notice.kind = MessageKind::Pin;
        notice.reply_to = Some(id);
        messages::post(&mut state, notice);
    }
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/messages/pins?before=&limit=`: a page with times, pinned last first.
pub(super) fn list(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let limit = call.query_limit(MAX_PAGE, MAX_PAGE)?;
    let before = call.query_text("before").and_then(|before| before.parse::<Timestamp>().ok());
    let state = call.shared.state();
    let home = access::channel_with(&state, caller, channel, bits::READ_MESSAGE_HISTORY)?;
    let mut all = pinned(home);
    all.retain(|(at, _)| before.is_none_or(|before| *at < before));
    let items: Vec<Value> = all
        .iter()
        .take(limit)
        .map(
            |(at, message)| json!({ "pinned_at": at, "message": MessageJson::answer(message, home, caller) }),
        )
        .collect();
    Ok(Reply::json(&json!({ "items": items, "has_more": all.len() > limit })))
}

/// `GET /channels/{channel}/pins`: the older form, messages only.
pub(super) fn list_plain(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let home = access::channel_with(&state, caller, channel, bits::READ_MESSAGE_HISTORY)?;
    let all = pinned(home);
    let page = all.iter().take(MAX_PAGE).map(|(_, message)| MessageJson::answer(message, home, caller));
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

fn pinned(home: &Channel) -> Vec<(Timestamp, &Message)> {
    let mut all: Vec<(Timestamp, &Message)> = home
        .messages
        .iter()
        .filter(|message| message.pinned)
        .map(|message| (message.pinned_at.unwrap_or(message.timestamp), &**message))
        .collect();
    all.sort_by_key(|(at, message)| std::cmp::Reverse((*at, message.id)));
    all
}
