//! One guild as it is now: its `GUILD_CREATE` without bulk, and the events that have changed it since. They are merged
//! only when a cog needs the guild, or when there are many: most guilds are never asked for.

use std::collections::{BTreeMap, HashMap};

use abi_stable::std_types::RArc;
use gearshift_cog::abi::{Event, RawEvent};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::saved::SavedGuild;
use crate::event::Id;

/// Lists in `GUILD_CREATE` that grow with the guild or change all the time. They are left out, so that what is kept of
/// a guild is bounded by Discord's own limits for channels, roles, emojis and stickers.
/// <https://discord.com/developers/docs/events/gateway-events#guild-create>
const BULK: [&str; 7] = [
    "members",
    "presences",
    "voice_states",
    "threads",
    "soundboard_sounds",
    "stage_instances",
    "guild_scheduled_events",
];

/// Changes are merged when there are this many, or this many bytes of them.
const CHANGES: usize = 64;
const CHANGES_BYTES: usize = 64 << 10;

/// A JSON object whose values are not parsed.
type Object = BTreeMap<String, Box<RawValue>>;

#[derive(Debug, Default)]
pub(super) struct Guild {
    /// Its `GUILD_CREATE`, ready to be sent to a cog; `None` while Discord has only announced it in READY.
    created: Option<RArc<RawEvent>>,
    /// Changes since then, oldest first.
    changes: Vec<(Change, Box<str>)>,
    /// Members who have joined since, minus those who have left.
    joined: i64,
    /// The bot's own roles in the guild; `None` while they are not known.
    pub(super) own_roles: Option<Vec<u64>>,
    /// The parent channel of each thread that is not archived. Discord allows 1,000 of them.
    pub(super) threads: HashMap<u64, u64>,
    /// Whether it is unavailable because of an outage.
    pub(super) is_unavailable: bool,
}

/// What an event changes in a guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The guild's own fields.
    Fields,
    Emojis,
    Stickers,
    Channel,
    ChannelGone,
    Role,
    RoleGone,
    Joined,
    Left,
    Thread,
    ThreadGone,
    Threads,
}

impl Change {
    pub(super) fn of(event: &str) -> Option<Change> {
        Some(match event {
            "GUILD_UPDATE" => Change::Fields,
            "GUILD_EMOJIS_UPDATE" => Change::Emojis,
            "GUILD_STICKERS_UPDATE" => Change::Stickers,
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" => Change::Channel,
            "CHANNEL_DELETE" => Change::ChannelGone,
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => Change::Role,
            "GUILD_ROLE_DELETE" => Change::RoleGone,
            "GUILD_MEMBER_ADD" => Change::Joined,
            "GUILD_MEMBER_REMOVE" => Change::Left,
            "THREAD_CREATE" | "THREAD_UPDATE" => Change::Thread,
            "THREAD_DELETE" => Change::ThreadGone,
            "THREAD_LIST_SYNC" => Change::Threads,
            _ => return None,
        })
    }
}

impl Guild {
    /// The guild of a `GUILD_CREATE`, with its id; `None` if the JSON is not a guild.
    pub(super) fn read(json: &str, bot: Option<u64>) -> Option<(u64, Guild)> {
        let mut guild: Object = serde_json::from_str(json).ok()?;
        let id: String = serde_json::from_str(guild.get("id")?.get()).ok()?;
        let members = guild.get("members").and_then(|members| serde_json::from_str(members.get()).ok());
        let own_roles = bot.and_then(|bot| roles_of(members.unwrap_or_default(), bot));
        let mut threads = HashMap::new();
        if let Some(list) = guild.get("threads").and_then(|list| serde_json::from_str(list.get()).ok()) {
            note_threads(&mut threads, list);
        }
        BULK.iter().for_each(|list| _ = guild.remove(*list));
        Some((
            id.parse().ok()?,
            Guild { created: Some(event(&guild)), own_roles, threads, ..Guild::default() },
        ))
    }

