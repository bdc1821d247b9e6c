//! Who the token belongs to: the bot's user, its application and the application's owners. Read once, when the
//! session opens. Everything else in Discord's answers is discarded.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{Discord, DiscordError, Method, Request, Throttle, token};
use crate::config::Intent;
use crate::sessions::{OpenError, OpenErrorKind};

/// Discord's number for an installation in a guild.
const GUILD_INSTALL: u64 = 0;

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
    /// Users who own the application: one user, or the team members who have accepted and may change its applications.
    pub owner_ids: Vec<u64>,
    /// The application's flags; some show which privileged intents are granted.
    pub flags: u64,
    /// How the application can be installed, by Discord's numbers: 0 in guilds, 1 by users. A command that does not
    /// declare its installation types gets all of these.
    pub integration_types: Vec<u64>,
}

impl Account {
    /// Whether Discord lets the bot use an intent: privileged intents are switched on in the developer portal.
    /// <https://discord.com/developers/docs/resources/application#application-object-application-flags>
    pub fn grants(&self, intent: Intent) -> bool {
        // The lower bit is set for a large bot, the other one for a bot in fewer than 100 guilds.
        let bits = match intent {
            Intent::GuildPresences => 0b11 << 12,
            Intent::GuildMembers => 0b11 << 14,
            Intent::MessageContent => 0b11 << 18,
            _ => return true,
        };
        self.flags & bits != 0
    }
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
    /// Keyed by installation type. <https://discord.com/developers/docs/resources/application#application-object>
    #[serde(default)]
    integration_types_config: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Deserialize)]
struct Team {
    #[serde(default)]
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    user: Id,
    /// 1: invited, 2: accepted. <https://discord.com/developers/docs/topics/teams#data-models-membership-state-enum>
    membership_state: u64,
    /// `admin`, `developer` or `read_only`. <https://discord.com/developers/docs/topics/teams#team-member-roles>
    #[serde(default)]
    role: String,
}

impl Member {
    fn is_owner(&self) -> bool {
        self.membership_state == 2 && self.role != "read_only"
    }
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

/// Why the account could not be read.
pub(super) struct AccountError {
    pub(super) error: OpenError,
    /// Whether Discord could not be reached, which may be temporary.
    pub(super) is_unreachable: bool,
}

/// Asks Discord; the two requests are sent concurrently.
pub(super) async fn read(discord: &Discord) -> Result<Account, AccountError> {
    let ask = |path: &'static str| async move {
        let answer = discord.request(Request::new(Method::Get, path)).await;
        answer.map(|answer| answer.body).map_err(|error| explain(discord, path, &error))
    };
    let (user, application) = tokio::try_join!(ask("/users/@me"), ask("/oauth2/applications/@me"))?;
    let user: User = understand(discord, "/users/@me", &user)?;
    let application: Application = understand(discord, "/oauth2/applications/@me", &application)?;
    let owner_ids = match application.team {
        Some(team) => {
            team.members.iter().filter(|member| member.is_owner()).map(|member| member.user.id).collect()
        }
        None => application.owner.into_iter().map(|owner| owner.id).collect(),
    };
    Ok(Account {
        user_id: user.id,
        user_name: user.username,
        application_id: application.id,
        application_name: application.name,
        owner_ids,
        flags: application.flags.unwrap_or(0),
        integration_types: match application.integration_types_config {
            Some(types) => types.keys().filter_map(|kind| kind.parse().ok()).collect(),
            None => vec![GUILD_INSTALL],
        },
    })
}

fn understand<'a, T: Deserialize<'a>>(
    discord: &Discord,
    path: &str,
    body: &'a [u8],
) -> Result<T, AccountError> {
    serde_json::from_slice(body).map_err(|error| {
        let why = format!(
            "the answer is not what Discord sends (line {}, column {})",
            error.line(),
            error.column()
        );
        let help =
            "check that `[discord] api_url` is the base of a Discord API, such as https://discord.com/api/v10";
        let tried = format!("GET {path} at {}", discord.origin());
        AccountError { error: OpenError::new("discord", tried, why, help), is_unreachable: false }
    })
}

const BLOCKED: &str = "wait some minutes before starting again: each start sends a request, which may prolong \
                       the block. Others may share this address (at a hosting provider, say); another address \
                       is not blocked";

fn explain(discord: &Discord, path: &str, error: &DiscordError) -> AccountError {
    let (kind, help) = match error {
        _ if error.status() == Some(401) => (
            OpenErrorKind::Refused,
            "Discord does not know this token; copy it again from the developer portal (Bot → Reset Token) into DISCORD_TOKEN or the file of `[discord] token_file`",
        ),
        _ if matches!(error.status(), Some(300..=399 | 404)) => (
            OpenErrorKind::Unavailable,
            "check that `[discord] api_url` is the base of a Discord API, such as https://discord.com/api/v10",
        ),
        DiscordError::Connect { .. } | DiscordError::Timeout { .. } => (
            OpenErrorKind::Unavailable,
            "check the network and the name server; a host with IPv6 only needs `[http] ipv4_only = false`",
        ),
        DiscordError::RateLimited { why: Throttle::Blocked, .. } => (OpenErrorKind::Unavailable, BLOCKED),
        DiscordError::Refused(refusal) if refusal.is_from_proxy() => (OpenErrorKind::Unavailable, BLOCKED),
        DiscordError::RateLimited { .. } => {
            (OpenErrorKind::Unavailable, "wait before starting again; the bot has sent too many requests")
        }
        _ => (OpenErrorKind::Unavailable, "try again; if that does not help, see https://discordstatus.com"),
    };
    let is_unreachable = match error {
        DiscordError::Connect { .. } | DiscordError::Timeout { .. } | DiscordError::Broken { .. } => true,
        _ => error.status().is_some_and(|status| status >= 500),
    };
    // `tried` names the request already.
    let text = error.to_string();
    let why = text.strip_prefix(&format!("GET {path}: ")).unwrap_or(&text);
    let hint = if kind == OpenErrorKind::Refused { token::resembles(&discord.token) } else { "" };
    let tried = format!("GET {path} at {}", discord.origin());
    let error = OpenError::new("discord", tried, why, format!("{help}{hint}"));
    AccountError { error: OpenError { kind, ..error }, is_unreachable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_team_those_own_an_application_who_may_change_it() {
        let is_owner = |rest: &str| {
            let member = format!(r#"{{"user":{{"id":"1"}},"team_id":"2","permissions":["*"],{rest}}}"#);
            serde_json::from_str::<Member>(&member).expect("a member").is_owner()
        };
        for role in ["admin", "developer", ""] {
            assert!(is_owner(&format!(r#""membership_state":2,"role":"{role}""#)), "{role}");
        }
        assert!(is_owner(r#""membership_state":2"#));
        assert!(!is_owner(r#""membership_state":1,"role":"admin""#));
        assert!(!is_owner(r#""membership_state":2,"role":"read_only""#));
    }
}
