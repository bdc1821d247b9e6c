//! The steps of a cog's life, as the README names them. Every report, error, check, log line and listing uses these.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One step of a cog's life, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The file is complete; it is copied, and its manifest is read and verified. None of its code is executed.
    Prepare,
    /// The copy is mapped, its types are compared with the host's, and its instance is created.
    Open,
    /// The cog is built from its handles.
    Setup,
    /// The previous generation stops taking events, and its handlers finish.
    Pause,
    /// The previous generation returns its state.
    Save,
    /// The new generation takes the state.
    Restore,
    /// The new generation takes events.
    Serve,
    /// `teardown` runs, everything of the generation is dropped, its thread ends, and its library is unmapped.
    Retire,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Step; 8] = [
        Step::Prepare,
        Step::Open,
        Step::Setup,
        Step::Pause,
        Step::Save,
        Step::Restore,
        Step::Serve,
        Step::Retire,
    ];

    /// Its name in the README.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Step::Prepare => "prepare",
            Step::Open => "open",
            Step::Setup => "setup",
            Step::Pause => "pause",
            Step::Save => "save",
            Step::Restore => "restore",
            Step::Serve => "serve",
            Step::Retire => "retire",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}
