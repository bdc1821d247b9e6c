//! A poll in a message: its question, its answers, and who voted for which.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Emoji;
use crate::ids::{Snowflake, Timestamp};

/// A poll.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Poll {
    /// The question, up to 300 characters.
    pub question: String,
    /// One to ten answers.
    pub answers: Vec<PollAnswer>,
    /// When it ends.
    pub expiry: Timestamp,
    /// Whether several answers may be chosen.
    pub multiple: bool,
    /// Whether it has ended.
    pub finished: bool,
}

/// An answer of a poll; answers are numbered from 1.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PollAnswer {
    /// The text, up to 55 characters.
    pub text: String,
    /// The emoji in front of the text.
    pub emoji: Option<Emoji>,
    /// Who voted for it, in order.
    pub voters: Vec<Snowflake>,
}

impl Poll {
    /// As Discord serialises it for `viewer`.
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
