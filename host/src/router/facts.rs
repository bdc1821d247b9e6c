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
pub struct Facts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ready: Option<String>,
    guilds: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Gone {
    id: String,
    #[serde(default)]
    unavailable: bool,
}

impl Facts {
    /// Keeps what an event says, if it says something that lasts.
    pub(super) fn note(&self, name: &str, json: &str) {
        match name {
            "READY" => {
                let mut known = self.known();
                known.ready = Some(json.to_owned());
                known.guilds.clear();
            }
            "GUILD_CREATE" => {
                let Ok(mut guild) = serde_json::from_str::<Map<String, Value>>(json) else { return };
                BULK.iter().for_each(|list| _ = guild.remove(*list));
                let Some(id) = guild.get("id").and_then(Value::as_str).map(str::to_owned) else { return };
                self.known().guilds.insert(id, Value::Object(guild).to_string());
            }
            "GUILD_DELETE" => {
                if let Ok(Gone { id, unavailable: false }) = serde_json::from_str(json) {
                    self.known().guilds.remove(&id);
                }
            }
            _ => {}
        }
    }

    /// The facts of these names as events, READY first.
    pub fn events(&self, names: &[String]) -> Vec<Event> {
        let asks = |name: &str| names.iter().any(|asked| asked == name);
        let known = self.known();
        let ready = known.ready.iter().filter(|_| asks("READY")).map(|json| event::raw("READY", json));
        let guilds = known.guilds.values().filter(|_| asks("GUILD_CREATE"));
        ready.chain(guilds.map(|json| event::raw("GUILD_CREATE", json))).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_cog_hears_what_still_holds_and_only_what_it_declared() {
        let facts = Facts::default();
        facts.note("READY", r#"{"v":10}"#);
        facts.note("GUILD_CREATE", r#"{"id":"1","name":"one","members":[{"user":{}}]}"#);
        facts.note("GUILD_CREATE", r#"{"id":"2"}"#);
        facts.note("GUILD_DELETE", r#"{"id":"2"}"#);
        facts.note("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#);
        let both = facts.events(&["GUILD_CREATE".to_owned(), "READY".to_owned()]);
        let texts: Vec<_> = both
            .iter()
            .map(|event| match event {
                Event::Other(raw) => (raw.name.to_string(), raw.json.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts[0], ("READY".to_owned(), r#"{"v":10}"#.to_owned()));
        assert_eq!(texts[1], ("GUILD_CREATE".to_owned(), r#"{"id":"1","name":"one"}"#.to_owned()));
        assert_eq!((texts.len(), facts.events(&["READY".to_owned()]).len()), (2, 1));
    }
}
