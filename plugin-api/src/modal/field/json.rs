//! A field as Discord's JSON. <https://discord.com/developers/docs/components/reference#label>

use serde_json::{Map, Value, json};

use super::{Field, Kind};
use crate::{
    argument::given::{CHANNEL_SIGNS, ROLE_SIGNS, USER_SIGNS, id},
    component_types::{
        CHANNEL_SELECT, CHECKBOX, FILE_UPLOAD, LABEL, MENTIONABLE_SELECT, ROLE_SELECT, STRING_SELECT, TEXT,
    },
    manifest::Choice,
};

impl Field {
    /// Discord's JSON for the field, with an initial value.
    pub(in crate::modal) fn json(&self, filled: Option<&str>) -> Value {
        let mut component = Map::new();
        let mut set = |name: &str, value: Value| _ = component.insert(name.to_owned(), value);
        set("custom_id", json!(self.name));
        if !matches!(self.kind, Kind::Checkbox) {
            set("required", json!(self.required));
        }
        let default = filled.unwrap_or(self.default);
        let (kind, least, most) = match self.kind {
            Kind::Text(_) => (TEXT, "min_length", "max_length"),
            Kind::Choices(_) => (STRING_SELECT, "min_values", "max_values"),
            Kind::Select(kind) => (kind, "min_values", "max_values"),
            Kind::Channels(_) => (CHANNEL_SELECT, "min_values", "max_values"),
            Kind::Files => (FILE_UPLOAD, "min_values", "max_values"),
            Kind::Checkbox => (CHECKBOX, "", ""),
        };
        set("type", json!(kind));
        match self.kind {
            Kind::Text(style) => {
                set("style", json!(style));
                if !default.is_empty() {
                    set("value", json!(default));
                }
            }
            Kind::Choices(choices) => {
                set("options", choices.iter().map(|choice| choice_json(choice, default)).collect());
            }
            Kind::Select(_) | Kind::Channels(_) => {
                if let Kind::Channels(types) = self.kind
                    && !types.is_empty()
                {
                    set("channel_types", json!(types));
                }
                let chosen: Vec<Value> =
                    default.split_whitespace().filter_map(|it| chosen(kind, it)).collect();
                if !chosen.is_empty() {
                    set("default_values", json!(chosen));
                }
            }
            Kind::Checkbox if default == "true" => set("default", json!(true)),
            Kind::Files | Kind::Checkbox => {}
        }
        if let Some(count) = self.min {
            set(least, json!(count));
        }
        if let Some(count) = self.max {
            set(most, json!(count));
        }
        if !self.placeholder.is_empty() {
            set("placeholder", json!(self.placeholder));
        }
        let mut label = json!({ "type": LABEL, "label": self.label, "component": component });
        if !self.description.is_empty() {
            label["description"] = json!(self.description);
        }
        label
    }
}

/// A value of a menu of users, roles or channels, from an id or mention. If both users and roles can be chosen, an id
/// alone is a user's.
/// <https://discord.com/developers/docs/components/reference#user-select-select-default-value-structure>
fn chosen(menu: u8, text: &str) -> Option<Value> {
    let (kind, signs) = match menu {
        CHANNEL_SELECT => ("channel", CHANNEL_SIGNS),
        ROLE_SELECT => ("role", ROLE_SIGNS),
        MENTIONABLE_SELECT if text.starts_with("<@&") => ("role", ROLE_SIGNS),
        _ => ("user", USER_SIGNS),
    };
    let id = id(text, signs)?;
    Some(json!({ "id": id.to_string(), "type": kind }))
}

fn choice_json(choice: &Choice, default: &str) -> Value {
    let value = choice.value.text();
    let mut json = json!({ "label": choice.name, "value": value });
    if !default.is_empty() && value == default {
        json["default"] = json!(true);
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_label_with_discords_component() {
        let text = Field::paragraph("what", "What?").description("In short").at_most(80).optional();
        let component = json!({
            "type": 4, "custom_id": "what", "style": 2, "required": false, "max_length": 80, "value": "so",
        });
        assert_eq!(
            text.json(Some("so")),
            json!({ "type": 18, "label": "What?", "description": "In short", "component": component })
        );
        const COLOURS: &[Choice] = &[Choice::text("Red", "r"), Choice::text("Blue", "b")];
        let menu = Field::choices("color", "Colour", COLOURS).default("b").at_most(2);
        assert_eq!(
            menu.json(None)["component"],
            json!({ "type": 3, "custom_id": "color", "required": true, "max_values": 2, "options": [
                { "label": "Red", "value": "r" },
                { "label": "Blue", "value": "b", "default": true },
            ] })
        );
        let channel = Field::channel("where", "Where?", &[0, 5]).json(None);
        assert_eq!(channel["component"]["channel_types"], json!([0, 5]));
        assert_eq!(Field::file("proof", "Proof").json(None)["component"]["type"], 19);
        let typed = Field::of::<Option<u64>>("count", "How many?").json(None);
        assert_eq!(
            typed["component"],
            json!({ "type": 4, "custom_id": "count", "style": 1, "required": false })
        );
        assert_eq!(
            Field::of::<bool>("sure", "Sure?").json(None)["component"],
            json!({ "type": 23, "custom_id": "sure" })
        );
    }

    #[test]
    fn a_menu_of_users_roles_or_channels_starts_with_its_default() {
        let begins = |field: Field, text| field.json(Some(text))["component"]["default_values"].clone();
        let both = begins(Field::mentionable("who", "Who?").several(), "<@7> <@&8> 9");
        let kinds = [("7", "user"), ("8", "role"), ("9", "user")];
        assert_eq!(both, json!(kinds.map(|(id, kind)| json!({ "id": id, "type": kind }))));
        let channel = Field::channel("where", "Where?", &[0]).default("<#5>");
        assert_eq!(
            channel.json(None)["component"]["default_values"],
            json!([{ "id": "5", "type": "channel" }])
        );
        assert_eq!(begins(Field::role("role", "Which?"), "8"), json!([{ "id": "8", "type": "role" }]));
        let (user, role) = (Field::user("user", "Who?"), Field::role("role", "Which?"));
        let both = Field::mentionable("who", "Who?");
        for (field, no_value) in [
            (user, "nobody bob42 <#5> <@&5> <@5 0"),
            (role, "crew5 <@5> <#5>"),
            (both, "bob42 <#5> <@&x>"),
            (Field::channel("where", "Where?", &[]), "#plans5 <@5> <@&5>"),
        ] {
            assert_eq!(begins(field, no_value), Value::Null, "{no_value}");
        }
    }
}
