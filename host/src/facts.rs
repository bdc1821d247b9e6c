//! What a cog that is loaded late has missed: that the bot is connected, and the guilds as they are now. A late cog
//! gets the events that bring it to the same state as a cog that was there all the time: READY of each shard,
//! `GUILD_CREATE` of each guild, and `GUILD_DELETE` of those that became unavailable in an outage since.
//! It is not a cache of guilds: member lists, presences and other bulk are left out.

mod guild;
mod permissions;
mod saved;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use gearshift_cog::abi::Event;
use serde::Deserialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use self::guild::{Change, Guild};
pub use self::permissions::{ChannelRules, GuildRules, PermissionQuery, Permissions};
pub use self::saved::SavedFacts;
use crate::event;

/// The facts that outlast their events.
#[derive(Debug, Default)]
pub struct Facts {
    /// The bot's user id; without it, the bot's own roles are not known.
    bot: Option<u64>,
    known: Mutex<Known>,
}

/// An event that was recorded. Until this is dropped, no cog is introduced. The caller looks up the routing table in
/// the meantime: a cog that was introduced earlier gets the event, one that is introduced later gets it as a fact, and
/// none gets both.
#[must_use = "the table is looked up while it is held"]
#[derive(Debug)]
pub struct Noted<'f>(#[expect(dead_code, reason = "held, not read")] Option<MutexGuard<'f, Known>>);

#[derive(Debug, Default)]
struct Known {
    /// By shard number.
    shards: BTreeMap<u64, Shard>,
    guilds: BTreeMap<u64, Guild>,
}

/// A connected shard.
#[derive(Debug)]
struct Shard {
    /// The total number of shards.
    count: u64,
    /// Its READY.
    ready: Box<str>,
    /// The bot's user, if it has changed since READY.
    user: Option<Box<str>>,
}

/// The part of READY that is read. <https://discord.com/developers/docs/events/gateway-events#ready>
#[derive(Deserialize)]
#[serde(default)]
struct Ready {
    /// Its number and the total number of shards. <https://discord.com/developers/docs/events/gateway#sharding>
    shard: (u64, u64),
    guilds: Vec<Announced>,
}

impl Default for Ready {
    fn default() -> Ready {
        Ready { shard: (0, 1), guilds: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Announced {
    id: String,
}

/// The channels in a `GUILD_CREATE`.
#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    channels: Vec<ChannelRules>,
}

/// Which guild an event is about: `guild_id`, or `id` if the event is the guild itself.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default)]
    unavailable: Option<bool>,
}

impl Facts {
    /// Nothing is known yet. `bot` is the bot's user.
    pub fn new(bot: Option<u64>) -> Facts {
        Facts { bot, known: Mutex::default() }
    }

    /// What a user and the bot may do in a channel. `None` if the guild, the channel or the bot's own roles are not
    /// known, which is always so without the intent `guilds`.
    pub fn permissions(&self, query: &PermissionQuery) -> Option<Permissions> {
        let bot = self.bot?;
        let (channel, own_roles, created) = {
            let mut known = self.known();
            let guild = known.guilds.get_mut(&query.guild)?;
            let channel = guild.threads.get(&query.channel).copied().unwrap_or(query.channel);
            (channel, guild.own_roles.clone()?, guild.created()?)
        };
        // Parsed without the lock: a guild with 500 channels takes a while, and the gateway's task needs the lock.
        let Event::Other(created) = created else { return None };
        let guild: GuildRules = serde_json::from_str(&created.json).ok()?;
        let Channels { channels } = serde_json::from_str(&created.json).ok()?;
        let channel = channels.iter().find(|it| it.id() == channel)?;
        Some(Permissions {
            user: guild.permissions(query.guild, channel, query.user, &query.roles),
            bot: guild.permissions(query.guild, channel, bot, &own_roles),
            nsfw: channel.is_nsfw(),
        })
    }

    /// Whether a channel or a thread is known to be in a guild.
    pub fn has_channel(&self, guild: u64, channel: u64) -> bool {
        let created = {
            let mut known = self.known();
            let Some(guild) = known.guilds.get_mut(&guild) else { return false };
            if guild.threads.contains_key(&channel) {
                return true;
            }
            guild.created()
        };
        let Some(Event::Other(created)) = created else { return false };
        serde_json::from_str(&created.json)
            .is_ok_and(|Channels { channels }| channels.iter().any(|it| it.id() == channel))
    }

