//! Waiting for a bot's messages: the reply to a message, or the next message after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ids::{Snowflake, Timestamp};
use crate::state::Shared;
use crate::world::Message;

pub(crate) async fn reply_to(shared: &Shared, message: Snowflake, within: Duration) -> Option<Arc<Message>> {
    posted_after(shared, message, within, |posted| posted.reply_to == Some(message)).await
}

/// The first message by a bot after `message` in the same channel.
pub(crate) async fn bot_message_after(
    shared: &Shared,
    message: Snowflake,
    within: Duration,
) -> Option<Arc<Message>> {
    let channel = shared
        .state()
        .world
        .channels
        .values()
        .find(|channel| channel.message(message).is_some())
        .map(|channel| channel.id)?;
    posted_after(shared, message, within, |posted| posted.channel_id == channel && posted.author.bot).await
}

async fn posted_after(
    shared: &Shared,
    message: Snowflake,
    within: Duration,
    is_it: impl Fn(&Message) -> bool,
) -> Option<Arc<Message>> {
    let deadline = Instant::now() + within;
    let mut reader = shared.transcript.reader_since(Timestamp(message.unix_ms().saturating_sub(1)));
    reader
        .until(deadline, |entry| {
            entry.posted().filter(|posted| posted.id > message && is_it(posted)).cloned()
        })
        .await
}
