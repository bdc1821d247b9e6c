//! Op 8: members of a guild in chunks, by name prefix or by id.
//! It does not send them.

use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::world::json::MemberJson;
use crate::world::{GuildMember, World};

/// Members in a chunk, Discord's number.
const CHUNK_MEMBERS: usize = 1000;

/// The chunks that answer a request; nothing for a guild the asking account is not in, `Err` for a malformed request.
pub(super) fn chunks(world: &World, user: Snowflake, data: &Value) -> Result<Vec<Value>, ()> {
    let asked = match data.get("guild_id") {
        Some(Value::Array(list)) if list.len() == 1 => snowflake(&list[0]),
        Some(id) => snowflake(id),
        None => None,
    };
    let asked = asked.ok_or(())?;
    let Some(guild) = world.guilds.get(&asked).filter(|guild| guild.members.contains_key(&user)) else {
        return Ok(Vec::new());
    };
    let limit = data.get("limit").and_then(Value::as_u64).unwrap_or(0) as usize;
    let mut not_found = Vec::new();
    let found: Vec<&GuildMember> = if let Some(wanted) = data.get("user_ids").filter(|ids| !ids.is_null()) {
        let wanted = match wanted {
            Value::Array(ids) => ids.iter().map(snowflake).collect::<Option<Vec<_>>>().ok_or(())?,
            one => vec![snowflake(one).ok_or(())?],
        };
        not_found.extend(wanted.iter().copied().filter(|id| !guild.members.contains_key(id)));
        wanted.iter().filter_map(|id| guild.members.get(id)).collect()
    } else {
        let prefix = data.get("query").and_then(Value::as_str).ok_or(())?.to_lowercase();
        let limit = if limit == 0 { usize::MAX } else { limit };
        guild.members.values().filter(|member| begins(member, &prefix)).take(limit).collect()
    };
    let count = found.len().div_ceil(CHUNK_MEMBERS).max(1);
    let chunk = |index: usize| {
        let members = found.iter().skip(index * CHUNK_MEMBERS).take(CHUNK_MEMBERS);
        let mut chunk = json!({
            "guild_id": guild.id, "members": members.map(|member| MemberJson::full(member)).collect::<Vec<_>>(),
            "chunk_index": index, "chunk_count": count, "not_found": if index == 0 { &not_found[..] } else { &[] },
        });
        if let Some(nonce) = data.get("nonce").filter(|nonce| !nonce.is_null()) {
            chunk["nonce"] = nonce.clone();
        }
        if data.get("presences") == Some(&Value::Bool(true)) {
            chunk["presences"] = json!([]);
        }
        chunk
    };
    Ok((0..count).map(chunk).collect())
}

fn begins(member: &GuildMember, prefix: &str) -> bool {
    let nick = member.nick.as_deref().unwrap_or_default();
    member.user.username.to_lowercase().starts_with(prefix) || nick.to_lowercase().starts_with(prefix)
}

fn snowflake(value: &Value) -> Option<Snowflake> {
    serde_json::from_value(value.clone()).ok()
}