    /// Records what an event says, if it outlasts the event.
    pub fn note(&self, name: &str, json: &str) -> Noted<'_> {
        let known = match name {
            "READY" => {
                let mut known = self.known();
                known.ready(json);
                known
            }
            "USER_UPDATE" => {
                let mut known = self.known();
                known.shards.values_mut().for_each(|shard| shard.user = Some(json.into()));
                known
            }
            "GUILD_CREATE" => {
                let guild = Guild::read(json, self.bot);
                let mut known = self.known();
                if let Some((id, guild)) = guild {
                    known.guilds.insert(id, guild);
                }
                known
            }
            "GUILD_DELETE" => {
                let mut known = self.known();
                match about_itself(json) {
                    Some((id, true)) => {
                        if let Some(guild) = known.guilds.get_mut(&id) {
                            guild.is_unavailable = true;
                        }
                    }
                    Some((id, false)) => drop(known.guilds.remove(&id)),
                    None => {}
                }
                known
            }
            // Discord sends updates of the bot's own member with any intents, and of others only with an intent.
            // https://discord.com/developers/docs/events/gateway#gateway-intents
            "GUILD_MEMBER_UPDATE" => {
                let Some((guild, roles)) = self.bot.and_then(|bot| guild::own_roles(json, bot)) else {
                    return Noted(None);
                };
                let mut known = self.known();
                if let Some(guild) = known.guilds.get_mut(&guild) {
                    guild.own_roles = Some(roles);
                }
                known
            }
            _ => {
                let Some(change) = Change::of(name) else { return Noted(None) };
                let id = match change {
                    Change::Fields => about_itself(json).map(|(id, _)| id),
                    _ => about_guild(json),
                };
                let mut known = self.known();
                if let Some(guild) = id.and_then(|id| known.guilds.get_mut(&id)) {
                    guild.change(change, json);
                }
                known
            }
        };
        Noted(Some(known))
    }

    /// Passes the facts of these names to `newcomer` as events, in the order in which Discord would send them. No
    /// fact changes until `newcomer` returns.
    pub fn introduce<T>(&self, names: &[String], newcomer: impl FnOnce(Vec<Event>) -> T) -> T {
        let asks = |name: &str| names.iter().any(|it| it == name);
        let mut known = self.known();
        let mut facts = Vec::new();
        if asks("READY") {
            facts.extend(known.shards.iter().map(|(number, shard)| known.ready_now(*number, shard)));
        }
        if asks("GUILD_CREATE") {
            facts.extend(known.guilds.values_mut().filter_map(Guild::created));
        }
        if asks("GUILD_DELETE") {
            let away = known.guilds.iter().filter(|(_, guild)| guild.is_unavailable);
            facts.extend(away.map(|(id, _)| {
                event::raw("GUILD_DELETE", &json!({"id": id.to_string(), "unavailable": true}).to_string())
            }));
        }
        newcomer(facts)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A new session: Discord sends this shard's guilds again, but not those of other shards.
    fn ready(&mut self, json: &str) {
        let Ready { shard: (number, count), guilds } = serde_json::from_str(json).unwrap_or_default();
        let shard = Shard { count: count.max(1), ready: json.into(), user: None };
        self.guilds.retain(|id, _| !shard.has(number, *id));
        for Announced { id } in guilds {
            if let Ok(id) = id.parse() {
                self.guilds.insert(id, Guild::default());
            }
        }
        self.shards.insert(number, shard);
    }

    /// A shard's READY with the current guilds and user.
    fn ready_now(&self, number: u64, shard: &Shard) -> Event {
        let guilds = self.guilds.keys().filter(|id| shard.has(number, **id));
        let guilds: Vec<_> = guilds.map(|id| json!({"id": id.to_string(), "unavailable": true})).collect();
        let mut ready: BTreeMap<String, Box<RawValue>> = match serde_json::from_str(&shard.ready) {
            Ok(ready) => ready,
            Err(_) => return event::raw("READY", &shard.ready),
        };
        if let Some(place) = ready.get_mut("guilds")
            && let Ok(guilds) = to_raw_value(&guilds)
        {
            *place = guilds;
        }
        if let Some(user) = shard.user.as_deref().and_then(|user| serde_json::from_str(user).ok()) {
            ready.insert("user".to_owned(), user);
        }
        event::raw("READY", &serde_json::to_string(&ready).unwrap_or_default())
    }
}

impl Shard {
    fn has(&self, number: u64, guild: u64) -> bool {
        (guild >> 22) % self.count == number
    }
}

/// The guild, if the event is a guild object, and whether it is unavailable.
fn about_itself(json: &str) -> Option<(u64, bool)> {
    let about: About = serde_json::from_str(json).ok()?;
    Some((about.id?.parse().ok()?, about.unavailable.unwrap_or(false)))
}

/// The guild that the subject of an event belongs to; `None` in a direct message.
fn about_guild(json: &str) -> Option<u64> {
    let about: About = serde_json::from_str(json).ok()?;
    about.guild_id?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn introduced(facts: &Facts, names: &[&str]) -> Vec<(String, String)> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let text = |event: &Event| match event {
            Event::Other(raw) => (raw.name.to_string(), raw.json.to_string()),
            other => panic!("{other:?}"),
        };
        facts.introduce(&names, |events| events.iter().map(text).collect())
    }

