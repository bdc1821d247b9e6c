//! The Discord session: any endpoint of Discord's REST API by method and path, within its rate limits. It is not the
//! gateway, decodes no events, and knows no cogs; the token leaves it only in the `Authorization` header and for the
//! gateway's handshake.
//!
//! It retries a request whose connection could not be made, and one that was answered 429, 502 or 503. A request that
//! may have been carried out (the connection broke, 500, 504) is retried only if doing it twice has the same effect
//! as once: every method but POST, and new messages, which get a nonce that Discord enforces.

mod account;
mod answers;
mod base;
mod bucket;
mod client;
mod creates;
mod error;
mod error_body;
mod gate;
mod headers;
mod invalid;
mod limits;
mod link;
mod request;
mod route;
mod send;
mod token;
mod traffic;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

pub use super::Method;
use super::net::Net;
use super::{Backoff, OpenError};
use crate::config::{self, Secret};

pub use account::Account;
pub use answers::{Answer as InteractionAnswer, Answers, PendingAnswer, Watched};
pub use creates::{CREATES_MAX, Creates};
pub use error::{DiscordError, Refusal, Throttle};
pub use link::{GatewayRequestError, asks_who};
pub(crate) use request::AGENT;
pub use request::{Answer, File, Request};
pub use traffic::{Attempt, Traffic};

/// The base URL of Discord's own REST API.
pub(crate) const DISCORD_API: &str = "https://discord.com/api/v10";

/// The session. Many tasks can use it concurrently at little cost.
pub struct Discord {
    client: client::Client,
    /// Encodes requests with files; sends none of them.
    forms: reqwest::Client,
    base: base::Base,
    token: Secret,
    authorization: HeaderValue,
    token_state: token::TokenState,
    limits: limits::Limits,
    timeout: Duration,
    rate_wait_timeout: Duration,
    tries: u32,
    max_request_bytes: usize,
    account: Option<Account>,
    /// Which commands were created when; locked during a registration.
    creates: tokio::sync::Mutex<Option<Creates>>,
    is_built_in: bool,
    link: link::Link,
    answers: Arc<Answers>,
    traffic: Traffic,
    closed: AtomicBool,
}

/// The gateway's address, and how many sessions may be started. From `GET /gateway/bot`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayInfo {
    /// Address of the websocket, such as `wss://gateway.discord.gg`.
    pub url: String,
    /// How many shards Discord recommends.
    pub shards: u32,
    /// How many sessions may still be started.
    pub session_start_limit: SessionStartLimit,
}

/// How many sessions may be started.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SessionStartLimit {
    /// The number of starts per day.
    pub total: u32,
    /// How many starts are left.
    pub remaining: u32,
    /// Milliseconds until the limit resets.
    pub reset_after: u64,
    /// How many shards may identify within the same 5 s.
    pub max_concurrency: u32,
}

impl Discord {
    pub(super) async fn open(
        forms: reqwest::Client,
        net: &Net,
        config: &config::Config,
        discord: &config::Discord,
    ) -> Result<Arc<Discord>, OpenError> {
        let token = token::read(discord)?;
        let base = base::Base::read(discord.api_url.as_deref().unwrap_or(DISCORD_API))?;
        net.permits(base.url()).map_err(|error| {
            OpenError::new(
                "discord",
                format!("reading api_url `{}`", base.url()),
                error.to_string(),
                "use an IPv4 address, or set `[http] ipv4_only = false`",
            )
            .configuration()
        })?;
        let mut authorization = HeaderValue::from_str(&format!("Bot {}", token.expose())).map_err(|_| {
            OpenError::new(
                "discord",
                "reading the token",
                "it cannot be sent in a header",
                "copy it again from Discord's developer portal",
            )
            .configuration()
        })?;
        authorization.set_sensitive(true);
        let mut session = Discord {
            client: client::Client::new(net),
            forms,
            base,
            token,
            authorization,
            token_state: token::TokenState::default(),
            limits: limits::Limits::new(discord.requests_per_second),
            timeout: discord.request_timeout,
            // While it opens, a wait that is longer than opening may take becomes an error that gives the reason, and
            // `wait_for_account` tries again itself.
            rate_wait_timeout: discord.rate_wait_timeout.min(discord.open_timeout),
            tries: 1,
            max_request_bytes: config.limits.request_max_bytes,
            account: None,
            creates: tokio::sync::Mutex::default(),
            is_built_in: discord.is_built_in,
            link: link::Link::default(),
            answers: Arc::default(),
            traffic: Traffic::default(),
            closed: AtomicBool::new(false),
        };
        session.account = Some(session.wait_for_account(discord.open_timeout).await?);
        (session.rate_wait_timeout, session.tries) = (discord.rate_wait_timeout, discord.tries);
        Ok(Arc::new(session))
    }

