//! Sessions: connections and resources that exist before the first cog and outlive every cog — HTTP, Discord, the
//! site API, stats, the store. Cogs never hold one; they get handles. Nothing here knows a cog, and nothing here
//! prints a token, a user's text or a raw payload.
//!
//! [`Sessions::open`] runs under the first `block_on`, before anything else exists. What it creates is used under
//! later ones.

pub mod api;
mod backoff;
pub mod discord;
mod error;
pub mod http;
pub mod net;
mod resolver;
pub mod stats;
pub mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::HostClock;
use crate::config::Config;

pub use api::Api;
pub(crate) use backoff::{Backoff, fraction};
pub use discord::Discord;
pub use error::{OpenError, OpenErrorKind};
/// The methods of a request: the same type that cogs pass across the boundary, so that nothing has to be converted.
pub use gearshift_cog::abi::Method;
pub use http::Http;
pub use net::Net;
pub use stats::Stats;
pub use store::Store;

/// Every session of the host. A session that is not configured is `None`.
#[derive(Debug, Clone)]
pub struct Sessions {
    /// The clock by which cogs wait and their tasks become due.
    pub clock: HostClock,
    /// How the host dials; the gateway's own connection uses it as well.
    pub net: Net,
    /// The cogs' HTTP session.
    pub http: Arc<Http>,
    /// Discord's REST API.
    pub discord: Option<Arc<Discord>>,
    /// The site API.
    pub api: Option<Arc<Api>>,
    /// Metrics.
    pub stats: Option<Arc<Stats>>,
    /// States and key-value pairs.
    pub store: Option<Arc<Store>>,
    /// When the sessions were opened.
    pub since: Instant,
}

/// How long closing one session may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

impl Sessions {
    /// Opens everything that is configured, each session within its own deadline: first the store, then all others
    /// concurrently.
    ///
    /// # Errors
    /// The first session that could not be opened; the ones already open are closed again.
    pub async fn open(config: &Config) -> Result<Sessions, OpenError> {
        Sessions::open_with_clock(config, HostClock::default()).await
    }

    /// [`Sessions::open`] with a clock other than the machine's for cogs.
    ///
    /// # Errors
    /// As [`Sessions::open`].
    pub async fn open_with_clock(config: &Config, clock: HostClock) -> Result<Sessions, OpenError> {
        let net = Net::new(&config.http);
        let client = net.client_builder().user_agent(&config.http.user_agent).build().map_err(|error| {
            let help = "this is the TLS library of the host itself; report it";
            OpenError::new("http", "making the client", http::innermost(&error), help)
        })?;
        let discord = async {
            let Some(discord) = &config.discord else { return Ok(None) };
            Discord::open(client.clone(), &net, config, discord).await.map(Some)
        };
        let api = async {
            let Some(api) = &config.api else { return Ok(None) };
            Api::open(client.clone(), &net, config, api).await.map(Some)
        };
        // Problems on this machine are reported before remote servers are contacted.
        let store = match &config.store {
            Some(store) => Some(Store::open(config, store, clock.clone()).await?),
            None => None,
        };
        let (discord, api) = tokio::join!(discord, api);
        let sessions = Sessions {
            clock: clock.clone(),
            http: Http::new(client.clone(), net.clone(), config),
            stats: config.stats.as_ref().map(|stats| Stats::open(&net, stats)),
            net,
            since: Instant::now(),
            discord: discord.as_ref().ok().cloned().flatten(),
            api: api.as_ref().ok().cloned().flatten(),
            store,
        };
        let failed = discord.err().or(api.err());
        match failed {
            None => Ok(sessions),
            Some(error) => {
                sessions.close().await;
                Err(error)
            }
        }
    }

    /// Names of all sessions.
    pub const NAMES: [&str; 5] = ["http", "discord", "api", "stats", "store"];

    /// Names of the open sessions.
    pub fn names(&self) -> Vec<&'static str> {
        let (discord, api) = (self.discord.is_some(), self.api.is_some());
        let (stats, store) = (self.stats.is_some(), self.store.is_some());
        let are_open = [true, discord, api, stats, store];
        let named = Sessions::NAMES.into_iter().zip(are_open);
        named.filter(|(_, is_open)| *is_open).map(|(name, _)| name).collect()
    }

    /// Closes every session: queued work is sent or written, later requests are refused. Takes at most 2 s, and can
    /// be called again.
    pub async fn close(&self) {
        self.http.close();
        if let Some(discord) = &self.discord {
            discord.close();
        }
        if let Some(api) = &self.api {
            api.close();
        }
        let stats = async {
            if let Some(stats) = &self.stats {
                stats.close(CLOSE_TIMEOUT).await;
            }
        };
        let store = async {
            if let Some(store) = &self.store {
                store.close(CLOSE_TIMEOUT).await;
            }
        };
        tokio::join!(stats, store);
    }
}
