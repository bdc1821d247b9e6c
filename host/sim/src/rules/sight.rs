//! Which channels of a guild persons' clients see: they are told when one comes into sight, changes, or goes out of it.
//! Bots are not its matter: they are told of every channel, as Discord has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload, intents};
use crate::state::State;
use crate::transcript::What;
use crate::world::bits;
use crate::world::wire::channel_json;

/// What each person with a client saw before a change.
pub(super) struct Sight {
    seen: Vec<(Snowflake, Channels)>,
}

type Channels = BTreeMap<Snowflake, Value>;

impl State {
    /// What persons see of a guild now, to be handed to [`State::tell_sight`] after a change.
    pub(super) fn sight(&self, guild: Snowflake) -> Sight {
        let persons = self.sessions.persons();
        Sight { seen: persons.into_iter().map(|person| (person, self.seen_by(person, guild))).collect() }
    }

    /// Tells persons what they see differently now. Who came or went meanwhile was told so by the guild as a whole.
    pub(super) fn tell_sight(&mut self, guild: Snowflake, before: Sight) {
        for (person, mut before) in before.seen {
            for (id, now) in self.seen_by(person, guild) {
                match before.remove(&id) {
                    None => self.show(person, guild, "CHANNEL_CREATE", &now),
                    Some(then) if without_news(then.clone()) != without_news(now.clone()) => {
                        self.show(person, guild, "CHANNEL_UPDATE", &now)
                    }
                    Some(_) => {}
                }
            }
            for gone in before.values() {
                self.show(person, guild, "CHANNEL_DELETE", gone);
            }
        }
    }

    /// Tells the bots of a guild of a channel of it.
    pub(super) fn tell_bots(&mut self, guild: Snowflake, name: &'static str, channel: &Value) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(guild) = world.guilds.get(&guild) else { return };
        let audience = Audience::Bots { guild, needs: intents::GUILDS };
        let sessions = sessions.publish(world, audience, &Arc::new(Payload::new(name, channel)));
        transcript.write(What::Dispatched { name, sessions });
    }

    fn seen_by(&self, person: Snowflake, guild: Snowflake) -> Channels {
        let home = self.world.guild(guild).filter(|home| home.members.contains_key(&person));
        let channels =
            home.into_iter().flat_map(|home| &home.channels).filter_map(|id| self.world.channel(*id));
        channels
            .filter(|channel| self.world.permissions_in(channel, person) & bits::VIEW_CHANNEL != 0)
            .map(|channel| (channel.id, channel_json(channel)))
            .collect()
    }

    fn show(&mut self, person: Snowflake, guild: Snowflake, name: &'static str, channel: &Value) {
        self.tell_account(person, Some(guild), |_| Some(Payload::new(name, channel)));
    }
}

/// New messages do not make a channel a different one.
fn without_news(mut channel: Value) -> Value {
    if let Some(news) = channel.get_mut("last_message_id") {
        news.take();
    }
    channel
}
