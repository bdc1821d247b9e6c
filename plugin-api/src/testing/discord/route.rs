//! Which function answers which endpoint. Other endpoints answer 404, unless the test provides an answer.

use serde_json::{Value, json};

use super::{BOT, Channel, Discord, GUILD, Refused, form, messages::New};
use crate::{
    abi::{DiscordRequest, File, Method},
    permissions,
    testing::world::World,
};

type Answer = Result<(u16, Value), Refused>;

/// Answers a request of the bot.
pub(in crate::testing) fn answer(world: &World, request: &DiscordRequest) -> Answer {
    let body = match request.json.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&request.json)
            .map_err(|error| Refused::form("body", "INVALID_JSON", &error.to_string()))?,
    };
    let path = request.path.trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let call = Call { world, request, body: &body, files: &request.files };
    let discord = &mut *world.discord.borrow_mut();
    match parts.first() {
        Some(&"channels") => call.channels(discord, &parts[1..]),
        Some(&"interactions" | &"webhooks") => call.interactions(discord, &parts),
        Some(&"guilds") => call.guilds(discord, &parts[1..]),
        _ => call.others(discord, &parts),
    }
}

struct Call<'a> {
    world: &'a World,
    request: &'a DiscordRequest,
    body: &'a Value,
    files: &'a [File],
}

const DONE: Answer = Ok((204, Value::Null));

