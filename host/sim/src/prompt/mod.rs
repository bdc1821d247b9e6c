//! The prompt: lines that a person types become acts, entries of the transcript become lines to print.
//! It does not own the terminal: whoever has one feeds it lines and prints what it hands back.

mod apply;
mod parse;
mod print;

use std::sync::Arc;

use crate::actors::{ActError, InteractionHandle, Member};
use crate::shared::Shared;
use crate::sim::Sim;

pub use print::{Detail, Printer};

/// Somebody at a prompt: who speaks, where, and what was invoked last.
pub struct Prompt {
    shared: Arc<Shared>,
    member: Member,
    /// The last interaction: its form can be submitted.
    last: Option<InteractionHandle>,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; what follows shows up in the transcript.
    Done,
    /// It was a question; this is the answer, perhaps of several lines.
    Shown(String),
    /// It was not understood or not possible; this is why, in words for the one who typed it.
    Refused(String),
    /// The person wants to leave.
    Quit,
}

impl Prompt {
    /// A prompt at which `member` speaks, in the first channel it sees.
    ///
    /// # Errors
    /// If there is no such member.
    pub fn new(sim: &Sim, member: &str) -> Result<Self, ActError> {
        Ok(Self { shared: sim.shared.clone(), member: sim.member(member)?, last: None })
    }

    /// Carries out a line.
    pub async fn line(&mut self, line: &str) -> Outcome {
        let command = match parse::parse(line) {
            Ok(command) => command,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        match self.apply(command).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }

    /// What to show before the cursor: `alice #general> `.
    pub fn label(&self) -> String {
        format!("{} {}> ", self.member.name(), self.place())
    }

    /// What is typed here, a line for each form.
    pub fn help() -> &'static str {
        parse::HELP
    }
}
