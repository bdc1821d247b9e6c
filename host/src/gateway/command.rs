//! Outgoing frames: those of the handshake, and the commands that the host can send to the gateway.
//! This produces text; the shard decides when to send it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::config::{ActivityKind, Intent, Status};

/// A command to the gateway.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The bot's presence; kept for later sessions of the shard too.
    Presence(Presence),
    /// A request for members of a guild; they arrive as `GUILD_MEMBERS_CHUNK` events.
    RequestMembers(MembersRequest),
}

/// The bot's presence. <https://discord.com/developers/docs/events/gateway-events#update-presence>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Its status.
    pub status: Status,
    /// Its activities; Discord shows the first.
    #[serde(default)]
    pub activities: Vec<Activity>,
    /// Since when the bot is idle, in milliseconds since 1970.
    #[serde(default)]
    pub since: Option<u64>,
    /// Whether it is away.
    #[serde(default)]
    pub afk: bool,
}

/// An activity, with the fields that bots may set.
/// <https://discord.com/developers/docs/events/gateway-events#activity-object>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Its name, shown after a word such as "Playing".
    pub name: String,
    /// Discord's activity type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Stream URL, for type 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// An additional line; for type 4 the only text that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Discord's activity type for a custom status, and the name that its clients use for it.
const CUSTOM: u8 = ActivityKind::Custom as u8;
const CUSTOM_NAME: &str = "Custom Status";
/// Discord's limits: characters of an activity's text, ids in one request, bytes of a nonce.
const MAX_ACTIVITY_CHARS: usize = 128;
const MAX_IDS: usize = 100;
const MAX_NONCE_BYTES: usize = 32;

impl Presence {
    /// The presence that the operator configured; `None` if there is none, so that IDENTIFY contains none either.
    pub(super) fn configured(status: Status, activity: Option<&str>, kind: ActivityKind) -> Option<Presence> {
        if status == Status::default() && activity.is_none() {
            return None;
        }
        let activity = activity.map(|text| match kind {
            ActivityKind::Custom => {
                let (name, state) = (CUSTOM_NAME.to_owned(), Some(text.to_owned()));
                Activity { name, kind: CUSTOM, url: None, state }
            }
            _ => Activity { name: text.to_owned(), kind: kind as u8, url: None, state: None },
        });
        Some(Presence { status, activities: activity.into_iter().collect(), since: None, afk: false })
    }
}

/// Which members are requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersRequest {
    /// The guild.
    pub guild_id: u64,
    /// By the beginning of the name, or by id.
    pub who: Members,
    /// Whether to include their presences.
    pub presences: bool,
    /// Returned with the chunks; at most 32 bytes.
    pub nonce: Option<String>,
}

/// How the members are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// Names that begin with this; empty means all.
    Query {
        /// Beginning of the name.
        name: String,
        /// Maximum number; 0 means no limit, and needs an empty name.
        limit: u32,
    },
    /// These ids, at most 100.
    Ids(Vec<u64>),
}

impl Command {
    /// Describes what Discord would not accept: it would close the connection, or not answer.
    pub(super) fn check(&self, intents: &[Intent]) -> Result<(), String> {
        match self {
            Command::Presence(presence) => presence.check(),
            Command::RequestMembers(request) => request.check(intents),
        }
    }
}

impl Presence {
    fn check(&self) -> Result<(), String> {
        let is_long = |text: &str| text.chars().count() > MAX_ACTIVITY_CHARS;
        for activity in &self.activities {
            if activity.kind > ActivityKind::Competing as u8 {
                return Err(format!("there is no activity of type {}", activity.kind));
            }
            if activity.name.is_empty() {
                return Err("an activity has no name".to_owned());
            }
            if is_long(&activity.name) || activity.state.as_deref().is_some_and(is_long) {
                return Err(format!("an activity's text has more than {MAX_ACTIVITY_CHARS} characters"));
            }
        }
        Ok(())
    }

    /// The frame that updates the presence.
    pub(super) fn frame(&self) -> String {
        json!({"op": 3, "d": self}).to_string()
    }
}

