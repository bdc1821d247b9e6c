//! Polls over REST: the poll of a message body, voting by users' clients, who voted, and ending a poll early.

use serde_json::json;

use crate::form::{ApiError, Fields, Result};
use crate::ids::{Snowflake, Timestamp};
use crate::rest::{Call, Reply};
use crate::rules::{access, polls};
use crate::world::wire::MessageJson;
use crate::world::{Emoji, Message, Poll, PollAnswer, User, bits};

const MAX_ANSWERS: usize = 10;
const MAX_QUESTION_CHARS: usize = 300;
const MAX_ANSWER_CHARS: usize = 55;
/// By default a poll lasts a day; the maximum is 32 days.
const DEFAULT_HOURS: u64 = 24;
const MAX_HOURS: u64 = 32 * 24;
/// The most voters in a page.
const MAX_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 25;

/// A poll to be posted.
pub(crate) struct PollForm {
    question: String,
    answers: Vec<PollAnswer>,
    hours: u64,
    multiple: bool,
}

impl PollForm {
    /// Reads the `poll` of a message's body.
    pub(crate) fn read(fields: &mut Fields) -> Option<Self> {
        let mut poll = fields.object("poll")?;
        let text = |of: &mut Fields| of.required_text("text", 1..=MAX_QUESTION_CHARS);
        let question = poll.required("question", |of, key| of.read_object(key, text));
        let answers = poll.required("answers", |of, key| of.read_objects(key, 1..=MAX_ANSWERS, read_answer));
        let answers = answers.into_iter().flatten().collect();
        let hours = poll.number_within("duration", 1..=MAX_HOURS).unwrap_or(DEFAULT_HOURS);
        let multiple = poll.flag("allow_multiselect").unwrap_or(false);
        poll.choice("layout_type", &[1_u64]);
        fields.absorb(poll);
        Some(Self { question, answers, hours, multiple })
    }

    /// The poll, starting now.
    pub(crate) fn begin(self, now: Timestamp) -> Box<Poll> {
        let Self { question, answers, hours, multiple } = self;
        let expiry = now + std::time::Duration::from_secs(hours * 3600);
        Box::new(Poll { question, answers, expiry, multiple, finished: false })
    }
}

fn read_answer(answer: &mut Fields) -> Option<PollAnswer> {
    answer.ignore(&["answer_id"]);
    answer.require("poll_media");
    answer.read_object("poll_media", |media| {
        let emoji = media.read_object("emoji", |emoji| {
            // interactions.py sends all fields that it knows for an emoji.
            emoji.ignore(&["animated", "available"]);
            Emoji { id: emoji.snowflake("id"), name: emoji.text("name", 100).unwrap_or_default() }
        });
        PollAnswer { text: media.required_text("text", 1..=MAX_ANSWER_CHARS), emoji, voters: Vec::new() }
    })
}

/// `PUT /channels/{channel}/polls/{message}/answers/@me`: sets all votes of a user. Bots cannot vote.
pub(crate) fn vote(call: &Call, channel: Snowflake, id: Snowflake) -> Result<Reply> {
    let person = call.user()?;
    let mut fields = call.fields()?;
    let chosen = fields.numbers("answer_ids", 0..=MAX_ANSWERS).unwrap_or_default();
    fields.checked()?;
    let mut state = call.shared.state();
    access::channel_with(&state, person, channel, bits::READ_MESSAGE_HISTORY)?;
    let (_, message) = access::open_message(&state, person, channel, id)?;
    let poll = poll_of(message)?;
    if poll.finished {
        return Err(ApiError::new(400, 520_001, "Poll expired"));
    }
    let exists = |number: &u64| (1..=poll.answers.len() as u64).contains(number);
    if !chosen.iter().all(exists) || !poll.multiple && chosen.len() > 1 {
        return Err(ApiError::form("answer_ids", "POLL_ANSWER_INVALID", "Invalid poll answer"));
    }
    polls::vote(&mut state, channel, id, person, &chosen);
    Ok(Reply::nothing())
}

/// `GET /channels/{channel}/polls/{message}/answers/{answer}?after=&limit=`
pub(crate) fn voters(call: &Call, channel: Snowflake, id: Snowflake, answer: u64) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(DEFAULT_PAGE, MAX_PAGE)?;
    let after = call.query_id("after")?.unwrap_or_default();
    let (_, message) = access::seen_message(&state, caller, channel, id)?;
    let answer = usize::try_from(answer).ok().and_then(|number| number.checked_sub(1));
    let answer = answer.and_then(|at| poll_of(message).ok()?.answers.get(at));
    let mut ids = answer.ok_or(ApiError::unknown_message())?.voters.clone();
    ids.sort_unstable();
    let page = ids.iter().filter(|id| **id > after).take(limit).filter_map(|id| state.world.user(*id));
    Ok(Reply::json(&json!({ "users": page.map(|user| &**user).collect::<Vec<&User>>() })))
}

/// `POST /channels/{channel}/polls/{message}/expire`: the author ends the poll.
pub(crate) fn expire(call: &Call, channel_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let (_, message) = access::seen_message(&state, caller, channel_id, id)?;
    if message.author.id != caller {
        return Err(ApiError::edit_of_anothers_message());
    }
    if poll_of(message)?.finished {
        return Err(ApiError::new(400, 520_001, "Poll expired"));
    }
    polls::end(&mut state, channel_id, id);
    let (channel, message) = access::seen_message(&state, caller, channel_id, id)?;
    Ok(Reply::json(&MessageJson::answer(message, channel, caller)))
}

fn poll_of(message: &Message) -> Result<&Poll> {
    message.poll.as_deref().ok_or(ApiError::new(400, 520_006, "Cannot expire a non-poll message"))
}