    /// Asks who the token belongs to. A host may start before its network is up, so while Discord cannot be reached
    /// it asks again, with growing pauses.
    async fn wait_for_account(&self, timeout: Duration) -> Result<Account, OpenError> {
        let deadline = Instant::now() + timeout;
        let timeout_ms = timeout.as_millis();
        // Short compared to the whole time, so that little of it is wasted at the end.
        let mut backoff = Backoff::new(Duration::from_millis(250), timeout / 10);
        for attempt in 1.. {
            let Ok(read) = tokio::time::timeout_at(deadline, account::read(self)).await else { break };
            let error = match read {
                Ok(account) => return Ok(account),
                Err(error) => error,
            };
            let pause = backoff.pause();
            if !error.is_unreachable {
                return Err(error.error);
            }
            if Instant::now() + pause >= deadline {
                let OpenError { why, help, .. } = &error.error;
                let why = format!("{why}; it was tried {attempt} times in {timeout_ms} ms");
                let help = format!("{help}; for a longer wait, raise `[discord] open_timeout_ms`");
                return Err(OpenError { why, help, ..error.error });
            }
            tracing::warn!(
                retry_ms = pause.as_millis() as u64,
                "Discord cannot be reached yet: {}: {}",
                error.error.tried,
                error.error.why
            );
            tokio::time::sleep(pause).await;
        }
        Err(OpenError::new(
            "discord",
            format!("asking {} who the token belongs to", self.origin()),
            format!("no answer within {timeout_ms} ms"),
            "check the network, or raise `[discord] open_timeout_ms`",
        ))
    }

    /// Sends a request, waits for its turn and, where that is safe, retries.
    ///
    /// # Errors
    /// See [`DiscordError`]; a status of 300 or more is [`DiscordError::Refused`].
    pub async fn request(&self, request: Request) -> Result<Answer, DiscordError> {
        send::send(self, request).await
    }

    /// Asks for the gateway's address. There is no built-in address to fall back to: an error is an error.
    ///
    /// # Errors
    /// See [`DiscordError`]; an answer of a different structure is [`DiscordError::Unreadable`].
    pub async fn gateway(&self) -> Result<GatewayInfo, DiscordError> {
        let answer = self.request(Request::new(Method::Get, "/gateway/bot")).await?;
        serde_json::from_slice(&answer.body).map_err(|_| DiscordError::Unreadable {
            asked: "GET /gateway/bot".to_owned(),
            what: "it has no `url` and `session_start_limit` as Discord documents them".to_owned(),
        })
    }

    /// Whether Discord is known to reject the bot's token: it was reset or revoked since the session opened.
    pub fn is_token_refused(&self) -> bool {
        self.token_state.is_refused()
    }

    /// Which commands were created when, once that was loaded. A registration holds the lock: two at once would
    /// create the same command twice.
    pub(crate) fn creates(&self) -> &tokio::sync::Mutex<Option<Creates>> {
        &self.creates
    }

    /// Whether everything created there is lost when this process ends.
    pub(crate) fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// Who the token belongs to.
    pub fn account(&self) -> &Account {
        self.account.as_ref().expect("`open` hands out no session without its account")
    }

    /// Which interactions the cogs have answered.
    pub fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// What became of the session's requests, in numbers.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The token, for IDENTIFY.
    pub(crate) fn token(&self) -> &Secret {
        &self.token
    }

    /// Scheme and host of the API, for messages.
    pub fn origin(&self) -> String {
        self.base.url().origin().ascii_serialization()
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Discord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discord")
            .field("base", &self.base.url().as_str())
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
