//! A cog's failure in the host's own types. It says what went wrong and where; what follows from it is for the cog's owner to decide.

use std::fmt;

use gearshift_cog::abi;
pub use gearshift_cog::abi::FaultKind;

/// What went wrong inside a cog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Error, panic, or unreadable state.
    pub kind: FaultKind,
    /// In the cog's words.
    pub text: String,
    /// `file:line:column` of a panic.
    pub place: Option<String>,
}

impl Fault {
    /// Copies a fault out of the cog's memory.
    pub fn take(raw: abi::Fault) -> Fault {
        let place = raw.place.into_option().map(|place| place.into_string());
        Fault { kind: raw.kind, text: raw.text.into_string(), place }
    }

    /// Whether the cog failed: what Discord refused, the network did or a user typed is not its fault.
    pub fn is_fault(&self) -> bool {
        matches!(self.kind, FaultKind::Error | FaultKind::Panic | FaultKind::State)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.place) {
            (FaultKind::Panic, Some(place)) => write!(out, "it panicked at {place}: {}", self.text),
            (FaultKind::Panic, None) => write!(out, "it panicked: {}", self.text),
            (FaultKind::State, _) => write!(out, "it cannot take the state: {}", self.text),
            (FaultKind::Error, _) => out.write_str(&self.text),
        }
    }
}

impl std::error::Error for Fault {}
