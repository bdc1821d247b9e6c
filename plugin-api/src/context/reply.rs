//! Answers of a handler: a reply to the message, or the response to the interaction; further answers are new messages.

use abi_stable::std_types::RArc;

use super::{Cause, Context};
use crate::{
    FromDiscord, NewMessage, Result, Sent,
    abi::{HandleError, HandleErrorKind, Interaction, Message},
    handles::{Discord, Original, answer_path},
    interactions::MODAL,
    wait::Taken,
};

/// How far an interaction has been answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    /// With "thinking …".
    Deferred {
        ephemeral: bool,
    },
    /// Silently, or by an edit of the message that the component is on: that message is `@original`, and an answer is a
    /// new one.
    Updated,
    Given,
}

impl Answer {
    /// How the host has acknowledged a component or form.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding>
    pub(super) fn of(interaction: &Interaction) -> Self {
        match interaction.deferred {
            true if interaction.is_on_message() => Self::Updated,
            true => Self::Deferred { ephemeral: interaction.kind == MODAL },
            false => Self::None,
        }
    }
}

/// What an answer replies to.
enum Answered<'c> {
    Message(&'c Message),
    Interaction(RArc<Interaction>),
}

/// A posted answer; if there are several messages, the last one, which has the components.
pub(crate) enum PostedAnswer {
    /// A reply to a message, in this channel.
    Reply(u64, Sent),
    /// The first answer to an interaction.
    First(RArc<Interaction>),
    Followup(RArc<Interaction>, Sent),
}

impl PostedAnswer {
    pub(super) async fn edit(&self, discord: &Discord, new: NewMessage) -> Result {
        match self {
            Self::Reply(channel, sent) => discord.edit(*channel, sent.id()?, new).await?,
            Self::First(of) => discord.edit_answer(of, None, &new.into_edit()?).await?,
            Self::Followup(of, sent) => discord.edit_answer(of, Some(sent.id()?), &new.into_edit()?).await?,
        };
        Ok(())
    }

    pub(super) async fn delete(&self, discord: &Discord) -> Result {
        match self {
            Self::Reply(channel, sent) => discord.delete(*channel, sent.id()?).await,
            Self::First(of) => discord.delete_answer(of, None).await,
            Self::Followup(of, sent) => discord.delete_answer(of, Some(sent.id()?)).await,
        }
    }

    pub(super) async fn message<T: FromDiscord>(&self, discord: &Discord) -> Result<T> {
        match self {
            Self::Reply(_, sent) | Self::Followup(_, sent) => sent.read(),
            Self::First(of) => discord.get(answer_path(of, None)).fetch().await,
        }
    }

    /// Removes its buttons if it still exists. A failure is only logged, as what the buttons were for is decided.
    pub(crate) async fn close(&self, discord: &Discord) {
        if let Err(error) = self.edit(discord, NewMessage::without_components()).await {
            tracing::debug!("cannot remove the buttons of a message, which no longer do anything: {error}");
        }
    }
}

impl Context {
    /// Answers: a reply to the message, or the response to the interaction. Further answers are new messages.
    ///
    /// An [ephemeral](NewMessage::ephemeral) answer to an interaction is visible only to the caller, even if the
    /// interaction was deferred publicly before. If the command is declared
    /// [ephemeral](crate::manifest::Command::ephemeral), every answer to an interaction is.
    ///
    /// # Errors
    /// Discord's refusal, with its code; or no answer from Discord. [`Invalid`](HandleErrorKind::Invalid) if there is
    /// nothing to answer: in a task, and for an event without a message.
    pub async fn reply(&self, message: impl Into<NewMessage>) -> Result {
        self.post(message.into()).await.map(drop)
    }

    /// The same, and returns the answer so that it can be edited.
    pub(crate) async fn post(&self, message: NewMessage) -> Result<PostedAnswer> {
        let discord = self.discord();
        let to = match self.answered() {
            Some(Answered::Message(to)) => {
                let (first, last) = discord.post_all(to.channel_id, message.reply_to(to.id)).await?;
                return Ok(PostedAnswer::Reply(to.channel_id, last.unwrap_or(first)));
            }
            Some(Answered::Interaction(to)) => to,
            None => return Err(nothing_to_answer().into()),
        };
        let is_ephemeral = self.is_declared_ephemeral() || self.is_first_ephemeral.get();
        let message = if is_ephemeral { message.ephemeral() } else { message };
        let (first, more) = message.into_parts()?;
        let followup = match self.answer.get() {
            Answer::Given | Answer::Updated => Some(discord.post_followup(&to, &first).await?),
            Answer::None => match discord.respond_first(&to, &first).await {
                // This call has been answered already.
                Err((Some(Original::Answer { .. }), _)) => Some(discord.post_followup(&to, &first).await?),
                sent => sent.map_err(|(_, error)| error)?,
            },
            Answer::Deferred { ephemeral } => discord.respond_deferred(&to, &first, ephemeral).await?,
        };
        // Only now: an answer that failed leaves "thinking …", which the next answer fills in.
        if self.answer.get() != Answer::Updated {
            self.answer.set(Answer::Given);
        }
        self.is_first_ephemeral.set(false);
        let last = discord.post_followups(&to, &more).await?;
        Ok(match last.or(followup) {
            Some(sent) => PostedAnswer::Followup(to, sent),
            None => PostedAnswer::First(to),
        })
    }

