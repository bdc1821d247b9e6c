//! Presences: who is online and doing what, said by op 3 or IDENTIFY.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::world::{Status, World};

/// Activities of a presence that others see.
const MAX_ACTIVITIES: usize = 5;

/// What somebody says of itself. Of `since` nothing is read: serenity sends an object there.
/// <https://discord.com/developers/docs/events/gateway-events#update-presence>
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Presence {
    status: Status,
    activities: Option<Vec<Activity>>,
}

/// What somebody is doing, as far as bots can say it.
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
    /// Of somebody who does nothing in particular.
    fn from(status: Status) -> Self {
        Self { status, activities: None }
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
        self.said.get(&user).cloned().unwrap_or_else(|| world.status_of(user).into())
    }

    /// A user's presence as events and chunks carry it.
    pub(crate) fn json(&self, world: &World, guild: Snowflake, user: Snowflake) -> Value {
        let Presence { status, activities } = self.of(world, user);
        let clients = if status == Status::Offline { json!({}) } else { json!({ "desktop": status }) };
        let activities: Vec<Activity> = activities.into_iter().flatten().take(MAX_ACTIVITIES).collect();
        json!({
            "user": { "id": user }, "guild_id": guild, "status": status, "activities": activities,
            "client_status": clients,
        })
    }

    /// Those of some members who are not offline, as GUILD_CREATE and chunks list them.
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
    fn what_clients_send_is_read_and_other_things_are_not() {
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
