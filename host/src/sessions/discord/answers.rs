//! Which interactions the cogs have answered, judged by their requests. With it the host notices, without asking
//! Discord about each one, an interaction that nobody answers and one that another process has answered.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use gearshift_cog::discord_codes::ALREADY_ACKNOWLEDGED;
use serde::Deserialize;

use super::{DiscordError, Method, Request};

/// How far a cog has answered an interaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Not at all.
    #[default]
    None,
    /// With "thinking …".
    Thinking,
    /// With anything else.
    Given,
}

/// The interactions that cogs are handling, by token.
#[derive(Debug, Default)]
pub struct Answers {
    all: Mutex<HashMap<String, InteractionState>>,
    /// Number of interactions that another process has answered.
    answered_elsewhere: AtomicU64,
}

#[derive(Debug, Default)]
struct InteractionState {
    answer: Answer,
    /// Callbacks that this process has sent and that Discord has accepted, as far as is known.
    callbacks: u32,
}

/// Watches an interaction until it is dropped.
#[derive(Debug)]
pub struct Watched {
    answers: Arc<Answers>,
    token: String,
}

/// What a request answers if Discord accepts it.
#[derive(Debug)]
pub struct PendingAnswer {
    token: String,
    answer: Answer,
}

impl Answers {
    /// Watches an interaction.
    pub fn watch(self: &Arc<Self>, token: &str) -> Watched {
        self.lock().insert(token.to_owned(), InteractionState::default());
        Watched { answers: Arc::clone(self), token: token.to_owned() }
    }

    /// Records the result of the request. A refused attempt to defer an interaction that is already acknowledged
    /// still shows that an answer follows.
    pub fn note<T>(&self, answering: PendingAnswer, sent: &Result<T, DiscordError>) {
        let counts = match sent {
            Ok(_) => true,
            Err(error) => {
                answering.answer == Answer::Thinking && error.code() == Some(u64::from(ALREADY_ACKNOWLEDGED))
            }
        };
        if counts && let Some(progress) = self.lock().get_mut(&answering.token) {
            progress.answer = progress.answer.max(answering.answer);
        }
    }

    /// A callback is about to be sent.
    pub(super) fn begin_callback(&self, request: &Request) {
        let Some(token) = callback(request) else { return };
        if let Some(progress) = self.lock().get_mut(token) {
            progress.callbacks += 1;
        }
    }

    /// Discord refused the callback, or did not get it, and would accept another.
    pub(super) fn note_refused(&self, request: &Request) {
        let Some(token) = callback(request) else { return };
        if let Some(progress) = self.lock().get_mut(token) {
            progress.callbacks = progress.callbacks.saturating_sub(1);
        }
    }

    /// Discord refused the callback because the interaction is already acknowledged. If this process has sent nothing
    /// else, another one did it: both receive every event, and the first answer wins.
    pub(super) fn note_acknowledged(&self, request: &Request) {
        let callbacks = callback(request).and_then(|token| Some(self.lock().get(token)?.callbacks));
        if callbacks != Some(1) {
            return;
        }
        let count = self.answered_elsewhere.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            tracing::warn!(
                count,
                "an interaction was answered by another process before this one: another host seems to serve this bot, \
                 and two hosts of one bot answer everything twice"
            );
        }
    }

    /// Number of interactions that another process has answered.
    pub fn answered_elsewhere(&self) -> u64 {
        self.answered_elsewhere.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, InteractionState>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// How far the interaction is answered.
    pub fn answer(&self) -> Answer {
        self.answers.lock().get(&self.token).map(|progress| progress.answer).unwrap_or_default()
    }

    /// Whether this process has sent a callback that Discord has not refused.
    pub fn has_called_back(&self) -> bool {
        self.answers.lock().get(&self.token).is_some_and(|progress| progress.callbacks > 0)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.token);
    }
}

/// The token of the interaction, if the request is an interaction callback.
fn callback(request: &Request) -> Option<&str> {
    let mut parts = request.path.trim_start_matches('/').split('/');
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()?) {
        ("interactions", _, token, "callback") => Some(token),
        _ => None,
    }
}

