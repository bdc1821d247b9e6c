//! The prompt: turns lines that a user types into acts, and entries of the transcript into lines to print. It does not
//! own the terminal: its caller feeds it lines and prints what it returns.

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

/// A prompt: the member who acts, and the channel.
pub struct Prompt {
    shared: Arc<Shared>,
    member: Member,
}

/// The result of a line.
pub(crate) enum Effect {
    /// An empty line.
    Nothing,
    /// Something without an id of its own.
    Done,
    /// A message.
    Posted(Snowflake),
    /// An interaction.
    Invoked(InteractionHandle),
    /// An interaction that asks for autocomplete choices.
    Asked(InteractionHandle),
    /// The answer to a query.
    Shown(String),
    /// The user wants to quit.
    Quit,
}

/// The outcome of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out; what follows appears in the transcript.
    Done,
    /// It was a query; this is the answer, which may have several lines.
    Shown(String),
    /// It was not understood or not possible; this is why, as a sentence for the user.
    Refused(String),
    /// The user wants to quit.
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

    /// The choices that the bot offers, one line each, with the value where it differs from the name.
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
        Outcome::Shown(if lines.is_empty() { "no choices".to_owned() } else { lines.join("\n") })
    }

    /// Carries out a line and returns its result; the error is a sentence for the user.
    pub(crate) async fn perform(&mut self, line: &str) -> Result<Effect, String> {
        let command = parse::parse(line)?;
        self.apply(command).await.map_err(|error| error.to_string())
    }

    /// What to show in front of the cursor: `alice #general> `.
    pub fn label(&self) -> String {
        format!("{} {}> ", self.member.name(), self.place())
    }

    /// What can be typed here, one line for each form.
    pub fn help() -> &'static str {
        parse::HELP
    }
}
