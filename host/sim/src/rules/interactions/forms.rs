//! Submitting a form that an interaction opened: turns the filled-in fields into an invocation.

use serde_json::{Map, Value, json};

use super::answers::answer_message;
use super::controls::{chosen, offers};
use super::named::Place;
use super::options::{line_of_values, plain};
use super::{Invocation, Invoker};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::state::State;
use crate::world::{ActError, Attachment, Component, ComponentKind};

/// The most characters in a text field that sets no maximum.
const MAX_FIELD_CHARS: u64 = 4000;

/// Submits the form that the interaction `opened` has opened. The fields are texts, or lists of values for menus and
/// uploads, by custom id.
pub(crate) fn submit(
    state: &State,
    invoker: Invoker,
    opened: Snowflake,
    fields: &[(String, Value)],
    files: &[(String, Attachment)],
) -> Result<Invocation, ActError> {
    let opened = state.interactions.find(opened).filter(|one| one.user.id == invoker.user.id);
    let (modal, opened) = opened.and_then(|one| Some((one.modal.as_ref()?, one))).ok_or(ActError::NoForm)?;
    let known = modal.components.iter().flat_map(Component::flatten);
    let known: Vec<&str> = known.filter_map(|one| one.custom_id.as_deref()).collect();
    if let Some((name, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(ActError::unknown("field", name, known.into_iter()));
    }
    let guild = state.world.guild_id_of(opened.channel);
    let guild = guild.and_then(|guild| state.world.guild(guild));
    let place = Place { world: &state.world, guild, user: invoker.user.id, bot: opened.bot, files };
    let mut resolved = Map::new();
    let filled = modal.components.iter().map(|one| filled_in(place, one, fields, &mut resolved));
    let components = filled.collect::<Result<Vec<Value>, _>>()?;
    let line = format!("[form {}]{}", modal.title, line_of_values(fields));
    let mut data = json!({ "custom_id": modal.custom_id, "components": components });
    if !resolved.is_empty() {
        data["resolved"] = Value::Object(resolved);
    }
    let source = opened.source.and_then(|id| answer_message(state, opened.channel, id));
    let invoker = Invoker { channel: opened.channel, ..invoker };
    let opened_by = Some(Box::new(opened.note()));
    Ok(Invocation { source, opened_by, ..Invocation::new(invoker, opened.bot, Kind::Modal, line, data) })
}

/// The texts given for the uploads in the form that the interaction `opened` has opened.
pub(crate) fn uploads_of(state: &State, opened: Snowflake, fields: &[(String, Value)]) -> Vec<String> {
    let modal = state.interactions.find(opened).and_then(|one| one.modal.as_ref());
    let all = modal.into_iter().flat_map(|modal| modal.components.iter().flat_map(Component::flatten));
    let uploads = all.filter(|one| one.kind == ComponentKind::FileUpload);
    let given = |one: &Component| {
        let named = fields.iter().find(|(name, _)| one.custom_id.as_deref() == Some(name));
        chosen_in(one, named.map(|(_, value)| value)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    uploads.flat_map(given).collect()
}

/// A component of a form in a submit: rows and labels keep their structure, fields have what was filled in. Some kinds
/// have a single `value`, all others `values`.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure>
fn filled_in(
    place: Place<'_>,
    component: &Component,
    fields: &[(String, Value)],
    resolved: &mut Map<String, Value>,
) -> Result<Value, ActError> {
    let mut filled = json!({ "type": component.kind, "id": component.id });
    if !component.components.is_empty() {
        let inner = component.components.iter().map(|one| filled_in(place, one, fields, resolved));
        filled["components"] = Value::Array(inner.collect::<Result<_, _>>()?);
    }
    if let Some(inner) = &component.component {
        filled["component"] = filled_in(place, inner, fields, resolved)?;
    }
    let Some(custom_id) = &component.custom_id else { return Ok(filled) };
    filled["custom_id"] = json!(custom_id);
    let given = fields.iter().find(|(name, _)| name == custom_id).map(|(_, value)| value);
    match component.kind {
        ComponentKind::TextInput => filled["value"] = json!(text_of(component, custom_id, given)?),
        ComponentKind::Checkbox => {
            let is_set = given.map(|given| *given == json!(true) || *given == json!("true"));
            filled["value"] = json!(is_set.or(component.default).unwrap_or(false));
        }
        ComponentKind::RadioGroup => {
            filled["value"] = json!(values_of(place, component, custom_id, given, resolved)?.first());
        }
        _ => filled["values"] = json!(values_of(place, component, custom_id, given, resolved)?),
    }
    Ok(filled)
}

/// The values of a field for selecting.
fn values_of(
    place: Place<'_>,
    field: &Component,
    custom_id: &str,
    given: Option<&Value>,
    resolved: &mut Map<String, Value>,
) -> Result<Vec<String>, ActError> {
    let values = chosen_in(field, given);
    if values.is_empty() {
        return unless_required(field, custom_id, Vec::new());
    }
    chosen(place, field, &values, resolved)
        .map_err(|why| ActError::Unusable { control: custom_id.to_owned(), why })
}

/// The selected values: a list, or typed as `apple` or `apple, pear`.
fn chosen_in<'a>(menu: &Component, given: Option<&'a Value>) -> Vec<&'a str> {
    match given {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(typed)) if offers(menu, typed) => vec![typed],
        Some(Value::String(typed)) => typed.split(',').map(str::trim).filter(|one| !one.is_empty()).collect(),
        _ => Vec::new(),
    }
}

/// The text of a field: as typed, or its prefilled value.
fn text_of(field: &Component, custom_id: &str, given: Option<&Value>) -> Result<String, ActError> {
    let typed = given.map(plain).or_else(|| field.value.clone()).unwrap_or_default();
    if typed.is_empty() {
        return unless_required(field, custom_id, typed);
    }
    let (least, most) = (field.min_length.unwrap_or(0), field.max_length.unwrap_or(MAX_FIELD_CHARS));
    if (least..=most).contains(&(typed.chars().count() as u64)) {
        return Ok(typed);
    }
    let wanted = format!("a text of {least} to {most} characters");
    Err(ActError::BadOption { option: custom_id.to_owned(), wanted, got: typed })
}

fn unless_required<T>(field: &Component, custom_id: &str, nothing: T) -> Result<T, ActError> {
    match field.required {
        Some(false) => Ok(nothing),
        _ => Err(ActError::MissingOption { option: custom_id.to_owned() }),
    }
}
