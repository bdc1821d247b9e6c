//! The first answer to an interaction: `POST /interactions/{id}/{token}/callback`.
//! It does not handle what comes after; `webhooks` does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::components::{Surface, components};
use super::error::ApiError;
use super::fields::Fields;
use super::message_form::{MessageForm, numbered};
use super::{Call, Reply};
use crate::interactions::{Answering, Kind};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::transcript::Acknowledgement;
use crate::world::json::MessageJson;
use crate::world::{Message, flags};

/// Choices that can be offered for an option.
const MAX_CHOICES: usize = 25;

/// Needs no authorization: the token in the path is the key.
pub(super) fn callback(call: &Call, id: Snowflake, token: String) -> Result<Reply, ApiError> {
    let token = token.as_str();
    let mut fields = call.fields()?;
    let how = fields.number("type");
    let data = fields.object("data").unwrap_or_default();
    fields.checked()?;
    let window = call.shared.options.interaction_window;
    // Looked at before the body is read: a late or second answer is told so whatever it says.
    let answering = call.shared.state().to_acknowledge(id, token, window)?;
    let how = acknowledgement(how, &answering)?;
    let message = match how {
        Acknowledgement::Message => {
            let form = MessageForm::read(data)?;
            if form.is_empty(call.uploads.len()) {
                return Err(ApiError::empty_message());
            }
            let mut state = reopen(call, id, token)?;
            Some(post(&mut state, call, id, form, 0)?)
        }
        Acknowledgement::DeferredMessage => {
            let form = MessageForm::read(data)?;
            let mut state = reopen(call, id, token)?;
            Some(post(&mut state, call, id, form, flags::LOADING)?)
        }
        Acknowledgement::DeferredUpdate => None,
        Acknowledgement::Update => {
            let mut state = reopen(call, id, token)?;
            let source = answering.source.ok_or(ApiError::unknown_message())?;
            let kept = state.answer_message(answering.channel, source).ok_or(ApiError::unknown_message())?;
            let form = MessageForm::read_edit(data, kept.flags)?;
            let revision = form.into_revision(&kept.attachments, &mut state, call);
            state.revise(answering.channel, source, revision)
        }
        Acknowledgement::Choices => {
            let choices = choices(data)?;
            if let Some(interaction) = reopen(call, id, token)?.interactions.find_mut(id) {
                interaction.choices = choices;
            }
            None
        }
        Acknowledgement::Modal => {
            let modal = modal(data)?;
            if let Some(interaction) = reopen(call, id, token)?.interactions.find_mut(id) {
                interaction.modal = Some(modal);
            }
            None
        }
    };
    let mut state = reopen(call, id, token)?;
    let original = match how {
        Acknowledgement::DeferredUpdate | Acknowledgement::Update => answering.source,
        _ => message.as_ref().map(|message| message.id),
    };
    state.acknowledge(id, how, original);
    if !matches!(call.query("with_response"), Some("true" | "1")) {
        return Ok(Reply::nothing());
    }
    Ok(Reply::json(&response(&state, &answering, how, message.as_ref())))
}

/// The state again, and the interaction still unanswered: another callback may have come in between.
fn reopen<'a>(
    call: &'a Call,
    id: Snowflake,
    token: &str,
) -> Result<std::sync::MutexGuard<'a, State>, ApiError> {
    let state = call.shared.state();
    state.to_acknowledge(id, token, call.shared.options.interaction_window)?;
    Ok(state)
}

fn post(
    state: &mut State,
    call: &Call,
    id: Snowflake,
    form: MessageForm,
    extra_flags: u64,
) -> Result<Arc<Message>, ApiError> {
    let mut draft = state.answer_draft(id, extra_flags).ok_or(ApiError::unknown_interaction())?;
    form.fill(&mut draft, state, call);
    Ok(state.post(draft))
}

/// What the callback's type means, if it fits the kind of interaction.
fn acknowledgement(how: Option<u64>, answering: &Answering) -> Result<Acknowledgement, ApiError> {
    let autocomplete = answering.kind == Kind::Autocomplete;
    let how = match how {
        Some(4) if !autocomplete => Acknowledgement::Message,
        Some(5) if !autocomplete => Acknowledgement::DeferredMessage,
        Some(6) if answering.source.is_some() => Acknowledgement::DeferredUpdate,
        Some(7) if answering.source.is_some() => Acknowledgement::Update,
        Some(8) if autocomplete => Acknowledgement::Choices,
        Some(9) if !autocomplete && answering.kind != Kind::Modal => Acknowledgement::Modal,
        None => return Err(ApiError::form("type", "BASE_TYPE_REQUIRED", "This field is required")),
        Some(_) => {
            let message = "This type of response is not valid for this type of interaction";
            return Err(ApiError::form("type", "INTERACTION_CALLBACK_INVALID_TYPE", message));
        }
    };
    Ok(how)
}

fn choices(mut data: Fields) -> Result<Vec<Value>, ApiError> {
    let list = data.objects("choices", 0..=MAX_CHOICES).unwrap_or_default();
    let mut choices = Vec::with_capacity(list.len());
    for mut choice in list {
        choice.keep_required_text("name", 1..=100);
        if let Some(names) = choice.take("name_localizations") {
            choice.keep("name_localizations", names);
        }
        match choice.take("value") {
            Some(Value::String(text)) if text.chars().count() > 100 => {
                choice.fail("value", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.");
            }
            Some(value @ (Value::String(_) | Value::Number(_))) => choice.keep("value", value),
            Some(value) => {
                choice.fail(
                    "value",
                    "BASE_TYPE_BAD_TYPE",
                    &format!("Value {value} is neither text nor number."),
                );
            }
            None => choice.missing("value"),
        }
        choices.push(data.absorb(choice));
    }
    data.checked().map(|()| choices)
}

fn modal(mut data: Fields) -> Result<Value, ApiError> {
    data.keep_required_text("title", 1..=45);
    data.keep_required_text("custom_id", 1..=100);
    let components = components(&mut data, Surface::Form);
    data.keep("components", numbered(components));
    data.into_kept().map(Value::Object)
}

/// What `?with_response=true` answers.
fn response(
    state: &State,
    answering: &Answering,
    how: Acknowledgement,
    message: Option<&Arc<Message>>,
) -> Value {
    let number = match how {
        Acknowledgement::Message => 4,
        Acknowledgement::DeferredMessage => 5,
        Acknowledgement::DeferredUpdate => 6,
        Acknowledgement::Update => 7,
        Acknowledgement::Choices => 8,
        Acknowledgement::Modal => 9,
    };
    let mut interaction = json!({ "id": answering.id, "type": answering.kind as u8 });
    let mut resource = json!({ "type": number });
    if let Some(message) = message {
        interaction["response_message_id"] = json!(message.id);
        interaction["response_message_loading"] = json!(message.is_loading());
        interaction["response_message_ephemeral"] = json!(message.is_ephemeral());
        if let Some(channel) = state.world.channel(message.channel_id) {
            resource["message"] = json!(MessageJson::answer(message, channel, message.author.id));
        }
    }
    json!({ "interaction": interaction, "resource": resource })
}
