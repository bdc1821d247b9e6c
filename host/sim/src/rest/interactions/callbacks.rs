//! The initial response to an interaction: `POST /interactions/{id}/{token}/callback`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::commands::choice;
use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::rest::messages::components::{Surface, components};
use crate::rest::messages::form::MessageForm;
use crate::rest::{Call, Reply};
use crate::rules::interactions::{self, ResponseTarget};
use crate::rules::{access, messages};
use crate::state::State;
use crate::transcript::Acknowledgement;
use crate::world::wire::MessageJson;
use crate::world::{Choice, Message, Modal, flags, numbered};

/// The most choices for an option.
const MAX_CHOICES: usize = 25;

/// Needs no authorization: the token in the path authenticates.
pub(crate) fn callback(call: &Call, id: Snowflake, token: String) -> Result<Reply> {
    let token = token.as_str();
    let mut fields = call.fields()?;
    let how = fields.number("type");
    let data = fields.object("data").unwrap_or_default();
    // interactions.py lists its files here, next to the message.
    fields.ignore(&["attachments"]);
    fields.checked()?;
    let window = call.shared.options.interaction_window;
    // One lock from here to the end, so that the response exists and is acknowledged, or neither. A late or second
    // response gets its error whatever its body is.
    let mut state = call.shared.state();
    let target = interactions::to_acknowledge(&state, id, token, window)?;
    let how = acknowledgement(how, &target)?;
    let body = Body::read(&state, how, data, call, &target)?;
    let message = match body {
        Body::Nothing => None,
        Body::Answer(form, extra_flags) => {
            let mut draft =
                interactions::answer_draft(&state, id, extra_flags).ok_or(ApiError::unknown_interaction())?;
            form.fill(&mut draft, &mut state, call);
            Some(messages::post(&mut state, draft))
        }
        Body::Update(form, kept) => {
            let revision = form.into_revision(&kept, &mut state, call)?;
            messages::edit(&mut state, target.channel, kept.id, revision)
        }
        Body::Choices(choices) => {
            if let Some(interaction) = state.interactions.find_mut(id) {
                interaction.choices = choices;
            }
            None
        }
        Body::Form(form) => {
            if let Some(interaction) = state.interactions.find_mut(id) {
                interaction.modal = Some(form);
            }
            None
        }
    };
    let original = match how {
        Acknowledgement::DeferredUpdate | Acknowledgement::Update => target.source,
        _ => message.as_ref().map(|message| message.id),
    };
    interactions::acknowledge(&mut state, id, how, original);
    if !call.query_flag("with_response") {
        return Ok(Reply::nothing());
    }
    Ok(Reply::json(&response(&state, &target, how, message.as_ref())))
}

/// The validated content of a response.
enum Body {
    Nothing,
    /// A message, and flags to add to its own.
    Answer(MessageForm, u64),
    /// A change of the message that contains the component.
    Update(MessageForm, Arc<Message>),
    Choices(Vec<Choice>),
    Form(Modal),
}

impl Body {
    fn read(
        state: &State,
        how: Acknowledgement,
        data: Fields,
        call: &Call,
        target: &ResponseTarget,
    ) -> Result<Self> {
        let bot = target.bot;
        Ok(match how {
            Acknowledgement::Message => {
                let form = MessageForm::read(state, bot, data)?;
                if form.is_empty(call.uploads.len()) {
                    return Err(ApiError::empty_message());
                }
                Self::Answer(form, 0)
            }
            Acknowledgement::DeferredMessage => {
                Self::Answer(MessageForm::read(state, bot, data)?, flags::LOADING)
            }
            Acknowledgement::DeferredUpdate => Self::Nothing,
            Acknowledgement::Update => {
                let source = target.source.ok_or(ApiError::unknown_message())?;
                let kept = interactions::answer_message(state, target.channel, source);
                let kept = kept.ok_or(ApiError::unknown_message())?;
                Self::Update(MessageForm::read_edit(state, bot, data, kept.flags)?, kept)
            }
            Acknowledgement::Choices => Self::Choices(choices(data)?),
            Acknowledgement::Modal => Self::Form(modal(state, bot, data)?),
        })
    }
}

/// The meaning of the callback's type, if the kind of interaction allows it.
fn acknowledgement(how: Option<u64>, target: &ResponseTarget) -> Result<Acknowledgement> {
    let autocomplete = target.kind == Kind::Autocomplete;
    let how = match how {
        Some(4) if !autocomplete => Acknowledgement::Message,
        Some(5) if !autocomplete => Acknowledgement::DeferredMessage,
        // discord.py acknowledges every form like this, even one that a command opened and that has no message.
        Some(6) if target.source.is_some() || target.kind == Kind::Modal => Acknowledgement::DeferredUpdate,
        Some(7) if target.source.is_some() => Acknowledgement::Update,
        Some(8) if autocomplete => Acknowledgement::Choices,
        Some(9) if !autocomplete && target.kind != Kind::Modal => Acknowledgement::Modal,
        None => return Err(ApiError::required("type")),
        Some(_) => {
            let message = "This type of response is not valid for this type of interaction";
            return Err(ApiError::form("type", "INTERACTION_CALLBACK_INVALID_TYPE", message));
        }
    };
    Ok(how)
}

fn choices(mut data: Fields) -> Result<Vec<Choice>> {
    let read = data.read_objects("choices", 0..=MAX_CHOICES, |one| choice(one, None));
    data.checked().map(|()| read.unwrap_or_default())
}

fn modal(state: &State, bot: Snowflake, mut data: Fields) -> Result<Modal> {
    let knows = |id| access::knows_emoji(state, bot, id);
    let modal = Modal {
        title: data.required_text("title", 1..=45),
        custom_id: data.required_text("custom_id", 1..=100),
        components: numbered(components(&mut data, Surface::Form, &knows)),
    };
    data.checked().map(|()| modal)
}

/// The response for `?with_response=true`; it has a resource only if the callback created or changed a message.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object>
fn response(
    state: &State,
    target: &ResponseTarget,
    how: Acknowledgement,
    message: Option<&Arc<Message>>,
) -> Value {
    let mut interaction = json!({ "id": target.id, "type": target.kind as u8 });
    let Some(message) = message else { return json!({ "interaction": interaction }) };
    interaction["response_message_id"] = json!(message.id);
    interaction["response_message_loading"] = json!(message.is_loading());
    interaction["response_message_ephemeral"] = json!(message.is_ephemeral());
    let kind = if how == Acknowledgement::Update { 7 } else { 4 };
    let shown = state.world.channel(message.channel_id);
    let shown = shown.map(|channel| MessageJson::answer(message, channel, message.author.id));
    json!({ "interaction": interaction, "resource": { "type": kind, "message": shown } })
}
