//! Messages over REST: get, edit, delete.

pub(crate) mod allowed_mentions;
pub(crate) mod components;
pub(crate) mod embeds;
pub(crate) mod form;
pub(crate) mod pins;
pub(crate) mod polls;
pub(crate) mod posts;
pub(crate) mod reactions;

use std::collections::HashSet;
use std::sync::Arc;

use super::{Call, Reply};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rest::messages::form::MessageForm;
use crate::rules::{access, automod, messages};
use crate::state::State;
use crate::world::wire::MessageJson;
use crate::world::{Channel, Message, bits};

/// The most messages in a page.
const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 50;

/// `GET /channels/{channel}/messages?limit=&before=&after=&around=`, newest first.
pub(crate) fn list(call: &Call, channel_id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(DEFAULT_PAGE, MAX_PAGE)?;
    let (around, after) = (call.query_id("around")?, call.query_id("after")?);
    let earlier = call.query_id("before")?;
    let channel = access::seen_channel(&state, caller, channel_id)?;
    if !channel.kind.holds_messages() {
        return Err(ApiError::not_in_this_channel());
    }
    if state.world.permissions_in(channel, caller) & bits::READ_MESSAGE_HISTORY == 0 {
        return Ok(Reply::json(&[(); 0]));
    }
    let all = &channel.messages;
    let before = |id: Snowflake| all.partition_point(|message| message.id < id);
    let (from, to) = match (around, after, earlier) {
        (Some(id), ..) => {
            let from = before(id).saturating_sub(limit / 2);
            (from, (from + limit).min(all.len()))
        }
        (None, Some(id), _) => {
            let from = all.partition_point(|message| message.id <= id);
            (from, (from + limit).min(all.len()))
        }
        (None, None, earlier) => {
            let to = earlier.map_or(all.len(), before);
            (to.saturating_sub(limit), to)
        }
    };
    let page = all.range(from..to).rev().map(|message| shown(&state, message, channel, caller));
    Ok(Reply::json(&page.collect::<Vec<_>>()))
}

/// `GET /channels/{channel}/messages/{message}`
pub(crate) fn message(call: &Call, channel_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    access::channel_with(&state, caller, channel_id, bits::READ_MESSAGE_HISTORY)?;
    let (channel, message) = access::seen_message(&state, caller, channel_id, id)?;
    Ok(Reply::json(&shown(&state, message, channel, caller)))
}

/// A message with its thread, as far as the caller may read it.
pub(crate) fn shown<'a>(
    state: &State,
    message: &'a Message,
    channel: &'a Channel,
    caller: Snowflake,
) -> MessageJson<'a> {
    let reads = |message: &Message| access::reads_content(state, caller, channel, message);
    let replied_to = message.reply_to.and_then(|id| channel.message(id));
    let seen = [reads(message), replied_to.is_none_or(|target| reads(target))];
    MessageJson::answer(message, channel, caller).with_thread(&state.world).with_content(seen)
}

/// `PATCH /channels/{channel}/messages/{message}`
pub(crate) fn edit(call: &Call, channel_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let account = call.account()?;
    let caller = account.id();
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let (_, message) = access::open_message(&state, caller, channel_id, id)?;
    let kept: Arc<Message> = message.clone();
    let form = MessageForm::read_of(account, &state, fields, kept.flags)?;
    if kept.author.id != caller {
        // Moderators may suppress the embeds of others' messages, and nothing else.
        if !form.only_flags(call.uploads.len()) {
            return Err(ApiError::edit_of_anothers_message());
        }
        access::channel_with(&state, caller, channel_id, bits::MANAGE_MESSAGES)?;
    }
    let revision = form.into_revision(&kept, &mut state, call)?;
    let text = revision.content.clone().unwrap_or_default();
    let message = automod::screened(&mut state, &kept.author, channel_id, &text, |state| {
        messages::edit(state, channel_id, id, revision).unwrap_or(kept.clone())
    })?;
    let channel = access::seen_channel(&state, caller, channel_id)?;
    Ok(Reply::json(&shown(&state, &message, channel, caller)))
}

/// `POST /channels/{channel}/messages/bulk-delete`
pub(crate) fn bulk_delete(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let ids = fields.required("messages", |of, key| of.snowflakes(key, 0..=usize::MAX));
    let mut seen = HashSet::new();
    for (at, id) in ids.iter().enumerate() {
        if !seen.insert(id) {
            let (code, message) = ("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value");
            fields.fail(&format!("messages.{at}"), code, message);
        }
    }
    fields.checked()?;
    if !(2..=100).contains(&ids.len()) {
        return Err(ApiError::bulk_delete_count());
    }
    messages::bulk_delete(&mut call.shared.state(), &by, channel, &ids).map(|()| Reply::nothing())
}
