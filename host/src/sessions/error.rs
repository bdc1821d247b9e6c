//! Why a session could not be opened: which session, what was tried, what to do. It contains no token and no payload.

use std::fmt;

/// Whether starting again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenErrorKind {
    /// Something that the session needs is missing or does not work; it may later.
    Unavailable,
    /// Something in the operator's configuration is missing or wrong: a token, a URL.
    Configuration,
    /// Discord rejects the token.
    Refused,
}

/// A session that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    /// Whether starting again can help.
    pub kind: OpenErrorKind,
    /// The session's name, as in the config: `discord`, `api`, `store`.
    pub session: &'static str,
    /// What was tried, such as `GET /users/@me at https://discord.com`.
    pub tried: String,
    /// How it failed.
    pub why: String,
    /// What the reader can do.
    pub help: String,
}

impl OpenError {
    pub(crate) fn new(
        session: &'static str,
        tried: impl Into<String>,
        why: impl Into<String>,
        help: impl Into<String>,
    ) -> OpenError {
        let kind = OpenErrorKind::Unavailable;
        OpenError { kind, session, tried: tried.into(), why: why.into(), help: help.into() }
    }

    /// Marks it as an error in the configuration.
    pub(super) fn configuration(self) -> OpenError {
        OpenError { kind: OpenErrorKind::Configuration, ..self }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot open the {} session: {}: {}\nhelp: {}",
            self.session, self.tried, self.why, self.help
        )
    }
}

impl std::error::Error for OpenError {}
