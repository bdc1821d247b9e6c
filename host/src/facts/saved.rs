//! Saves the facts across a restart of the process: Discord does not send them again on a connection that is resumed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Facts, Shard, guild::Guild};

/// All facts, in the form in which they are saved.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedFacts {
    shards: Vec<SavedShard>,
    guilds: Vec<SavedGuild>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedShard {
    number: u64,
    count: u64,
    ready: Box<RawValue>,
    user: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedGuild {
    pub(super) id: u64,
    pub(super) created: Option<Box<RawValue>>,
    pub(super) own_roles: Option<Vec<u64>>,
    pub(super) threads: Vec<(u64, u64)>,
    pub(super) is_unavailable: bool,
}

impl Facts {
    /// The current facts.
    ///
    /// # Errors
    /// If Discord sent something that is not JSON.
    pub fn save(&self) -> serde_json::Result<SavedFacts> {
        let mut known = self.known();
        let raw = |json: &str| RawValue::from_string(json.to_owned());
        let shards = known.shards.iter().map(|(number, shard)| {
            let user = shard.user.as_deref().map(raw).transpose()?;
            Ok(SavedShard { number: *number, count: shard.count, ready: raw(&shard.ready)?, user })
        });
        let shards = shards.collect::<serde_json::Result<_>>()?;
        let guilds = known.guilds.iter_mut().map(|(id, guild)| guild.save(*id));
        Ok(SavedFacts { shards, guilds: guilds.collect::<serde_json::Result<_>>()? })
    }

    /// Replaces all facts by what was saved.
    pub fn restore(&self, saved: SavedFacts) {
        let SavedFacts { shards, guilds } = saved;
        let mut known = self.known();
        known.shards = shards
            .into_iter()
            .map(|SavedShard { number, count, ready, user }| {
                let (ready, user) = (ready.get().into(), user.map(|user| user.get().into()));
                (number, Shard { count: count.max(1), ready, user })
            })
            .collect();
        known.guilds = guilds.into_iter().map(|guild| (guild.id, Guild::restored(guild))).collect();
    }

    /// Whether a cog that is loaded later gets this event as a fact.
    pub fn covers(name: &str, json: &str) -> bool {
        match name {
            "READY" | "GUILD_CREATE" => true,
            "GUILD_DELETE" => super::about_itself(json).is_some_and(|(_, is_unavailable)| is_unavailable),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_known_again_as_it_was_and_goes_on_from_there() {
        let facts = Facts::new(Some(9));
        let guild = r#"{"id":"1","name":"one","owner_id":"5","member_count":1,"threads":[{"id":"7","parent_id":"6"}],
            "members":[{"user":{"id":"9"},"roles":["4"]}],"roles":[{"id":"1","permissions":"1024"}],
            "channels":[{"id":"6","type":0,"permission_overwrites":[]}]}"#;
        for (name, json) in [
            (
                "READY",
                r#"{"shard":[0,1],"guilds":[{"id":"1"},{"id":"2"},{"id":"3"}],"user":{"username":"old"}}"#,
            ),
            ("GUILD_CREATE", guild),
            ("GUILD_CREATE", r#"{"id":"2"}"#),
            ("GUILD_DELETE", r#"{"id":"2","unavailable":true}"#),
            ("GUILD_UPDATE", r#"{"id":"1","name":"new"}"#),
            ("GUILD_MEMBER_ADD", r#"{"guild_id":"1"}"#),
            ("USER_UPDATE", r#"{"username":"new"}"#),
        ] {
            drop(facts.note(name, json));
        }
        let text = serde_json::to_string(&facts.save().expect("it is JSON")).expect("it can be written");
        let again = Facts::new(Some(9));
        again.restore(serde_json::from_str(&text).expect("it can be read"));
        let introduced = |facts: &Facts| {
            let names = ["READY", "GUILD_CREATE", "GUILD_DELETE"].map(str::to_owned);
            facts.introduce(&names, |events| {
                events.iter().map(|event| event.json().into_owned()).collect::<Vec<_>>()
            })
        };
        let before = introduced(&facts);
        assert_eq!(before.len(), 4, "a guild that is only announced is none yet");
        assert_eq!(introduced(&again), before);
        let query = super::super::PermissionQuery { guild: 1, channel: 7, user: 5, roles: vec![4] };
        assert_eq!(format!("{:?}", again.permissions(&query)), format!("{:?}", facts.permissions(&query)));
        assert!(again.permissions(&query).is_some(), "the bot's own roles and the threads are known");
        for facts in [&facts, &again] {
            drop(facts.note("GUILD_MEMBER_ADD", r#"{"guild_id":"1"}"#));
        }
        assert_eq!(introduced(&again), introduced(&facts));
        assert!(introduced(&again).iter().any(|json| json.contains(r#""member_count":3"#)));
    }
}
