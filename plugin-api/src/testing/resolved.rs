//! What Discord sends with an interaction: the users, roles, channels and files for the ids in it.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure>

use serde_json::{Map, Value, json};

use super::discord::Discord;
use crate::component_types::{CHANNEL_SELECT, MENTIONABLE_SELECT, ROLE_SELECT, USER_SELECT};

#[derive(Default)]
pub(super) struct Resolved(Map<String, Value>);

impl Resolved {
    pub(super) fn add(&mut self, kind: &str, id: u64, json: Value) {
        let all = self.0.entry(kind).or_insert_with(|| json!({}));
        all[id.to_string()] = json;
    }

    /// Adds a user, with their membership in the guild. Returns whether the user exists.
    pub(super) fn user(&mut self, discord: &Discord, id: u64) -> bool {
        let Some(account) = discord.users.get(&id) else { return false };
        self.add("users", id, discord.user_json(id));
        if let Some(mut member) = discord.member_json(id) {
            member["permissions"] = json!(account.permissions.to_string());
            if let Some(member) = member.as_object_mut() {
                for beside in ["user", "deaf", "mute"] {
                    member.remove(beside);
                }
            }
            self.add("members", id, member);
        }
        true
    }

    /// Adds a role. Returns whether it exists.
    pub(super) fn role(&mut self, discord: &Discord, id: u64) -> bool {
        let Some(name) = discord.roles.get(&id) else { return false };
        self.add("roles", id, discord.role_json(id, name));
        true
    }

    /// Adds a channel, with the caller's permissions there. Returns whether it exists.
    pub(super) fn channel(&mut self, discord: &Discord, id: u64, caller: u64) -> bool {
        let Some(mut channel) = discord.channel_json(id) else { return false };
        channel["permissions"] = json!(discord.users[&caller].permissions.to_string());
        self.add("channels", id, channel);
        true
    }

    /// Adds a file of this name, which the caller uploads. Returns its id, as Discord writes it.
    pub(super) fn file(&mut self, discord: &mut Discord, name: &str, now: u64) -> Value {
        let id = discord.snowflake(now);
        let url = format!("https://cdn.discordapp.com/ephemeral-attachments/{id}/{name}");
        let file = json!({
            "id": id.to_string(), "filename": name, "size": 0, "url": url, "proxy_url": url, "ephemeral": true,
        });
        self.add("attachments", id, file);
        json!(id.to_string())
    }

    /// Adds what was chosen in a select of this component type.
    pub(super) fn chosen(&mut self, discord: &Discord, kind: u8, values: &[Value], caller: u64) {
        for id in values.iter().filter_map(|value| value.as_str()?.parse().ok()) {
            _ = match kind {
                USER_SELECT => self.user(discord, id),
                ROLE_SELECT => self.role(discord, id),
                MENTIONABLE_SELECT => self.user(discord, id) || self.role(discord, id),
                CHANNEL_SELECT => self.channel(discord, id, caller),
                // A text.
                _ => false,
            };
        }
    }

    pub(super) fn into_json(self) -> Value {
        self.0.into()
    }
}
