//! Submitting a form that an interaction opened: its fields filled in and made into an invocation.

use serde_json::{Map, Value, json};

use super::answers::answer_message;
use super::controls::{chosen, offers};
use super::named::Place;
use super::options::line_of_values;
use super::{Invocation, Invoker};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::state::State;
use crate::world::ActError;
use crate::world::components::{flatten, text};

/// Kinds of fields that hold one `value`; all others hold `values`.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure>
const TEXT: u64 = 4;
const RADIO_GROUP: u64 = 21;
const CHECKBOX: u64 = 23;

/// Characters of a text field that does not say.
const MAX_FIELD_CHARS: u64 = 4000;

/// The form that the interaction `opened` left, filled in: texts, or lists of values for menus, by custom id.
pub(crate) fn submit(
    state: &State,
    invoker: Invoker,
    opened: Snowflake,
    fields: &[(String, Value)],
) -> Result<Invocation, ActError> {
    let opened = state.interactions.find(opened).filter(|one| one.user.id == invoker.user.id);
    let (modal, opened) = opened.and_then(|one| Some((one.modal.as_ref()?, one))).ok_or(ActError::NoForm)?;
    let layout = modal["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<&str> = layout.iter().flat_map(flatten).filter_map(|one| text(one, "custom_id")).collect();
    if let Some((name, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(ActError::unknown("field", name, known.into_iter()));
    }
    let guild = state.world.guild_id_of(opened.channel);
    let guild = guild.and_then(|guild| state.world.guild(guild));
    let place = Place { world: &state.world, guild, user: invoker.user.id, files: &[] };
    let mut resolved = Map::new();
    let filled = layout.iter().map(|one| filled_in(place, one, fields, &mut resolved));
    let components = filled.collect::<Result<Vec<Value>, _>>()?;
    let title = text(modal, "title").unwrap_or_default();
    let line = format!("[form {title}]{}", line_of_values(fields));
    let mut data = json!({ "custom_id": modal["custom_id"], "components": components });
    if !resolved.is_empty() {
        data["resolved"] = Value::Object(resolved);
    }
    let source = opened.source.and_then(|id| answer_message(state, opened.channel, id));
    let invoker = Invoker { channel: opened.channel, ..invoker };
    let opened_by = Some(Box::new(opened.note()));
    Ok(Invocation { source, opened_by, ..Invocation::new(invoker, opened.bot, Kind::Modal, line, data) })
}

/// A component of a form as a submit carries it: rows and labels keep their shape, fields keep what was filled in.
fn filled_in(
    place: Place<'_>,
    component: &Value,
    fields: &[(String, Value)],
    resolved: &mut Map<String, Value>,
) -> Result<Value, ActError> {
    let mut filled = json!({ "type": component["type"], "id": component["id"] });
    if let Some(inner) = component.get("components").and_then(Value::as_array) {
        let inner = inner.iter().map(|one| filled_in(place, one, fields, resolved));
        filled["components"] = Value::Array(inner.collect::<Result<_, _>>()?);
    }
    if let Some(inner) = component.get("component") {
        filled["component"] = filled_in(place, inner, fields, resolved)?;
    }
    let Some(custom_id) = text(component, "custom_id") else { return Ok(filled) };
    filled["custom_id"] = json!(custom_id);
    let given = fields.iter().find(|(name, _)| name == custom_id).map(|(_, value)| value);
    let required = component.get("required") != Some(&Value::Bool(false));
    if component["type"] == TEXT {
        filled["value"] = json!(text_of(component, custom_id, given, required)?);
        return Ok(filled);
    }
    if component["type"] == CHECKBOX {
        let is_set = given.or(component.get("default"));
        filled["value"] = json!(matches!(is_set, Some(Value::Bool(true))) || is_set == Some(&json!("true")));
        return Ok(filled);
    }
    let values = chosen_in(component, given);
    let values = match (values.is_empty(), required) {
        (true, true) => return Err(ActError::MissingOption { option: custom_id.to_owned() }),
        (true, false) => Vec::new(),
        (false, _) => chosen(place, component, &values, resolved)
            .map_err(|why| ActError::Unusable { control: custom_id.to_owned(), why })?,
    };
    if component["type"] == RADIO_GROUP {
        filled["value"] = json!(values.first());
    } else {
        filled["values"] = json!(values);
    }
    Ok(filled)
}

/// What is chosen: a list, or as it is typed, `apple` or `apple, pear`.
fn chosen_in<'a>(menu: &Value, given: Option<&'a Value>) -> Vec<&'a str> {
    match given {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(typed)) if offers(menu, typed) => vec![typed],
        Some(Value::String(typed)) => typed.split(',').map(str::trim).filter(|one| !one.is_empty()).collect(),
        _ => Vec::new(),
    }
}

/// The text of a field: what was typed, or what it was prefilled with.
fn text_of(
    field: &Value,
    custom_id: &str,
    given: Option<&Value>,
    required: bool,
) -> Result<String, ActError> {
    let typed = given.or(field.get("value")).map(super::options::plain).unwrap_or_default();
    if typed.is_empty() {
        let missing = ActError::MissingOption { option: custom_id.to_owned() };
        return if required { Err(missing) } else { Ok(typed) };
    }
    let bound = |key: &str, default| field.get(key).and_then(Value::as_u64).unwrap_or(default);
    let (least, most) = (bound("min_length", 0), bound("max_length", MAX_FIELD_CHARS));
    if (least..=most).contains(&(typed.chars().count() as u64)) {
        return Ok(typed);
    }
    let wanted = format!("a text of {least} to {most} characters");
    Err(ActError::BadOption { option: custom_id.to_owned(), wanted, got: typed })
}