    /// Records a change.
    pub(super) fn change(&mut self, change: Change, json: &str) {
        if self.created.is_none() {
            return;
        }
        match change {
            Change::Joined => self.joined += 1,
            Change::Left => self.joined -= 1,
            // An event that cannot be parsed changes nothing.
            Change::Thread => {
                if let Ok(thread) = serde_json::from_str(json) {
                    note_threads(&mut self.threads, vec![thread]);
                }
            }
            Change::ThreadGone => {
                if let Ok(Thread { id, .. }) = serde_json::from_str(json) {
                    self.threads.remove(&id.0);
                }
            }
            Change::Threads => {
                if let Ok(Threads { threads }) = serde_json::from_str(json) {
                    note_threads(&mut self.threads, threads);
                }
            }
            _ => self.changes.push((change, json.into())),
        }
        let bytes: usize = self.changes.iter().map(|(_, json)| json.len()).sum();
        if self.changes.len() >= CHANGES || bytes >= CHANGES_BYTES {
            self.rebuild();
        }
    }

    /// The current guild, as a `GUILD_CREATE`; `None` while it was only announced.
    pub(super) fn created(&mut self) -> Option<Event> {
        self.rebuild();
        self.created.clone().map(Event::Other)
    }

    pub(super) fn save(&mut self, id: u64) -> serde_json::Result<SavedGuild> {
        self.rebuild();
        let raw = |created: &RArc<RawEvent>| RawValue::from_string(created.json.to_string());
        Ok(SavedGuild {
            id,
            created: self.created.as_ref().map(raw).transpose()?,
            own_roles: self.own_roles.clone(),
            threads: self.threads.iter().map(|(thread, channel)| (*thread, *channel)).collect(),
            is_unavailable: self.is_unavailable,
        })
    }

    pub(super) fn restored(saved: SavedGuild) -> Guild {
        let SavedGuild { created, own_roles, threads, is_unavailable, .. } = saved;
        let created = created.map(|created| {
            RArc::new(RawEvent {
                name: "GUILD_CREATE".into(),
                json: String::from(Box::<str>::from(created)).into(),
            })
        });
        let threads = threads.into_iter().collect();
        Guild { created, own_roles, threads, is_unavailable, ..Guild::default() }
    }

    fn rebuild(&mut self) {
        if self.changes.is_empty() && self.joined == 0 {
            return;
        }
        let Some(created) = &self.created else { return };
        let Ok(mut guild) = serde_json::from_str::<Object>(created.json.as_str()) else { return };
        for (change, json) in self.changes.drain(..) {
            // A change that cannot be parsed changes nothing.
            let _ = apply(&mut guild, change, &json);
        }
        self.changes.shrink_to_fit();
        if let Some(count) = guild.get("member_count").and_then(|count| count.get().parse::<i64>().ok())
            && let Ok(count) = to_raw_value(&count.saturating_add(self.joined).max(0))
        {
            guild.insert("member_count".to_owned(), count);
        }
        self.joined = 0;
        self.created = Some(event(&guild));
    }
}

