//! Users, members, channels and messages in Discord's JSON.

use serde_json::{Value, json};

use super::{Account, BOT, Channel, Discord, GUILD, Posted};
use crate::handles::encoding;

impl Discord {
    pub(in crate::testing) fn user_json(&self, id: u64) -> Value {
        let name = self.user_name(id);
        let is_bot = self.users.get(&id).is_some_and(|account| account.is_bot);
        json!({
            "id": id.to_string(), "username": name, "discriminator": "0", "global_name": null, "avatar": null,
            "bot": is_bot, "public_flags": 0,
        })
    }

    /// A member without its user, as it is sent next to a user.
    pub(super) fn bare_member_json(&self, account: &Account) -> Value {
        let roles: Vec<String> = account.roles.iter().map(u64::to_string).collect();
        json!({
            "nick": account.nick, "avatar": null, "roles": roles, "joined_at": timestamp(account.joined_ms),
            "premium_since": null, "deaf": false, "mute": false, "pending": false, "flags": 0,
            "communication_disabled_until": null,
        })
    }

    /// `None` if the user is not a member of the guild.
    pub(in crate::testing) fn member_json(&self, id: u64) -> Option<Value> {
        let account = self.users.get(&id).filter(|account| account.is_member)?;
        let mut member = self.bare_member_json(account);
        member["user"] = self.user_json(id);
        Some(member)
    }

    pub(in crate::testing) fn role_json(&self, id: u64, name: &str) -> Value {
        let permissions = if id == GUILD { super::EVERYONE } else { 0 };
        let colors = json!({ "primary_color": 0, "secondary_color": null, "tertiary_color": null });
        json!({
            "id": id.to_string(), "name": name, "color": 0, "colors": colors, "hoist": false, "icon": null,
            "unicode_emoji": null, "position": if id == GUILD { 0 } else { 1 }, "permissions": permissions.to_string(),
            "managed": false, "mentionable": true, "flags": 0,
        })
    }

    pub(super) fn roles_json(&self) -> Vec<Value> {
        let everyone = self.role_json(GUILD, "@everyone");
        std::iter::once(everyone)
            .chain(self.roles.iter().map(|(id, name)| self.role_json(*id, name)))
            .collect()
    }

    pub(in crate::testing) fn channel_json(&self, id: u64) -> Option<Value> {
        let channel = self.channels.get(&id)?;
        let last = self.messages.iter().rev().find(|(_, posted)| posted.channel == id && !posted.is_deleted);
        let last = last.map(|(id, _)| id.to_string());
        if let Some(thread) = &channel.thread {
            let count = self.messages.values().filter(|it| it.channel == id && !it.is_deleted).count();
            let mut json = thread.clone();
            json["last_message_id"] = json!(last);
            (json["message_count"], json["total_message_sent"]) = (json!(count), json!(count));
            return Some(json);
        }
        Some(match channel.recipient {
            Some(user) => json!({
                "id": id.to_string(), "type": 1, "last_message_id": last, "recipients": [self.user_json(user)], "flags": 0,
            }),
            None => json!({
                "id": id.to_string(), "type": 0, "guild_id": GUILD.to_string(), "name": channel.name, "position": 0,
                "permission_overwrites": [], "nsfw": channel.is_nsfw, "parent_id": null, "topic": null,
                "rate_limit_per_user": 0, "last_message_id": last, "flags": 0,
            }),
        })
    }

    pub(super) fn channels_json(&self) -> Vec<Value> {
        let is_listed = |channel: &Channel| channel.recipient.is_none() && channel.thread.is_none();
        let of_guild = self.channels.iter().filter(|(_, channel)| is_listed(channel));
        of_guild.filter_map(|(id, _)| self.channel_json(*id)).collect()
    }

    /// The guild in the JSON of REST.
    pub(in crate::testing) fn guild_json(&self) -> Value {
        json!({
            "id": GUILD.to_string(), "name": "guild", "icon": null, "icon_hash": null, "splash": null,
            "discovery_splash": null, "owner_id": self.owners.first().unwrap_or(&1).to_string(), "region": null,
            "afk_channel_id": null, "afk_timeout": 300, "widget_enabled": false, "widget_channel_id": null,
            "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
            "roles": self.roles_json(), "emojis": [], "stickers": [], "features": [], "mfa_level": 0,
            "application_id": null, "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null,
            "max_presences": null, "max_members": 500_000, "vanity_url_code": null, "description": null, "banner": null,
            "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
            "public_updates_channel_id": null, "nsfw_level": 0, "premium_progress_bar_enabled": false,
            "safety_alerts_channel_id": null,
        })
    }

