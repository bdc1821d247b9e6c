//! The prompt: lines that a user types become acts, entries of the transcript become lines to print.
//! It does not own the terminal: what has one feeds it lines and prints what it hands back.

mod apply;
mod orders;
mod parse;
mod print;

use std::sync::Arc;

use crate::ids::Snowflake;
use crate::members::{InteractionHandle, Member};
use crate::state::Shared;
use crate::world::Choice;

pub use print::{Detail, Printer};

/// Somebody at a prompt: who speaks, and where.
pub struct Prompt {
    shared: Arc<Shared>,
    member: Member,
}

/// What a line led to.
pub(crate) enum Effect {
    /// An empty line.
    Nothing,
    /// Something that has no id of its own.
    Done,
    /// This message.
    Posted(Snowflake),
    /// This interaction.
    Invoked(InteractionHandle),
    /// This interaction, which asks for choices.
    Asked(InteractionHandle),
    /// An answer to a question.
    Shown(String),
    /// The user wants to leave.
    Quit,
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
    /// The user wants to leave.
    Quit,
}

impl Prompt {
    pub(crate) fn of(member: Member) -> Self {
        Self { shared: member.shared.clone(), member }
    }

    /// Carries out a line.
    pub async fn line(&mut self, line: &str) -> Outcome {
        match self.perform(line).await {
            Ok(Effect::Nothing | Effect::Done | Effect::Posted(_) | Effect::Invoked(_)) => Outcome::Done,
            Ok(Effect::Asked(handle)) => self.choices(&handle).await,
            Ok(Effect::Shown(text)) => Outcome::Shown(text),
            Ok(Effect::Quit) => Outcome::Quit,
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// What the bot offers, a line each, with the value where it differs from the name.
    async fn choices(&self, handle: &InteractionHandle) -> Outcome {
        let answer = match handle.acknowledged(self.shared.options.interaction_window).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let shown = |Choice { name, value, .. }: &Choice| match value.as_str() {
            Some(text) if text == name => name.clone(),
            Some(text) => format!("{name} = {text}"),
            None => format!("{name} = {value}"),
        };
        let lines: Vec<String> = answer.choices.iter().map(shown).collect();
        Outcome::Shown(if lines.is_empty() { "nothing is offered".to_owned() } else { lines.join("\n") })
    }

    /// Carries out a line and returns what it led to; the error is a sentence for the one who typed it.
    pub(crate) async fn perform(&mut self, line: &str) -> Result<Effect, String> {
        let command = parse::parse(line)?;
        self.apply(command).await.map_err(|error| error.to_string())
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
