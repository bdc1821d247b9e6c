//! Polls: votes, and the result when a poll ends.

use serde_json::json;

use super::{Draft, dispatch, messages};
use crate::clock::Due;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{Embed, EmbedField, EmbedKind, MessageKind, Poll};

/// Replaces a user's votes by `chosen`.
pub(crate) fn vote(state: &mut State, channel: Snowflake, id: Snowflake, user: Snowflake, chosen: &[u64]) {
    let message = messages::find_mut(state, channel, id);
    let Some(poll) = message.and_then(|message| message.poll.as_mut()) else { return };
    let mut events = Vec::new();
    for number in 1..=poll.answers.len() as u64 {
        let Some(answer) = poll.answer_mut(number) else { continue };
        let (had, has) = (answer.voters.contains(&user), chosen.contains(&number));
        if had && !has {
            answer.voters.retain(|voter| *voter != user);
            events.push(("MESSAGE_POLL_VOTE_REMOVE", number));
        } else if has && !had {
            answer.voters.push(user);
            events.push(("MESSAGE_POLL_VOTE_ADD", number));
        }
    }
    for (name, answer) in events {
        let data = json!({
            "user_id": user, "channel_id": channel, "message_id": id, "answer_id": answer,
        });
        dispatch::to_channel(state, channel, name, data);
    }
}

/// Schedules the end of a poll.
pub(crate) fn watch(state: &State, channel: Snowflake, id: Snowflake) {
    let message = state.world.channel(channel).and_then(|channel| channel.message(id));
    let Some(poll) = message.and_then(|message| message.poll.as_ref()).filter(|poll| !poll.finished) else {
        return;
    };
    state.world.clock.at(poll.expiry, Due::PollEnds { channel, message: id });
}

/// Ends a poll and posts the result; does nothing if it has already ended.
pub(crate) fn end(state: &mut State, channel: Snowflake, id: Snowflake) {
    let now = state.world.clock.now();
    let Some(message) = messages::find_mut(state, channel, id) else { return };
    let author = message.author.clone();
    let Some(poll) = message.poll.as_mut().filter(|poll| !poll.finished) else { return };
    poll.finished = true;
    poll.expiry = poll.expiry.min(now);
    let result = result_embed(poll);
    messages::announce_edit(state, channel, id, false);
    let mut notice = Draft::notice(channel, author, MessageKind::PollResult);
    notice.message.reply_to = Some(id);
    notice.message.embeds = vec![result];
    messages::post(state, notice);
}

/// The result of a poll, as Discord posts it: question, number of votes, and the winning answer, if there is one.
fn result_embed(poll: &Poll) -> Embed {
    let total: usize = poll.answers.iter().map(|answer| answer.voters.len()).sum();
    let most = poll.answers.iter().map(|answer| answer.voters.len()).max().unwrap_or(0);
    let mut fields = vec![
        EmbedField::row("poll_question_text", poll.question.clone()),
        EmbedField::row("victor_answer_votes", most.to_string()),
        EmbedField::row("total_votes", total.to_string()),
    ];
    let mut victors =
        poll.answers.iter().zip(1..).filter(|(answer, _)| most > 0 && answer.voters.len() == most);
    if let (Some((victor, number)), None) = (victors.next(), victors.next()) {
        fields.push(EmbedField::row("victor_answer_id", number.to_string()));
        fields.push(EmbedField::row("victor_answer_text", victor.text.clone()));
    }
    Embed { kind: EmbedKind::PollResult, fields, ..Embed::default() }
}
