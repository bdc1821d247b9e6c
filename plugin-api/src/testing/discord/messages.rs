//! Messages: posting, editing, deleting, reacting.

use serde_json::{Value, json};

use super::{BOT, Discord, EPOCH, Posted, Refused, form, json::timestamp};
use crate::{
    abi::File,
    interactions::COMMAND,
    message::{COMPONENTS_V2, EPHEMERAL},
    permissions,
    testing::world::World,
};

/// Message flags that a bot may set besides the ephemeral one: suppress embeds, suppress notifications, components v2.
const SETTABLE: u64 = 1 << 2 | 1 << 12 | COMPONENTS_V2;

/// How many messages can be deleted at once, and how old they may be.
const BULK_MAX: usize = 100;
const BULK_AGE_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// How long a nonce is remembered: in Discord's words, "a few minutes".
const NONCE_MS: u64 = 5 * 60 * 1000;

/// A message to be posted.
pub(in crate::testing) struct New<'a> {
    pub(in crate::testing) channel: u64,
    pub(in crate::testing) author: u64,
    pub(in crate::testing) body: &'a Value,
    pub(in crate::testing) files: &'a [File],
    /// For an ephemeral message: the user who sees it.
    pub(in crate::testing) only_for: Option<u64>,
    /// For an answer to an interaction: the metadata of the interaction.
    pub(in crate::testing) interaction: Option<Value>,
}

impl Discord {
    /// Checks a message and posts it. Returns its id.
    pub(in crate::testing) fn post_checked(&mut self, world: &World, new: &New<'_>) -> Result<u64, Refused> {
        form::message(new.body, new.files.len())?;
        self.post(world, new)
    }

    /// Posts a message that was checked. Returns its id.
    pub(in crate::testing) fn post(&mut self, world: &World, new: &New<'_>) -> Result<u64, Refused> {
        let reference = self.reference(new)?;
        let now = world.clock.unix_ms();
        if let Some(id) = self.posted_with_nonce(new, now) {
            return Ok(id);
        }
        let id = self.snowflake(now);
        let ephemeral = if new.only_for.is_some() { EPHEMERAL } else { 0 };
        let flags = new.body["flags"].as_u64().unwrap_or(0) & SETTABLE | ephemeral;
        let mut json = json!({
            "id": id.to_string(), "channel_id": new.channel.to_string(), "type": kind(new, reference.is_some()),
            "author": self.user_json(new.author), "timestamp": timestamp(now), "edited_timestamp": null,
            "tts": new.body["tts"] == json!(true), "mention_everyone": false, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "components": [], "content": "", "pinned": false, "flags": flags,
        });
        if let Some(to) = reference {
            json["message_reference"] = json!({
                "type": 0, "message_id": to.to_string(), "channel_id": new.channel.to_string(),
                "guild_id": self.guild_of(new.channel).map(|id| id.to_string()),
            });
            json["referenced_message"] = self.messages[&to].json.clone();
        }
        if let Some(interaction) = &new.interaction {
            json["interaction_metadata"] = interaction.clone();
            json["webhook_id"] = json!(BOT.to_string());
            json["application_id"] = json!(BOT.to_string());
        }
        for field in ["nonce", "poll"] {
            if !new.body[field].is_null() {
                json[field] = new.body[field].clone();
            }
        }
        self.fill(&mut json, new.body, new.files, now);
        let posted = Posted { channel: new.channel, json, is_deleted: false, only_for: new.only_for };
        if posted.only_for.is_none() {
            world.emit("MESSAGE_CREATE", self.event_json(&posted));
        }
        self.messages.insert(id, posted);
        Ok(id)
    }

