//! Sessions: what outlives every cog and is there before the first — HTTP, Discord, the site API, stats, the store.
//! Cogs never hold one; they get handles. Nothing here knows a cog, and nothing here prints a token, a user's text or a
//! raw payload.
//!
//! [`Sessions::open`] runs under the first `block_on`, before anything else exists. What it makes is used under later ones.

mod backoff;
pub mod discord;
mod error;
pub mod http;
mod method;
pub mod net;

use std::sync::Arc;

use crate::config::Config;

pub(crate) use backoff::Backoff;
pub use discord::Discord;
pub use error::OpenError;
pub use http::Http;
pub use method::{Method, NotAMethod};
pub use net::Net;

/// Every session of the host. One that the config leaves out is `None`.
#[derive(Debug, Clone)]
pub struct Sessions {
    /// How the host dials; the gateway's own connection uses it.
    pub net: Net,
    /// The cogs' HTTP session.
    pub http: Arc<Http>,
    /// Discord's REST API.
    pub discord: Option<Arc<Discord>>,
}

impl Sessions {
    /// Opens everything that the config names, all at once, each within its own deadline.
    ///
    /// # Errors
    /// The first session that could not be opened; those that were are closed again by being dropped.
    pub async fn open(config: &Config) -> Result<Sessions, OpenError> {
        let net = Net::new(&config.http);
        let client = net.client_builder().user_agent(&config.http.user_agent).build().map_err(|error| {
            let help = "this is the TLS library of the host itself; report it";
            OpenError::new("http", "making the client", http::innermost(&error), help)
        })?;
        let http = Http::new(client.clone(), net.clone(), config);
        let discord = async {
            match &config.discord {
                Some(discord) => Discord::open(client.clone(), &net, config, discord).await.map(Some),
                None => Ok(None),
            }
        };
        let (discord,) = tokio::try_join!(discord)?;
        Ok(Sessions { net, http, discord })
    }
}
