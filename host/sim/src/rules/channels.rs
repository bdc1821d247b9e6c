//! Channels of guilds: made, changed, removed.
//! It does not check permissions; see `changes`. Threads have a room of their own.

use serde_json::{Value, json};

use super::{Action, By};
use crate::ids::Snowflake;
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::wire::channel_json;
use crate::world::{Channel, Overwrite};

impl State {
    /// Adds a channel to its guild.
    pub(crate) fn create_channel(&mut self, by: &By, channel: Channel) -> Value {
        let json = channel_json(&channel);
        let (id, guild) = (channel.id, channel.guild_id);
        let sight = guild.map(|guild| self.sight(guild));
        self.world.channels.insert(id, channel);
        let Some((guild, sight)) = guild.zip(sight) else { return json };
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            home.channels.push(id);
        }
        self.record_change(guild, by, Action::ChannelCreate, id, &Value::Null, &json);
        self.tell_bots(guild, "CHANNEL_CREATE", &json);
        self.tell_sight(guild, sight);
        json
    }

    /// Changes a channel and tells so if it looks different then.
    pub(crate) fn change_channel(
        &mut self,
        by: &By,
        id: Snowflake,
        change: impl FnOnce(&mut Channel),
    ) -> Option<Value> {
        let guild = self.world.channel(id)?.guild_id;
        let sight = guild.map(|guild| self.sight(guild));
        let channel = self.world.channels.get_mut(&id)?;
        let before = channel_json(channel);
        change(channel);
        let after = channel_json(channel);
        if before != after
            && let Some((guild, sight)) = guild.zip(sight)
        {
            self.record_change(guild, by, Action::ChannelUpdate, id, &before, &after);
            self.tell_bots(guild, "CHANNEL_UPDATE", &after);
            self.tell_sight(guild, sight);
        }
        Some(after)
    }

    /// Changes who may what in a channel, which the audit log has deeds of its own for.
    pub(crate) fn rearrange(&mut self, id: Snowflake, change: impl FnOnce(&mut Vec<Overwrite>)) {
        let Some(guild) = self.world.channel(id).and_then(|channel| channel.guild_id) else { return };
        let sight = self.sight(guild);
        let Some(channel) = self.world.channels.get_mut(&id) else { return };
        change(&mut channel.overwrites);
        let json = channel_json(channel);
        self.tell_bots(guild, "CHANNEL_UPDATE", &json);
        self.tell_sight(guild, sight);
    }

    /// Removes a channel of a guild with all that hangs on it: threads, webhooks, invites. Channels under a category stay.
    pub(crate) fn delete_channel(&mut self, by: &By, id: Snowflake) -> Option<Value> {
        let guild = self.world.channel(id)?.guild_id?;
        let sight = self.sight(guild);
        self.empty_voice(id);
        let channel = self.world.channels.remove(&id)?;
        let json = channel_json(&channel);
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            home.channels.retain(|one| *one != id);
        }
        let under: Vec<(Snowflake, bool)> = self
            .world
            .channels
            .values()
            .filter(|other| other.parent_id == Some(id))
            .map(|other| (other.id, other.thread.is_some()))
            .collect();
        for (child, is_thread) in under {
            if is_thread {
                self.world.channels.remove(&child);
            } else {
                self.change_channel(by, child, |child| child.parent_id = None);
            }
        }
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            let channels = &self.world.channels;
            home.belongings.threads.retain(|thread| channels.contains_key(thread));
            home.belongings.stages.retain(|stage| stage.channel_id != id);
        }
        self.world.webhooks.retain(|_, webhook| webhook.channel_id != id);
        let closed: Vec<String> = self
            .world
            .invites
            .values()
            .filter(|invite| invite.channel_id == id)
            .map(|invite| invite.code.clone())
            .collect();
        for code in closed {
            self.end_invite(&code);
        }
        self.record_change(guild, by, Action::ChannelDelete, id, &json, &Value::Null);
        self.tell_bots(guild, "CHANNEL_DELETE", &json);
        self.tell_sight(guild, sight);
        Some(json)
    }

    /// Takes an invite away.
    pub(crate) fn end_invite(&mut self, code: &str) {
        let Some(invite) = self.world.invites.remove(code) else { return };
        let data = json!({ "channel_id": invite.channel_id, "guild_id": invite.guild_id, "code": code });
        self.tell_guild(invite.guild_id, intents::GUILD_INVITES, Payload::new("INVITE_DELETE", &data));
    }
}