    /// The message with the same author and nonce, if a second one must not be posted.
    /// <https://discord.com/developers/docs/resources/message#create-message>
    fn posted_with_nonce(&self, new: &New<'_>, now: u64) -> Option<u64> {
        let nonce = &new.body["nonce"];
        if nonce.is_null() || new.body["enforce_nonce"] != json!(true) {
            return None;
        }
        let (channel, author) = (new.channel, json!(new.author.to_string()));
        let is_it = |posted: &Posted| {
            posted.channel == channel
                && posted.json["nonce"] == *nonce
                && posted.json["author"]["id"] == author
        };
        let after = now.saturating_sub(EPOCH + NONCE_MS) << 22;
        self.messages.range(after..).find(|(_, posted)| is_it(posted)).map(|(id, _)| *id)
    }

    /// Whether the bot may read the history of a channel.
    pub(super) fn reads_history(&self, channel: u64) -> bool {
        self.guild_of(channel).is_none() || self.users[&BOT].may(permissions::READ_MESSAGE_HISTORY)
    }

    /// The message that this one replies to.
    fn reference(&self, new: &New<'_>) -> Result<Option<u64>, Refused> {
        let reference = &new.body["message_reference"];
        let Some(id) = reference["message_id"].as_str() else { return Ok(None) };
        let id: Option<u64> = id.parse().ok();
        let there = id
            .filter(|id| self.messages.get(id).is_some_and(|to| to.channel == new.channel && !to.is_deleted));
        match (there, &reference["fail_if_not_exists"]) {
            (Some(_), _) if new.author == BOT && !self.reads_history(new.channel) => {
                Err(Refused::REPLY_NEEDS_HISTORY.into())
            }
            (Some(id), _) => Ok(Some(id)),
            (None, Value::Bool(false)) => Ok(None),
            (None, _) => {
                let code = "REPLIES_UNKNOWN_MESSAGE";
                Err(Refused::form("message_reference", code, "Unknown message"))
            }
        }
    }

    /// Sets the fields that the body has.
    fn fill(&mut self, json: &mut Value, body: &Value, files: &[File], now: u64) {
        for field in ["content", "embeds", "components"] {
            if !body[field].is_null() {
                json[field] = body[field].clone();
            }
        }
        number_components(&mut json["components"]);
        for embed in json["embeds"].as_array_mut().into_iter().flatten() {
            if embed["type"].is_null() {
                embed["type"] = json!("rich");
            }
        }
        // An edit re-evaluates mentions only if it contains a text.
        // <https://discord.com/developers/docs/resources/message#edit-message>
        if json["edited_timestamp"].is_null() || !body["content"].is_null() {
            self.notify(json, &body["allowed_mentions"]);
        }
        if let Some(kept) = body["attachments"].as_array() {
            let ids: Vec<&Value> = kept.iter().map(|attachment| &attachment["id"]).collect();
            if let Some(attachments) = json["attachments"].as_array_mut() {
                attachments.retain(|attachment| ids.contains(&&attachment["id"]));
            }
        }
        for file in files {
            let id = self.snowflake(now);
            let url = format!("https://cdn.discordapp.com/attachments/{id}/{}", file.name);
            let attachment = json!({
                "id": id.to_string(), "filename": file.name.as_str(), "size": file.bytes.len(), "url": url,
                "proxy_url": url, "content_type": file.content_type.as_str(),
            });
            if let Some(attachments) = json["attachments"].as_array_mut() {
                attachments.push(attachment);
            }
        }
    }

