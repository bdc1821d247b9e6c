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

/// The facts that last. Whoever has the lock can hand facts out knowing that none comes in between.
#[derive(Debug, Default)]
pub(super) struct Facts(Mutex<Known>);

/// What is known now.
#[derive(Debug, Default)]
pub(super) struct Known {
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
    /// Keeps what an event says, if it is of a kind that lasts. The lock is for as long as the event is handed out: who
    /// begins to listen meanwhile is told either by the event or by what is known, and never by both.
    pub(super) fn note(&self, name: &str, json: &str) -> Option<MutexGuard<'_, Known>> {
        match name {
            "READY" => {
                let mut known = self.known();
                known.ready = Some(json.to_owned());
                known.guilds.clear();
                Some(known)
            }
            "GUILD_CREATE" => {
                let mut guild = serde_json::from_str::<Map<String, Value>>(json).ok()?;
                BULK.iter().for_each(|list| _ = guild.remove(*list));
                let id = guild.get("id")?.as_str()?.to_owned();
                let mut known = self.known();
                known.guilds.insert(id, Value::Object(guild).to_string());
                Some(known)
            }
            "GUILD_DELETE" => {
                let Ok(Gone { id, unavailable: false }) = serde_json::from_str(json) else { return None };
                let mut known = self.known();
                known.guilds.remove(&id);
                Some(known)
            }
            _ => None,
        }
    }

    /// What is known, and nothing new as long as the lock is held.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The facts of these names as events, READY first.
    pub(super) fn events(&self, names: &[String]) -> Vec<Event> {
        let asks = |name: &str| names.iter().any(|asked| asked == name);
        let ready = self.ready.iter().filter(|_| asks("READY")).map(|json| event::raw("READY", json));
        let guilds = self.guilds.values().filter(|_| asks("GUILD_CREATE"));
        ready.chain(guilds.map(|json| event::raw("GUILD_CREATE", json))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_cog_hears_what_still_holds_and_only_what_it_declared() {
        let facts = Facts::default();
        let note = |name, json| drop(facts.note(name, json));
        note("READY", r#"{"v":10}"#);
        note("GUILD_CREATE", r#"{"id":"1","name":"one","members":[{"user":{}}]}"#);
        note("GUILD_CREATE", r#"{"id":"2"}"#);
        note("GUILD_DELETE", r#"{"id":"2"}"#);
        note("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#);
        let both = facts.known().events(&["GUILD_CREATE".to_owned(), "READY".to_owned()]);
        let texts: Vec<_> = both
            .iter()
            .map(|event| match event {
                Event::Other(raw) => (raw.name.to_string(), raw.json.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts[0], ("READY".to_owned(), r#"{"v":10}"#.to_owned()));
        assert_eq!(texts[1], ("GUILD_CREATE".to_owned(), r#"{"id":"1","name":"one"}"#.to_owned()));
        assert_eq!((texts.len(), facts.known().events(&["READY".to_owned()]).len()), (2, 1));
    }
}
