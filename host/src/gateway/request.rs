//! What the gateway can be asked in JSON: by cogs through their handle, and for `gearshift status`.
//! This reads requests and answers them; the shards carry them out.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::CommandError;
use super::command::{Command, Members, MembersRequest, Presence};
use super::shards::Shards;
use crate::sessions::discord::GatewayRequestError;

/// `{"do":"shards"}`
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum GatewayRequest {
    /// The status of all shards.
    Shards,
    /// Sets the bot's presence.
    Presence { presence: Presence },
    /// Requests members of a guild; they arrive as `GUILD_MEMBERS_CHUNK` events.
    Members {
        #[serde(deserialize_with = "id")]
        guild_id: u64,
        #[serde(default)]
        query: Option<String>,
        #[serde(default)]
        limit: u32,
        #[serde(default, deserialize_with = "ids")]
        user_ids: Vec<u64>,
        #[serde(default)]
        presences: bool,
        #[serde(default)]
        nonce: Option<String>,
    },
}

/// Answers at once.
pub(super) fn answer(shards: &Shards, request: &str) -> Result<String, GatewayRequestError> {
    let ask =
        serde_json::from_str(request).map_err(|error| GatewayRequestError::Invalid(error.to_string()))?;
    let command = match ask {
        GatewayRequest::Shards => return Ok(json!(shards.status()).to_string()),
        GatewayRequest::Presence { presence } => Command::Presence(presence),
        GatewayRequest::Members { guild_id, query, limit, user_ids, presences, nonce } => {
            let who = match query {
                Some(name) => Members::Query { name, limit },
                None => Members::Ids(user_ids),
            };
            Command::RequestMembers(MembersRequest { guild_id, who, presences, nonce })
        }
    };
    shards.send(command).map_err(|error| match error {
        CommandError::Invalid(_) => GatewayRequestError::Invalid(error.to_string()),
        CommandError::Full(_) | CommandError::Closed => GatewayRequestError::Unavailable(error.to_string()),
    })?;
    Ok("null".to_owned())
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| serde::de::Error::custom("an id is not a number"))
}

fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let numbers: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
    numbers.map_err(|_| serde::de::Error::custom("an id is not a number"))
}
