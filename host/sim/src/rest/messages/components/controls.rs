//! Interactive components: buttons, select menus, text inputs, uploads, checkboxes and radio buttons.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::{Checker, IN_LABEL, IN_ROW, Kind, Surface};
use crate::files::file_types;
use crate::form::Fields;
use crate::rest::messages::embeds::{Link, url};
use crate::world::{CHANNEL_TYPES, Component, ComponentEmoji, DefaultValue, SelectOption, is_unicode_emoji};

const MAX_BUTTONS: usize = 5;
const MAX_OPTIONS: usize = 25;
/// The most characters in a text input.
const MAX_INPUT_CHARS: u64 = 4000;
const LINK: u64 = 5;
const PREMIUM: u64 = 6;

impl Checker<'_> {
    /// Up to five buttons, or one select menu; in a form, one text input.
    pub(crate) fn row(&mut self, of: &mut Fields, row: &mut Component) {
        let allowed = if self.surface == Surface::Form { &[Kind::TextInput] } else { IN_ROW };
        row.components = self.children(of, "components", 1..=MAX_BUTTONS, allowed);
        let mut taken = 0;
        for (at, inner) in row.components.iter().enumerate() {
            taken += if inner.kind == Kind::Button { 1 } else { MAX_BUTTONS };
            if taken > MAX_BUTTONS {
                let message = "The specified component exceeds the maximum width";
                of.fail(&format!("components.{at}"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message);
            }
        }
    }

    pub(crate) fn button(&mut self, of: &mut Fields, button: &mut Component) {
        of.require("style");
        let style = of.choice("style", &[1, 2, 3, 4, LINK, PREMIUM]).unwrap_or(1);
        button.style = Some(style);
        button.label = of.text("label", 80);
        button.emoji = self.emoji(of);
        button.disabled = of.flag("disabled");
        match style {
            LINK if of.require("url") => button.url = url(of, "url", Link::App),
            LINK => {}
            PREMIUM => button.sku_id = Some(of.required("sku_id", Fields::snowflake)),
            _ => button.custom_id = self.custom_id(of),
        }
        for (key, fits) in [("custom_id", style < LINK), ("url", style == LINK), ("sku_id", style == PREMIUM)]
        {
            if of.take(key).is_some() && !fits {
                let message = "This field does not fit the button's style";
                of.fail(key, "BUTTON_COMPONENT_INVALID_FIELD", message);
            }
        }
        let is_shown = button.emoji.is_some() || button.label.as_ref().is_some_and(|label| !label.is_empty());
        if !is_shown && style != PREMIUM {
            of.fail_here("BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required");
        }
    }

    pub(crate) fn select(&mut self, of: &mut Fields, menu: &mut Component) {
        menu.custom_id = self.custom_id(of);
        menu.placeholder = of.text("placeholder", 150);
        menu.disabled = of.flag("disabled");
        // Ignored in messages: https://discord.com/developers/docs/components/reference#string-select
        match self.surface {
            Surface::Form => menu.required = of.flag("required"),
            Surface::Message | Surface::Layout => of.ignore(&["required"]),
        }
        values(of, menu, 0..=25, 1..=25);
        let (least, most) = (*menu.min_values.get_or_insert(1), *menu.max_values.get_or_insert(1));
        if menu.kind == Kind::StringSelect {
            menu.options = self.options(of, 1..=MAX_OPTIONS, true);
            let chosen = menu.options.iter().filter(|option| option.default == Some(true)).count();
            if chosen as u64 > most {
                let message = "The number of default options exceeds max_values";
                of.fail("options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_OPTIONS", message);
            }
        } else {
            menu.default_values = default_values(of, menu.kind, least..=most);
        }
        if let Some(kinds) = of.choices("channel_types", 0..=CHANNEL_TYPES.len(), &CHANNEL_TYPES) {
            if menu.kind != Kind::ChannelSelect {
                of.fail("channel_types", "BASE_TYPE_BAD_TYPE", "Only channel menus can have channel types");
            }
            menu.channel_types = kinds;
        }
    }

    /// `labelled`: whether it is in a label, which then describes it.
    pub(crate) fn text_input(&mut self, of: &mut Fields, input: &mut Component, labelled: bool) {
        input.custom_id = self.custom_id(of);
        of.require("style");
        input.style = of.choice("style", &[1, 2]);
        if labelled {
            of.ignore(&["label"]);
        } else {
            input.label = Some(of.required_text("label", 1..=45));
        }
        input.min_length = of.number_within("min_length", 0..=MAX_INPUT_CHARS);
        input.max_length = of.number_within("max_length", 1..=MAX_INPUT_CHARS);
        if input.max_length.is_some() && input.min_length > input.max_length {
            of.fail("min_length", "NUMBER_TYPE_MAX", "min_length must not be greater than max_length");
        }
        input.required = of.flag("required");
        input.value = of.text("value", MAX_INPUT_CHARS as usize);
        input.placeholder = of.text("placeholder", 100);
    }

    pub(crate) fn label(&mut self, of: &mut Fields, label: &mut Component) {
        label.label = Some(of.required_text("label", 1..=45));
        label.description = of.text("description", 100);
        label.component = self.child(of, "component", IN_LABEL);
    }

    /// Fields that must be in a label.
    pub(crate) fn field(&mut self, of: &mut Fields, field: &mut Component) {
        field.custom_id = self.custom_id(of);
        match field.kind {
            Kind::Checkbox => return field.default = of.flag("default"),
            Kind::RadioGroup => field.options = self.options(of, 2..=10, false),
            _ => values(of, field, 0..=10, 1..=10),
        }
        if field.kind == Kind::CheckboxGroup {
            field.options = self.options(of, 1..=10, false);
        }
        if field.kind == Kind::FileUpload {
            field.file_types = file_types(of);
        }
        field.required = of.flag("required");
    }

    /// Reads the options to select from.
    fn options(&self, of: &mut Fields, count: RangeInclusive<usize>, with_emoji: bool) -> Vec<SelectOption> {
        of.require("options");
        let mut values = HashSet::new();
        let read = of.read_objects("options", count, |option| {
            let value = option.required_text("value", 1..=100);
            if !value.is_empty() && !values.insert(value.clone()) {
                let message = "The specified option value is already used";
                option.fail("value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
            }
            SelectOption {
                label: option.required_text("label", 1..=100),
                value,
                description: option.text("description", 100),
                emoji: if with_emoji { self.emoji(option) } else { None },
                default: option.flag("default"),
            }
        });
        read.unwrap_or_default()
    }

    /// Reads an emoji: a custom one by id, or a Unicode one by name.
    fn emoji(&self, of: &mut Fields) -> Option<ComponentEmoji> {
        of.read_object("emoji", |of| {
            // interactions.py sends all fields that it knows for an emoji.
            of.ignore(&["available"]);
            let (id, name) = (of.snowflake("id"), of.text("name", 32));
            if id.is_none() && !name.as_deref().is_some_and(is_unicode_emoji) {
                of.fail("name", "COMPONENT_INVALID_EMOJI", "Invalid emoji");
            }
            if id.is_some_and(|id| !(self.knows)(id)) {
                of.fail("id", "COMPONENT_INVALID_EMOJI", "Invalid emoji");
            }
            ComponentEmoji { id, name, animated: of.flag("animated") }
        })
    }
}

/// The default values of a user, role or channel menu.
fn default_values(of: &mut Fields, kind: Kind, count: RangeInclusive<u64>) -> Vec<DefaultValue> {
    let fits: &[&str] = match kind {
        Kind::UserSelect => &["user"],
        Kind::RoleSelect => &["role"],
        Kind::ChannelSelect => &["channel"],
        _ => &["user", "role"],
    };
    let read = of.read_objects("default_values", 0..=MAX_OPTIONS, |value| {
        let id = value.required("id", Fields::snowflake);
        let kind = value.required_text("type", 1..=10);
        if !kind.is_empty() && !fits.contains(&&*kind) {
            value.fail("type", "BASE_TYPE_CHOICES", &format!("Value must be one of {fits:?}."));
        }
        DefaultValue { id, kind }
    });
    let all = read.unwrap_or_default();
    if !all.is_empty() && !count.contains(&(all.len() as u64)) {
        let message = format!("Must be between {} and {} in length.", count.start(), count.end());
        of.fail("default_values", "BASE_TYPE_BAD_LENGTH", &message);
    }
    all
}

/// Reads how many values may be selected; by default, exactly one.
fn values(of: &mut Fields, field: &mut Component, least: RangeInclusive<u64>, most: RangeInclusive<u64>) {
    field.min_values = of.number_within("min_values", least);
    field.max_values = of.number_within("max_values", most);
    let most = field.max_values.unwrap_or(1);
    if field.min_values.unwrap_or(1) > most {
        let message = format!("int value should be less than or equal to {most}.");
        of.fail("min_values", "NUMBER_TYPE_MAX", &message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{read, refused};
    use super::*;

    fn row(inner: Value) -> Value {
        json!([{ "type": 1, "components": [inner] }])
    }

    fn with(mut one: Value, more: Value) -> Value {
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row(one)
    }

    #[test]
    fn every_control_passes() {
        let option = json!({ "label": "One", "value": "1", "description": "d", "emoji": { "name": "🍎" } });
        for control in [
            json!({ "type": 2, "style": 4, "label": "x", "custom_id": "a", "disabled": true }),
            json!({ "type": 2, "style": 1, "emoji": { "name": "👍" }, "custom_id": "a" }),
            json!({ "type": 2, "style": 5, "label": "x", "url": format!("{:x<512}", "https://example.org/") }),
            json!({ "type": 2, "style": 6, "sku_id": "7" }),
            json!({ "type": 3, "custom_id": "a", "options": [option], "placeholder": "p", "min_values": 0, "max_values": 1 }),
            json!({ "type": 5, "custom_id": "a", "default_values": [{ "id": "1", "type": "user" }], "min_values": 1, "max_values": 2 }),
            json!({ "type": 8, "custom_id": "a", "channel_types": [0, 2], "min_values": 1, "max_values": 1 }),
        ] {
            assert_eq!(read(Surface::Message, row(control.clone())).unwrap()[0]["components"][0], control);
        }
        let menu = json!({ "type": 6, "custom_id": "a", "required": true });
        let shown = json!({ "type": 6, "custom_id": "a", "min_values": 1, "max_values": 1 });
        assert_eq!(read(Surface::Message, row(menu)).unwrap()[0]["components"][0], shown);
        let option = json!({ "label": "One", "value": "1" });
        for control in [
            json!({ "type": 4, "custom_id": "a", "style": 2, "max_length": 5 }),
            json!({ "type": 3, "custom_id": "a", "options": [option], "required": false, "min_values": 1, "max_values": 1 }),
            json!({ "type": 19, "custom_id": "a", "max_values": 10, "file_types": [".pdf"] }),
            json!({ "type": 21, "custom_id": "a", "options": [option, { "label": "Two", "value": "2" }] }),
            json!({ "type": 22, "custom_id": "a", "options": [option], "min_values": 0 }),
            json!({ "type": 23, "custom_id": "a", "default": true }),
        ] {
            let label = json!([{ "type": 18, "label": "L", "description": "d", "component": control }]);
            assert_eq!(read(Surface::Form, label).unwrap()[0]["component"], control);
        }
    }

    #[test]
    fn each_rule_of_controls_has_its_place_and_code() {
        let button = json!({ "type": 2, "style": 1, "label": "x", "custom_id": "a" });
        let option = |value: &str| json!({ "label": "x", "value": value });
        let url = |chars: usize| format!("{:x<chars$}", "https://example.org/");
        let menu = json!({ "type": 3, "custom_id": "a", "options": [option("1")] });
        for (list, path, code) in [
            (with(button.clone(), json!({ "style": 9 })), "/style", "BASE_TYPE_CHOICES"),
            (with(button.clone(), json!({ "style": null, "x": 1 })), "/style", "BASE_TYPE_REQUIRED"),
            (with(button.clone(), json!({ "label": "x".repeat(81) })), "/label", "BASE_TYPE_MAX_LENGTH"),
            (with(button.clone(), json!({ "label": "" })), "", "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED"),
            (with(button.clone(), json!({ "custom_id": null })), "/custom_id", "BASE_TYPE_REQUIRED"),
            (
                with(button.clone(), json!({ "custom_id": "x".repeat(101) })),
                "/custom_id",
                "BASE_TYPE_BAD_LENGTH",
            ),
            (with(button.clone(), json!({ "url": "https://x.y" })), "/url", "BUTTON_COMPONENT_INVALID_FIELD"),
            (with(button.clone(), json!({ "style": 5 })), "/url", "BASE_TYPE_REQUIRED"),
            (
                with(button.clone(), json!({ "style": 5, "custom_id": null, "url": url(513) })),
                "/url",
                "BASE_TYPE_MAX_LENGTH",
            ),
            (
                with(button.clone(), json!({ "emoji": { "name": "smile" } })),
                "/emoji/name",
                "COMPONENT_INVALID_EMOJI",
            ),
            (
                with(button.clone(), json!({ "emoji": { "name": ":smile:" } })),
                "/emoji/name",
                "COMPONENT_INVALID_EMOJI",
            ),
            (
                with(button, json!({ "style": 5, "custom_id": null, "url": "ftp://x" })),
                "/url",
                "URL_TYPE_INVALID_SCHEME",
            ),
            (with(menu.clone(), json!({ "options": [] })), "/options", "BASE_TYPE_BAD_LENGTH"),
            (with(menu.clone(), json!({ "options": null })), "/options", "BASE_TYPE_REQUIRED"),
            (
                with(menu.clone(), json!({ "options": [option("1"), option("1")] })),
                "/options/1/value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
            ),
            (with(menu.clone(), json!({ "min_values": 2 })), "/min_values", "NUMBER_TYPE_MAX"),
            (with(menu.clone(), json!({ "max_values": 26 })), "/max_values", "NUMBER_TYPE_MAX"),
            (
                with(menu.clone(), json!({ "placeholder": "x".repeat(151) })),
                "/placeholder",
                "BASE_TYPE_MAX_LENGTH",
            ),
            (with(menu, json!({ "channel_types": [0] })), "/channel_types", "BASE_TYPE_BAD_TYPE"),
            (
                row(json!({ "type": 8, "custom_id": "a", "channel_types": [0, "text"] })),
                "/channel_types/1",
                "BASE_TYPE_CHOICES",
            ),
            (
                row(
                    json!({ "type": 6, "custom_id": "a", "default_values": [{ "id": "1", "type": "user" }] }),
                ),
                "/default_values/0/type",
                "BASE_TYPE_CHOICES",
            ),
            (row(json!({ "type": 4, "custom_id": "a", "style": 1 })), "/type", "UNION_TYPE_CHOICES"),
        ] {
            refused(Surface::Message, list, &format!("/0/components/0{path}"), code);
        }
        let six: Vec<Value> = (0..6)
            .map(|n| json!({ "type": 2, "style": 1, "label": "x", "custom_id": n.to_string() }))
            .collect();
        refused(
            Surface::Message,
            json!([{ "type": 1, "components": six }]),
            "/0/components",
            "BASE_TYPE_BAD_LENGTH",
        );
        let beside = json!([
            { "type": 2, "style": 1, "label": "x", "custom_id": "a" },
            { "type": 5, "custom_id": "b" },
        ]);
        let code = "COMPONENT_LAYOUT_WIDTH_EXCEEDED";
        refused(Surface::Message, json!([{ "type": 1, "components": beside }]), "/0/components/1", code);
    }

    #[test]
    fn a_text_input_has_a_single_label() {
        let input = json!({ "type": 4, "custom_id": "a", "style": 1 });
        refused(Surface::Form, row(input.clone()), "/0/components/0/label", "BASE_TYPE_REQUIRED");
        assert!(read(Surface::Form, with(input.clone(), json!({ "label": "Name" }))).is_ok());
        assert!(read(Surface::Form, json!([{ "type": 18, "label": "Name", "component": input }])).is_ok());
        refused(Surface::Form, json!([{ "type": 18, "component": input }]), "/0/label", "BASE_TYPE_REQUIRED");
        refused(Surface::Form, json!([{ "type": 18, "label": "x" }]), "/0/component", "BASE_TYPE_REQUIRED");
        let upside_down = with(input, json!({ "label": "x", "min_length": 5, "max_length": 4 }));
        refused(Surface::Form, upside_down, "/0/components/0/min_length", "NUMBER_TYPE_MAX");
    }
}
