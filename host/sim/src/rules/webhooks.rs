//! Webhooks, and announcements that are crossposted to following channels.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, Actor, Draft, access, audit, dispatch, messages};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{ChannelKind, Message, Origin, Webhook, bits, flags};

/// The most webhooks in a channel.
const MAX_WEBHOOKS: usize = 15;

/// The webhook, if this is its token.
pub(crate) fn with_token<'a>(state: &'a State, id: Snowflake, token: &str) -> Result<&'a Webhook> {
    let webhook = state.world.webhooks.get(&id).ok_or(ApiError::unknown_webhook())?;
    if webhook.token == token && webhook.follows.is_none() {
        Ok(webhook)
    } else {
        Err(ApiError::expired_token())
    }
}

/// The webhook, if the caller may manage webhooks in its channel.
pub(crate) fn managed(state: &State, caller: Snowflake, id: Snowflake) -> Result<&Webhook> {
    let webhook = state.world.webhooks.get(&id).ok_or(ApiError::unknown_webhook())?;
    access::guild_channel_with(state, caller, webhook.channel_id, bits::MANAGE_WEBHOOKS)?;
    Ok(webhook)
}

pub(crate) fn create(
    state: &mut State,
    by: &Actor,
    channel: Snowflake,
    name: String,
    avatar: Option<String>,
) -> Result<Webhook> {
    let webhook = new(state, by, channel, name, avatar)?;
    Ok(add(state, by, webhook))
}

/// Makes another channel follow an announcement channel.
pub(crate) fn follow(state: &mut State, by: &Actor, source: Snowflake, target: Snowflake) -> Result<Webhook> {
    let followed = access::seen_channel(state, by.user, source)?;
    if followed.kind != ChannelKind::Announcement {
        return Err(ApiError::wrong_channel_type());
    }
    let guild = state.world.guild_of(followed);
    let name = format!("{} #{}", guild.map_or("", |guild| guild.name.as_str()), followed.name);
    let webhook = Webhook { follows: Some(source), ..new(state, by, target, name, None)? };
    Ok(add(state, by, webhook))
}

fn new(
    state: &State,
    by: &Actor,
    channel_id: Snowflake,
    name: String,
    avatar: Option<String>,
) -> Result<Webhook> {
    let (guild, channel) = access::guild_channel_with(state, by.user, channel_id, bits::MANAGE_WEBHOOKS)?;
    if channel.kind == ChannelKind::Category || channel.kind.is_thread() {
        return Err(ApiError::wrong_channel_type());
    }
    if state.world.webhooks.values().filter(|webhook| webhook.channel_id == channel_id).count()
        >= MAX_WEBHOOKS
    {
        return Err(ApiError::new(400, 30007, "Maximum number of webhooks reached (15)"));
    }
    let (id, user) = (state.world.next_id(), access::account(state, by.user)?);
    Ok(Webhook {
        id,
        token: format!("{}{}", state.interactions.new_token(id), state.interactions.new_token(channel_id)),
        channel_id,
        guild_id: guild.id,
        name,
        avatar: avatar.map(Into::into),
        application_id: user.bot.then_some(user.id),
        user,
        follows: None,
    })
}

fn add(state: &mut State, by: &Actor, webhook: Webhook) -> Webhook {
    let (guild, after) = (webhook.guild_id, webhook.json(false));
    audit::record_change(state, guild, by, Action::WebhookCreate, webhook.id, &Value::Null, &after);
    state.world.webhooks.insert(webhook.id, webhook.clone());
    announce(state, guild, webhook.channel_id);
    webhook
}

pub(crate) fn change(
    state: &mut State,
    by: &Actor,
    id: Snowflake,
    change: impl FnOnce(&mut Webhook),
) -> Result<Webhook> {
    let there = state.world.webhooks.get_mut(&id).ok_or(ApiError::unknown_webhook())?;
    let before = there.json(false);
    change(there);
    let webhook = there.clone();
    let (guild, after) = (webhook.guild_id, webhook.json(false));
    audit::record_change(state, guild, by, Action::WebhookUpdate, id, &before, &after);
    announce(state, guild, webhook.channel_id);
    Ok(webhook)
}

pub(crate) fn delete(state: &mut State, by: &Actor, id: Snowflake) {
    let Some(webhook) = state.world.webhooks.remove(&id) else { return };
    let (guild, before) = (webhook.guild_id, webhook.json(false));
    audit::record_change(state, guild, by, Action::WebhookDelete, id, &before, &Value::Null);
    announce(state, guild, webhook.channel_id);
}

/// Notifies the guild that a channel's webhooks have changed, without saying which.
fn announce(state: &mut State, guild: Snowflake, channel: Snowflake) {
    let data = json!({ "guild_id": guild, "channel_id": channel });
    dispatch::to_guild(state, guild, "WEBHOOKS_UPDATE", &data);
}

/// Crossposts a message to the following channels, and returns the updated message.
pub(crate) fn crosspost(state: &mut State, channel_id: Snowflake, id: Snowflake) -> Option<Arc<Message>> {
    let channel = state.world.channels.get_mut(&channel_id)?;
    let guild = channel.guild_id;
    channel.message_mut(id)?.flags |= flags::CROSSPOSTED;
    let message = messages::announce_edit(state, channel_id, id, false)?;
    let followers: Vec<Webhook> = state
        .world
        .webhooks
        .values()
        .filter(|webhook| webhook.follows == Some(channel_id))
        .cloned()
        .collect();
    for webhook in followers {
        let author = Arc::new(webhook.author(None, None));
        let mut draft = Draft::text(webhook.channel_id, author, message.content.clone());
        let copy = &mut draft.message;
        copy.embeds = message.embeds.clone();
        copy.components = message.components.clone();
        copy.attachments = message.attachments.clone();
        copy.webhook_id = Some(webhook.id);
        copy.flags = flags::IS_CROSSPOST;
        copy.origin = Some(Origin { kind: 0, guild, channel: channel_id, message: Some(id) });
        messages::post(state, draft);
    }
    Some(message)
}
