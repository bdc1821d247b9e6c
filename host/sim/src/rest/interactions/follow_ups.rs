//! What follows the initial response to an interaction: followups, `@original`, edits, deletions. Calls to a channel's
//! webhook have the same paths; they are passed on to `webhooks::posts`.

use std::sync::Arc;

use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rest::messages::form::MessageForm;
use crate::rest::webhooks::posts;
use crate::rest::{Call, Reply};
use crate::rules::interactions::{self, ResponseTarget};
use crate::rules::messages;
use crate::state::State;
use crate::world::Message;

/// `POST /webhooks/{app}/{token}`. The first followup to a deferred response fills it in.
pub(crate) fn follow_up(call: &Call, app: Snowflake, token: String) -> Result<Reply> {
    if is_of_channel(call, app) {
        return posts::post(call, app, &token);
    }
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let target = open(&state, call, app, &token)?;
    let form = MessageForm::read(&state, app, fields)?;
    if form.is_empty(call.uploads.len()) {
        return Err(ApiError::empty_message());
    }
    let message = match interactions::loading_answer(&state, &target) {
        Some(loading) => {
            let revision = form.into_revision(&loading, &mut state, call)?;
            messages::edit(&mut state, target.channel, loading.id, revision)
                .ok_or(ApiError::unknown_message())?
        }
        None => {
            let mut draft =
                interactions::answer_draft(&state, target.id, 0).ok_or(ApiError::unknown_webhook())?;
            // A followup is a message of its own; it refers to the response, not to the component.
            draft.message.kind = crate::world::MessageKind::Reply;
            draft.message.reply_to = target.original;
            form.fill(&mut draft, &mut state, call);
            messages::post(&mut state, draft)
        }
    };
    posts::shown(&state, &message)
}

/// `GET /webhooks/{app}/{token}/messages/{which}`
pub(crate) fn message(call: &Call, app: Snowflake, token: String, which: String) -> Result<Reply> {
    if is_of_channel(call, app) {
        return posts::message(call, app, &token, &which);
    }
    let state = call.shared.state();
    let target = open(&state, call, app, &token)?;
    let message = find(&state, &target, &which)?;
    posts::shown(&state, &message)
}

/// `PATCH /webhooks/{app}/{token}/messages/{which}`
pub(crate) fn edit(call: &Call, app: Snowflake, token: String, which: String) -> Result<Reply> {
    if is_of_channel(call, app) {
        return posts::edit(call, app, &token, &which);
    }
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let target = open(&state, call, app, &token)?;
    let kept = find(&state, &target, &which)?;
    let form = MessageForm::read_edit(&state, app, fields, kept.flags)?;
    let revision = form.into_revision(&kept, &mut state, call)?;
    let message =
        messages::edit(&mut state, target.channel, kept.id, revision).ok_or(ApiError::unknown_message())?;
    posts::shown(&state, &message)
}

/// `DELETE /webhooks/{app}/{token}/messages/{which}`
pub(crate) fn delete(call: &Call, app: Snowflake, token: String, which: String) -> Result<Reply> {
    if is_of_channel(call, app) {
        return posts::delete(call, app, &token, &which);
    }
    let mut state = call.shared.state();
    let target = open(&state, call, app, &token)?;
    let message = find(&state, &target, &which)?;
    messages::delete(&mut state, target.channel, &[message.id], app);
    Ok(Reply::nothing())
}

/// Interactions have no webhook of their own; their paths contain the application's id instead.
fn is_of_channel(call: &Call, id: Snowflake) -> bool {
    call.ignore_query(&["with_components"]);
    call.shared.state().world.webhooks.contains_key(&id)
}

fn open(state: &State, call: &Call, app: Snowflake, token: &str) -> Result<ResponseTarget> {
    // Messages of interactions are always returned, and may always have components.
    call.ignore_query(&["wait", "with_components"]);
    interactions::to_follow_up(state, app, token, call.shared.options.interaction_life)
}

/// `@original`, or a message of this interaction by its id.
fn find(state: &State, target: &ResponseTarget, which: &str) -> Result<Arc<Message>> {
    let unknown = ApiError::unknown_message();
    let id = match which {
        "@original" => target.original.ok_or(unknown.clone())?,
        id => id.parse().map_err(|_| unknown.clone())?,
    };
    let message = interactions::answer_message(state, target.channel, id).ok_or(unknown.clone())?;
    let ours = message.interaction.as_ref().is_some_and(|note| note.id == target.id);
    if ours || target.original == Some(id) { Ok(message) } else { Err(unknown) }
}
