//! Acts as a user by one line, in the language of the prompt, and reports the result.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, people, refusal};
use crate::drive::prompt::{Effect, Prompt};
use crate::drive::replies;
use crate::form::Result;
use crate::ids::Snowflake;
use crate::members::{InteractionHandle, Member};
use crate::rest::{Call, Reply};
use crate::state::State;
use crate::world::Message;
use crate::world::wire::MessageJson;

/// The longest that a call waits for a bot's answer.
const MAX_WAIT: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActRequest {
    line: String,
    /// `general`, `#general`, `Workshop/general`, an id, or `@bot` for a direct message.
    channel: Option<String>,
    /// How long to wait for a bot's answer, in milliseconds.
    #[serde(default)]
    within_ms: u64,
}

/// `POST /control/people/{person}/act`
pub(super) async fn act(call: &Call, name: &str) -> Result<Reply> {
    let ActRequest { line, channel, within_ms } = body(call)?;
    let within = Duration::from_millis(within_ms).min(MAX_WAIT);
    let user = people::person(&call.shared.state(), name)?;
    let unfit = |error: crate::world::ActError| refusal(422, error.to_string());
    let mut member = Member::named(call.shared.clone(), &user.username).map_err(unfit)?;
    if let Some(channel) = channel {
        member = member.at(&channel).map_err(unfit)?;
    }
    let mut prompt = Prompt::of(member);
    let answer = match prompt.perform(&line).await.map_err(|refused| refusal(422, refused))? {
        Effect::Nothing | Effect::Quit => json!({ "done": "nothing" }),
        Effect::Done => json!({ "done": "acted" }),
        Effect::Shown(text) => json!({ "done": "shown", "text": text }),
        Effect::Posted(id) => {
            let reply = replies::bot_message_after(&call.shared, id, within).await;
            let state = call.shared.state();
            let reply = reply.map(|reply| shown(&state, &reply, user.id));
            json!({ "done": "posted", "message_id": id, "answer": reply, "reply": reply })
        }
        Effect::Invoked(handle) | Effect::Asked(handle) => invoked(call, &handle, within, user.id).await,
    };
    Ok(Reply::json(&answer))
}

/// How a bot responded to an interaction, as far as it did in time: a message with content, a form, or choices.
async fn invoked(call: &Call, handle: &InteractionHandle, within: Duration, user: Snowflake) -> Value {
    let started = Instant::now();
    let mut acknowledged = handle.acknowledged(within).await.ok();
    let is_loading =
        |answer: &crate::members::Answer| answer.message.as_ref().is_some_and(|one| one.is_loading());
    if acknowledged.as_ref().is_some_and(is_loading) {
        // The outcome is looked up below, whether in time or not.
        let _ = handle.answered(within.saturating_sub(started.elapsed())).await;
        acknowledged = handle.answer();
    }
    let messages = handle.messages();
    let state = call.shared.state();
    let answer = acknowledged.map(|answer| {
        json!({
            "how": answer.how, "form": answer.form, "choices": answer.choices,
            "message": answer.message.map(|message| shown(&state, &message, user)),
            "messages": messages.iter().map(|message| shown(&state, message, user)).collect::<Vec<_>>(),
        })
    });
    let reply = answer.as_ref().map(|answer: &Value| answer["message"].clone());
    json!({ "done": "invoked", "interaction_id": handle.id(), "answer": answer, "reply": reply })
}

fn shown(state: &State, message: &Message, viewer: Snowflake) -> Value {
    let channel = state.world.channel(message.channel_id);
    json!(channel.map(|channel| MessageJson::answer(message, channel, viewer)))
}
