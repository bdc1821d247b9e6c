//! Presences: who is online and what they are doing, as set by op 3 or IDENTIFY.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::world::{Status, World};

/// How many activities of a presence others see.
const MAX_ACTIVITIES: usize = 5;

/// A presence as a client sends it. `since` is not read, because serenity sends an object there.
/// <https://discord.com/developers/docs/events/gateway-events#update-presence>
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Presence {
    status: Status,
    activities: Option<Vec<Activity>>,
}

/// An activity, with the fields that bots can set.
/// <https://discord.com/developers/docs/events/gateway-events#activity-object>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Activity {
    name: String,
    #[serde(rename = "type")]
    kind: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl From<Status> for Presence {
    /// A presence without activities.
    fn from(status: Status) -> Self {
        Self { status, activities: None }
    }
}

/// The presences that clients set; for other users, the world has their status.
#[derive(Default)]
pub(crate) struct Presences {
    said: HashMap<Snowflake, Presence>,
}

impl Presences {
    /// Sets a user's presence, or removes it; returns whether that is a change.
    pub(crate) fn set(&mut self, user: Snowflake, presence: Option<Presence>) -> bool {
        match presence {
            Some(presence) => self.said.insert(user, presence.clone()).as_ref() != Some(&presence),
            None => self.said.remove(&user).is_some(),
        }
    }

    fn of(&self, world: &World, user: Snowflake) -> Presence {
        self.said.get(&user).cloned().unwrap_or_else(|| world.status_of(user).into())
    }

    /// A user's presence as in events and chunks.
    pub(crate) fn json(&self, world: &World, guild: Snowflake, user: Snowflake) -> Value {
        let Presence { status, activities } = self.of(world, user);
        let clients = if status == Status::Offline { json!({}) } else { json!({ "desktop": status }) };
        let activities: Vec<Activity> = activities.into_iter().flatten().take(MAX_ACTIVITIES).collect();
        json!({
            "user": { "id": user }, "guild_id": guild, "status": status, "activities": activities,
            "client_status": clients,
        })
    }

    /// The presences of those users who are not offline, as in GUILD_CREATE and chunks.
    pub(crate) fn online(
        &self,
        world: &World,
        guild: Snowflake,
        users: impl Iterator<Item = Snowflake>,
    ) -> impl Iterator<Item = Value> {
        let there = users.filter(|user| self.of(world, *user).status != Status::Offline);
        there.map(move |user| self.json(world, guild, user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: Value) -> serde_json::Result<Presence> {
        serde_json::from_value(data)
    }

    #[test]
    fn client_payloads_are_parsed_and_malformed_ones_rejected() {
        let odd = json!({ "since": { "secs_since_epoch": 1, "nanos_since_epoch": 2 }, "status": "idle", "activities": [], "afk": false });
        assert_eq!(read(odd).unwrap(), Presence { activities: Some(Vec::new()), ..Status::Idle.into() });
        let playing =
            json!({ "since": null, "status": "invisible", "activities": [{ "name": "chess", "type": 0 }] });
        let read_playing = read(playing).unwrap();
        assert_eq!((read_playing.status, read_playing.activities.unwrap().len()), (Status::Offline, 1));
        for bad in [json!({}), json!({ "status": "here" }), json!({ "status": "idle", "activities": [{}] })] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
