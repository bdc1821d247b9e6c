//! Webhooks, and announcements that are published to the channels that follow.

use std::sync::Arc;

use serde_json::json;

use super::{Draft, dispatch, messages};
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::{Message, Origin, Webhook, flags};

/// Tells that a channel's webhooks are different now, not which.
pub(crate) fn announce(state: &mut State, guild: Snowflake, channel: Snowflake) {
    let data = json!({ "guild_id": guild, "channel_id": channel });
    dispatch::to_guild(state, guild, intents::GUILD_WEBHOOKS, Payload::new("WEBHOOKS_UPDATE", &data));
}

/// Publishes a message to the channels that follow; returns it as it is now.
pub(crate) fn crosspost(state: &mut State, channel: Snowflake, id: Snowflake) -> Option<Arc<Message>> {
    let home = state.world.channels.get_mut(&channel)?;
    let guild = home.guild_id;
    home.message_mut(id)?.flags |= flags::CROSSPOSTED;
    let message = messages::announce_edit(state, channel, id, false)?;
    let followers: Vec<Webhook> =
        state.world.webhooks.values().filter(|webhook| webhook.follows == Some(channel)).cloned().collect();
    for webhook in followers {
        let author = Arc::new(webhook.author(None, None));
        let mut draft = Draft::text(webhook.channel_id, author, message.content.clone());
        draft.embeds = message.embeds.clone();
        draft.components = message.components.clone();
        draft.attachments = message.attachments.clone();
        draft.webhook_id = Some(webhook.id);
        draft.flags = flags::IS_CROSSPOST;
        draft.origin = Some(Origin { kind: 0, guild, channel, message: Some(id) });
        messages::post(state, draft);
    }
    Some(message)
}
