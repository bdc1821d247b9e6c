//! An interaction on its way to the bot: INTERACTION_CREATE and what it carries.
//! It does not check what the member filled in; `options` did.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Interaction, Kind};
use crate::gateway::event::Payload;
use crate::gateway::sessions::Audience;
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::transcript::What;
use crate::world::json::{MemberJson, MessageJson, channel_json};
use crate::world::{Message, User};

/// What a member invokes.
pub(crate) struct Invocation {
    pub(crate) bot: Snowflake,
    pub(crate) kind: Kind,
    pub(crate) channel: Snowflake,
    pub(crate) user: Arc<User>,
    pub(crate) name: String,
    pub(crate) line: String,
    pub(crate) data: Value,
    /// The message a component or modal belongs to.
    pub(crate) source: Option<Arc<Message>>,
}

impl State {
    /// Hands an interaction to the bot's sessions and returns its id.
    pub(crate) fn invoke(&mut self, invocation: Invocation) -> Snowflake {
        let id = self.world.next_id();
        let token = self.interactions.new_token(id);
        let guild_id = self.world.channel(invocation.channel).and_then(|channel| channel.guild_id);
        let line: Arc<str> = invocation.line.as_str().into();
        let payload = Payload::new("INTERACTION_CREATE", &self.interaction_json(id, &token, &invocation));
        let channel =
            self.world.channel(invocation.channel).map(|channel| channel.name.clone()).unwrap_or_default();
        self.interactions.keep(Interaction {
            id,
            token,
            bot: invocation.bot,
            kind: invocation.kind,
            channel: invocation.channel,
            user: invocation.user.clone(),
            name: invocation.name,
            line: line.clone(),
            born: self.world.clock.now(),
            acknowledged: None,
            original: None,
            source: invocation.source.map(|message| message.id),
            choices: Vec::new(),
            modal: None,
        });
        let user = invocation.user.username.as_str().into();
        self.transcript.write(What::Invoked { interaction: id, channel, user, line });
        let audience = Audience::Bot { bot: invocation.bot, guild: guild_id };
        let sessions = self.sessions.publish(&self.world, audience, &Arc::new(payload));
        self.transcript.write(What::Dispatched { name: "INTERACTION_CREATE", sessions });
        id
    }

    fn interaction_json(&self, id: Snowflake, token: &str, invocation: &Invocation) -> Value {
        let world = &self.world;
        let Some(channel) = world.channel(invocation.channel) else { return Value::Null };
        let guild = channel.guild_id.and_then(|id| world.guild(id));
        let granted = world.permissions_in(channel, invocation.user.id);
        let mut place = channel_json(channel);
        place["permissions"] = json!(granted.to_string());
        let mut json = json!({
            "id": id, "application_id": invocation.bot, "type": invocation.kind as u8, "data": invocation.data,
            "channel_id": channel.id, "channel": place, "token": token, "version": 1, "locale": "en-US",
            "app_permissions": world.permissions_in(channel, invocation.bot).to_string(), "entitlements": [],
            "authorizing_integration_owners": { "0": channel.guild_id.unwrap_or_default() },
            "context": if guild.is_some() { 0 } else { 1 }, "attachment_size_limit": 10_485_760,
        });
        match guild.and_then(|guild| guild.members.get(&invocation.user.id).map(|member| (guild, member))) {
            Some((guild, member)) => {
                json["guild_id"] = json!(guild.id);
                json["guild"] = json!({ "id": guild.id, "locale": "en-US", "features": [] });
                json["guild_locale"] = json!("en-US");
                json["member"] = json!(MemberJson::full(member).permitted(granted));
            }
            None => json["user"] = json!(&*invocation.user),
        }
        if let Some(source) = &invocation.source {
            json["message"] = json!(MessageJson::answer(source, channel, invocation.bot));
        }
        json
    }
}