impl Call<'_> {
    fn unknown(&self) -> Answer {
        Err(Refused::unknown_endpoint(self.request.method.as_str(), &self.request.path))
    }

    fn channels(&self, discord: &mut Discord, parts: &[&str]) -> Answer {
        let [channel, parts @ ..] = parts else { return self.unknown() };
        let id =
            id(channel).filter(|id| discord.channels.contains_key(id)).ok_or(Refused::UNKNOWN_CHANNEL)?;
        let message = |at: usize| parts.get(at).and_then(|part| self::id(part)).unwrap_or_default();
        match (self.request.method, parts) {
            (Method::Get, []) => Ok((200, discord.channel_json(id).unwrap_or_default())),
            (Method::Post, ["typing"]) => DONE,
            (Method::Post, ["messages"]) => self.post(discord, id),
            (Method::Get, ["messages"]) => Ok((200, self.history(discord, id))),
            (Method::Get, ["messages", _]) => {
                discord.reads_history(id).then_some(()).ok_or(Refused::MISSING_PERMISSIONS)?;
                let posted = discord.messages.get(&message(1));
                let posted = posted.filter(|it| it.channel == id && !it.is_deleted && it.only_for.is_none());
                posted.map(|it| (200, it.json.clone())).ok_or_else(|| Refused::UNKNOWN_MESSAGE.into())
            }
            (Method::Patch, ["messages", _]) => {
                own(discord, id, message(1))?.then_some(()).ok_or(Refused::NOT_AUTHOR)?;
                discord.edit(self.world, message(1), self.body, self.files)?;
                Ok((200, discord.messages[&message(1)].json.clone()))
            }
            (Method::Post, ["threads"]) => Ok((201, discord.open_thread(self.world, id, None, self.body)?)),
            (Method::Post, ["messages", _, "threads"]) => {
                let posted = discord.messages.get(&message(1));
                let posted = posted.filter(|it| it.channel == id && !it.is_deleted && it.only_for.is_none());
                posted.ok_or(Refused::UNKNOWN_MESSAGE)?;
                Ok((201, discord.open_thread(self.world, id, Some(message(1)), self.body)?))
            }
            (Method::Delete, ["messages", _]) => {
                if !own(discord, id, message(1))? {
                    may(discord, permissions::MANAGE_MESSAGES)?;
                }
                discord.delete(self.world, message(1))?;
                DONE
            }
            (Method::Post, ["messages", "bulk-delete"]) => {
                may(discord, permissions::MANAGE_MESSAGES)?;
                discord.delete_all(self.world, id, self.body)?;
                DONE
            }
            (Method::Put, ["messages", _, "reactions", emoji, "@me"]) => {
                let emoji = decoded(emoji);
                // Everybody may join a reaction that is there.
                let joins = discord.has_reaction(message(1), &emoji);
                let needed = if joins { 0 } else { permissions::ADD_REACTIONS };
                may_in(discord, id, permissions::READ_MESSAGE_HISTORY | needed)?;
                discord.react(self.world, message(1), BOT, &emoji, true)?;
                DONE
            }
            (Method::Delete, ["messages", _, "reactions", emoji, user]) => {
                let user = match *user {
                    "@me" => BOT,
                    user => {
                        may(discord, permissions::MANAGE_MESSAGES)?;
                        self::id(user).ok_or(Refused::UNKNOWN_USER)?
                    }
                };
                discord.react(self.world, message(1), user, &decoded(emoji), false)?;
                DONE
            }
            (method @ (Method::Put | Method::Delete), ["messages", "pins", _] | ["pins", _]) => {
                may_in(discord, id, permissions::PIN_MESSAGES)?;
                let posted = discord.messages.get_mut(&message(parts.len() - 1));
                let posted = posted.filter(|it| it.channel == id && !it.is_deleted);
                posted.ok_or(Refused::UNKNOWN_MESSAGE)?.json["pinned"] = json!(method == Method::Put);
                DONE
            }
            _ => self.unknown(),
        }
    }

    fn post(&self, discord: &mut Discord, channel: u64) -> Answer {
        let Channel { recipient, ref thread, .. } = discord.channels[&channel];
        if recipient.and_then(|user| discord.users.get(&user)).is_some_and(|user| user.is_closed) {
            return Err(Refused::CLOSED.into());
        }
        if recipient.is_none() {
            let is_thread = thread.is_some();
            let posts =
                if is_thread { permissions::SEND_MESSAGES_IN_THREADS } else { permissions::SEND_MESSAGES };
            let has_embeds = self.body["embeds"].as_array().is_some_and(|embeds| !embeds.is_empty());
            let needs = [
                (true, posts),
                (!self.files.is_empty(), permissions::ATTACH_FILES),
                (has_embeds, permissions::EMBED_LINKS),
                (!self.body["poll"].is_null(), permissions::SEND_POLLS),
            ];
            may(discord, all_of(&needs))?;
        }
        form::message(self.body, self.files.len())?;
        let (body, files) = (self.body, self.files);
        let new = New { channel, author: BOT, body, files, only_for: None, interaction: None };
        let id = discord.post(self.world, &new)?;
        Ok((200, discord.messages[&id].json.clone()))
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.request.query.iter().find(|pair| pair.name == name).map(|pair| pair.value.as_str())
    }

    /// How many members are asked for; by default, Discord returns one.
    fn limit(&self) -> u64 {
        self.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1)
    }

    /// Newest first. <https://discord.com/developers/docs/resources/message#get-channel-messages>
    fn history(&self, discord: &Discord, channel: u64) -> Value {
        let asked = |name: &str| self.query(name)?.parse::<u64>().ok();
        let limit = usize::try_from(asked("limit").unwrap_or(50)).unwrap_or(50);
        let (before, after) = (asked("before").unwrap_or(u64::MAX), asked("after").unwrap_or(0));
        // As Discord does, shows none to a bot that may not read them.
        let is_readable = discord.reads_history(channel);
        let seen = discord.messages.iter().rev().filter(|(id, it)| {
            is_readable
                && it.channel == channel
                && !it.is_deleted
                && it.only_for.is_none()
                && **id < before
                && **id > after
        });
        seen.take(limit).map(|(_, posted)| posted.json.clone()).collect()
    }

    fn interactions(&self, discord: &mut Discord, parts: &[&str]) -> Answer {
        let (world, body, files) = (self.world, self.body, self.files);
        match (self.request.method, parts) {
            (Method::Post, ["interactions", id, token, "callback"]) => {
                let message = discord.callback(world, id, token, body, files)?;
                let wants = |pair: &crate::abi::Header| pair.name == "with_response" && pair.value == "true";
                if !self.request.query.iter().any(wants) {
                    return DONE;
                }
                let message = message.and_then(|id| discord.messages.get(&id)).map(|it| it.json.clone());
                let resource = json!({ "type": body["type"], "message": message });
                Ok((200, json!({ "interaction": { "id": id }, "resource": resource })))
            }
            (Method::Post, ["webhooks", _, token]) => {
                Ok((200, discord.follow_up(world, token, body, files)?))
            }
            (Method::Get, ["webhooks", _, token, "messages", message]) => {
                Ok((200, discord.read_answer(world, token, message)?))
            }
            (Method::Patch, ["webhooks", _, token, "messages", message]) => {
                Ok((200, discord.patch_answer(world, token, message, body, files)?))
            }
            (Method::Delete, ["webhooks", _, token, "messages", message]) => {
                discord.delete_answer(world, token, message)?;
                DONE
            }
            _ => self.unknown(),
        }
    }

    fn guilds(&self, discord: &mut Discord, parts: &[&str]) -> Answer {
        let [guild, parts @ ..] = parts else { return self.unknown() };
        if id(guild) != Some(GUILD) {
            return Err(Refused::UNKNOWN_GUILD.into());
        }
        let user = |at: usize| match parts.get(at) {
            Some(&"@me") => BOT,
            part => part.and_then(|part| id(part)).unwrap_or_default(),
        };
        let member = |discord: &Discord| discord.member_json(user(1)).ok_or(Refused::UNKNOWN_MEMBER);
        let world = self.world;
        match (self.request.method, parts) {
            (Method::Get, []) => Ok((200, discord.guild_json())),
            (Method::Get, ["channels"]) => Ok((200, json!(discord.channels_json()))),
            (Method::Get, ["roles"]) => Ok((200, json!(discord.roles_json()))),
            // <https://discord.com/developers/docs/resources/guild#list-guild-members>
            (Method::Get, ["members"]) => {
                let (limit, after) = (self.limit(), self.query("after").and_then(self::id).unwrap_or(0));
                let later = discord.users.keys().filter(|id| **id > after);
                let members = later.filter_map(|id| discord.member_json(*id));
                Ok((200, members.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()))
            }
            // <https://discord.com/developers/docs/resources/guild#search-guild-members>
            (Method::Get, ["members", "search"]) => {
                let asked = json!({ "query": self.query("query"), "limit": self.limit() });
                Ok((200, discord.members_chunk(&asked)["members"].take()))
            }
            (Method::Get, ["members", _]) => Ok((200, member(discord)?)),
            (Method::Patch, ["members", _]) => {
                let has = |field: &str| self.body.get(field).is_some();
                let is_own = user(1) == BOT;
                let renames =
                    if is_own { permissions::CHANGE_NICKNAME } else { permissions::MANAGE_NICKNAMES };
                let needs = [
                    (has("nick"), renames),
                    (has("roles"), permissions::MANAGE_ROLES),
                    (has("mute"), permissions::MUTE_MEMBERS),
                    (has("deaf"), permissions::DEAFEN_MEMBERS),
                    (has("channel_id"), permissions::MOVE_MEMBERS),
                    (has("communication_disabled_until"), permissions::MODERATE_MEMBERS),
                ];
                may(discord, all_of(&needs))?;
                Ok((200, discord.edit_member(world, user(1), self.body)?))
            }
            (Method::Delete, ["members", _]) => {
                may(discord, permissions::KICK_MEMBERS)?;
                discord.leave(world, user(1))?;
                DONE
            }
            (method @ (Method::Put | Method::Delete), ["members", _, "roles", role]) => {
                may(discord, permissions::MANAGE_ROLES)?;
                let role = id(role).ok_or(Refused::UNKNOWN_ROLE)?;
                discord.set_role(world, user(1), role, method == Method::Put)?;
                DONE
            }
            (Method::Put, ["bans", _]) => {
                may(discord, permissions::BAN_MEMBERS)?;
                discord.ban(world, user(1))?;
                DONE
            }
            _ => self.unknown(),
        }
    }

    fn others(&self, discord: &mut Discord, parts: &[&str]) -> Answer {
        match (self.request.method, parts) {
            (Method::Get, ["users", "@me"]) => Ok((200, discord.user_json(BOT))),
            (Method::Get, ["users", user]) => {
                let user =
                    id(user).filter(|id| discord.users.contains_key(id)).ok_or(Refused::UNKNOWN_USER)?;
                Ok((200, discord.user_json(user)))
            }
            (Method::Post, ["users", "@me", "channels"]) => {
                let user = self.body["recipient_id"].as_str().and_then(id);
                let user = user.filter(|id| discord.users.contains_key(id)).ok_or(Refused::UNKNOWN_USER)?;
                let channel = discord.direct(user);
                Ok((200, discord.channel_json(channel).unwrap_or_default()))
            }
            _ => self.unknown(),
        }
    }
}

fn id(part: &str) -> Option<u64> {
    part.parse().ok()
}

/// Whether a message of the channel was written by the bot.
fn own(discord: &Discord, channel: u64, message: u64) -> Result<bool, Refused> {
    let posted = discord.messages.get(&message).filter(|it| it.channel == channel && !it.is_deleted);
    Ok(posted.ok_or(Refused::UNKNOWN_MESSAGE)?.is_by_bot())
}

/// Whether the bot has a permission.
fn may(discord: &Discord, permission: u64) -> Result<(), Refused> {
    match discord.users[&BOT].may(permission) {
        true => Ok(()),
        false => Err(Refused::MISSING_PERMISSIONS.into()),
    }
}

/// Whether the bot has a permission in a channel: in a direct message nobody lacks one.
fn may_in(discord: &Discord, channel: u64, permission: u64) -> Result<(), Refused> {
    discord.guild_of(channel).map_or(Ok(()), |_| may(discord, permission))
}

/// The permissions that are needed, of these.
fn all_of(needs: &[(bool, u64)]) -> u64 {
    needs.iter().filter(|(is_needed, _)| *is_needed).fold(0, |all, (_, permission)| all | permission)
}

/// Decodes percent-encoded text.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
