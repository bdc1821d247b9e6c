//! Which interactions cogs have answered, as far as their requests tell: so that one that nobody answers is noticed
//! without asking Discord about each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;

use super::{Method, Request};

/// How far a cog has answered an interaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Not at all.
    #[default]
    None,
    /// With "thinking …".
    Thinking,
    /// It has.
    Given,
}

/// The interactions that are with cogs, by token.
#[derive(Debug, Default)]
pub struct Answers(Mutex<HashMap<String, Answer>>);

/// An interaction that is watched until this is dropped.
#[derive(Debug)]
pub struct Watched {
    answers: Arc<Answers>,
    token: String,
}

/// What a request answers, should Discord take it.
#[derive(Debug)]
pub struct Answering {
    token: String,
    answer: Answer,
}

impl Answers {
    /// Watches an interaction.
    pub fn watch(self: &Arc<Self>, token: &str) -> Watched {
        self.lock().insert(token.to_owned(), Answer::None);
        Watched { answers: Arc::clone(self), token: token.to_owned() }
    }

    /// Discord has taken it.
    pub fn note(&self, answering: Answering) {
        if let Some(answer) = self.lock().get_mut(&answering.token) {
            *answer = answering.answer;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// How far it is answered.
    pub fn answer(&self) -> Answer {
        self.answers.lock().get(&self.token).copied().unwrap_or_default()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.token);
    }
}

impl Answering {
    /// What a request answers: a callback, or a message of the interaction's webhook.
    /// <https://discord.com/developers/docs/interactions/receiving-and-responding>
    pub fn of(request: &Request) -> Option<Answering> {
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
        Some(Answering { token: token.to_owned(), answer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            if let Some(answering) = Answering::of(&request) {
                answers.note(answering);
            }
            assert_eq!(watched.answer(), expected, "{}", request.path);
            drop(watched);
            assert!(answers.lock().is_empty());
        }
    }
}