impl PendingAnswer {
    /// What a request answers: a callback, or a message of the interaction's webhook.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding>
    pub fn of(request: &Request) -> Option<PendingAnswer> {
        #[derive(Deserialize)]
        struct Callback {
            #[serde(rename = "type")]
            kind: u8,
        }
        const THINKING: u8 = 5;
        if request.method == Method::Get {
            return None;
        }
        let mut parts = request.path.trim_start_matches('/').split('/');
        let (kind, _, token) = (parts.next()?, parts.next()?, parts.next()?);
        let answer = match kind {
            "interactions" => match serde_json::from_slice::<Callback>(&request.json) {
                Ok(Callback { kind: THINKING }) => Answer::Thinking,
                _ => Answer::Given,
            },
            "webhooks" => Answer::Given,
            _ => return None,
        };
        Some(PendingAnswer { token: token.to_owned(), answer })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Refusal, *};

    #[test]
    fn a_request_tells_what_it_answers() {
        let request = |method, path: &str, json: &str| Request::new(method, path).json(json.to_owned());
        let table = [
            (request(Method::Post, "/interactions/1/secret/callback", r#"{"type":5}"#), Answer::Thinking),
            (
                request(Method::Post, "/interactions/1/secret/callback", r#"{"type":4,"data":{}}"#),
                Answer::Given,
            ),
            (request(Method::Patch, "/webhooks/2/secret/messages/@original", "{}"), Answer::Given),
            (request(Method::Post, "/webhooks/2/secret", "{}"), Answer::Given),
            (request(Method::Get, "/webhooks/2/secret/messages/@original", ""), Answer::None),
            (request(Method::Post, "/webhooks/2/other", "{}"), Answer::None),
            (request(Method::Post, "/channels/2/messages", "{}"), Answer::None),
        ];
        for (request, expected) in table {
            let answers = Arc::<Answers>::default();
            let watched = answers.watch("secret");
            assert_eq!(watched.answer(), Answer::None);
            if let Some(answering) = PendingAnswer::of(&request) {
                answers.note(answering, &Ok::<_, DiscordError>(()));
            }
            assert_eq!(watched.answer(), expected, "{}", request.path);
            drop(watched);
            assert!(answers.lock().is_empty());
        }
    }

    #[test]
    fn who_defers_what_was_acknowledged_says_that_an_answer_follows_though_discord_refuses() {
        let answers = Arc::<Answers>::default();
        let watched = answers.watch("secret");
        let answering = |json: &str| {
            let request = Request::new(Method::Post, "/interactions/1/secret/callback").json(json.to_owned());
            PendingAnswer::of(&request).unwrap()
        };
        let refused = |code| {
            let (asked, message) = Default::default();
            let refusal = Refusal { asked, status: 400, code, message, errors: None, bytes: 0 };
            Err::<(), _>(DiscordError::Refused(Box::new(refusal)))
        };
        let (defer, answer) = (r#"{"type":5}"#, r#"{"type":4}"#);
        let table = [
            (defer, refused(10062), Answer::None),
            (answer, refused(40060), Answer::None),
            (defer, refused(40060), Answer::Thinking),
            (answer, Ok(()), Answer::Given),
            (defer, refused(40060), Answer::Given),
        ];
        for (json, sent, expected) in table {
            answers.note(answering(json), &sent);
            assert_eq!(watched.answer(), expected, "{json} {sent:?}");
        }
    }

    #[test]
    fn an_interaction_that_this_process_has_tried_to_answer_before_was_not_answered_by_another() {
        let request = |token: &str| Request::new(Method::Post, format!("/interactions/1/{token}/callback"));
        let answers = Arc::<Answers>::default();
        let [one, _two] = ["one", "two"].map(|token| answers.watch(token));
        for token in ["one", "two", "two", "three"] {
            answers.begin_callback(&request(token));
        }
        for token in ["two", "three"] {
            answers.note_acknowledged(&request(token));
        }
        assert_eq!(answers.answered_elsewhere(), 0);
        answers.note_refused(&request("two"));
        assert!(one.has_called_back());
        answers.note_refused(&request("one"));
        assert!(!one.has_called_back());
        answers.begin_callback(&request("one"));
        answers.note_acknowledged(&request("one"));
        assert_eq!(answers.answered_elsewhere(), 1);
    }
}
