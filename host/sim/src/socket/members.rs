//! Op 8: members of a guild in chunks, by name prefix or by id.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ids::Snowflake;
use crate::sessions::intents;
use crate::state::State;
use crate::world::GuildMember;
use crate::world::wire::MemberJson;

/// Members in a chunk, Discord's number.
const CHUNK_MEMBERS: usize = 1000;
/// Members that are found by prefix or by id at most.
/// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
const MAX_FOUND: usize = 100;
/// Bytes of a nonce; a longer one is not sent back.
const MAX_NONCE_BYTES: usize = 32;

/// The chunks that answer a request; none for a guild the asking account is not in, or if it asks for everybody without
/// GUILD_MEMBERS; `Err` for a malformed request.
pub(super) fn chunks(
    state: &State,
    user: Snowflake,
    asked_intents: u64,
    data: &Value,
) -> Result<Vec<Value>, ()> {
    let asked = guild_of(data).ok_or(())?;
    let Some(guild) = state.world.guilds.get(&asked).filter(|guild| guild.members.contains_key(&user)) else {
        return Ok(Vec::new());
    };
    let mut not_found = Vec::new();
    let found: Vec<&GuildMember> = if let Some(wanted) = data.get("user_ids").filter(|ids| !ids.is_null()) {
        let wanted = match wanted {
            Value::Array(ids) => ids.iter().map(snowflake).collect::<Option<Vec<_>>>().ok_or(())?,
            one => vec![snowflake(one).ok_or(())?],
        };
        let wanted = &wanted[..wanted.len().min(MAX_FOUND)];
        not_found.extend(wanted.iter().copied().filter(|id| !guild.members.contains_key(id)));
        wanted.iter().filter_map(|id| guild.members.get(id)).collect()
    } else {
        let prefix = data.get("query").and_then(Value::as_str).ok_or(())?.to_lowercase();
        let limit = data.get("limit").and_then(Value::as_u64).ok_or(())? as usize;
        let most = match (prefix.is_empty(), limit) {
            (true, _) if asked_intents & intents::GUILD_MEMBERS == 0 => return Ok(Vec::new()),
            (true, 0) => usize::MAX,
            (true, limit) => limit,
            (false, 0) => MAX_FOUND,
            (false, limit) => limit.min(MAX_FOUND),
        };
        guild.members.values().filter(|member| begins(member, &prefix)).take(most).collect()
    };
    let with_presences =
        data.get("presences") == Some(&Value::Bool(true)) && asked_intents & intents::GUILD_PRESENCES != 0;
    let nonce = nonce_of(data);
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
        if let Some(nonce) = nonce {
            chunk["nonce"] = json!(nonce);
        }
        if with_presences {
            chunk["presences"] = members
                .map(|member| state.presences.json(&state.world, guild.id, member.user.id))
                .filter(|presence| presence["status"] != "offline")
                .collect();
        }
        chunk
    };
    Ok((0..count).map(chunk).collect())
}

/// The guild of which a request wants all members.
pub(super) fn asks_for_all(data: &Value) -> Option<Snowflake> {
    let by_id = data.get("user_ids").is_some_and(|ids| !ids.is_null());
    let is_all = !by_id && data.get("query")?.as_str()?.is_empty() && data.get("limit")?.as_u64()? == 0;
    guild_of(data).filter(|_| is_all)
}

/// The answer to a request that came too soon.
/// <https://discord.com/developers/docs/events/gateway-events#rate-limited>
pub(super) fn limited(guild: Snowflake, data: &Value, wait: Duration) -> Value {
    let mut meta = json!({ "guild_id": guild });
    if let Some(nonce) = nonce_of(data) {
        meta["nonce"] = json!(nonce);
    }
    json!({ "opcode": 8, "retry_after": wait.as_secs_f64(), "meta": meta })
}

/// The guild that a request is about.
pub(super) fn guild_of(data: &Value) -> Option<Snowflake> {
    match data.get("guild_id")? {
        Value::Array(list) if list.len() == 1 => snowflake(&list[0]),
        id => snowflake(id),
    }
}

fn nonce_of(data: &Value) -> Option<&str> {
    data.get("nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= MAX_NONCE_BYTES)
}

fn begins(member: &GuildMember, prefix: &str) -> bool {
    let nick = member.nick.as_deref().unwrap_or_default();
    member.user.username.to_lowercase().starts_with(prefix) || nick.to_lowercase().starts_with(prefix)
}

fn snowflake(value: &Value) -> Option<Snowflake> {
    serde_json::from_value(value.clone()).ok()
}
