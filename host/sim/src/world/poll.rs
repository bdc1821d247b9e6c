//! A poll under a message: its question, its answers, and who voted for which.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Emoji;
use crate::ids::{Snowflake, Timestamp};

/// A poll.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Poll {
    /// The question, up to 300 characters.
    pub question: String,
    /// One to ten.
    pub answers: Vec<PollAnswer>,
    /// When it ends.
    pub expiry: Timestamp,
    /// Whether one may choose several.
    pub multiple: bool,
    /// Whether it is over.
    pub finished: bool,
}

/// One answer of a poll; they are numbered from 1.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PollAnswer {
    /// Up to 55 characters.
    pub text: String,
    /// In front of the text.
    pub emoji: Option<Emoji>,
    /// Who chose it, in order.
    pub voters: Vec<Snowflake>,
}

impl Poll {
    /// As Discord writes it for `viewer`.
    pub(crate) fn json(&self, viewer: Snowflake) -> Value {
        let media = |answer: &PollAnswer| match &answer.emoji {
            Some(emoji) => json!({ "text": answer.text, "emoji": emoji }),
            None => json!({ "text": answer.text }),
        };
        let numbered = || self.answers.iter().zip(1..);
        let answers = numbered().map(|(answer, id)| json!({ "answer_id": id, "poll_media": media(answer) }));
        let counts = numbered().filter(|(answer, _)| !answer.voters.is_empty()).map(|(answer, id)| {
            json!({ "id": id, "count": answer.voters.len(), "me_voted": answer.voters.contains(&viewer) })
        });
        json!({
            "question": { "text": self.question }, "answers": answers.collect::<Vec<_>>(), "expiry": self.expiry,
            "allow_multiselect": self.multiple, "layout_type": 1,
            "results": { "is_finalized": self.finished, "answer_counts": counts.collect::<Vec<_>>() },
        })
    }

    /// The answer with this number.
    pub(crate) fn answer_mut(&mut self, number: u64) -> Option<&mut PollAnswer> {
        self.answers.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}