/// The part of a thread that is read. <https://discord.com/developers/docs/resources/channel#channel-object>
#[derive(Deserialize)]
struct Thread {
    id: Id,
    #[serde(default)]
    parent_id: Option<Id>,
    #[serde(default)]
    thread_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Threads {
    threads: Vec<Thread>,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    roles: Vec<Id>,
    #[serde(default)]
    guild_id: Option<Id>,
}

#[derive(Deserialize)]
struct User {
    id: Id,
}

/// The guild and the roles in it, if a `GUILD_MEMBER_UPDATE` is about the bot.
pub(super) fn own_roles(json: &str, bot: u64) -> Option<(u64, Vec<u64>)> {
    // Most are about other members, and are not parsed.
    if !json.contains(&bot.to_string()) {
        return None;
    }
    let member: Member = serde_json::from_str(json).ok()?;
    let guild = member.guild_id.map(|id| id.0)?;
    Some((guild, roles_of(vec![member], bot)?))
}

fn roles_of(members: Vec<Member>, user: u64) -> Option<Vec<u64>> {
    let member = members.into_iter().find(|member| member.user.id.0 == user)?;
    Some(member.roles.iter().map(|id| id.0).collect())
}

fn note_threads(threads: &mut HashMap<u64, u64>, list: Vec<Thread>) {
    for thread in list {
        let is_archived = thread.thread_metadata.is_some_and(|metadata| metadata.archived);
        match thread.parent_id {
            Some(parent) if !is_archived => _ = threads.insert(thread.id.0, parent.0),
            _ => _ = threads.remove(&thread.id.0),
        }
    }
}

fn event(guild: &Object) -> RArc<RawEvent> {
    let mut json = serde_json::to_string(guild).unwrap_or_default();
    json.shrink_to_fit();
    RArc::new(RawEvent { name: "GUILD_CREATE".into(), json: json.into() })
}

fn apply(guild: &mut Object, change: Change, json: &str) -> serde_json::Result<()> {
    #[derive(Deserialize)]
    struct RoleChange {
        role: Option<Box<RawValue>>,
        role_id: Option<String>,
    }
    match change {
        Change::Fields => {
            let mut fields: Object = serde_json::from_str(json)?;
            BULK.iter().for_each(|list| _ = fields.remove(*list));
            guild.append(&mut fields);
        }
        Change::Emojis => replace_list(guild, "emojis", json)?,
        Change::Stickers => replace_list(guild, "stickers", json)?,
        Change::Channel => {
            let channel: Box<RawValue> = serde_json::from_str(json)?;
            change_list(guild, "channels", &id_of(&channel)?, Some(channel))?;
        }
        Change::ChannelGone => {
            let channel: Box<RawValue> = serde_json::from_str(json)?;
            change_list(guild, "channels", &id_of(&channel)?, None)?;
        }
        Change::Role | Change::RoleGone => {
            let RoleChange { role, role_id } = serde_json::from_str(json)?;
            match (role, role_id) {
                (Some(role), _) => change_list(guild, "roles", &id_of(&role)?, Some(role))?,
                (None, Some(id)) => change_list(guild, "roles", &id, None)?,
                (None, None) => {}
            }
        }
        Change::Joined | Change::Left | Change::Thread | Change::ThreadGone | Change::Threads => {}
    }
    Ok(())
}

fn replace_list(guild: &mut Object, name: &str, json: &str) -> serde_json::Result<()> {
    let mut fields: Object = serde_json::from_str(json)?;
    if let Some(list) = fields.remove(name) {
        guild.insert(name.to_owned(), list);
    }
    Ok(())
}

/// Replaces the entry with this id by `new`, or appends it; without `new`, removes the entry.
fn change_list(
    guild: &mut Object,
    name: &str,
    id: &str,
    new: Option<Box<RawValue>>,
) -> serde_json::Result<()> {
    let mut entries: Vec<Box<RawValue>> = match guild.get(name) {
        Some(list) => serde_json::from_str(list.get())?,
        None => Vec::new(),
    };
    let place = entries.iter().position(|entry| id_of(entry).is_ok_and(|other| other == id));
    match (place, new) {
        (Some(place), Some(new)) => entries[place] = new,
        (Some(place), None) => drop(entries.remove(place)),
        (None, Some(new)) => entries.push(new),
        (None, None) => return Ok(()),
    }
    guild.insert(name.to_owned(), to_raw_value(&entries)?);
    Ok(())
}

fn id_of(entry: &RawValue) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    serde_json::from_str::<Entry>(entry.get()).map(|entry| entry.id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn now(guild: &mut Guild) -> Value {
        match guild.created().expect("it is there") {
            Event::Other(raw) => serde_json::from_str(raw.json.as_str()).expect("it is JSON"),
            other => panic!("{other:?}"),
        }
    }

    fn kept_bytes(guild: &Guild) -> usize {
        let created = guild.created.as_ref().map_or(0, |created| created.json.capacity());
        created + guild.changes.iter().map(|(_, json)| json.len()).sum::<usize>()
    }

    #[test]
    fn a_guild_is_handed_over_as_it_is_now() {
        let json = json!({"id": "1", "name": "old", "member_count": 5, "owner_id": "9",
            "channels": [{"id": "10", "name": "a"}, {"id": "11", "name": "b"}],
            "roles": [{"id": "1", "name": "@everyone"}], "emojis": [], "stickers": []});
        let (_, mut guild) = Guild::read(&json.to_string(), None).expect("a guild");
        let changes = [
            ("GUILD_UPDATE", json!({"id": "1", "name": "new"})),
            ("CHANNEL_CREATE", json!({"id": "12", "guild_id": "1", "name": "c"})),
            ("CHANNEL_UPDATE", json!({"id": "10", "guild_id": "1", "name": "A"})),
            ("CHANNEL_DELETE", json!({"id": "11", "guild_id": "1", "name": "b"})),
            ("GUILD_ROLE_CREATE", json!({"guild_id": "1", "role": {"id": "20", "name": "mod"}})),
            ("GUILD_ROLE_CREATE", json!({"guild_id": "1", "role": {"id": "21", "name": "gone"}})),
            ("GUILD_ROLE_UPDATE", json!({"guild_id": "1", "role": {"id": "20", "name": "MOD"}})),
            ("GUILD_ROLE_DELETE", json!({"guild_id": "1", "role_id": "21"})),
            ("GUILD_EMOJIS_UPDATE", json!({"guild_id": "1", "emojis": [{"id": "30"}]})),
            ("GUILD_STICKERS_UPDATE", json!({"guild_id": "1", "stickers": [{"id": "31"}]})),
            ("GUILD_MEMBER_ADD", json!({"guild_id": "1"})),
            ("GUILD_MEMBER_ADD", json!({"guild_id": "1"})),
            ("GUILD_MEMBER_REMOVE", json!({"guild_id": "1"})),
            ("GUILD_UPDATE", json!("not an object")),
        ];
        for (name, json) in changes {
            guild.change(Change::of(name).expect(name), &json.to_string());
        }
        assert_eq!(
            now(&mut guild),
            json!({"id": "1", "name": "new", "member_count": 6, "owner_id": "9",
                "channels": [{"id": "10", "guild_id": "1", "name": "A"}, {"id": "12", "guild_id": "1", "name": "c"}],
                "roles": [{"id": "1", "name": "@everyone"}, {"id": "20", "name": "MOD"}],
                "emojis": [{"id": "30"}], "stickers": [{"id": "31"}]})
        );
    }

    #[test]
    fn what_is_kept_does_not_grow_with_members_nor_with_changes() {
        let member =
            json!({"user": {"id": "1".repeat(18), "username": "x".repeat(20)}, "roles": vec!["1"; 8]});
        let channel = |id: usize| json!({"id": id.to_string(), "guild_id": "1", "topic": "t".repeat(200)});
        let channels: Vec<Value> = (0..50).map(channel).collect();
        let lean = json!({"id": "1", "name": "large", "member_count": 2_000, "channels": channels});
        let mut json = lean.clone();
        json["members"] = json!(vec![member; 2_000]);
        let (_, mut guild) = Guild::read(&json.to_string(), None).expect("a guild");
        assert_eq!(kept_bytes(&guild), lean.to_string().len());
        for id in 0..1_000 {
            guild.change(Change::Channel, &channel(id % 50).to_string());
            guild.change(Change::Joined, "{}");
            assert!(kept_bytes(&guild) <= lean.to_string().len() + CHANGES_BYTES);
        }
        assert_eq!(now(&mut guild)["channels"], lean["channels"]);
        assert_eq!(now(&mut guild)["member_count"], 3_000);
    }
}