    /// The guild in `GUILD_CREATE`, with empty lists of members, presences and the like.
    pub(in crate::testing) fn guild_create_json(&self, joined_ms: u64) -> Value {
        let mut guild = self.guild_json();
        let members = self.users.values().filter(|account| account.is_member).count();
        guild["joined_at"] = json!(timestamp(joined_ms));
        guild["large"] = json!(false);
        guild["unavailable"] = json!(false);
        guild["member_count"] = json!(members);
        guild["channels"] = json!(self.channels_json());
        for empty in [
            "members",
            "presences",
            "voice_states",
            "threads",
            "stage_instances",
            "guild_scheduled_events",
            "soundboard_sounds",
        ] {
            guild[empty] = json!([]);
        }
        guild
    }

    pub(in crate::testing) fn ready_json(&self) -> Value {
        let guilds = json!([{ "id": GUILD.to_string(), "unavailable": true }]);
        json!({
            "v": 10, "user": self.user_json(BOT), "guilds": guilds, "session_id": "session", "shard": [0, 1],
            "resume_gateway_url": "wss://gateway.discord.gg", "application": { "id": BOT.to_string(), "flags": 0 },
        })
    }

    /// Whether a name of a user begins with this text, in capital or small letters.
    fn is_called(&self, id: u64, query: &str) -> bool {
        let query = query.to_lowercase();
        let nick = self.users.get(&id).and_then(|account| account.nick.as_deref());
        [Some(self.user_name(id)), nick].into_iter().flatten().any(|it| it.to_lowercase().starts_with(&query))
    }

    /// `GUILD_MEMBERS_CHUNK`, for a request of the cog.
    pub(in crate::testing) fn members_chunk(&self, request: &Value) -> Value {
        let query = request["query"].as_str().unwrap_or_default();
        let ids: Option<Vec<&str>> =
            request["user_ids"].as_array().map(|ids| ids.iter().filter_map(Value::as_str).collect());
        let limit = request["limit"].as_u64().filter(|limit| *limit > 0).unwrap_or(u64::MAX);
        let wanted = |id: &u64| match &ids {
            Some(ids) => ids.contains(&&*id.to_string()),
            None => self.is_called(*id, query),
        };
        let members = self.users.keys().copied().filter(wanted).filter_map(|id| self.member_json(id));
        let members: Vec<Value> = members.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        json!({
            "guild_id": request["guild_id"], "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": [],
            "nonce": request["nonce"],
        })
    }

    /// A message in an event.
    pub(in crate::testing) fn event_json(&self, posted: &Posted) -> Value {
        let mut json = posted.json.clone();
        if self.guild_of(posted.channel).is_some() {
            json["guild_id"] = json!(GUILD.to_string());
            let author = json["author"]["id"].as_str().and_then(|id| id.parse().ok());
            if let Some(account) = author.and_then(|id: u64| self.users.get(&id)).filter(|it| it.is_member) {
                json["member"] = self.bare_member_json(account);
            }
        }
        json
    }

    /// The users that a text mentions.
    pub(super) fn mentioned(&self, text: &str) -> Vec<u64> {
        mentions(text, "<@").into_iter().filter(|id| self.users.contains_key(id)).collect()
    }
}

/// The ids in a text that follow `<@`, `<@&` or `<#`, without duplicates.
pub(in crate::testing) fn mentions(text: &str, mark: &str) -> Vec<u64> {
    let mut ids = Vec::new();
    for (at, _) in text.match_indices(mark) {
        let rest = &text[at + mark.len()..];
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let id = rest.split_once('>').and_then(|(id, _)| id.parse().ok());
        ids.extend(id.filter(|id| !ids.contains(id)));
    }
    ids
}

/// A timestamp in Discord's format, from milliseconds since the Unix epoch.
pub(super) fn timestamp(unix_ms: u64) -> String {
    let (days, millis) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (year, month, day) = encoding::civil(days);
    let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
    let (second, millis) = (millis / 1000 % 60, millis % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}000+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_in_discords_format() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(timestamp(951_827_696_789), "2000-02-29T12:34:56.789000+00:00");
        assert_eq!(timestamp(1_767_225_600_000), "2026-01-01T00:00:00.000000+00:00");
    }

    #[test]
    fn mentions_are_found_once_each() {
        assert_eq!(mentions("<@1> <@!2> <@1> <@x> <@3", "<@"), [1, 2]);
        assert_eq!(mentions("<#7>", "<#"), [7]);
    }
}
