//! The way from the session to the gateway connections that were opened with it, for those who hold the session only.
//! Requests and answers are JSON, which only the gateway reads.

use std::sync::OnceLock;

use super::Discord;

/// Why the gateway did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Not now: it is not open yet, is closed, or has too much to do.
    #[error("{0}")]
    Unavailable(String),
}

type Ask = Box<dyn Fn(&str) -> Result<String, AskError> + Send + Sync>;

/// Set once, when the gateway is opened.
#[derive(Default)]
pub(super) struct Link(OnceLock<Ask>);

impl Discord {
    /// From now on [`ask_gateway`](Self::ask_gateway) goes to `ask`, which must not wait. The first link stays.
    pub fn link_gateway(&self, ask: impl Fn(&str) -> Result<String, AskError> + Send + Sync + 'static) {
        let _ = self.link.0.set(Box::new(ask));
    }

    /// Asks the gateway that was opened with this session.
    ///
    /// # Errors
    /// There is none yet, or it refuses.
    pub fn ask_gateway(&self, request: &str) -> Result<String, AskError> {
        match self.link.0.get() {
            Some(ask) => ask(request),
            None => Err(AskError::Unavailable("the gateway is not open yet".to_owned())),
        }
    }
}
