//! What goes over the gateway: the bot's presence, members of a guild, the state of the shards, and who the bot is. The
//! host owns the connection; a request is handed to it, and is answered at once.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::Discord;
use crate::abi::{HandleError, HandleErrorKind};

/// The bot's presence: a status and, optionally, an activity.
///
/// ```
/// use gearshift_cog::{Presence, Status};
///
/// let presence = Presence::new(Status::Idle).watching("the gates");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    status: Status,
    activities: Vec<Activity>,
}

/// Status of the bot. <https://discord.com/developers/docs/events/gateway-events#update-presence>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Green.
    Online,
    /// Yellow.
    Idle,
    /// Red: do not disturb.
    Dnd,
    /// Shown as offline.
    Invisible,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Activity {
    name: String,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

impl Presence {
    /// A status without an activity.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self { status, activities: Vec::new() }
    }

    /// "Playing …". Texts have at most 128 characters.
    #[must_use]
    pub fn playing(self, name: impl Into<String>) -> Self {
        self.doing(0, name.into(), None, None)
    }

    /// "Streaming …", with the URL of the stream on Twitch or YouTube.
    #[must_use]
    pub fn streaming(self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.doing(1, name.into(), Some(url.into()), None)
    }

    /// "Listening to …".
    #[must_use]
    pub fn listening(self, name: impl Into<String>) -> Self {
        self.doing(2, name.into(), None, None)
    }

    /// "Watching …".
    #[must_use]
    pub fn watching(self, name: impl Into<String>) -> Self {
        self.doing(3, name.into(), None, None)
    }

    /// Only a text.
    #[must_use]
    pub fn saying(self, text: impl Into<String>) -> Self {
        self.doing(4, "Custom Status".to_owned(), None, Some(text.into()))
    }

    /// "Competing in …".
    #[must_use]
    pub fn competing(self, name: impl Into<String>) -> Self {
        self.doing(5, name.into(), None, None)
    }

    /// `kind` is Discord's activity type.
    /// <https://discord.com/developers/docs/events/gateway-events#activity-object-activity-types>
    fn doing(mut self, kind: u8, name: String, url: Option<String>, state: Option<String>) -> Self {
        self.activities = vec![Activity { name, kind, url, state }];
        self
    }
}

/// Which members of a guild to request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    guild: u64,
    who: Value,
    presences: bool,
    nonce: Option<String>,
}

impl Members {
    /// The members whose name begins with `beginning`, at most `limit` (up to 100).
    #[must_use]
    pub fn named(guild: u64, beginning: &str, limit: u32) -> Self {
        Self { guild, who: json!({"query": beginning, "limit": limit}), presences: false, nonce: None }
    }

    /// The members with these ids, at most 100.
    #[must_use]
    pub fn with_ids(guild: u64, ids: &[u64]) -> Self {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        Self { guild, who: json!({"user_ids": ids}), presences: false, nonce: None }
    }

    /// All members; needs the intent `guild_members`.
    #[must_use]
    pub fn all(guild: u64) -> Self {
        Self::named(guild, "", 0)
    }

    /// Adds their presences; needs the intent `guild_presences`.
    #[must_use]
    pub fn presences(mut self) -> Self {
        self.presences = true;
        self
    }

    /// Sets a text that comes back with the chunks, to recognize them; at most 32 bytes.
    #[must_use]
    pub fn nonce(mut self, nonce: &str) -> Self {
        self.nonce = Some(nonce.to_owned());
        self
    }
}

/// The bot's application, as the host read it when it started.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Application {
    /// The application's id.
    #[serde(deserialize_with = "id")]
    pub id: u64,
    /// The application's name.
    pub name: String,
    /// The bot's user id.
    #[serde(deserialize_with = "id")]
    pub user_id: u64,
    /// The bot's user name.
    pub user_name: String,
    /// The owners: one user, or the members of a team.
    #[serde(rename = "owner_ids", deserialize_with = "ids")]
    pub owners: Vec<u64>,
}

/// The state of one shard of the gateway.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Shard {
    /// Its number.
    #[serde(rename = "shard")]
    pub number: u16,
    /// `connecting`, `identifying`, `resuming`, `ready`, `waiting`, `closed` or `refused`.
    pub state: String,
    /// Round trip of its last heartbeat in milliseconds; the first one follows up to a minute after connecting.
    pub latency_ms: Option<f64>,
    /// Milliseconds since its session began.
    pub session_ms: Option<u64>,
    /// How often the session was resumed.
    pub resumes: u64,
}

/// The request for the bot's application.
const APPLICATION: &str = r#"{"do":"application"}"#;

impl Discord {
    /// Sets the bot's presence, on all shards and across reconnects. It belongs to the bot, not to the cog: the last
    /// call wins. Discord accepts five in 20 s; of several at once, only the last is sent. Before the bot is connected,
    /// it is kept until then.
    ///
    /// # Errors
    /// A text that Discord would not accept, or a gateway that is closed.
    pub fn set_presence(&self, presence: &Presence) -> Result<(), HandleError> {
        self.ask(&json!({"do": "presence", "presence": presence}).to_string()).map(drop)
    }

    /// Requests members of a guild. They arrive as `GUILD_MEMBERS_CHUNK` events, at the cogs that declare that event.
    ///
    /// # Errors
    /// More members than Discord allows, a missing intent, or a gateway whose queue is full.
    pub fn request_members(&self, members: &Members) -> Result<(), HandleError> {
        let mut request = members.who.clone();
        request["do"] = json!("members");
        request["guild_id"] = json!(members.guild.to_string());
        request["presences"] = json!(members.presences);
        request["nonce"] = json!(members.nonce);
        self.ask(&request.to_string()).map(drop)
    }

    /// The bot's application, with its owners.
    ///
    /// # Errors
    /// If the host has no `[discord]`.
    pub fn application(&self) -> Result<Application, HandleError> {
        self.ask(APPLICATION).and_then(|answer| read(&answer))
    }

    /// The owners of the application. Nothing else is read, as this code is part of every cog.
    pub(crate) fn owners(&self) -> Result<Vec<u64>, HandleError> {
        #[derive(Deserialize)]
        struct Owners {
            #[serde(deserialize_with = "ids")]
            owner_ids: Vec<u64>,
        }
        self.ask(APPLICATION).and_then(|answer| read(&answer)).map(|owners: Owners| owners.owner_ids)
    }

    /// The state of each shard, in order.
    ///
    /// # Errors
    /// The same as [`application`](Self::application); also if the gateway is not open yet.
    pub fn shards(&self) -> Result<Vec<Shard>, HandleError> {
        self.ask(r#"{"do":"shards"}"#).and_then(|answer| read(&answer))
    }

    fn ask(&self, request: &str) -> Result<String, HandleError> {
        let answer = (self.host.table.gateway())(self.host.lease, request.into());
        answer.into_result().map(abi_stable::std_types::RString::into_string)
    }
}

fn read<'a, T: Deserialize<'a>>(answer: &'a str) -> Result<T, HandleError> {
    serde_json::from_str(answer).map_err(|error| {
        HandleError::new(HandleErrorKind::Internal, format!("the host's answer cannot be read: {error}"))
    })
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}
