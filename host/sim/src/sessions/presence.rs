//! Presences: who is online and doing what, said by op 3 or IDENTIFY.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::ids::Snowflake;
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
    pub(crate) fn read(data: &Value) -> Option<Self> {
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

    pub(crate) fn plain(status: &'static str) -> Self {
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
    pub(crate) fn set(&mut self, user: Snowflake, presence: Option<Presence>) -> bool {
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
    pub(crate) fn json(&self, world: &World, guild: Snowflake, user: Snowflake) -> Value {
        let Presence { status, activities } = self.of(world, user);
        let clients = if status == "offline" { json!({}) } else { json!({ "desktop": status }) };
        json!({
            "user": { "id": user }, "guild_id": guild, "status": status, "activities": activities,
            "client_status": clients,
        })
    }

    /// Those of a guild who are not offline, as GUILD_CREATE lists them.
    pub(crate) fn list(&self, world: &World, guild: &Guild, most: usize) -> Vec<Value> {
        let there = guild.members.keys().filter(|user| self.of(world, **user).status != "offline");
        there.take(most).map(|user| self.json(world, guild.id, *user)).collect()
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
