//! Channels over REST: reading one, typing, pins.
//! It does not make, change or remove channels.

use serde_json::{Value, json};

use super::error::ApiError;
use super::{Call, Reply};
use crate::changes::Draft;
use crate::clock::Timestamp;
use crate::snowflake::Snowflake;
use crate::world::json::{MessageJson, channel_json_for};
use crate::world::{MessageKind, bits};

/// Pins a channel can have.
const MAX_PINS: usize = 50;

/// `GET /channels/{channel}`
pub(super) fn channel(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    Ok(Reply::json(&channel_json_for(state.seen_channel(caller, channel)?, caller)))
}

/// `POST /channels/{channel}/typing`
pub(super) fn typing(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let mut state = call.shared.state();
    state.text_channel_with(caller, channel, bits::SEND_MESSAGES)?;
    let account = state.account(caller)?;
    state.typing(channel, &account);
    Ok(Reply::nothing())
}

/// `PUT /channels/{channel}/messages/pins/{message}`, and the older `/channels/{channel}/pins/{message}`
pub(super) fn pin(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    set_pinned(call, channel, id, true)
}

/// `DELETE` of the same two.
pub(super) fn unpin(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    set_pinned(call, channel, id, false)
}

fn set_pinned(call: &Call, channel: Snowflake, id: Snowflake, pinned: bool) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let mut state = call.shared.state();
    let (home, message) = state.seen_message(caller, channel, id)?;
    let granted = state.world.permissions_in(home, caller);
    if granted & (bits::PIN_MESSAGES | bits::MANAGE_MESSAGES) == 0 {
        return Err(ApiError::missing_permissions());
    }
    let was_pinned = message.pinned;
    if pinned && !was_pinned && home.messages.iter().filter(|message| message.pinned).count() >= MAX_PINS {
        return Err(ApiError::new(400, 30003, "Maximum number of pins reached (50)"));
    }
    state.pin(channel, id, pinned);
    if pinned && !was_pinned {
        let mut notice = Draft::text(channel, state.account(caller)?, String::new());
        notice.kind = MessageKind::Pin;
        notice.reply_to = Some(id);
        state.post(notice);
    }
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/messages/pins`: a page with times, newest first.
pub(super) fn pins(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let home = state.seen_channel(caller, channel)?;
    let items: Vec<Value> = home
        .messages
        .iter()
        .rev()
        .filter(|message| message.pinned)
        .map(|message| {
            json!({
                "pinned_at": message.edited.unwrap_or(Timestamp(message.id.unix_ms())),
                "message": MessageJson::answer(message, home, caller),
            })
        })
        .collect();
    Ok(Reply::json(&json!({ "items": items, "has_more": false })))
}

/// `GET /channels/{channel}/pins`: the older form, messages only.
pub(super) fn pins_plain(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let home = state.seen_channel(caller, channel)?;
    let pinned: Vec<MessageJson<'_>> = home
        .messages
        .iter()
        .rev()
        .filter(|message| message.pinned)
        .map(|message| MessageJson::answer(message, home, caller))
        .collect();
    Ok(Reply::json(&pinned))
}