    fn note(facts: &Facts, events: &[(&str, &str)]) {
        events.iter().for_each(|(name, json)| drop(facts.note(name, json)));
    }

    #[test]
    fn a_late_cog_gets_what_still_holds_and_only_what_it_declared() {
        let facts = Facts::default();
        note(
            &facts,
            &[
                ("READY", r#"{"v":10}"#),
                ("GUILD_CREATE", r#"{"id":"1","name":"one","members":[{"user":{}}]}"#),
                ("GUILD_CREATE", r#"{"id":"2"}"#),
                ("GUILD_DELETE", r#"{"id":"2"}"#),
                ("GUILD_UPDATE", r#"{"id":"1","name":"new"}"#),
                ("CHANNEL_CREATE", r#"{"id":"5","guild_id":"1"}"#),
                ("CHANNEL_CREATE", r#"{"id":"6"}"#),
                ("CHANNEL_CREATE", "[]"),
            ],
        );
        assert_eq!(
            introduced(&facts, &["GUILD_CREATE", "READY"]),
            [
                ("READY".to_owned(), r#"{"v":10}"#.to_owned()),
                (
                    "GUILD_CREATE".to_owned(),
                    r#"{"channels":[{"id":"5","guild_id":"1"}],"id":"1","name":"new"}"#.to_owned()
                ),
            ]
        );
        assert_eq!(introduced(&facts, &["READY"]).len(), 1);
        assert_eq!(introduced(&facts, &["MESSAGE_CREATE"]), []);
    }

    #[test]
    fn a_guild_that_an_outage_took_is_there_and_then_away_until_it_comes_back() {
        let facts = Facts::default();
        note(
            &facts,
            &[("GUILD_CREATE", r#"{"id":"1"}"#), ("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#)],
        );
        let names = |facts: &Facts| -> Vec<String> {
            introduced(facts, &["GUILD_CREATE", "GUILD_DELETE"]).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&facts), ["GUILD_CREATE", "GUILD_DELETE"]);
        note(&facts, &[("GUILD_CREATE", r#"{"id":"1"}"#)]);
        assert_eq!(names(&facts), ["GUILD_CREATE"]);
    }

    #[test]
    fn ready_names_the_guilds_and_the_user_of_today() {
        let facts = Facts::default();
        note(
            &facts,
            &[
                ("READY", r#"{"guilds":[{"id":"1"},{"id":"2"}],"user":{"username":"old"}}"#),
                ("GUILD_CREATE", r#"{"id":"1"}"#),
                ("GUILD_CREATE", r#"{"id":"3"}"#),
                ("GUILD_DELETE", r#"{"id":"1"}"#),
                ("USER_UPDATE", r#"{"username":"new"}"#),
            ],
        );
        let ready = &introduced(&facts, &["READY"])[0].1;
        let ready: serde_json::Value = serde_json::from_str(ready).expect("it is JSON");
        assert_eq!(ready["user"]["username"], "new");
        let ids: Vec<&str> =
            ready["guilds"].as_array().into_iter().flatten().filter_map(|it| it["id"].as_str()).collect();
        // Guild 1 was left, guild 2 was only announced so far, guild 3 arrived.
        assert_eq!(ids, ["2", "3"]);
        assert_eq!(introduced(&facts, &["GUILD_CREATE"]).len(), 1);
    }

    #[test]
    fn each_shard_has_its_ready_and_a_new_one_forgets_its_own_guilds_only() {
        let facts = Facts::default();
        let guild = |shard: u64| format!(r#"{{"id":"{}"}}"#, shard << 22);
        note(&facts, &[("READY", r#"{"shard":[0,2]}"#), ("READY", r#"{"shard":[1,2]}"#)]);
        (0..2).for_each(|shard| drop(facts.note("GUILD_CREATE", &guild(shard))));
        assert_eq!(introduced(&facts, &["GUILD_CREATE", "READY"]).len(), 4);
        note(&facts, &[("READY", r#"{"shard":[1,2]}"#)]);
        assert_eq!(introduced(&facts, &["GUILD_CREATE", "READY"]).len(), 3);
    }
}
