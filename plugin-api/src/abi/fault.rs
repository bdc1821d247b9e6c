//! What a cog answers when it failed, and what a handle answers when it could not serve.
//! It does not decide what follows: the host's fault policy does.

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
    /// The cog cannot read the state it was given.
    State,
    /// The cog cannot use what its operator has set for it; `place` is the key, such as `roles[1].id`.
    Settings,
}

/// What an error of a cog came from. A number, so that a later minor can add some: an unknown one counts as
/// [`OWN`](Self::OWN).
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCause(pub u8);

impl ErrorCause {
    /// The cog says so itself.
    pub const OWN: Self = Self(0);
    /// Discord, another server or the host refused a request, or could not be reached.
    pub const REFUSED: Self = Self(1);
    /// What a user typed or chose cannot be used.
    pub const INPUT: Self = Self(2);
}

/// A cog's failure, as data.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct Fault {
    /// How it failed.
    pub kind: FaultKind,
    /// Of an error: what it came from.
    pub cause: ErrorCause,
    /// What went wrong, in the cog's words.
    pub text: RString,
    /// `file:line:column` of a panic, or the key of a setting.
    pub place: ROption<RString>,
}

/// Why a handle did not serve.
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
    /// Why.
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
    /// One without an answer of another server.
    pub(crate) fn new(kind: HandleErrorKind, text: impl Into<RString>) -> Self {
        Self { kind, status: 0, code: 0, text: text.into(), body: RVec::new() }
    }

    /// As Discord would refuse what stands in a request, with words for it.
    pub(crate) fn form_body(text: impl Into<RString>) -> Self {
        Self { status: 400, code: INVALID_FORM_BODY, ..Self::new(HandleErrorKind::Status, text) }
    }

    /// The body that came with the status, as JSON.
    ///
    /// # Errors
    /// When it is not JSON of that shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// What an error of this kind comes from. A cog that asks for what cannot be sent, or for a session that is not
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

    /// Discord's code, if Discord refused the request and gave one; see [`discord_codes`](crate::discord_codes).
    #[must_use]
    pub fn discord_code(&self) -> Option<u32> {
        (self.code != 0).then_some(self.code)
    }

    /// Whether the request may have been carried out though no answer came, or only that of a server in between.
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
