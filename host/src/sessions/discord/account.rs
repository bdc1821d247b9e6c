//! Who the token belongs to: the bot's user, its application, its owners. Read once, when the session opens.
//! It keeps nothing else of what Discord tells.

use serde::{Deserialize, Deserializer};

use super::{Discord, DiscordError, Method, Request};
use crate::sessions::OpenError;

/// The account that the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The bot's user id.
    pub user_id: u64,
    /// The bot's user name.
    pub user_name: String,
    /// The application's id; commands are registered under it.
    pub application_id: u64,
    /// The application's name.
    pub application_name: String,
    /// Users who own the application: one person, or the members of a team.
    pub owner_ids: Vec<u64>,
    /// The application's flags; some tell which privileged intents are granted.
    pub flags: u64,
}

#[derive(Deserialize)]
struct User {
    #[serde(deserialize_with = "snowflake")]
    id: u64,
    username: String,
}

#[derive(Deserialize)]
struct Application {
    #[serde(deserialize_with = "snowflake")]
    id: u64,
    name: String,
    #[serde(default)]
    flags: Option<u64>,
    owner: Option<Id>,
    team: Option<Team>,
}

#[derive(Deserialize)]
struct Team {
    #[serde(default)]
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    user: Id,
}

#[derive(Deserialize)]
struct Id {
    #[serde(deserialize_with = "snowflake")]
    id: u64,
}

fn snowflake<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
    text.parse().map_err(|_| serde::de::Error::custom("an id is not a number"))
}

/// Asks Discord; the two requests go out together.
pub(super) async fn read(discord: &Discord) -> Result<Account, OpenError> {
    let ask = |path: &'static str| async move {
        let answer = discord.request(Request::new(Method::Get, path)).await;
        answer.map(|answer| answer.body).map_err(|error| explain(discord, path, &error))
    };
    let (user, application) = tokio::try_join!(ask("/users/@me"), ask("/oauth2/applications/@me"))?;
    let user: User = understand(discord, "/users/@me", &user)?;
    let application: Application = understand(discord, "/oauth2/applications/@me", &application)?;
    let owner_ids = match application.team {
        Some(team) => team.members.into_iter().map(|member| member.user.id).collect(),
        None => application.owner.into_iter().map(|owner| owner.id).collect(),
    };
    Ok(Account {
        user_id: user.id,
        user_name: user.username,
        application_id: application.id,
        application_name: application.name,
        owner_ids,
        flags: application.flags.unwrap_or(0),
    })
}

fn understand<'a, T: Deserialize<'a>>(discord: &Discord, path: &str, body: &'a [u8]) -> Result<T, OpenError> {
    serde_json::from_slice(body).map_err(|error| {
        OpenError::new(
            "discord",
            format!("GET {path} at {}", discord.origin()),
            format!(
                "the answer is not what Discord sends (line {}, column {})",
                error.line(),
                error.column()
            ),
            "look whether `[discord] api_url` is the base of a Discord API, as https://discord.com/api/v10",
        )
    })
}

fn explain(discord: &Discord, path: &str, error: &DiscordError) -> OpenError {
    let help = match error {
        _ if error.status() == Some(401) => {
            "Discord does not know this token; copy it anew from the developer portal (Bot → Reset Token) into DISCORD_TOKEN or the file of `[discord] token_file`"
        }
        _ if error.status() == Some(404) => {
            "look whether `[discord] api_url` is the base of a Discord API, as https://discord.com/api/v10"
        }
        DiscordError::Connect { .. } | DiscordError::Timeout { .. } => {
            "look at the network and the name server; a host with IPv6 only needs `[http] ipv4_only = false`"
        }
        DiscordError::RateLimited { .. } => "wait before starting again; the bot has asked too often",
        _ => "try again; if it stays, look at https://discordstatus.com",
    };
    OpenError::new("discord", format!("GET {path} at {}", discord.origin()), error.to_string(), help)
}
