//! A cog's failure in the host's own types: what went wrong and where. The cog's owner decides what to do about it.

use std::fmt;

use gearshift_cog::abi::{self, ErrorCause};
use serde::{Deserialize, Deserializer, Serialize};

use crate::text::{self, OneLine};

/// How a handler failed, which decides who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The cog returned an error of its own.
    Error,
    /// The cog passed on an error that is not its own: Discord, another server or the host refused or was unreachable.
    Refused,
    /// The cog could not use what a user typed or chose.
    Input,
    /// The cog panicked.
    Panic,
    /// The cog cannot read the state it was given.
    State,
    /// The cog cannot use its settings as the operator has set them.
    Settings,
}

/// What went wrong inside a cog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How it failed.
    pub kind: FaultKind,
    /// The cog's error text.
    #[serde(deserialize_with = "short")]
    pub text: String,
    /// `file:line:column` of a panic, or the key of a setting.
    #[serde(deserialize_with = "short_if_any")]
    pub place: Option<String>,
}

/// Shortens the text: a cog's process may send longer texts than a library would.
fn short<'de, D: Deserializer<'de>>(words: D) -> Result<String, D::Error> {
    String::deserialize(words).map(text::shortened)
}

fn short_if_any<'de, D: Deserializer<'de>>(words: D) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(words)?.map(text::shortened))
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 6] = [
        FaultKind::Error,
        FaultKind::Refused,
        FaultKind::Input,
        FaultKind::Panic,
        FaultKind::State,
        FaultKind::Settings,
    ];

    /// Its name, in one word.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Error => "error",
            FaultKind::Refused => "refused",
            FaultKind::Input => "input",
            FaultKind::Panic => "panic",
            FaultKind::State => "state",
            FaultKind::Settings => "settings",
        }
    }

    /// Whether the cog is to blame: it is not if Discord refused, the network failed or a user mistyped.
    pub fn is_fault(self) -> bool {
        matches!(self, FaultKind::Error | FaultKind::Panic | FaultKind::State)
    }

    fn of(kind: abi::FaultKind, cause: ErrorCause) -> FaultKind {
        match (kind, cause) {
            (abi::FaultKind::Panic, _) => FaultKind::Panic,
            (abi::FaultKind::State, _) => FaultKind::State,
            (abi::FaultKind::Settings, _) => FaultKind::Settings,
            (abi::FaultKind::Error, ErrorCause::REFUSED) => FaultKind::Refused,
            (abi::FaultKind::Error, ErrorCause::INPUT) => FaultKind::Input,
            (abi::FaultKind::Error, _) => FaultKind::Error,
        }
    }
}

impl Fault {
    /// Copies a fault out of the cog's memory.
    pub fn take(raw: abi::Fault) -> Fault {
        let place = raw.place.into_option().map(|place| place.into_string());
        let text = text::shortened(raw.text.into_string());
        Fault { kind: FaultKind::of(raw.kind, raw.cause), text, place: place.map(text::shortened) }
    }

    /// Whether the cog is to blame.
    pub fn is_fault(&self) -> bool {
        self.kind.is_fault()
    }
}

/// Always on one line: it becomes part of errors, reports and lists, where a second line of the cog's text would look
/// like one of the host's.
impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OneLine(&self.text);
        match (self.kind, self.place.as_deref().map(OneLine)) {
            (FaultKind::Panic, Some(place)) => write!(out, "it panicked at {place}: {text}"),
            (FaultKind::Panic, None) => write!(out, "it panicked: {text}"),
            (FaultKind::State, _) => write!(out, "it cannot read the state: {text}"),
            (FaultKind::Settings, Some(OneLine(""))) => write!(out, "{text}"),
            (FaultKind::Settings, Some(key)) => write!(out, "`{key}`: {text}"),
            (FaultKind::Settings | FaultKind::Error | FaultKind::Refused | FaultKind::Input, _) => {
                write!(out, "{text}")
            }
        }
    }
}

impl std::error::Error for Fault {}
