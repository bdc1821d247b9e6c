//! The bot's answer to an action of a user.

use std::rc::Rc;

use serde_json::Value;

use super::{
    decode::number,
    discord::{Discord, Open, Posted, State},
    form::Form,
    message::Message,
    stage::Stage,
    transcript::quoted,
};

/// The bot's answer to an action of a user. Its methods return the current state, including later posts and edits.
pub struct Answer {
    stage: Rc<Stage>,
    to: To,
}

enum To {
    /// The interaction with this token.
    Interaction(String),
    /// A message from a user.
    Message(u64),
}

/// A value that the cog suggests for an option.
#[derive(Clone, Debug, PartialEq)]
pub struct SuggestedChoice {
    /// What the user sees.
    pub name: String,
    /// What is sent if the user chooses it.
    pub value: Value,
}

impl Answer {
    pub(super) fn to_interaction(stage: &Rc<Stage>, token: String) -> Self {
        Self { stage: Rc::clone(stage), to: To::Interaction(token) }
    }

    pub(super) fn to_message(stage: &Rc<Stage>, id: u64) -> Self {
        Self { stage: Rc::clone(stage), to: To::Message(id) }
    }

    /// All messages of the answer, in order. For an interaction, this includes a message that it edited. For a message,
    /// these are the replies to it, each with the further parts of a split text; without a reply, what the bot posted
    /// in the channel afterwards.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let discord = self.stage.world.discord.borrow();
        let ids = match &self.to {
            To::Interaction(_) => self.open(&discord).map(|open| open.shown.clone()).unwrap_or_default(),
            To::Message(id) => answers_to(&discord, *id),
        };
        let is_there = |id: &u64| discord.messages.get(id).is_some_and(|posted| !posted.is_deleted);
        ids.into_iter().filter(is_there).map(|id| Message::new(&self.stage, id)).collect()
    }

    /// The first message of the answer.
    ///
    /// # Panics
    /// If there is no message.
    #[must_use]
    #[track_caller]
    pub fn message(&self) -> Message {
        match self.messages().into_iter().next() {
            Some(message) => message,
            None => self.stage.fail(&format!("the bot did not answer with a message: {}", self.shown())),
        }
    }

    /// The text of the first message of the answer.
    ///
    /// # Panics
    /// If there is no message.
    #[must_use]
    #[track_caller]
    pub fn content(&self) -> String {
        self.message().content()
    }

    /// Whether only the user who called sees the first message.
    ///
    /// # Panics
    /// If there is no message.
    #[must_use]
    #[track_caller]
    pub fn is_ephemeral(&self) -> bool {
        self.message().is_ephemeral()
    }

    /// Whether the user sees "thinking …".
    #[must_use]
    pub fn is_thinking(&self) -> bool {
        self.open(&self.stage.world.discord.borrow()).is_some_and(|open| open.state == State::Thinking)
    }

    /// The form that the bot opened.
    ///
    /// # Panics
    /// If the bot did not open a form.
    #[must_use]
    #[track_caller]
    pub fn form(&self) -> Form {
        let discord = self.stage.world.discord.borrow();
        let open =
            self.open(&discord).filter(|open| open.data.as_ref().is_some_and(|it| !it["title"].is_null()));
        let form = open.and_then(|open| Form::new(open, open.metadata(&discord)));
        drop(discord);
        match form {
            Some(form) => form,
            None => self.stage.fail(&format!("the bot did not answer with a form: {}", self.shown())),
        }
    }

    /// The suggestions for the option.
    ///
    /// # Panics
    /// If the cog answered with something else, or not at all.
    #[must_use]
    #[track_caller]
    pub fn suggestions(&self) -> Vec<SuggestedChoice> {
        let discord = self.stage.world.discord.borrow();
        let data = self.open(&discord).and_then(|open| open.data.clone());
        drop(discord);
        let Some(choices) = data.as_ref().and_then(|data| data["choices"].as_array()) else {
            self.stage.fail(&format!("the bot did not answer with suggestions: {}", self.shown()))
        };
        let suggested = |it: &Value| SuggestedChoice {
            name: it["name"].as_str().unwrap_or_default().to_owned(),
            value: it["value"].clone(),
        };
        choices.iter().map(suggested).collect()
    }

    /// Fails the test if the text of the first message differs.
    ///
    /// # Panics
    /// If there is no message or its text differs; prints both texts and the transcript.
    #[track_caller]
    pub fn assert_content(&self, expected: &str) {
        self.message().assert_content(expected);
    }

    /// Fails the test if the bot answered.
    ///
    /// # Panics
    /// If the bot answered; prints the answer and the transcript.
    #[track_caller]
    pub fn assert_no_answer(&self) {
        let has_answered = match &self.to {
            To::Interaction(_) => {
                self.open(&self.stage.world.discord.borrow()).is_some_and(|open| open.state != State::Waiting)
            }
            To::Message(_) => !self.messages().is_empty(),
        };
        if has_answered {
            self.stage.fail(&format!("expected no answer: {}", self.shown()));
        }
    }

    /// What the user sees.
    fn shown(&self) -> String {
        let messages: Vec<String> =
            self.messages().iter().map(|message| quoted(&message.content())).collect();
        let discord = self.stage.world.discord.borrow();
        let open = self.open(&discord);
        let state = match open.map(|open| (open.state, open.kind, &open.data)) {
            Some((State::Waiting, ..)) => "the bot has not answered",
            Some((State::Thinking, ..)) => "the user sees “thinking …”",
            Some((State::Acknowledged, ..)) => "it was acknowledged silently",
            Some((State::Answered, 4, _)) => "the user sees suggestions",
            Some((State::Answered, _, Some(_))) => "the user sees a form",
            Some((State::Answered, ..)) | None if !messages.is_empty() => return messages.join(", "),
            Some((State::Answered, ..)) => "the answer was deleted",
            None => "the bot has not answered",
        };
        state.to_owned()
    }

    fn open<'d>(&self, discord: &'d Discord) -> Option<&'d Open> {
        match &self.to {
            To::Interaction(token) => discord.interactions.iter().find(|open| open.token == *token),
            To::Message(_) => None,
        }
    }
}

/// The bot's messages that answer a user's message: the replies to it, each with the parts that follow it if its text
/// was split; without a reply, all messages up to the next one by another author.
fn answers_to(discord: &Discord, id: u64) -> Vec<u64> {
    let channel = discord.messages[&id].channel;
    let after = discord.messages.range(id + 1..).filter(|(_, posted)| posted.channel == channel);
    let reply_to = |posted: &Posted| number(&posted.json["message_reference"]["message_id"]);
    let is_reply = |posted: &Posted| posted.is_by_bot() && reply_to(posted) == Some(id);
    let mut follows = !after.clone().any(|(_, posted)| is_reply(posted));
    let mut answers = Vec::new();
    for (at, posted) in after {
        follows = is_reply(posted) || follows && posted.is_by_bot() && reply_to(posted).is_none();
        answers.extend(follows.then_some(*at));
    }
    answers
}
