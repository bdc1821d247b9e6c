//! Posting a message over REST: permissions, replies, forwards.

use super::form::MessageForm;
use super::shown;
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rest::{Call, Reply, threads};
use crate::rules::messages::{self, check_slowmode};
use crate::rules::{Draft, access, automod};
use crate::state::State;
use crate::world::{Channel, MessageKind, Origin, bits, flags};

/// `POST /channels/{channel}/messages`
pub(crate) fn create(call: &Call, channel_id: Snowflake) -> Result<Reply> {
    let account = call.account()?;
    let caller = account.id();
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let mut form = MessageForm::read_of(account, &state, fields, 0)?;
    let mut needed = bits::SEND_MESSAGES;
    if !call.uploads.is_empty() {
        needed |= bits::ATTACH_FILES;
    }
    if form.has_embeds() {
        needed |= bits::EMBED_LINKS;
    }
    if form.poll.is_some() {
        needed |= bits::SEND_POLLS;
    }
    access::text_channel_with(&state, caller, channel_id, needed)?;
    threads::open_to_write(&mut state, caller, channel_id)?;
    let channel = state.world.channel(channel_id).ok_or(ApiError::unknown_channel())?;
    if form.is_empty(call.uploads.len()) {
        return Err(ApiError::empty_message());
    }
    if channel.recipients.iter().all(|user| user.bot) && channel.guild_id.is_none() {
        return Err(ApiError::cannot_message_user());
    }
    let mut draft = Draft::text(channel_id, access::account(&state, caller)?, String::new());
    if channel.settings.slowmode_seconds > 0 && !draft.message.author.bot {
        check_slowmode(&state, channel, caller)?;
    }
    if let Some(target) = form.reply_to.take()
        && check_reply(&state, channel, caller, target, form.reply_is_optional)?
    {
        draft.message.kind = MessageKind::Reply;
        draft.message.reply_to = Some(target);
    }
    if let Some((from, id)) = form.forwards.take() {
        forward(&state, caller, from, id, &mut draft)?;
    }
    if form.enforce_nonce
        && let Some(nonce) = &form.nonce
        && let Some(there) = state.nonces.find(channel_id, caller, nonce, call.shared.clock.now())
        && let Some(there) = channel.message(there)
    {
        return Ok(Reply::json(&shown(&state, there, channel, caller)));
    }
    // Only interaction responses can be ephemeral.
    form.flags = form.flags.map(|bits| bits & !flags::EPHEMERAL);
    form.fill(&mut draft, &mut state, call);
    let (author, text) = (draft.message.author.clone(), draft.message.content.clone());
    let message =
        automod::screened(&mut state, &author, channel_id, &text, |state| messages::post(state, draft))?;
    let channel = state.world.channels.get(&channel_id).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&shown(&state, &message, channel, caller)))
}

/// Checks the reply; false if the target is deleted and the reply may become a plain message.
fn check_reply(
    state: &State,
    channel: &Channel,
    caller: Snowflake,
    target: Snowflake,
    optional: bool,
) -> Result<bool> {
    let Some(target) = channel.message(target) else {
        let gone = ApiError::form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
        return if optional { Ok(false) } else { Err(gone) };
    };
    if target.kind.is_system() {
        let message = "Cannot reply to a system message";
        return Err(ApiError::form("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", message));
    }
    if state.world.permissions_in(channel, caller) & bits::READ_MESSAGE_HISTORY == 0 {
        return Err(ApiError::new(400, 160_002, "Cannot reply without permission to read message history"));
    }
    Ok(true)
}

/// Forwards a message as it is now.
fn forward(
    state: &State,
    caller: Snowflake,
    from: Snowflake,
    id: Snowflake,
    draft: &mut Draft,
) -> Result<()> {
    let channel = access::channel_with(state, caller, from, bits::READ_MESSAGE_HISTORY)?;
    let message = channel.message(id).ok_or(ApiError::unknown_message())?;
    if message.kind.is_system() || message.poll.is_some() {
        return Err(ApiError::system_message());
    }
    if !access::reads_content(state, caller, channel, message) {
        let message = "You cannot forward a message whose content you cannot read.";
        return Err(ApiError::new(400, 160_014, message));
    }
    // Forwarding a forward shows the first message.
    draft.message.forwarded = Some(message.forwarded.clone().unwrap_or_else(|| message.clone()));
    draft.message.origin =
        Some(Origin { kind: 1, guild: channel.guild_id, channel: from, message: Some(id) });
    draft.message.flags |= flags::HAS_SNAPSHOT;
    Ok(())
}
