//! How a bot may respond to an interaction: once, in time, and with what its kind allows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::invoke::{to_client, to_invoker};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::interactions::{Interaction, Kind};
use crate::rules::Draft;
use crate::state::State;
use crate::transcript::{Acknowledgement, EntryKind};
use crate::world::wire::application_json;
use crate::world::{Message, MessageKind, User, bits, flags};

/// An interaction that a bot is about to respond to.
pub(crate) struct ResponseTarget {
    pub(crate) id: Snowflake,
    pub(crate) bot: Snowflake,
    pub(crate) kind: Kind,
    pub(crate) channel: Snowflake,
    pub(crate) source: Option<Snowflake>,
    pub(crate) original: Option<Snowflake>,
}

/// The interaction, if a callback may acknowledge it now.
pub(crate) fn to_acknowledge(
    state: &State,
    id: Snowflake,
    token: &str,
    window: Duration,
) -> Result<ResponseTarget> {
    let interaction = state.interactions.find(id).filter(|interaction| interaction.token == token);
    let interaction = interaction.ok_or(ApiError::unknown_interaction())?;
    if interaction.acknowledged.is_some() {
        return Err(ApiError::already_acknowledged());
    }
    if state.world.clock.now().since(interaction.created_at) >= window {
        return Err(ApiError::unknown_interaction());
    }
    Ok(ResponseTarget::of(interaction))
}

/// The interaction, if the bot may use its webhook now: it is acknowledged, and its token has not expired.
pub(crate) fn to_follow_up(
    state: &State,
    bot: Snowflake,
    token: &str,
    life: Duration,
) -> Result<ResponseTarget> {
    let interaction = state.interactions.by_token(token).filter(|interaction| interaction.bot == bot);
    let interaction = interaction.ok_or(ApiError::unknown_webhook())?;
    if interaction.acknowledged.is_none() {
        return Err(ApiError::unknown_webhook());
    }
    if state.world.clock.now().since(interaction.created_at) >= life {
        return Err(ApiError::expired_token());
    }
    Ok(ResponseTarget::of(interaction))
}

/// Marks an interaction as acknowledged; `original` is what `@original` refers to from then on.
pub(crate) fn acknowledge(
    state: &mut State,
    id: Snowflake,
    how: Acknowledgement,
    original: Option<Snowflake>,
) {
    let Some(interaction) = state.interactions.find_mut(id) else { return };
    interaction.acknowledged = Some(how);
    interaction.original = original;
    let line = interaction.line.clone();
    let (bot, channel, choices) = (interaction.bot, interaction.channel, interaction.choices.clone());
    let form = interaction.modal.clone();
    state.transcript.write(EntryKind::Acknowledged { interaction: id, line, how });
    if how == Acknowledgement::Choices {
        let name = "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE";
        return to_client(state, id, name, json!({ "choices": choices }));
    }
    if let Some(form) = form {
        let mut form = json!(form);
        form["channel_id"] = json!(channel);
        form["application"] = json!(state.world.bot(bot).map(application_json));
        form["application_id"] = json!(bot);
        to_client(state, id, "INTERACTION_MODAL_CREATE", form);
    }
    to_invoker(state, id, "INTERACTION_SUCCESS", json!({}));
}

/// A message that responds to an interaction, still without content.
pub(crate) fn answer_draft(state: &State, id: Snowflake, extra_flags: u64) -> Option<Draft> {
    let interaction = state.interactions.find(id)?;
    let author: Arc<User> = state.world.bot(interaction.bot)?.user.clone();
    let mut draft = Draft::text(interaction.channel, author, String::new());
    draft.message.kind = match interaction.kind {
        Kind::Command => MessageKind::ChatInputCommand,
        _ if interaction.source.is_some() => MessageKind::Reply,
        _ => MessageKind::Default,
    };
    draft.message.reply_to = interaction.source;
    draft.message.flags = extra_flags;
    // https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
    let channel = state.world.channel(interaction.channel)?;
    let user_installed = channel.guild_id.is_some() && interaction.owners.guild.is_none();
    let granted = state.world.permissions_in(channel, interaction.user.id);
    if user_installed && granted & bits::USE_EXTERNAL_APPS == 0 {
        draft.message.flags |= flags::EPHEMERAL;
    }
    draft.message.interaction = Some(interaction.note());
    draft.message.application_id = Some(interaction.bot);
    Some(draft)
}

/// The message of a deferred response that is not filled in yet.
pub(crate) fn loading_answer(state: &State, target: &ResponseTarget) -> Option<Arc<Message>> {
    target
        .original
        .and_then(|id| answer_message(state, target.channel, id))
        .filter(|message| message.flags & flags::LOADING != 0)
}

/// A message in a channel, ephemeral or not.
pub(crate) fn answer_message(state: &State, channel_id: Snowflake, id: Snowflake) -> Option<Arc<Message>> {
    let channel = state.world.channel(channel_id)?;
    let ephemeral = || state.interactions.ephemeral(id).filter(|message| message.channel_id == channel_id);
    channel.message(id).or_else(ephemeral).cloned()
}

impl ResponseTarget {
    fn of(interaction: &Interaction) -> Self {
        Self {
            id: interaction.id,
            bot: interaction.bot,
            kind: interaction.kind,
            channel: interaction.channel,
            source: interaction.source,
            original: interaction.original,
        }
    }
}
