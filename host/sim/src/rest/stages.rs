//! Stage instances over REST.

use super::{Call, Reply};
use crate::form::{Fields, Result};
use crate::ids::Snowflake;
use crate::rules::stages;
use crate::world::bits;

const MAX_TOPIC_CHARS: usize = 120;

/// `POST /stage-instances`
pub(super) fn create(call: &Call) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let channel = fields.required("channel_id", Fields::snowflake);
    let topic = fields.required_text("topic", 1..=MAX_TOPIC_CHARS);
    let event = fields.snowflake("guild_scheduled_event_id");
    fields.choice("privacy_level", &[1_u64, 2]);
    fields.ignore(&["send_start_notification"]);
    fields.checked()?;
    Ok(Reply::json(&stages::open(&mut call.shared.state(), &by, channel, topic, event)?))
}

/// `GET /stage-instances/{channel}`
pub(super) fn stage(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let (guild, stage) = stages::find(&state, caller, channel, bits::VIEW_CHANNEL)?;
    Ok(Reply::json(&stage.json(guild)))
}

/// `PATCH /stage-instances/{channel}`
pub(super) fn edit(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let topic = fields.text_within("topic", 1..=MAX_TOPIC_CHARS);
    fields.choice("privacy_level", &[1_u64, 2]);
    fields.checked()?;
    Ok(Reply::json(&stages::change(&mut call.shared.state(), &by, channel, topic)?))
}
