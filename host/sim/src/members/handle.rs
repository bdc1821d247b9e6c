//! An interaction that a member started, and waiting for the response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Member;
use crate::ids::Snowflake;
use crate::interactions::Client;
use crate::rules::interactions::{self, Invocation, Invoker, begin};
use crate::state::{Shared, State};
use crate::transcript::{Acknowledgement, Entry};
use crate::world::{ActError, Choice, Message, Modal};

/// An interaction that a member started.
#[derive(Clone)]
pub struct InteractionHandle {
    shared: Arc<Shared>,
    id: Snowflake,
    line: String,
    mark: u64,
}

/// How a bot responded.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it acknowledged the interaction.
    pub how: Acknowledgement,
    /// The current `@original`: the response, "thinking …", or the component's message.
    pub message: Option<Arc<Message>>,
    /// The form that was opened.
    pub form: Option<Modal>,
    /// The choices that were offered.
    pub choices: Vec<Choice>,
}

impl InteractionHandle {
    /// The interaction's id.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// The current response; `None` before the bot acknowledges the interaction.
    pub fn answer(&self) -> Option<Answer> {
        let state = self.shared.state();
        let one = state.interactions.find(self.id)?;
        let how = one.acknowledged?;
        let message = one.original.and_then(|id| interactions::answer_message(&state, one.channel, id));
        Some(Answer { how, message, form: one.modal.clone(), choices: one.choices.clone() })
    }

    /// All messages that respond to this interaction, in order: the response and its followups, including ephemeral
    /// ones.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        let state = self.shared.state();
        let Some(one) = state.interactions.find(self.id) else { return Vec::new() };
        let ours =
            |message: &&Arc<Message>| message.interaction.as_ref().is_some_and(|note| note.id == self.id);
        let open = state.world.channel(one.channel).into_iter().flat_map(|channel| channel.messages.iter());
        let mut all: Vec<_> = open.chain(state.interactions.ephemerals()).filter(ours).cloned().collect();
        all.sort_by_key(|message| message.id);
        all
    }

    /// Waits until the bot acknowledges the interaction.
    ///
    /// # Errors
    /// If it does not within the given time.
    pub async fn acknowledged(&self, within: Duration) -> Result<Answer, ActError> {
        self.wait(within, Some).await
    }

    /// Waits for a response with content: neither "thinking …" nor a deferred update is enough. If the bot deleted
    /// "thinking …", returns the first message that it posted instead.
    ///
    /// # Errors
    /// If there is none within the given time.
    pub async fn answered(&self, within: Duration) -> Result<Arc<Message>, ActError> {
        let instead = || self.messages().into_iter().next();
        self.wait(within, |answer| answer.message.or_else(instead).filter(|message| !message.is_loading()))
            .await
    }

    async fn wait<T>(&self, within: Duration, enough: impl Fn(Answer) -> Option<T>) -> Result<T, ActError> {
        let look = |_: &Entry| self.answer().and_then(&enough);
        let mut reader = self.shared.transcript.reader_from(self.mark);
        let found = reader.until(Instant::now() + within, look).await;
        found.ok_or_else(|| ActError::Unanswered { line: self.line.clone(), within })
    }
}

impl Member {
    /// This member as an invoker in their current channel.
    pub(super) fn invoker(&self) -> Result<Invoker, ActError> {
        let here =
            self.here.ok_or_else(|| ActError::NoVisibleChannel { member: self.user.username.clone() })?;
        Ok(self.invoker_in(here))
    }

    pub(super) fn invoker_in(&self, channel: Snowflake) -> Invoker {
        Invoker { user: self.user.clone(), channel, client: Client::default() }
    }

    pub(super) fn begin(&self, state: &mut State, invocation: Invocation) -> InteractionHandle {
        let mark = self.shared.transcript.mark();
        let line = invocation.line.clone();
        let id = begin(&self.shared, state, invocation);
        InteractionHandle { shared: self.shared.clone(), id, line, mark }
    }
}
