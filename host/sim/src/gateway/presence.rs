//! Presences: who is online and doing what, said by op 3 or IDENTIFY and told to those who share a guild.
//! It does not know connections.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::event::Payload;
use super::intents;
use super::sessions::Audience;
use crate::ids::Snowflake;
use crate::shared::State;
use crate::transcript::What;
use crate::world::{Guild, World};

/// Activities that are kept of a presence.
const MAX_ACTIVITIES: usize = 5;

/// What somebody says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Presence {
    /// `online`, `idle`, `dnd` or `offline`; others see an invisible one as offline.
    status: &'static str,
    activities: Vec<Value>,
}

impl Presence {
    /// Reads op 3 or the `presence` of IDENTIFY. Of `since` nothing is read: serenity sends an object there.
    pub(super) fn read(data: &Value) -> Option<Self> {
        let status = match data.get("status").and_then(Value::as_str)? {
            "online" => "online",
            "idle" => "idle",
            "dnd" => "dnd",
            "invisible" | "offline" => "offline",
            _ => return None,
        };
        let activities = match data.get("activities") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list.iter().take(MAX_ACTIVITIES).cloned().collect(),
            Some(_) => return None,
        };
        let named = |activity: &Value| {
            activity.get("name").is_some_and(Value::is_string)
                && activity.get("type").is_some_and(Value::is_u64)
        };
        activities.iter().all(named).then_some(Self { status, activities })
    }

    fn plain(status: &'static str) -> Self {
        Self { status, activities: Vec::new() }
    }
}

/// What was said; for those who said nothing the world knows how they appear.
#[derive(Default)]
pub(crate) struct Presences {
    said: HashMap<Snowflake, Presence>,
}

impl Presences {
    /// Sets what a user says, or with none takes it back; whether that is a change.
    fn set(&mut self, user: Snowflake, presence: Option<Presence>) -> bool {
        match presence {
            Some(presence) => self.said.insert(user, presence.clone()).as_ref() != Some(&presence),
            None => self.said.remove(&user).is_some(),
        }
    }

    fn of(&self, world: &World, user: Snowflake) -> Presence {
        let silent = || Presence::plain(world.status_of(user).word());
        self.said.get(&user).cloned().unwrap_or_else(silent)
    }

    /// A user's presence as events and chunks carry it.
    pub(super) fn json(&self, world: &World, guild: Snowflake, user: Snowflake) -> Value {
        let Presence { status, activities } = self.of(world, user);
        let clients = if status == "offline" { json!({}) } else { json!({ "desktop": status }) };
        json!({
            "user": { "id": user }, "guild_id": guild, "status": status, "activities": activities,
            "client_status": clients,
        })
    }

    /// Those of a guild who are not offline, as GUILD_CREATE lists them.
    pub(super) fn list(&self, world: &World, guild: &Guild, most: usize) -> Vec<Value> {
        let there = guild.members.keys().filter(|user| self.of(world, **user).status != "offline");
        there.take(most).map(|user| self.json(world, guild.id, *user)).collect()
    }
}

impl State {
    /// Takes over what a user says of itself and tells those who share a guild with it.
    pub(crate) fn change_presence(&mut self, user: Snowflake, presence: Presence) {
        if self.presences.set(user, Some(presence)) {
            self.tell_presence(user);
        }
    }

    /// The first session of an account opens.
    pub(super) fn come_online(&mut self, user: Snowflake, said: Option<Presence>) {
        self.change_presence(user, said.unwrap_or(Presence::plain("online")));
    }

    /// A session ended for good; with the last one what was said is forgotten.
    pub(super) fn go_offline(&mut self, user: Snowflake) {
        if !self.sessions.any_of(user) && self.presences.set(user, None) {
            self.tell_presence(user);
        }
    }

    fn tell_presence(&mut self, user: Snowflake) {
        let Self { world, sessions, presences, transcript, .. } = self;
        if !sessions.iter().any(|session| session.intents & intents::GUILD_PRESENCES != 0) {
            return;
        }
        for guild in world.guilds.values().filter(|guild| guild.members.contains_key(&user)) {
            let payload = Payload::new("PRESENCE_UPDATE", &presences.json(world, guild.id, user));
            let audience = Audience::Guild { guild, needs: intents::GUILD_PRESENCES, permission: 0 };
            let told = sessions.publish(world, audience, &Arc::new(payload));
            transcript.write(What::Dispatched { name: "PRESENCE_UPDATE", sessions: told });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_read_and_other_things_are_not() {
        let odd = json!({ "since": { "secs_since_epoch": 1, "nanos_since_epoch": 2 }, "status": "idle", "activities": [], "afk": false });
        assert_eq!(Presence::read(&odd).unwrap(), Presence::plain("idle"));
        let playing =
            json!({ "since": null, "status": "invisible", "activities": [{ "name": "chess", "type": 0 }] });
        let read = Presence::read(&playing).unwrap();
        assert_eq!((read.status, read.activities.len()), ("offline", 1));
        for bad in [json!({}), json!({ "status": "here" }), json!({ "status": "idle", "activities": [{}] })] {
            assert!(Presence::read(&bad).is_none(), "{bad}");
        }
    }
}
