//! Using a control of a message: turns a pressed button or selected values into an invocation.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::named::{NamedKind, Place, file, is_of_types, named};
use super::{Invocation, Invoker};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::state::State;
use crate::world::{ActError, Component, ComponentKind, Message, SelectOption, bits};

/// The message in which a control was found, and the control as its author sent it.
type Found = (Arc<Message>, Component);

/// Presses a button, found by its label or custom id.
pub(crate) fn press(
    state: &State,
    invoker: Invoker,
    message: Snowflake,
    button: &str,
) -> Result<Invocation, ActError> {
    let (source, control) = control(state, &invoker, message, button, |kind| kind == ComponentKind::Button)?;
    let unusable = |why: &str| ActError::Unusable { control: button.to_owned(), why: why.to_owned() };
    let custom_id = control.custom_id.as_deref().ok_or_else(|| unusable("it is a link"))?;
    let label = control.label.as_deref().unwrap_or(custom_id);
    let data = json!({ "component_type": control.kind, "custom_id": custom_id, "id": control.id });
    let line = format!("[button {label}]");
    Ok(of_component(invoker, source, line, data))
}

/// Selects values in a select menu, found by its placeholder or custom id.
pub(crate) fn choose(
    state: &State,
    invoker: Invoker,
    message: Snowflake,
    menu: &str,
    values: &[&str],
) -> Result<Invocation, ActError> {
    let (source, control) = control(state, &invoker, message, menu, ComponentKind::is_select)?;
    let guild = state.world.guild_id_of(source.channel_id);
    let guild = guild.and_then(|guild| state.world.guild(guild));
    let place = Place { world: &state.world, guild, user: invoker.user.id, bot: bot_of(&source), files: &[] };
    let mut resolved = Map::new();
    let chosen = chosen(place, &control, values, &mut resolved)
        .map_err(|why| ActError::Unusable { control: menu.to_owned(), why })?;
    let line = format!("[select {menu}: {}]", chosen.join(", "));
    let mut data = json!({
        "component_type": control.kind, "custom_id": control.custom_id, "values": chosen, "id": control.id,
    });
    // If `resolved` is present, discord.py takes the values from it only.
    if !resolved.is_empty() {
        data["resolved"] = Value::Object(resolved);
    }
    Ok(of_component(invoker, source, line, data))
}

/// A message that a user can see: a normal one in a visible channel, or an ephemeral one for this user.
pub(crate) fn message_for(
    state: &State,
    user: Snowflake,
    channel_id: Snowflake,
    id: Snowflake,
) -> Option<Arc<Message>> {
    let channel = state.world.channel(channel_id)?;
    let open = || {
        let sees = state.world.permissions_in(channel, user) & bits::VIEW_CHANNEL != 0;
        channel.message(id).filter(|_| sees)
    };
    let ephemeral = state.interactions.ephemeral(id).filter(|ephemeral| ephemeral.listener() == Some(user));
    ephemeral.or_else(open).cloned()
}

/// A control of a message that is not disabled, found by label, placeholder or custom id.
fn control(
    state: &State,
    invoker: &Invoker,
    message: Snowflake,
    name: &str,
    fits: impl Fn(ComponentKind) -> bool,
) -> Result<Found, ActError> {
    let source = message_for(state, invoker.user.id, invoker.channel, message);
    let source = source.ok_or(ActError::UnknownMessage { message })?;
    let all = source.components.iter().flat_map(Component::flatten);
    let controls: Vec<&Component> = all.filter(|one| fits(one.kind)).collect();
    let named = |one: &&&Component| names(one).contains(&Some(name));
    let Some(control) = controls.iter().find(named).map(|one| (*one).clone()) else {
        let known = controls.iter().filter_map(|one| names(one).into_iter().flatten().next());
        return Err(ActError::unknown("control", name, known));
    };
    if control.disabled == Some(true) {
        return Err(ActError::Unusable { control: name.to_owned(), why: "it is disabled".to_owned() });
    }
    Ok((source, control))
}

/// The texts by which users and bots know a control.
fn names(one: &Component) -> [Option<&str>; 3] {
    [&one.label, &one.placeholder, &one.custom_id].map(Option::as_deref)
}

/// The values selected in a menu, as they are sent on the wire; the error says why they cannot be selected.
pub(super) fn chosen(
    place: Place<'_>,
    menu: &Component,
    values: &[&str],
    resolved: &mut Map<String, Value>,
) -> Result<Vec<String>, String> {
    // A group of checkboxes without a maximum allows all of them.
    let most = if menu.kind == ComponentKind::CheckboxGroup { menu.options.len() } else { 1 };
    let least = menu.min_values.map_or(1, |least| least as usize);
    let most = menu.max_values.map_or(most, |most| most as usize);
    if !(least..=most).contains(&values.len()) {
        return Err(format!("select {least} to {most} values"));
    }
    let choose = |value: &&str| match NamedKind::of_menu(menu.kind) {
        Some(kind) => {
            let id = named(place, kind, value, resolved);
            let id = id.ok_or_else(|| format!("there is no {} `{value}`", kind.word()))?;
            match is_of_types(place, id, &menu.channel_types) {
                true => Ok(id.to_string()),
                false => Err(format!("`{value}` is a channel of another type")),
            }
        }
        None if menu.kind == ComponentKind::FileUpload => {
            let id = file(place, value, resolved);
            id.map(|id| id.to_string()).ok_or_else(|| format!("no file `{value}` is attached"))
        }
        None => {
            let chosen = option(menu, value).map(|option| option.value.clone());
            chosen.ok_or_else(|| format!("it has no option `{value}`"))
        }
    };
    values.iter().map(choose).collect()
}

/// Whether a menu has an option with this value or label.
pub(super) fn offers(menu: &Component, value: &str) -> bool {
    option(menu, value).is_some()
}

fn option<'a>(menu: &'a Component, value: &str) -> Option<&'a SelectOption> {
    let by_label = || menu.options.iter().find(|one| one.label == value);
    menu.options.iter().find(|one| one.value == value).or_else(by_label)
}

fn of_component(invoker: Invoker, source: Arc<Message>, line: String, data: Value) -> Invocation {
    let bot = bot_of(&source);
    Invocation { source: Some(source), ..Invocation::new(invoker, bot, Kind::Component, line, data) }
}

/// The bot that receives what is done with the components of a message.
fn bot_of(source: &Message) -> Snowflake {
    source.application_id.unwrap_or(source.author.id)
}
