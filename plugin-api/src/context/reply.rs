//! Answers of a handler: a reply to the message, or the interaction's response; further answers are further messages.

use super::{Cause, Context};
use crate::{
    NewMessage, Result,
    abi::{HandleError, HandleErrorKind, Interaction},
    handles::Original,
};

/// How far an interaction has been answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    Deferred { ephemeral: bool },
    Given,
}

impl Context {
    /// Answers: a reply to the message, or the interaction's response; further answers are further messages.
    ///
    /// An [ephemeral](NewMessage::ephemeral) answer to an interaction is seen by the caller alone, also if it was deferred
    /// publicly before. Where the command is declared [ephemeral](crate::manifest::Command::ephemeral), every answer to an
    /// interaction is.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer from Discord. [`Invalid`](HandleErrorKind::Invalid) where there is
    /// nothing to answer: in a task, and to an event without a message.
    pub async fn reply(&self, message: impl Into<NewMessage>) -> Result {
        let discord = self.discord();
        let message = message.into();
        if let Some(to) = self.message() {
            discord.reply(to, message).await?;
            return Ok(());
        }
        let Some(to) = self.interaction() else { return Err(nothing_to_answer().into()) };
        let is_first = self.answer.get() != Answer::Given;
        let is_ephemeral = self.is_declared_ephemeral() || is_first && self.is_first_ephemeral.get();
        let message = if is_ephemeral { message.ephemeral() } else { message };
        let (first, more) = message.into_parts()?;
        match self.answer.get() {
            Answer::Given => discord.post_followup(to, &first).await.map(drop)?,
            Answer::None if self.call().is_none() => discord.respond(to, first).await?,
            Answer::None => match discord.respond_first(to, &first).await {
                // Another answer of this call is there already.
                Err((Some(Original::Answer { .. }), _)) => {
                    discord.post_followup(to, &first).await.map(drop)?;
                }
                sent => sent.map_err(|(_, error)| error)?,
            },
            Answer::Deferred { ephemeral } => discord.respond_deferred(to, &first, ephemeral).await?,
        }
        // Only now: what failed left "thinking …", which the next answer fills in.
        self.answer.set(Answer::Given);
        Ok(discord.post_followups(to, &more).await?)
    }

    /// Answers a component by editing the message it is on.
    ///
    /// # Errors
    /// As [`Discord::update`](crate::handles::Discord::update); [`Invalid`](HandleErrorKind::Invalid) where there is no
    /// such message.
    pub async fn update(&self, message: impl Into<NewMessage>) -> Result {
        let to = self.component_interaction().ok_or_else(nothing_to_answer)?;
        self.discord().update(to, message).await?;
        self.answer.set(Answer::Given);
        Ok(())
    }

    /// Says that the answer takes longer than 3 s: "thinking …" for an interaction, "is typing …" for a message.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn defer(&self) -> Result {
        self.acknowledge(self.is_declared_ephemeral()).await
    }

    /// The same, seen by the caller alone, and so will be the first answer. Everybody sees "is typing …".
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn defer_ephemeral(&self) -> Result {
        // Also if the host was faster, and public.
        self.is_first_ephemeral.set(true);
        self.acknowledge(true).await
    }

    async fn acknowledge(&self, ephemeral: bool) -> Result {
        let discord = self.discord();
        match (self.message(), self.interaction()) {
            (Some(to), _) => Ok(discord.typing(to.channel_id).await?),
            (_, Some(to)) if self.answer.get() == Answer::None => {
                let ephemeral = discord.acknowledge(to, ephemeral).await?;
                self.answer.set(Answer::Deferred { ephemeral });
                Ok(())
            }
            (_, Some(_)) => Ok(()),
            (None, None) => Err(nothing_to_answer().into()),
        }
    }

    fn component_interaction(&self) -> Option<&Interaction> {
        match &self.cause {
            Cause::Command(_) => None,
            _ => self.interaction(),
        }
    }

    fn is_declared_ephemeral(&self) -> bool {
        self.call().is_some_and(|call| call.declared.iter().any(|command| command.ephemeral))
    }
}

fn nothing_to_answer() -> HandleError {
    let text = "there is nothing here to answer; send to a channel with `ctx.discord().send(…)`";
    HandleError::new(HandleErrorKind::Invalid, text)
}
