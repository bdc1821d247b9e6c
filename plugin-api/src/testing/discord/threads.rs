//! Threads. Once opened, they are channels of the guild. <https://discord.com/developers/docs/topics/threads>

use serde_json::{Value, json};

use super::{BOT, Channel, Discord, GUILD, Refused, json::timestamp};
use crate::{permissions, testing::world::World};

/// Discord's types of threads.
const PUBLIC: u64 = 11;
const PRIVATE: u64 = 12;

/// The flag of a message that a thread was opened on.
const HAS_THREAD: u64 = 1 << 5;

impl Discord {
    /// Opens a thread for the bot, on a message of the channel or without one. Returns its JSON.
    /// <https://discord.com/developers/docs/resources/channel#start-thread-from-message>
    pub(super) fn open_thread(
        &mut self,
        world: &World,
        parent: u64,
        on: Option<u64>,
        body: &Value,
    ) -> Result<Value, Refused> {
        let Channel { recipient: None, thread: None, is_nsfw, .. } = self.channels[&parent] else {
            return Err(Refused::CHANNEL_TYPE.into());
        };
        // Without a message, Discord opens a private thread unless it is asked for a public one.
        let kind = body["type"].as_u64().unwrap_or(if on.is_some() { PUBLIC } else { PRIVATE });
        let needed = match kind {
            PUBLIC => permissions::CREATE_PUBLIC_THREADS,
            PRIVATE if on.is_none() => permissions::CREATE_PRIVATE_THREADS,
            _ => return Err(Refused::CHANNEL_TYPE.into()),
        };
        if !self.users[&BOT].may(needed) {
            return Err(Refused::MISSING_PERMISSIONS.into());
        }
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        if !(1..=100).contains(&name.chars().count()) {
            let what = "Must be between 1 and 100 in length.";
            return Err(Refused::form("name", "BASE_TYPE_BAD_LENGTH", what));
        }
        let now = world.clock.unix_ms();
        // A thread on a message has the message's id.
        let id = on.unwrap_or_else(|| self.snowflake(now));
        if self.channels.contains_key(&id) {
            return Err(Refused::HAS_THREAD.into());
        }
        let thread = json!({
            "id": id.to_string(), "type": kind, "guild_id": GUILD.to_string(), "name": name,
            "parent_id": parent.to_string(), "owner_id": BOT.to_string(), "member_count": 1, "flags": 0,
            "rate_limit_per_user": body["rate_limit_per_user"].as_u64().unwrap_or(0),
            "thread_metadata": {
                "archived": false, "auto_archive_duration": body["auto_archive_duration"].as_u64().unwrap_or(4320),
                "archive_timestamp": timestamp(now), "create_timestamp": timestamp(now), "locked": false,
            },
        });
        self.channels.insert(id, Channel { name, is_nsfw, recipient: None, thread: Some(thread) });
        let json = self.channel_json(id).unwrap_or_default();
        if let Some(posted) = self.messages.get_mut(&id) {
            posted.json["flags"] = json!(posted.json["flags"].as_u64().unwrap_or(0) | HAS_THREAD);
            posted.json["thread"] = json.clone();
        }
        let mut created = json.clone();
        created["newly_created"] = json!(true);
        world.emit("THREAD_CREATE", created);
        Ok(json)
    }
}
