//! What a test expects to happen, and an error with the transcript if it does not.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ids::Snowflake;
use crate::members::InteractionHandle;
use crate::sim::Sim;
use crate::transcript::{Entry, EntryKind, Tail};
use crate::world::Message;

/// Something expected did not happen. `Debug` shows the transcript, so a test's `unwrap` does too.
#[derive(thiserror::Error)]
#[error("expected {what} within {} ms\n{tail}", within.as_millis())]
pub struct ExpectError {
    /// What was expected.
    pub what: String,
    /// How long it was waited for: [`SimOptions::expect_timeout`](crate::SimOptions).
    pub within: Duration,
    tail: Tail,
}

impl Sim {
    /// The first entry of the transcript, past or future, for which `pick` returns `Some`. `what` describes it in the
    /// error.
    ///
    /// # Errors
    /// If there is none within [`SimOptions::expect_timeout`](crate::SimOptions); the error shows what happened
    /// instead.
    pub async fn expect<T>(
        &self,
        what: &str,
        pick: impl FnMut(&Entry) -> Option<T>,
    ) -> Result<T, ExpectError> {
        let within = self.shared.options.expect_timeout;
        let found = self.until(Instant::now() + within, pick).await;
        found.ok_or_else(|| self.expect_error(what))
    }

    /// The first message that is a reply to `message`.
    ///
    /// # Errors
    /// As [`Sim::expect`].
    pub async fn expect_reply(&self, message: Snowflake) -> Result<Arc<Message>, ExpectError> {
        let reply = self.reply_to(message, self.shared.options.expect_timeout).await;
        reply.ok_or_else(|| self.expect_error(&format!("a reply to {message}")))
    }

    /// The response to an interaction, once it has content: "thinking …" is not enough.
    ///
    /// # Errors
    /// As [`Sim::expect`].
    pub async fn expect_answer(&self, interaction: &InteractionHandle) -> Result<Arc<Message>, ExpectError> {
        let answer = interaction.answered(self.shared.options.expect_timeout).await;
        answer.map_err(|_| self.expect_error(&format!("an answer to interaction {}", interaction.id())))
    }

    /// The message as it is after its first edit.
    ///
    /// # Errors
    /// As [`Sim::expect`].
    pub async fn expect_edit(&self, message: Snowflake) -> Result<Arc<Message>, ExpectError> {
        let edited = |entry: &Entry| entry.edited().filter(|edited| edited.id == message).cloned();
        self.expect(&format!("an edit of {message}"), edited).await
    }

    /// A reaction to a message, by any user; returns the user's name.
    ///
    /// # Errors
    /// As [`Sim::expect`].
    pub async fn expect_reaction(&self, message: Snowflake, emoji: &str) -> Result<Arc<str>, ExpectError> {
        let put = |entry: &Entry| match &entry.kind {
            EntryKind::Reacted { message_id, user, emoji: put, added: true, .. }
                if *message_id == message && put == emoji =>
            {
                Some(user.clone())
            }
            _ => None,
        };
        self.expect(&format!("a reaction {emoji} on {message}"), put).await
    }

    fn expect_error(&self, what: &str) -> ExpectError {
        let within = self.shared.options.expect_timeout;
        ExpectError { what: what.to_owned(), within, tail: self.shared.transcript.tail() }
    }
}

impl fmt::Debug for ExpectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