    /// Whether an interaction was answered or deferred.
    pub(crate) fn is_answered(&self) -> bool {
        self.answer.get() != Answer::None
    }

    /// Marks the call as answered, with a form.
    pub(crate) fn set_answered(&self) {
        self.answer.set(Answer::Given);
    }

    /// Makes later answers go to this form.
    pub(crate) fn answer_form(&self, form: RArc<Interaction>, taken: Taken) {
        self.answer.set(Answer::of(&form));
        self.form.replace(Some((form, taken)));
    }

    /// The interaction to answer, if a form can still be its answer: a form cannot open another.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal>
    pub(crate) fn opens_forms(&self) -> Option<RArc<Interaction>> {
        match self.answered() {
            Some(Answered::Interaction(to)) if to.kind != MODAL => Some(to),
            _ => None,
        }
    }

    /// Answers a component by editing the message it is on.
    ///
    /// # Errors
    /// The same as [`Discord::update`](crate::handles::Discord::update); [`Invalid`](HandleErrorKind::Invalid) if there
    /// is no such message.
    pub async fn update(&self, message: impl Into<NewMessage>) -> Result {
        let to = self.component_interaction().ok_or_else(no_component)?;
        let is_acknowledged = self.answer.get() == Answer::Updated;
        self.discord().update_after(&to, message.into(), is_acknowledged).await?;
        self.answer.set(Answer::Updated);
        Ok(())
    }

    /// Shows that the answer takes longer than 3 s: "thinking …" for an interaction, "is typing …" for a message. Call
    /// it as well in a handler that leaves the answer to code that outlives it, such as [`spawn`](crate::Host::spawn):
    /// otherwise the host answers in its place that there is no answer.
    ///
    /// # Errors
    /// The same as [`reply`](Self::reply).
    pub async fn defer(&self) -> Result {
        self.acknowledge(self.is_declared_ephemeral()).await
    }

    /// The same as [`defer`](Self::defer), but only the caller sees it and the first answer. "Is typing …" is still
    /// public.
    ///
    /// # Errors
    /// The same as [`reply`](Self::reply).
    pub async fn defer_ephemeral(&self) -> Result {
        // Even if the host deferred it first, and publicly.
        self.is_first_ephemeral.set(self.answer.get() != Answer::Given);
        self.acknowledge(true).await
    }

    async fn acknowledge(&self, ephemeral: bool) -> Result {
        let discord = self.discord();
        match self.answered() {
            Some(Answered::Message(to)) => Ok(discord.typing(to.channel_id).await?),
            Some(Answered::Interaction(to)) if self.answer.get() == Answer::None => {
                self.answer.set(match discord.acknowledge(&to, ephemeral).await {
                    Ok(ephemeral) => Answer::Deferred { ephemeral },
                    // The host was faster, and acknowledged it silently: there is nothing to show.
                    Err((Some(Original::Source), _)) => Answer::Updated,
                    Err((_, error)) => return Err(error.into()),
                });
                Ok(())
            }
            Some(Answered::Interaction(to)) if to.deferred && self.answer.get() != Answer::Given => {
                if discord.acknowledge_again(&to, ephemeral).await {
                    self.answer.set(Answer::Deferred { ephemeral });
                }
                Ok(())
            }
            Some(Answered::Interaction(_)) => Ok(()),
            None => Err(nothing_to_answer().into()),
        }
    }

    fn sent_form(&self) -> Option<RArc<Interaction>> {
        self.form.borrow().as_ref().map(|(form, _)| form.clone())
    }

    fn answered(&self) -> Option<Answered<'_>> {
        match (self.sent_form(), self.message()) {
            (Some(form), _) => Some(Answered::Interaction(form)),
            (None, Some(message)) => Some(Answered::Message(message)),
            (None, None) => self.shared_interaction().map(Answered::Interaction),
        }
    }

    fn component_interaction(&self) -> Option<RArc<Interaction>> {
        match (&self.cause, self.sent_form()) {
            (_, Some(form)) => Some(form),
            (Cause::Command(_), None) => None,
            _ => self.shared_interaction(),
        }
    }

    fn is_declared_ephemeral(&self) -> bool {
        self.call().is_some_and(|call| call.declared.iter().any(|command| command.ephemeral))
    }
}

fn nothing_to_answer() -> HandleError {
    let text = "there is nothing to answer here; send to a channel with `ctx.discord().send(…)`";
    HandleError::new(HandleErrorKind::Invalid, text)
}

fn no_component() -> HandleError {
    let text = "there is no component whose message could be edited; answer with `ctx.reply(…)`, or with \
                `ctx.send(…)` to edit the answer later";
    HandleError::new(HandleErrorKind::Invalid, text)
}
