//! Connects the session to the gateway that was opened with it, for code that only has the session. Requests and
//! answers are JSON that the gateway reads; the session itself answers who the bot is.

use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Deserialize;
use serde_json::json;

use super::{Account, Discord};

/// Why the gateway did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayRequestError {
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Not possible now: the gateway is not open yet, is closed, or is too busy.
    #[error("{0}")]
    Unavailable(String),
}

type GatewayHandler = Box<dyn Fn(&str) -> Result<String, GatewayRequestError> + Send + Sync>;

/// Set once, when the gateway is opened.
#[derive(Default)]
pub(super) struct Link {
    ask: OnceLock<GatewayHandler>,
    /// The last presence requested before that: a cog may set one during setup, or while it is only being tried.
    early: Mutex<Option<String>>,
}

/// The part of a request that names the operation.
#[derive(Deserialize)]
struct Request<'r> {
    #[serde(rename = "do", borrow)]
    what: &'r str,
}

/// The operation that the session answers itself.
const APPLICATION: &str = "application";

/// Whether a request only asks who the bot is.
pub fn asks_who(request: &str) -> bool {
    serde_json::from_str::<Request>(request).is_ok_and(|request| request.what == APPLICATION)
}

impl Discord {
    /// From now on [`gateway_request`](Self::gateway_request) calls `ask`, which must not block. A second link is
    /// ignored.
    pub fn link_gateway(
        &self,
        ask: impl Fn(&str) -> Result<String, GatewayRequestError> + Send + Sync + 'static,
    ) {
        let early = {
            let mut early = self.link.early.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = self.link.ask.set(Box::new(ask));
            early.take()
        };
        if let Some(request) = early
            && let Err(error) = self.gateway_request(&request)
        {
            tracing::warn!("the presence that a cog wanted is not shown: {error}");
        }
    }

    /// Asks the gateway that was opened with this session.
    ///
    /// # Errors
    /// There is no gateway yet, or it refuses.
    pub fn gateway_request(&self, request: &str) -> Result<String, GatewayRequestError> {
        let Request { what } =
            serde_json::from_str(request).map_err(|error| GatewayRequestError::Invalid(error.to_string()))?;
        if what == APPLICATION {
            return Ok(self.account().json());
        }
        let mut early = self.link.early.lock().unwrap_or_else(PoisonError::into_inner);
        match self.link.ask.get() {
            Some(ask) => {
                drop(early);
                ask(request)
            }
            None if what == "presence" => {
                *early = Some(request.to_owned());
                Ok("null".to_owned())
            }
            None => Err(GatewayRequestError::Unavailable("the gateway is not open yet".to_owned())),
        }
    }
}

impl Account {
    fn json(&self) -> String {
        let owners: Vec<String> = self.owner_ids.iter().map(u64::to_string).collect();
        json!({
            "id": self.application_id.to_string(),
            "name": self.application_name,
            "user_id": self.user_id.to_string(),
            "user_name": self.user_name,
            "owner_ids": owners,
        })
        .to_string()
    }
}
