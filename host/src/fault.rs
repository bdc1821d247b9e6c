//! A cog's failure in the host's own types. It says what went wrong and where; what follows is for the cog's owner to
//! decide.

use std::fmt;

use gearshift_cog::abi::{self, ErrorCause};
use serde::{Deserialize, Deserializer, Serialize};

use crate::text::{self, OneLine};

/// How a handler failed, and so who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The cog returned an error of its own.
    Error,
    /// It passed on what Discord, another server or the host refused, or that nobody could be reached.
    Refused,
    /// It could not use what a user typed or chose.
    Input,
    /// It panicked.
    Panic,
    /// It cannot read the state it was given.
    State,
    /// It cannot use what its operator has set for it.
    Settings,
}

/// What went wrong inside a cog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How it failed.
    pub kind: FaultKind,
    /// In the cog's words.
    #[serde(deserialize_with = "short")]
    pub text: String,
    /// `file:line:column` of a panic, or the key of a setting.
    #[serde(deserialize_with = "short_if_any")]
    pub place: Option<String>,
}

/// The process of a cog may send what no library would.
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

    /// In one word.
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

    /// Whether the cog failed: what Discord refused, the network did or a user typed is not its fault.
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

    /// Whether the cog failed.
    pub fn is_fault(&self) -> bool {
        self.kind.is_fault()
    }
}

/// On one line, whatever the cog's words are: they become part of errors, reports and lists, where a line of their own
/// would be taken for one of the host's.
impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OneLine(&self.text);
        match (self.kind, self.place.as_deref().map(OneLine)) {
            (FaultKind::Panic, Some(place)) => write!(out, "it panicked at {place}: {text}"),
            (FaultKind::Panic, None) => write!(out, "it panicked: {text}"),
            (FaultKind::State, _) => write!(out, "it cannot take the state: {text}"),
            (FaultKind::Settings, Some(OneLine(""))) => write!(out, "{text}"),
            (FaultKind::Settings, Some(key)) => write!(out, "`{key}`: {text}"),
            (FaultKind::Settings | FaultKind::Error | FaultKind::Refused | FaultKind::Input, _) => {
                write!(out, "{text}")
            }
        }
    }
}

impl std::error::Error for Fault {}
