//! What a cog that is loaded late has missed: that the bot is connected, and which guilds are there.
//! It is not a cache of guilds: member lists, presences and other bulk are left out.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use gearshift_cog::abi::Event;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::event;

/// Lists of `GUILD_CREATE` that grow with the guild.
const BULK: [&str; 5] = ["members", "presences", "voice_states", "threads", "soundboard_sounds"];

/// The facts that last.
#[derive(Debug, Default)]
pub(super) struct Facts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ready: Option<String>,
    guilds: BTreeMap<String, String>,
}

/// Which shard is ready, of how many. <https://discord.com/developers/docs/events/gateway#sharding>
#[derive(Deserialize)]
struct Ready {
    #[serde(default = "only_shard")]
    shard: (u64, u64),
}

impl Default for Ready {
    fn default() -> Ready {
        Ready { shard: only_shard() }
    }
}

fn only_shard() -> (u64, u64) {
    (0, 1)
}

#[derive(Deserialize)]
struct Gone {
    id: String,
    #[serde(default)]
    unavailable: bool,
}

impl Facts {
    /// Keeps what an event says, if it says something that lasts, and looks up `table` in the same moment: whoever is
    /// introduced by then hears it as a fact, whoever is in the table by then hears the event, and nobody both.
    pub(super) fn note<T>(&self, name: &str, json: &str, table: impl FnOnce() -> T) -> T {
        match name {
            "READY" => {
                let mut known = self.known();
                known.ready = Some(json.to_owned());
                // A new session: its shard's guilds are told anew, those of other shards are not.
                let Ready { shard: (number, count) } = serde_json::from_str(json).unwrap_or_default();
                known
                    .guilds
                    .retain(|id, _| id.parse().is_ok_and(|id: u64| (id >> 22) % count.max(1) != number));
                table()
            }
            "GUILD_CREATE" => {
                let lean = lean(json);
                let mut known = self.known();
                if let Some((id, guild)) = lean {
                    known.guilds.insert(id, guild);
                }
                table()
            }
            "GUILD_DELETE" => {
                let mut known = self.known();
                if let Ok(Gone { id, unavailable: false }) = serde_json::from_str(json) {
                    known.guilds.remove(&id);
                }
                table()
            }
            _ => table(),
        }
    }

    /// Hands over the facts of these names as events, READY first; no fact changes meanwhile.
    pub(super) fn introduce<T>(&self, names: &[String], newcomer: impl FnOnce(Vec<Event>) -> T) -> T {
        let asks = |name: &str| names.iter().any(|asked| asked == name);
        let known = self.known();
        let ready = known.ready.iter().filter(|_| asks("READY")).map(|json| event::raw("READY", json));
        let guilds = known.guilds.values().filter(|_| asks("GUILD_CREATE"));
        let facts = ready.chain(guilds.map(|json| event::raw("GUILD_CREATE", json))).collect();
        newcomer(facts)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guild's id, and the guild without its bulk.
fn lean(json: &str) -> Option<(String, String)> {
    let mut guild: Map<String, Value> = serde_json::from_str(json).ok()?;
    BULK.iter().for_each(|list| _ = guild.remove(*list));
    let id = guild.get("id")?.as_str()?.to_owned();
    Some((id, Value::Object(guild).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_cog_hears_what_still_holds_and_only_what_it_declared() {
        let facts = Facts::default();
        facts.note("READY", r#"{"v":10}"#, || ());
        facts.note("GUILD_CREATE", r#"{"id":"1","name":"one","members":[{"user":{}}]}"#, || ());
        facts.note("GUILD_CREATE", r#"{"id":"2"}"#, || ());
        facts.note("GUILD_DELETE", r#"{"id":"2"}"#, || ());
        facts.note("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#, || ());
        let both = facts.introduce(&["GUILD_CREATE".to_owned(), "READY".to_owned()], |events| events);
        let texts: Vec<_> = both
            .iter()
            .map(|event| match event {
                Event::Other(raw) => (raw.name.to_string(), raw.json.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts[0], ("READY".to_owned(), r#"{"v":10}"#.to_owned()));
        assert_eq!(texts[1], ("GUILD_CREATE".to_owned(), r#"{"id":"1","name":"one"}"#.to_owned()));
        assert_eq!((texts.len(), facts.introduce(&["READY".to_owned()], |events| events.len())), (2, 1));
    }

    #[test]
    fn a_shard_that_comes_back_forgets_its_own_guilds_only() {
        let facts = Facts::default();
        let guild = |shard: u64| format!(r#"{{"id":"{}"}}"#, shard << 22);
        (0..2).for_each(|shard| facts.note("GUILD_CREATE", &guild(shard), || ()));
        facts.note("READY", r#"{"shard":[1,2]}"#, || ());
        assert_eq!(facts.introduce(&["GUILD_CREATE".to_owned()], |events| events.len()), 1);
    }
}
