//! Messages over REST: post, read, edit, delete.
//! It does not say what follows from them; `changes` does.

use std::sync::Arc;

use super::error::ApiError;
use super::message_form::MessageForm;
use super::{Call, Reply, threads};
use crate::changes::Draft;
use crate::snowflake::Snowflake;
use crate::world::json::MessageJson;
use crate::world::{Message, MessageKind, bits};

/// Messages that `enforce_nonce` looks back on; Discord looks back a few minutes.
const NONCE_WINDOW_MESSAGES: usize = 100;
/// Messages in one page.
const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 50;
/// Bulk delete refuses older ones.
const BULK_DELETE_MAX_AGE_MS: u64 = 14 * 24 * 3600 * 1000;

/// `POST /channels/{channel}/messages`
pub(super) fn create(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let caller = account.id();
    let mut form = MessageForm::read(call.fields()?)?.of(account);
    let mut state = call.shared.state();
    let mut needed = bits::SEND_MESSAGES;
    if !call.uploads.is_empty() {
        needed |= bits::ATTACH_FILES;
    }
    state.text_channel_with(caller, channel, needed)?;
    threads::open_to_write(&mut state, caller, channel)?;
    let home = state.seen_channel(caller, channel)?;
    if form.is_empty(call.uploads.len()) {
        return Err(ApiError::empty_message());
    }
    if home.recipients.iter().all(|user| user.bot) && home.guild_id.is_none() {
        return Err(ApiError::cannot_message_user());
    }
    let mut draft = Draft::text(channel, state.account(caller)?, String::new());
    if let Some(target) = form.reply_to.take() {
        if home.message(target).is_some() {
            draft.kind = MessageKind::Reply;
            draft.reply_to = Some(target);
        } else if !form.reply_is_optional {
            return Err(ApiError::form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
        }
    }
    if form.enforce_nonce
        && let Some(nonce) = &form.nonce
        && let Some(there) = home
            .messages
            .iter()
            .rev()
            .take(NONCE_WINDOW_MESSAGES)
            .find(|message| message.author.id == caller && message.nonce.as_ref() == Some(nonce))
    {
        return Ok(Reply::json(&MessageJson::answer(there, home, caller)));
    }
    // Only interactions can answer to one person alone.
    form.flags = form.flags.map(|bits| bits & !crate::world::flags::EPHEMERAL);
    form.fill(&mut draft, &mut state, call);
    let message = state.post(draft);
    let home = state.world.channels.get(&channel).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&MessageJson::answer(&message, home, caller)))
}

/// `GET /channels/{channel}/messages?limit=&before=&after=&around=`, newest first.
pub(super) fn list(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let limit = match call.query("limit").map(str::parse) {
        None => DEFAULT_PAGE,
        Some(Ok(limit)) if (1..=MAX_PAGE).contains(&limit) => limit,
        Some(_) => {
            let message = format!("int value should be between 1 and {MAX_PAGE}.");
            return Err(ApiError::form("limit", "NUMBER_TYPE_MAX", &message));
        }
    };
    let state = call.shared.state();
    let home = state.channel_with(caller, channel, bits::READ_MESSAGE_HISTORY)?;
    let all = &home.messages;
    let before = |id: Snowflake| all.partition_point(|message| message.id < id);
    let bound = |key: &str| call.query(key).and_then(|id| id.parse::<Snowflake>().ok());
    let (from, to) = if let Some(id) = bound("around") {
        let middle = before(id);
        let from = middle.saturating_sub(limit / 2);
        (from, (from + limit).min(all.len()))
    } else if let Some(id) = bound("after") {
        let from = all.partition_point(|message| message.id <= id);
        (from, (from + limit).min(all.len()))
    } else {
        let to = bound("before").map_or(all.len(), before);
        (to.saturating_sub(limit), to)
    };
    let page: Vec<MessageJson<'_>> =
        all.range(from..to).rev().map(|message| MessageJson::answer(message, home, caller)).collect();
    Ok(Reply::json(&page))
}

/// `GET /channels/{channel}/messages/{message}`
pub(super) fn message(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let (home, message) = state.seen_message(caller, channel, id)?;
    Ok(Reply::json(&MessageJson::answer(message, home, caller)))
}

/// `PATCH /channels/{channel}/messages/{message}`
pub(super) fn edit(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let caller = account.id();
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let (_, message) = state.open_message(caller, channel, id)?;
    if message.author.id != caller {
        return Err(ApiError::edit_of_anothers_message());
    }
    let kept: Arc<Message> = message.clone();
    let form = MessageForm::read_edit(fields, kept.flags)?.of(account);
    let revision = form.into_revision(&kept.attachments, &mut state, call);
    if revision.leaves_nothing(&kept) {
        return Err(ApiError::empty_message());
    }
    let message = state.revise(channel, id, revision).ok_or(ApiError::unknown_message())?;
    let home = state.seen_channel(caller, channel)?;
    Ok(Reply::json(&MessageJson::answer(&message, home, caller)))
}

/// `DELETE /channels/{channel}/messages/{message}`
pub(super) fn delete(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let mut state = call.shared.state();
    let (_, message) = state.seen_message(caller, channel, id)?;
    if message.author.id != caller {
        state.channel_with(caller, channel, bits::MANAGE_MESSAGES)?;
    }
    state.delete(channel, &[id]);
    Ok(Reply::nothing())
}

/// `POST /channels/{channel}/messages/bulk-delete`
pub(super) fn bulk_delete(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let mut fields = call.fields()?;
    let listed = fields.take("messages").and_then(|list| serde_json::from_value::<Vec<Snowflake>>(list).ok());
    if listed.is_none() {
        fields.missing("messages");
    }
    fields.checked()?;
    let ids = listed.unwrap_or_default();
    if !(2..=100).contains(&ids.len()) {
        return Err(ApiError::bulk_delete_count());
    }
    let oldest = call.shared.clock.now().0.saturating_sub(BULK_DELETE_MAX_AGE_MS);
    if ids.iter().any(|id| id.unix_ms() < oldest) {
        return Err(ApiError::new(
            400,
            50034,
            "You can only bulk delete messages that are under 14 days old.",
        ));
    }
    let mut state = call.shared.state();
    state.channel_with(caller, channel, bits::MANAGE_MESSAGES)?;
    state.delete(channel, &ids);
    Ok(Reply::nothing())
}