impl MembersRequest {
    /// <https://discord.com/developers/docs/events/gateway-events#request-guild-members>
    fn check(&self, intents: &[Intent]) -> Result<(), String> {
        if self.nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_NONCE_BYTES) {
            return Err(format!("the nonce has more than {MAX_NONCE_BYTES} bytes"));
        }
        let needs = |intent, name: &str, what: &str| match intents.contains(&intent) {
            true => Ok(()),
            false => Err(format!("{what} need the intent `{name}` in `[discord] intents`")),
        };
        if self.presences {
            needs(Intent::GuildPresences, "guild_presences", "presences of members")?;
        }
        match &self.who {
            Members::Query { name, limit: 0 } if !name.is_empty() => {
                Err("a query needs a limit; 0 is for an empty query, which asks for all members".to_owned())
            }
            Members::Query { name, limit: 0 } if name.is_empty() => {
                needs(Intent::GuildMembers, "guild_members", "all members of a guild")
            }
            Members::Query { .. } => Ok(()),
            Members::Ids(ids) if ids.is_empty() || ids.len() > MAX_IDS => {
                Err(format!("between 1 and {MAX_IDS} ids can be asked for at once"))
            }
            Members::Ids(_) => Ok(()),
        }
    }

    /// The frame that requests the members.
    pub(super) fn frame(&self) -> String {
        let mut d = json!({"guild_id": self.guild_id.to_string(), "presences": self.presences});
        match &self.who {
            Members::Query { name, limit } => {
                d["query"] = json!(name);
                d["limit"] = json!(limit);
            }
            Members::Ids(ids) => d["user_ids"] = ids.iter().map(u64::to_string).collect(),
        }
        if let Some(nonce) = &self.nonce {
            d["nonce"] = json!(nonce);
        }
        json!({"op": 8, "d": d}).to_string()
    }
}

/// The content of IDENTIFY.
pub(super) struct Identity<'a> {
    pub(super) token: &'a str,
    pub(super) intents: u64,
    pub(super) shard: u16,
    pub(super) shards: u16,
    pub(super) presence: Option<&'a Presence>,
}

pub(super) fn identify(identity: &Identity<'_>) -> String {
    /// In guilds with more members than this, Discord sends only those who are online.
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
        let frame: serde_json::Value = serde_json::from_str(&request.frame()).unwrap();
        assert_eq!(frame["d"]["guild_id"], "1152921504606846976");
        assert_eq!(frame["d"]["user_ids"][0], "7");
        assert!(frame["d"].get("query").is_none());
    }

    #[test]
    fn what_discord_would_not_take_is_refused_in_words() {
        let activity = |name: &str, kind| Activity { name: name.to_owned(), kind, url: None, state: None };
        let presence =
            |activity| Command::Presence(Presence { activities: vec![activity], ..Presence::default() });
        let members = |who, presences, nonce: Option<&str>| {
            let nonce = nonce.map(str::to_owned);
            Command::RequestMembers(MembersRequest { guild_id: 1, who, presences, nonce })
        };
        let query = |name: &str, limit| Members::Query { name: name.to_owned(), limit };
        let cases = [
            (presence(activity("chess", 9)), "type 9"),
            (presence(activity("", 0)), "no name"),
            (presence(activity(&"x".repeat(129), 0)), "more than 128"),
            (members(query("", 0), false, None), "`guild_members`"),
            (members(query("a", 0), false, None), "needs a limit"),
            (members(query("a", 1), true, None), "`guild_presences`"),
            (members(query("a", 1), false, Some(&"n".repeat(33))), "32 bytes"),
            (members(Members::Ids(Vec::new()), false, None), "between 1 and 100"),
            (members(Members::Ids(vec![1; 101]), false, None), "between 1 and 100"),
        ];
        for (command, part) in cases {
            let why = command.check(&Intent::default_set()).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        let all = [Intent::GuildMembers, Intent::GuildPresences];
        assert_eq!(members(query("", 0), true, None).check(&all), Ok(()));
    }

    #[test]
    fn the_operators_activity_is_written_as_discord_shows_it() {
        let configured =
            |activity, kind| Presence::configured(Status::Dnd, activity, kind).map(|it| json!(it));
        assert_eq!(Presence::configured(Status::Online, None, ActivityKind::Playing), None);
        assert_eq!(
            configured(Some("at work"), ActivityKind::Custom).unwrap()["activities"],
            json!([{"name": "Custom Status", "type": 4, "state": "at work"}])
        );
        let watching = configured(Some("you"), ActivityKind::Watching).unwrap();
        assert_eq!(
            (&watching["status"], &watching["activities"]),
            (&json!("dnd"), &json!([{"name": "you", "type": 3}]))
        );
    }
}
