//! Channels over REST: reading one, and typing in it.

use super::{Call, Reply};
use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::rules::{access, messages};
use crate::world::bits;
use crate::world::wire::channel_json_for;

/// `GET /channels/{channel}`
pub(super) fn channel(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    Ok(Reply::json(&channel_json_for(access::seen_channel(&state, caller, channel)?, caller)))
}

/// `POST /channels/{channel}/typing`
pub(super) fn typing(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let mut state = call.shared.state();
    access::text_channel_with(&state, caller, channel, bits::SEND_MESSAGES)?;
    let account = access::account(&state, caller)?;
    messages::start_typing(&mut state, channel, &account);
    Ok(Reply::nothing())
}
