//! Op 8: sends members of a guild in chunks, by name prefix or by id.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::sessions::intents;
use crate::state::State;
use crate::world::GuildMember;
use crate::world::wire::MemberJson;

/// Members per chunk, as with Discord.
const CHUNK_MEMBERS: usize = 1000;
/// The most members returned by prefix or by id.
/// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
const MAX_FOUND: usize = 100;
/// The longest nonce in bytes; a longer one is not returned.
const MAX_NONCE_BYTES: usize = 32;

/// The payload of op 8.
#[derive(Deserialize)]
pub(super) struct MembersRequest {
    guild_id: OneOrMany,
    query: Option<String>,
    limit: Option<usize>,
    user_ids: Option<OneOrMany>,
    presences: Option<bool>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Snowflake),
    Many(Vec<Snowflake>),
}

impl OneOrMany {
    fn ids(&self) -> &[Snowflake] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

impl MembersRequest {
    /// The guild, if the request names exactly one.
    pub(super) fn guild(&self) -> Option<Snowflake> {
        self.guild_id.ids().first().copied().filter(|_| self.guild_id.ids().len() == 1)
    }

    /// Whether it requests all members of the guild.
    pub(super) fn asks_for_all(&self) -> bool {
        self.user_ids.is_none() && self.query.as_ref().is_some_and(String::is_empty) && self.limit == Some(0)
    }

    /// The answer to a request that came too soon.
    /// <https://discord.com/developers/docs/events/gateway-events#rate-limited>
    pub(super) fn limited(&self, guild: Snowflake, wait: Duration) -> Value {
        let mut meta = json!({ "guild_id": guild });
        if let Some(nonce) = self.nonce() {
            meta["nonce"] = json!(nonce);
        }
        json!({ "opcode": 8, "retry_after": wait.as_secs_f64(), "meta": meta })
    }

    fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref().filter(|nonce| nonce.len() <= MAX_NONCE_BYTES)
    }
}

/// The chunks for a request: none if the account is not in the guild, or requests all members without GUILD_MEMBERS.
/// `None` if the request has neither user ids nor both a query and a limit.
pub(super) fn chunks(
    state: &State,
    user: Snowflake,
    asked_intents: u64,
    guild: Snowflake,
    request: &MembersRequest,
) -> Option<Vec<Value>> {
    let Some(guild) = state.world.guild(guild).filter(|guild| guild.members.contains_key(&user)) else {
        return Some(Vec::new());
    };
    let mut not_found = Vec::new();
    let found: Vec<&GuildMember> = if let Some(wanted) = &request.user_ids {
        let wanted = &wanted.ids()[..wanted.ids().len().min(MAX_FOUND)];
        not_found.extend(wanted.iter().copied().filter(|id| !guild.members.contains_key(id)));
        wanted.iter().filter_map(|id| guild.members.get(id)).collect()
    } else {
        let prefix = request.query.as_ref()?.to_lowercase();
        let most = match (prefix.is_empty(), request.limit?) {
            (true, _) if asked_intents & intents::GUILD_MEMBERS == 0 => return Some(Vec::new()),
            (true, 0) => usize::MAX,
            (true, limit) => limit,
            (false, 0) => MAX_FOUND,
            (false, limit) => limit.min(MAX_FOUND),
        };
        guild.members.values().filter(|member| begins(member, &prefix)).take(most).collect()
    };
    let with_presences = request.presences == Some(true) && asked_intents & intents::GUILD_PRESENCES != 0;
    let count = found.len().div_ceil(CHUNK_MEMBERS).max(1);
    let chunk = |index: usize| {
        let members = found.iter().skip(index * CHUNK_MEMBERS).take(CHUNK_MEMBERS);
        let mut chunk = json!({
            "guild_id": guild.id, "chunk_index": index, "chunk_count": count,
            "members": members.clone().map(|member| MemberJson::full(member)).collect::<Vec<_>>(),
        });
        if index == 0 && !not_found.is_empty() {
            chunk["not_found"] = json!(not_found);
        }
        if let Some(nonce) = request.nonce() {
            chunk["nonce"] = json!(nonce);
        }
        if with_presences {
            let users = members.map(|member| member.user.id);
            chunk["presences"] = state.presences.online(&state.world, guild.id, users).collect();
        }
        chunk
    };
    Some((0..count).map(chunk).collect())
}

fn begins(member: &GuildMember, prefix: &str) -> bool {
    let nick = member.nick.as_deref().unwrap_or_default();
    member.user.username.to_lowercase().starts_with(prefix) || nick.to_lowercase().starts_with(prefix)
}
