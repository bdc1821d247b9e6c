//! Why a session could not be opened: which one, what was tried, what to do.
//! It holds no token and no payload.

use std::fmt;

/// Whether another start can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenErrorKind {
    /// What the session needs is not there or does not work; it may at another time.
    Unavailable,
    /// What the operator gave is missing or wrong: a token, a URL.
    Configuration,
    /// Discord does not know the token.
    Refused,
}

/// A session that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    /// Whether another start can help.
    pub kind: OpenErrorKind,
    /// Its name, as in the config: `discord`, `api`, `store`.
    pub session: &'static str,
    /// What was tried, as `GET /users/@me at https://discord.com`.
    pub tried: String,
    /// What came of it.
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

    /// The operator has to change what was given.
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
