//! Webhooks and announcements: what is told of them, and publishing to those who follow.
//! It does not check permissions; see `changes`.

use std::sync::Arc;

use serde_json::json;

use super::Draft;
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::{Message, Origin, Webhook, flags};

impl State {
    /// Tells that a channel's webhooks are different now, not which.
    pub(crate) fn tell_webhooks(&mut self, guild: Snowflake, channel: Snowflake) {
        let data = json!({ "guild_id": guild, "channel_id": channel });
        self.tell_guild(guild, intents::GUILD_WEBHOOKS, Payload::new("WEBHOOKS_UPDATE", &data));
    }

    /// Publishes a message to the channels that follow; returns it as it is now.
    pub(crate) fn crosspost(&mut self, channel: Snowflake, id: Snowflake) -> Option<Arc<Message>> {
        let home = self.world.channels.get_mut(&channel)?;
        let guild = home.guild_id;
        home.message_mut(id)?.flags |= flags::CROSSPOSTED;
        let message = self.edited(channel, id, false)?;
        let followers: Vec<Webhook> = self
            .world
            .webhooks
            .values()
            .filter(|webhook| webhook.follows == Some(channel))
            .cloned()
            .collect();
        for webhook in followers {
            let author = Arc::new(webhook.author(None, None));
            let mut draft = Draft::text(webhook.channel_id, author, message.content.clone());
            draft.embeds = message.embeds.clone();
            draft.components = message.components.clone();
            draft.attachments = message.attachments.clone();
            draft.webhook_id = Some(webhook.id);
            draft.flags = flags::IS_CROSSPOST;
            draft.origin = Some(Origin { kind: 0, guild, channel, message: Some(id) });
            self.post(draft);
        }
        Some(message)
    }
}