    /// Sets whom the text notifies. <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
    fn notify(&self, json: &mut Value, allowed: &Value) {
        let text = json["content"].as_str().unwrap_or_default().to_owned();
        let parse = |kind: &str| {
            allowed.is_null() || allowed["parse"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
        };
        let listed = |kind: &str, id: u64| {
            allowed[kind].as_array().is_some_and(|ids| ids.contains(&json!(id.to_string())))
        };
        let mut users = self.mentioned(&text);
        users.retain(|id| parse("users") || listed("users", *id));
        let replied = json["referenced_message"]["author"]["id"].as_str().and_then(|id| id.parse().ok());
        if allowed.is_null() || allowed["replied_user"] == json!(true) {
            users.extend(replied.filter(|id| !users.contains(id)));
        }
        let mut roles = super::mentions(&text, "<@&");
        roles.retain(|id| self.roles.contains_key(id) && (parse("roles") || listed("roles", *id)));
        let everyone = (text.contains("@everyone") || text.contains("@here")) && parse("everyone");
        json["mentions"] = users.iter().map(|id| self.user_json(*id)).collect();
        json["mention_roles"] = roles.iter().map(|id| json!(id.to_string())).collect();
        json["mention_everyone"] = json!(everyone);
    }

    /// Edits a message that was checked.
    pub(in crate::testing) fn edit(
        &mut self,
        world: &World,
        id: u64,
        body: &Value,
        files: &[File],
    ) -> Result<(), Refused> {
        let Some(posted) = self.messages.get(&id).filter(|posted| !posted.is_deleted) else {
            return Err(Refused::UNKNOWN_MESSAGE.into());
        };
        let now = world.clock.unix_ms();
        let mut json = posted.json.clone();
        json["edited_timestamp"] = json!(timestamp(now));
        self.fill(&mut json, body, files, now);
        form::message(&json, json["attachments"].as_array().map_or(0, Vec::len))?;
        if let Some(posted) = self.messages.get_mut(&id) {
            posted.json = json;
        }
        let posted = &self.messages[&id];
        if posted.only_for.is_none() {
            world.emit("MESSAGE_UPDATE", self.event_json(posted));
        }
        Ok(())
    }

    pub(in crate::testing) fn delete(&mut self, world: &World, id: u64) -> Result<(), Refused> {
        let Some(posted) = self.messages.get_mut(&id).filter(|posted| !posted.is_deleted) else {
            return Err(Refused::UNKNOWN_MESSAGE.into());
        };
        posted.is_deleted = true;
        let (channel, is_seen) = (posted.channel, posted.only_for.is_none());
        if is_seen {
            self.announce_deleted(world, channel, &[id]);
        }
        Ok(())
    }

    /// Deletes several messages of a channel at once, as far as they exist.
    /// <https://discord.com/developers/docs/resources/message#bulk-delete-messages>
    pub(super) fn delete_all(&mut self, world: &World, channel: u64, body: &Value) -> Result<(), Refused> {
        let ids = body["messages"].as_array().into_iter().flatten();
        let ids: Vec<u64> = ids.filter_map(|id| id.as_str()?.parse().ok()).collect();
        if let Some(at) = (1..ids.len()).find(|at| ids[..*at].contains(&ids[*at])) {
            let (field, code) = (format!("messages.{at}"), "SET_TYPE_ALREADY_CONTAINS_VALUE");
            return Err(Refused::form(&field, code, "The set already contains this value"));
        }
        if !(2..=BULK_MAX).contains(&ids.len()) {
            return Err(Refused::BULK_COUNT.into());
        }
        let oldest = world.clock.unix_ms().saturating_sub(EPOCH + BULK_AGE_MS) << 22;
        if ids.iter().any(|id| *id < oldest) {
            return Err(Refused::BULK_AGE.into());
        }
        if self.guild_of(channel).is_none() {
            return Err(Refused::DIRECT_MESSAGE.into());
        }
        let mut gone = ids;
        gone.retain(|id| match self.messages.get_mut(id) {
            Some(posted) if posted.channel == channel && posted.only_for.is_none() => {
                !std::mem::replace(&mut posted.is_deleted, true)
            }
            _ => false,
        });
        self.announce_deleted(world, channel, &gone);
        Ok(())
    }

    /// Several messages that are deleted at once are one event.
    fn announce_deleted(&self, world: &World, channel: u64, ids: &[u64]) {
        let (name, mut gone) = match ids {
            [] => return,
            [id] => ("MESSAGE_DELETE", json!({ "id": id.to_string() })),
            ids => {
                let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
                ("MESSAGE_DELETE_BULK", json!({ "ids": ids }))
            }
        };
        gone["channel_id"] = json!(channel.to_string());
        if let Some(guild) = self.guild_of(channel) {
            gone["guild_id"] = json!(guild.to_string());
        }
        world.emit(name, gone);
    }

    /// Whether somebody has reacted to a message with this emoji.
    pub(super) fn has_reaction(&self, id: u64, emoji: &str) -> bool {
        let reactions = self.messages.get(&id).and_then(|posted| posted.json["reactions"].as_array());
        let emoji = emoji_json(emoji);
        reactions.into_iter().flatten().any(|reaction| reaction["emoji"] == emoji)
    }

    /// Adds or removes the reaction of a user: a Unicode emoji, or `name:id`.
    pub(in crate::testing) fn react(
        &mut self,
        world: &World,
        id: u64,
        user: u64,
        emoji: &str,
        is_added: bool,
    ) -> Result<(), Refused> {
        let Some(posted) = self.messages.get_mut(&id).filter(|posted| !posted.is_deleted) else {
            return Err(Refused::UNKNOWN_MESSAGE.into());
        };
        let emoji = emoji_json(emoji);
        let mut reactions = posted.json["reactions"].as_array().cloned().unwrap_or_default();
        let at = reactions.iter().position(|reaction| reaction["emoji"] == emoji);
        let at = at.unwrap_or_else(|| {
            reactions.push(json!({
                "emoji": emoji, "count": 0, "count_details": { "burst": 0, "normal": 0 }, "me": false, "me_burst": false,
                "burst_colors": [], "users": [],
            }));
            reactions.len() - 1
        });
        let mut users: Vec<Value> = reactions[at]["users"].as_array().cloned().unwrap_or_default();
        if users.contains(&json!(user)) == is_added {
            // Nothing changes, and Discord sends no event.
            return Ok(());
        }
        users.retain(|it| *it != json!(user));
        if is_added {
            users.push(json!(user));
        }
        let it = &mut reactions[at];
        (it["count"], it["me"]) = (json!(users.len()), json!(users.contains(&json!(BOT))));
        it["count_details"]["normal"] = json!(users.len());
        it["users"] = json!(users);
        if users.is_empty() {
            reactions.remove(at);
        }
        posted.json["reactions"] = json!(reactions);
        let (channel, author) = (posted.channel, posted.json["author"]["id"].clone());
        let mut event = json!({
            "user_id": user.to_string(), "channel_id": channel.to_string(), "message_id": id.to_string(),
            "emoji": emoji, "burst": false, "type": 0,
        });
        if let Some(guild) = self.guild_of(channel) {
            event["guild_id"] = json!(guild.to_string());
        }
        let name = if is_added { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        if is_added {
            event["message_author_id"] = author;
            if let Some(member) = self.guild_of(channel).and_then(|_| self.member_json(user)) {
                event["member"] = member;
            }
        }
        world.emit(name, event);
        Ok(())
    }
}

/// The emoji of a reaction: a Unicode emoji, or `name:id`.
fn emoji_json(emoji: &str) -> Value {
    match emoji.split_once(':') {
        Some((name, id)) => json!({ "id": id, "name": name, "animated": false }),
        None => json!({ "id": null, "name": emoji }),
    }
}

/// <https://discord.com/developers/docs/resources/message#message-object-message-types>
fn kind(new: &New<'_>, is_reply: bool) -> u8 {
    const DEFAULT: u8 = 0;
    const REPLY: u8 = 19;
    const OF_COMMAND: u8 = 20;
    match &new.interaction {
        Some(interaction) if interaction["type"] == json!(COMMAND) => OF_COMMAND,
        _ if is_reply => REPLY,
        _ => DEFAULT,
    }
}

/// As Discord does, gives each component a number that is unique in the message.
fn number_components(components: &mut Value) {
    fn number(component: &mut Value, next: &mut u64) {
        if component["id"].is_null() && component.is_object() {
            component["id"] = json!(*next);
        }
        *next += 1;
        for inner in component["components"].as_array_mut().into_iter().flatten() {
            number(inner, next);
        }
    }
    let mut next = 1;
    for component in components.as_array_mut().into_iter().flatten() {
        number(component, &mut next);
    }
}
