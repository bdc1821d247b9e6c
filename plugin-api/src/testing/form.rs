//! A form that the bot opens, and what a user enters.

use serde_json::{Value, json};

use super::{
    discord::{
        Discord, Open,
        select::{self, SELECTS},
    },
    message::collect,
    resolved::Resolved,
};
use crate::component_types::{self, CHECKBOX, FILE_UPLOAD, RADIO_GROUP, TEXT};

/// A form that is open for a user.
#[derive(Clone)]
pub struct Form {
    pub(super) user: u64,
    pub(super) channel: u64,
    /// The message of the component that opened it.
    pub(super) source: Option<u64>,
    /// The metadata of the interaction that opened it, as messages include it.
    pub(super) opened_by: Value,
    data: Value,
}

impl Form {
    pub(super) fn new(open: &Open, opened_by: Value) -> Option<Self> {
        let data = open.data.clone()?;
        Some(Self { user: open.user, channel: open.channel, source: open.source, opened_by, data })
    }

    /// The form's title.
    #[must_use]
    pub fn title(&self) -> String {
        self.data["title"].as_str().unwrap_or_default().to_owned()
    }

    /// The form's `custom_id`.
    #[must_use]
    pub fn custom_id(&self) -> String {
        self.data["custom_id"].as_str().unwrap_or_default().to_owned()
    }

    /// The form in Discord's JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        self.data.clone()
    }

    /// The form's fields, in Discord's JSON.
    #[must_use]
    pub fn fields(&self) -> Vec<Value> {
        let mut fields = Vec::new();
        collect(&self.data["components"], &mut fields);
        fields
    }

    /// The data of the interaction that submits the form with these values, by `custom_id` of the field.
    ///
    /// # Errors
    /// Values that Discord's client would not accept.
    pub(super) fn filled(
        &self,
        values: &[(String, Value)],
        discord: &mut Discord,
        now: u64,
    ) -> Result<Value, String> {
        let fields = self.fields();
        let known: Vec<&str> = fields.iter().filter_map(|field| field["custom_id"].as_str()).collect();
        if let Some((name, _)) = values.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(format!("the form has no field `{name}`; it has {known:?}"));
        }
        let mut components = self.data["components"].clone();
        let mut filling = Filling { values, discord, now, user: self.user, resolved: Resolved::default() };
        for part in components.as_array_mut().into_iter().flatten() {
            filling.fill(part)?;
        }
        let resolved = filling.resolved.into_json();
        Ok(json!({ "custom_id": self.custom_id(), "components": components, "resolved": resolved }))
    }
}

/// A form that is being filled in.
struct Filling<'a> {
    values: &'a [(String, Value)],
    discord: &'a mut Discord,
    now: u64,
    user: u64,
    resolved: Resolved,
}

/// The fields that hold one value; the others hold any number.
const SINGLE: [u8; 3] = [TEXT, RADIO_GROUP, CHECKBOX];

impl Filling<'_> {
    fn fill(&mut self, part: &mut Value) -> Result<(), String> {
        for inner in part["components"].as_array_mut().into_iter().flatten() {
            self.fill(inner)?;
        }
        if part["component"].is_object() {
            self.fill(&mut part["component"])?;
        }
        let Some(name) = part["custom_id"].as_str().map(str::to_owned) else { return Ok(()) };
        let kind = component_types::of(part);
        let given = self.values.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone());
        // As with Discord, a field is required by default.
        let is_required = part["required"] != json!(false) && kind != CHECKBOX;
        let filled = if SINGLE.contains(&kind) {
            let preset = part["value"].clone();
            let value = given.unwrap_or(if preset.is_null() && kind == TEXT { json!("") } else { preset });
            let length = value.as_str().map_or(0, |text| text.chars().count()) as u64;
            if is_required && (value.is_null() || value == json!("")) {
                return Err(format!("the form's field `{name}` must be filled in"));
            }
            let (min, max) =
                (part["min_length"].as_u64().unwrap_or(0), part["max_length"].as_u64().unwrap_or(4000));
            if kind == TEXT && length > 0 && !(min..=max).contains(&length) {
                return Err(format!(
                    "the form's field `{name}` takes {min} to {max} characters, not {length}"
                ));
            }
            json!({ "type": kind, "id": part["id"], "custom_id": name, "value": value })
        } else {
            let chosen = match given {
                Some(Value::Array(values)) => values,
                Some(value) => vec![value],
                None => Vec::new(),
            };
            if is_required && chosen.is_empty() {
                return Err(format!("the form's field `{name}` must be filled in"));
            }
            let chosen = match chosen.is_empty() {
                // An optional field can be empty, whatever its minimum is.
                true => chosen,
                false => self
                    .several(part, kind, chosen)
                    .map_err(|why| format!("the form's field `{name}` {why}"))?,
            };
            json!({ "type": kind, "id": part["id"], "custom_id": name, "values": chosen })
        };
        *part = filled;
        Ok(())
    }

    /// The values of a menu, or the files of an upload, as Discord sends them.
    fn several(&mut self, part: &Value, kind: u8, given: Vec<Value>) -> Result<Vec<Value>, String> {
        if SELECTS.contains(&kind) {
            let chosen = self.discord.chosen(part, &given)?;
            self.resolved.chosen(self.discord, kind, &chosen, self.user);
            return Ok(chosen);
        }
        if kind != FILE_UPLOAD {
            return Ok(given);
        }
        select::count(part, given.len(), "files")?;
        let file = |name: &Value| {
            let name = name.as_str().ok_or_else(|| format!("takes files by their names, not {name}"))?;
            Ok(self.resolved.file(self.discord, name, self.now))
        };
        given.iter().map(file).collect()
    }
}
