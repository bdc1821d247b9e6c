//! What goes out: the frames of the handshake, and what the host may ask of the gateway.
//! It writes text; who sends it, and when, is the shard's affair.

use serde::Serialize;
use serde_json::json;

/// Something the host asks of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// How the bot is shown; kept for later sessions of the shard too.
    Presence(Presence),
    /// Members of a guild; they come as `GUILD_MEMBERS_CHUNK` events.
    RequestMembers(MembersRequest),
}

/// How the bot is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Presence {
    /// `online`, `idle`, `dnd` or `invisible`.
    pub status: String,
    /// Activities as Discord's objects (`name`, `type`, `url`, `state`).
    pub activities: Vec<serde_json::Value>,
    /// Since when the bot is idle, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Whether it is away.
    pub afk: bool,
}

/// Which members are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersRequest {
    /// The guild.
    pub guild_id: u64,
    /// Who: by the beginning of the name, or by id.
    pub who: Members,
    /// Whether their presences are wanted too.
    pub presences: bool,
    /// Comes back with the chunks; at most 32 bytes.
    pub nonce: Option<String>,
}

/// Who is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// Names that begin with this; empty = all.
    Query {
        /// Beginning of the name.
        name: String,
        /// How many at most; 0 = no limit, with an empty name only.
        limit: u32,
    },
    /// These ids, at most 100.
    Ids(Vec<u64>),
}

impl Command {
    /// The frame.
    pub(super) fn frame(&self) -> String {
        match self {
            Command::Presence(presence) => json!({"op": 3, "d": presence}).to_string(),
            Command::RequestMembers(request) => {
                let mut d = json!({
                    "guild_id": request.guild_id.to_string(),
                    "presences": request.presences,
                });
                match &request.who {
                    Members::Query { name, limit } => {
                        d["query"] = json!(name);
                        d["limit"] = json!(limit);
                    }
                    Members::Ids(ids) => {
                        d["user_ids"] = ids.iter().map(u64::to_string).collect();
                    }
                }
                if let Some(nonce) = &request.nonce {
                    d["nonce"] = json!(nonce);
                }
                json!({"op": 8, "d": d}).to_string()
            }
        }
    }
}

/// What IDENTIFY says about the bot.
pub(super) struct Identity<'a> {
    pub(super) token: &'a str,
    pub(super) intents: u64,
    pub(super) shard: u16,
    pub(super) shards: u16,
    pub(super) presence: Option<&'a Presence>,
}

pub(super) fn identify(identity: &Identity<'_>) -> String {
    /// Guilds with more members than this come with those only who are online.
    const LARGE_THRESHOLD: u32 = 250;
    let mut d = json!({
        "token": identity.token,
        "intents": identity.intents,
        "shard": [identity.shard, identity.shards],
        "compress": false,
        "large_threshold": LARGE_THRESHOLD,
        "properties": {"os": std::env::consts::OS, "browser": "gearshift", "device": "gearshift"},
    });
    if let Some(presence) = identity.presence {
        d["presence"] = json!(presence);
    }
    json!({"op": 2, "d": d}).to_string()
}

pub(super) fn resume(token: &str, session: &str, seq: u64) -> String {
    json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seq}}).to_string()
}

pub(super) fn heartbeat(seq: Option<u64>) -> String {
    match seq {
        Some(seq) => format!("{{\"op\":1,\"d\":{seq}}}"),
        None => "{\"op\":1,\"d\":null}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_out_as_texts() {
        let request =
            MembersRequest { guild_id: 1 << 60, who: Members::Ids(vec![7]), presences: false, nonce: None };
        let frame: serde_json::Value =
            serde_json::from_str(&Command::RequestMembers(request).frame()).unwrap();
        assert_eq!(frame["d"]["guild_id"], "1152921504606846976");
        assert_eq!(frame["d"]["user_ids"][0], "7");
        assert!(frame["d"].get("query").is_none());
    }
}
