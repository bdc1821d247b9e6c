//! Answers of a handler: a reply to the message, or the interaction's response; further answers are further messages.

use abi_stable::std_types::RArc;

use super::{Cause, Context};
use crate::{
    NewMessage, Result, Sent,
    abi::{HandleError, HandleErrorKind, Interaction, Message},
    handles::Original,
    wait::Taken,
};

/// How far an interaction has been answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    Deferred { ephemeral: bool },
    Given,
}

/// What an answer goes to.
enum Answered<'c> {
    Message(&'c Message),
    Interaction(&'c Interaction),
}

/// An answer that was posted.
pub(crate) enum Shown {
    /// To a message, in this channel.
    Reply(u64, Sent),
    /// The first one to an interaction.
    First,
    Followup(Sent),
}

impl Shown {
    /// Edits it.
    pub(crate) async fn edit(&self, ctx: &Context, new: NewMessage) -> Result {
        // An edit cannot change who sees it.
        let new = new.for_channel();
        let discord = ctx.discord();
        match (self, ctx.sent_form().or_else(|| ctx.interaction())) {
            (Self::Reply(channel, sent), _) => drop(discord.edit(*channel, sent.id()?, new).await?),
            (Self::First, Some(of)) => drop(discord.edit_answer(of, None, &new).await?),
            (Self::Followup(sent), Some(of)) => {
                drop(discord.edit_answer(of, Some(sent.id()?), &new).await?);
            }
            (_, None) => return Err(nothing_to_answer().into()),
        }
        Ok(())
    }
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
        self.post(message).await.map(drop)
    }

    /// The same, to be edited.
    pub(crate) async fn post(&self, message: impl Into<NewMessage>) -> Result<Shown> {
        let discord = self.discord();
        let message = message.into();
        let to = match self.answered() {
            Some(Answered::Message(to)) => {
                return Ok(Shown::Reply(to.channel_id, discord.reply(to, message).await?));
            }
            Some(Answered::Interaction(to)) => to,
            None => return Err(nothing_to_answer().into()),
        };
        let is_first = self.answer.get() != Answer::Given;
        let is_ephemeral = self.is_declared_ephemeral() || is_first && self.is_first_ephemeral.get();
        let message = if is_ephemeral { message.ephemeral() } else { message };
        let (first, more) = message.into_parts()?;
        let is_component = self.call().is_none() || self.form.get().is_some();
        let followup = match self.answer.get() {
            Answer::Given => Some(discord.post_followup(to, &first).await?),
            // `@original` is the component's message.
            Answer::None if is_component && to.deferred && to.is_on_message() => {
                Some(discord.post_followup(to, &first).await?)
            }
            Answer::None if is_component => {
                discord.respond(to, first).await?;
                None
            }
            Answer::None => match discord.respond_first(to, &first).await {
                // Another answer of this call is there already.
                Err((Some(Original::Answer { .. }), _)) => Some(discord.post_followup(to, &first).await?),
                sent => {
                    sent.map_err(|(_, error)| error)?;
                    None
                }
            },
            Answer::Deferred { ephemeral } => {
                discord.respond_deferred(to, &first, ephemeral).await?;
                None
            }
        };
        // Only now: what failed left "thinking …", which the next answer fills in.
        self.answer.set(Answer::Given);
        discord.post_followups(to, &more).await?;
        Ok(followup.map_or(Shown::First, Shown::Followup))
    }

    /// Whether an interaction was answered or deferred.
    pub(crate) fn is_answered(&self) -> bool {
        self.answer.get() != Answer::None
    }

    /// It was answered with a form.
    pub(crate) fn set_answered(&self) {
        self.answer.set(Answer::Given);
    }

    /// What follows answers this form, the first that was sent.
    pub(crate) fn answer_form(&self, form: RArc<Interaction>, taken: Taken) {
        if self.form.set((form, taken)).is_ok() {
            self.answer.set(Answer::None);
        }
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
        match self.answered() {
            Some(Answered::Message(to)) => Ok(discord.typing(to.channel_id).await?),
            Some(Answered::Interaction(to)) if self.answer.get() == Answer::None => {
                let ephemeral = discord.acknowledge(to, ephemeral).await?;
                self.answer.set(Answer::Deferred { ephemeral });
                Ok(())
            }
            Some(Answered::Interaction(_)) => Ok(()),
            None => Err(nothing_to_answer().into()),
        }
    }

    fn sent_form(&self) -> Option<&Interaction> {
        self.form.get().map(|(form, _)| &**form)
    }

    fn answered(&self) -> Option<Answered<'_>> {
        if let Some(form) = self.sent_form() {
            return Some(Answered::Interaction(form));
        }
        let message = self.message().map(Answered::Message);
        message.or_else(|| self.interaction().map(Answered::Interaction))
    }

    fn component_interaction(&self) -> Option<&Interaction> {
        match (&self.cause, self.sent_form()) {
            (_, Some(form)) => Some(form),
            (Cause::Command(_), None) => None,
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
