//! Members and components: buttons, menus, forms.
//! It does not wait for the answer; the handle does.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{ActError, InteractionHandle, Member, owned_options};
use crate::interactions::{Invocation, Kind, NamedKind, flatten, line_of_values, named};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::world::Message;

impl Member {
    /// Presses a button, found by its label or custom id.
    ///
    /// # Errors
    /// If there is no such message or button, or it is disabled or a link.
    pub async fn press(&self, message: Snowflake, button: &str) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let (source, control) = self.control(&state, message, button, &[2])?;
        let unusable = |why: &str| ActError::Unusable { control: button.to_owned(), why: why.to_owned() };
        let custom_id = text(&control, "custom_id").ok_or_else(|| unusable("it is a link"))?;
        let label = text(&control, "label").unwrap_or(custom_id);
        let data = json!({ "component_type": 2, "custom_id": custom_id, "id": control.get("id") });
        let line = format!("[button {label}]");
        let invocation = self.of_component(source, line, data);
        Ok(self.begin(&mut state, invocation))
    }

    /// Chooses values in a menu, found by its placeholder or custom id.
    ///
    /// # Errors
    /// If there is no such message or menu, it is disabled, or does not offer these values.
    pub async fn select(
        &self,
        message: Snowflake,
        menu: &str,
        values: &[&str],
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let (source, control) = self.control(&state, message, menu, &[3, 5, 6, 7, 8])?;
        let unusable = |why: String| ActError::Unusable { control: menu.to_owned(), why };
        let number = |key: &str| control.get(key).and_then(Value::as_u64).unwrap_or(1) as usize;
        let (least, most) = (number("min_values"), number("max_values"));
        if !(least..=most).contains(&values.len()) {
            return Err(unusable(format!("{least} to {most} values are to be chosen")));
        }
        let (mut chosen, mut resolved) = (Vec::with_capacity(values.len()), Map::new());
        if let Some(offered) = control.get("options").and_then(Value::as_array) {
            for value in values {
                let option = offered.iter().find(|option| {
                    text(option, "value") == Some(value) || text(option, "label") == Some(value)
                });
                let option = option.ok_or_else(|| unusable(format!("it does not offer `{value}`")))?;
                chosen.push(text(option, "value").unwrap_or(value).to_owned());
            }
        } else {
            let kind = match control.get("type").and_then(Value::as_u64) {
                Some(5) => NamedKind::User,
                Some(6) => NamedKind::Role,
                Some(7) => NamedKind::Mentionable,
                _ => NamedKind::Channel,
            };
            let home = state.world.channel(source.channel_id).and_then(|channel| channel.guild_id);
            let guild = home.and_then(|guild| state.world.guild(guild));
            for value in values {
                let id = named(&state.world, guild, kind, value, &mut resolved);
                chosen.push(
                    id.ok_or_else(|| unusable(format!("there is no {} `{value}`", kind.word())))?.to_string(),
                );
            }
        }
        let data = json!({
            "component_type": control.get("type"), "custom_id": text(&control, "custom_id"), "values": chosen,
            "id": control.get("id"), "resolved": resolved,
        });
        let line = format!("[select {menu}: {}]", chosen.join(", "));
        let invocation = self.of_component(source, line, data);
        Ok(self.begin(&mut state, invocation))
    }

    /// Fills in and submits the form that an interaction opened; texts by custom id.
    ///
    /// # Errors
    /// If the interaction opened no form, or a text is required or not asked for.
    pub async fn submit<K: AsRef<str>, V: Into<Value>>(
        &self,
        form: &InteractionHandle,
        texts: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        let texts = owned_options(texts);
        let mut state = self.shared.state();
        let opened = state.interactions.find(form.id).filter(|one| one.user.id == self.user.id);
        let (modal, opened) =
            opened.and_then(|one| Some((one.modal.clone()?, one))).ok_or(ActError::NoForm)?;
        let (bot, channel) = (opened.bot, opened.channel);
        let source = opened.source.and_then(|id| state.answer_message(channel, id));
        let mut components = modal["components"].as_array().cloned().unwrap_or_default();
        let known: Vec<String> = components
            .iter()
            .flat_map(flatten)
            .filter_map(|one| text(one, "custom_id"))
            .map(str::to_owned)
            .collect();
        if let Some((name, _)) = texts.iter().find(|(name, _)| !known.contains(name)) {
            return Err(ActError::unknown("field", name, known.iter().map(String::as_str)));
        }
        for component in &mut components {
            fill_in(component, &texts)?;
        }
        let title = text(&modal, "title").unwrap_or_default();
        let line = format!("[form {title}]{}", line_of_values(&texts));
        let data = json!({ "custom_id": modal["custom_id"], "components": components });
        let (user, name) = (self.user.clone(), String::new());
        let invocation = Invocation { bot, kind: Kind::Modal, channel, user, name, line, data, source };
        Ok(self.begin(&mut state, invocation))
    }

    /// A control of a message, found by label, placeholder or custom id, that is not disabled.
    fn control(
        &self,
        state: &State,
        message: Snowflake,
        name: &str,
        kinds: &[u64],
    ) -> Result<(Arc<Message>, Value), ActError> {
        let place = self.place_of(state, message)?;
        let source = state.answer_message(place, message).ok_or(ActError::UnknownMessage { message })?;
        let controls: Vec<&Value> = source
            .components
            .iter()
            .flat_map(flatten)
            .filter(|one| one.get("type").and_then(Value::as_u64).is_some_and(|kind| kinds.contains(&kind)))
            .collect();
        let named = |one: &&&Value| {
            ["custom_id", "label", "placeholder"].iter().any(|key| text(one, key) == Some(name))
        };
        let Some(control) = controls.iter().find(named).map(|one| (*one).clone()) else {
            let known = controls.iter().filter_map(|one| {
                ["label", "placeholder", "custom_id"].iter().find_map(|key| text(one, key))
            });
            return Err(ActError::unknown("control", name, known));
        };
        if control.get("disabled") == Some(&Value::Bool(true)) {
            return Err(ActError::Unusable { control: name.to_owned(), why: "it is disabled".to_owned() });
        }
        Ok((source, control))
    }

    fn of_component(&self, source: Arc<Message>, line: String, data: Value) -> Invocation {
        Invocation {
            bot: source.application_id.unwrap_or(source.author.id),
            kind: Kind::Component,
            channel: source.channel_id,
            user: self.user.clone(),
            name: String::new(),
            line,
            data,
            source: Some(source),
        }
    }
}

/// Puts texts into a form's fields and turns their layout into what a submit carries.
fn fill_in(component: &mut Value, texts: &[(String, Value)]) -> Result<(), ActError> {
    for key in ["components", "component"] {
        match component.get_mut(key) {
            Some(Value::Array(inner)) => inner.iter_mut().try_for_each(|inner| fill_in(inner, texts))?,
            Some(inner @ Value::Object(_)) => fill_in(inner, texts)?,
            _ => {}
        }
    }
    let Some(custom_id) = text(component, "custom_id") else { return Ok(()) };
    let given = texts.iter().find(|(name, _)| name == custom_id).map(|(_, value)| value.clone());
    let required = component.get("required") != Some(&Value::Bool(false));
    let value = given.or_else(|| component.get("value").cloned());
    if value.is_none() && required {
        return Err(ActError::MissingOption { option: custom_id.to_owned() });
    }
    *component = json!({ "type": component["type"], "id": component["id"], "custom_id": custom_id, "value": value.unwrap_or(json!("")) });
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
