//! Using a control of a message: a button pressed, values chosen in a menu, made into an invocation.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::named::{NamedKind, Place, named};
use super::{Invocation, Invoker};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::state::State;
use crate::world::components::{flatten, text};
use crate::world::{ActError, Message, bits};

/// The kind of component that is a group of checkboxes.
const CHECKBOX_GROUP: u64 = 22;

/// A control found in a message: the message, and the control as its author described it.
type Found = (Arc<Message>, Value);

/// A button, found by its label or custom id, pressed.
pub(crate) fn press(
    state: &State,
    invoker: Invoker,
    message: Snowflake,
    button: &str,
) -> Result<Invocation, ActError> {
    let (source, control) = control(state, &invoker, message, button, |kind| kind == 2)?;
    let unusable = |why: &str| ActError::Unusable { control: button.to_owned(), why: why.to_owned() };
    let custom_id = text(&control, "custom_id").ok_or_else(|| unusable("it is a link"))?;
    let label = text(&control, "label").unwrap_or(custom_id);
    let data = json!({ "component_type": 2, "custom_id": custom_id, "id": control.get("id") });
    let line = format!("[button {label}]");
    Ok(of_component(invoker, source, line, data))
}

/// Values chosen in a menu, found by its placeholder or custom id.
pub(crate) fn choose(
    state: &State,
    invoker: Invoker,
    message: Snowflake,
    menu: &str,
    values: &[&str],
) -> Result<Invocation, ActError> {
    let (source, control) = control(state, &invoker, message, menu, |kind| matches!(kind, 3 | 5..=8))?;
    let guild = state.world.guild_id_of(source.channel_id);
    let guild = guild.and_then(|guild| state.world.guild(guild));
    let place = Place { world: &state.world, guild, user: invoker.user.id, files: &[] };
    let mut resolved = Map::new();
    let chosen = chosen(place, &control, values, &mut resolved)
        .map_err(|why| ActError::Unusable { control: menu.to_owned(), why })?;
    let line = format!("[select {menu}: {}]", chosen.join(", "));
    let mut data = json!({
        "component_type": control.get("type"), "custom_id": text(&control, "custom_id"), "values": chosen,
        "id": control.get("id"),
    });
    // Where it is, discord.py reads the values from it alone.
    if !resolved.is_empty() {
        data["resolved"] = Value::Object(resolved);
    }
    Ok(of_component(invoker, source, line, data))
}

/// A message that a user sees: an open one of a channel it sees, or an ephemeral one for its eyes.
pub(crate) fn message_for(
    state: &State,
    user: Snowflake,
    channel: Snowflake,
    id: Snowflake,
) -> Option<Arc<Message>> {
    let home = state.world.channel(channel)?;
    let open = || {
        let sees = state.world.permissions_in(home, user) & bits::VIEW_CHANNEL != 0;
        home.message(id).filter(|_| sees)
    };
    let ephemeral = state.interactions.ephemeral(id).filter(|ephemeral| ephemeral.listener() == Some(user));
    ephemeral.or_else(open).cloned()
}

/// A control of a message, found by label, placeholder or custom id, that is not disabled.
fn control(
    state: &State,
    invoker: &Invoker,
    message: Snowflake,
    name: &str,
    fits: impl Fn(u64) -> bool,
) -> Result<Found, ActError> {
    let source = message_for(state, invoker.user.id, invoker.channel, message);
    let source = source.ok_or(ActError::UnknownMessage { message })?;
    let of_kind = |one: &&Value| one.get("type").and_then(Value::as_u64).is_some_and(&fits);
    let controls: Vec<&Value> = source.components.iter().flat_map(flatten).filter(of_kind).collect();
    let named =
        |one: &&&Value| ["custom_id", "label", "placeholder"].iter().any(|key| text(one, key) == Some(name));
    let Some(control) = controls.iter().find(named).map(|one| (*one).clone()) else {
        let known = controls
            .iter()
            .filter_map(|one| ["label", "placeholder", "custom_id"].iter().find_map(|key| text(one, key)));
        return Err(ActError::unknown("control", name, known));
    };
    if control.get("disabled") == Some(&Value::Bool(true)) {
        return Err(ActError::Unusable { control: name.to_owned(), why: "it is disabled".to_owned() });
    }
    Ok((source, control))
}

/// The values chosen in a menu as they go over the wire; the error says why they cannot be.
pub(super) fn chosen(
    place: Place<'_>,
    menu: &Value,
    values: &[&str],
    resolved: &mut Map<String, Value>,
) -> Result<Vec<String>, String> {
    let offered = options_of(menu);
    let number = |key: &str, default| menu.get(key).and_then(Value::as_u64).map_or(default, |it| it as usize);
    // In a group of checkboxes that does not say, all may be set.
    let most = if menu["type"] == CHECKBOX_GROUP { offered.len() } else { 1 };
    let (least, most) = (number("min_values", 1), number("max_values", most));
    if !(least..=most).contains(&values.len()) {
        return Err(format!("{least} to {most} values are to be chosen"));
    }
    let kind = menu.get("type").and_then(Value::as_u64).and_then(NamedKind::of_menu);
    let choose = |value: &&str| match kind {
        Some(kind) => {
            let id = named(place, kind, value, resolved);
            id.map(|id| id.to_string()).ok_or_else(|| format!("there is no {} `{value}`", kind.word()))
        }
        None => {
            let chosen = option(menu, value).and_then(|option| text(option, "value")).map(str::to_owned);
            chosen.ok_or_else(|| format!("it does not offer `{value}`"))
        }
    };
    values.iter().map(choose).collect()
}

/// Whether a menu has an option of this value or label.
pub(super) fn offers(menu: &Value, value: &str) -> bool {
    option(menu, value).is_some()
}

fn option<'a>(menu: &'a Value, value: &str) -> Option<&'a Value> {
    let is_it = |key: &str, one: &&Value| text(one, key) == Some(value);
    let offered = options_of(menu);
    offered.iter().find(|one| is_it("value", one)).or_else(|| offered.iter().find(|one| is_it("label", one)))
}

fn options_of(menu: &Value) -> &[Value] {
    menu.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn of_component(invoker: Invoker, source: Arc<Message>, line: String, data: Value) -> Invocation {
    let bot = source.application_id.unwrap_or(source.author.id);
    Invocation { source: Some(source), ..Invocation::new(invoker, bot, Kind::Component, line, data) }
}
