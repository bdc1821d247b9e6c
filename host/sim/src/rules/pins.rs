//! Pins: who may pin what, how many there may be, and which messages and events follow.

use serde_json::json;

use super::{Action, Actor, Draft, access, audit, dispatch, messages};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::{MessageKind, bits};

/// The most pins in a channel.
const MAX_PINS: usize = 250;

/// `PUT /channels/{channel}/messages/pins/{message}`, and the older `/channels/{channel}/pins/{message}`
pub(crate) fn pin(state: &mut State, by: &Actor, channel: Snowflake, id: Snowflake) -> Result<()> {
    set(state, by, channel, id, true)
}

/// `DELETE` on the same two paths.
pub(crate) fn unpin(state: &mut State, by: &Actor, channel: Snowflake, id: Snowflake) -> Result<()> {
    set(state, by, channel, id, false)
}

/// Pins or unpins a message; does nothing if it already is.
/// <https://discord.com/developers/docs/resources/message#pin-message>
fn set(state: &mut State, by: &Actor, channel_id: Snowflake, id: Snowflake, pinned: bool) -> Result<()> {
    let (channel, message) = access::open_message(state, by.user, channel_id, id)?;
    if state.world.permissions_in(channel, by.user) & bits::PIN_MESSAGES == 0 {
        return Err(ApiError::missing_permissions());
    }
    if message.kind.is_system() {
        return Err(ApiError::system_message());
    }
    if message.pinned == pinned {
        return Ok(());
    }
    if pinned && channel.messages.iter().filter(|message| message.pinned).count() >= MAX_PINS {
        return Err(ApiError::new(400, 30003, "Maximum number of pins reached for the channel (250)"));
    }
    let (author, guild) = (message.author.id, channel.guild_id);
    change(state, channel_id, id, pinned);
    if let Some(guild) = guild {
        let action = if pinned { Action::MessagePin } else { Action::MessageUnpin };
        let options = json!({ "channel_id": channel_id, "message_id": id });
        audit::record(state, guild, by, action, Some(author), Some(options));
    }
    if pinned {
        let mut notice = Draft::notice(channel_id, access::account(state, by.user)?, MessageKind::Pin);
        notice.message.reply_to = Some(id);
        messages::post(state, notice);
    }
    Ok(())
}

fn change(state: &mut State, channel_id: Snowflake, id: Snowflake, pinned: bool) {
    let now = state.world.clock.now();
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    let name = channel.name.clone();
    let Some(message) = channel.message_mut(id) else { return };
    message.pinned = pinned;
    message.pinned_at = pinned.then_some(now);
    state.transcript.write(EntryKind::Pinned { channel: name, message_id: id, pinned });
    let data = json!({ "channel_id": channel_id, "last_pin_timestamp": now });
    dispatch::to_channel(state, channel_id, "CHANNEL_PINS_UPDATE", data);
    messages::announce_edit(state, channel_id, id, false);
}
