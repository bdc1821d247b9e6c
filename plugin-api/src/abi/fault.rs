//! What a cog returns when it failed, and what a handle returns when it could not serve a request. The consequences are
//! not decided here, but by the host's fault policy.

use std::{error, fmt};

use abi_stable::{
    StableAbi,
    std_types::{ROption, RString, RVec},
};
use serde::{Deserialize, Serialize};

use crate::discord_codes::INVALID_FORM_BODY;

/// How a cog's function failed.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The cog returned an error.
    Error,
    /// The cog panicked; the panic was caught inside the cog.
    Panic,
    /// The cog cannot read the state that it was given.
    State,
    /// The cog cannot use its settings; `place` is the key, such as `roles[1].id`.
    Settings,
}

/// Where a cog's error came from. A number, so that later minor versions can add causes: an unknown one is treated as
/// [`OWN`](Self::OWN).
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCause(pub u8);

impl ErrorCause {
    /// The cog's own error.
    pub const OWN: Self = Self(0);
    /// Discord, another server or the host refused a request, or could not be reached.
    pub const REFUSED: Self = Self(1);
    /// A user typed or chose something that cannot be used.
    pub const INPUT: Self = Self(2);
}

/// A cog's failure, as data.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct Fault {
    /// How it failed.
    pub kind: FaultKind,
    /// For an error: where it came from.
    pub cause: ErrorCause,
    /// What went wrong, in a text from the cog.
    pub text: RString,
    /// `file:line:column` of a panic, or the key of a setting.
    pub place: ROption<RString>,
}

/// Why a handle could not serve a request.
#[repr(u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleErrorKind {
    /// The host's configuration has no such session.
    Missing,
    /// The generation that holds the handle was retired.
    Retired,
    /// The request itself cannot be sent: bad path, bad URL, too large.
    Invalid,
    /// No answer within the deadline.
    Timeout,
    /// The other side could not be reached.
    Connect,
    /// The other side answered with a status of 400 or more; see `status` and `body`.
    Status,
    /// Something inside the host failed.
    Internal,
}

/// The error of a handle call.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct HandleError {
    /// Why it failed.
    pub kind: HandleErrorKind,
    /// HTTP status, or 0.
    pub status: u16,
    /// Discord's (or the site API's) JSON error code, or 0.
    pub code: u32,
    /// What happened, for a log. Never contains a token.
    pub text: RString,
    /// The body that came with the status: JSON or text, as received.
    #[serde(with = "super::bytes")]
    pub body: RVec<u8>,
}

impl HandleError {
    /// An error without an answer from another server.
    pub(crate) fn new(kind: HandleErrorKind, text: impl Into<RString>) -> Self {
        Self { kind, status: 0, code: 0, text: text.into(), body: RVec::new() }
    }

    /// The error that Discord would return for the content of a request, with a text of its own.
    pub(crate) fn form_body(text: impl Into<RString>) -> Self {
        Self { status: 400, code: INVALID_FORM_BODY, ..Self::new(HandleErrorKind::Status, text) }
    }

    /// The body that came with the status, as JSON.
    ///
    /// # Errors
    /// If it is not JSON of that shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The cause of an error of this kind. A cog that makes an invalid request, or uses a session that is not
    /// configured, does so in every generation: that is its own error.
    #[must_use]
    pub fn cause(&self) -> ErrorCause {
        match self.kind {
            HandleErrorKind::Missing | HandleErrorKind::Invalid => ErrorCause::OWN,
            HandleErrorKind::Retired
            | HandleErrorKind::Timeout
            | HandleErrorKind::Connect
            | HandleErrorKind::Status
            | HandleErrorKind::Internal => ErrorCause::REFUSED,
        }
    }

    /// Discord's code, if Discord refused the request and sent one; see [`discord_codes`](crate::discord_codes).
    #[must_use]
    pub fn discord_code(&self) -> Option<u32> {
        (self.code != 0).then_some(self.code)
    }

    /// Whether the request may have been carried out although there was no answer, or only one from a server in
    /// between.
    #[must_use]
    pub fn may_have_been_carried_out(&self) -> bool {
        matches!(self.kind, HandleErrorKind::Timeout | HandleErrorKind::Connect) || self.status >= 500
    }
}

impl fmt::Display for HandleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl error::Error for HandleError {}
