//! Components that people use: buttons, menus, text inputs, uploads, boxes to tick.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Checker, Surface, keep_flag, kind};
use crate::form::Fields;
use crate::rest::messages::embeds::{Link, keep_url};

const MAX_BUTTONS: usize = 5;
const MAX_OPTIONS: usize = 25;
/// Characters of a text input.
const MAX_INPUT_CHARS: u64 = 4000;
const MENUS: &[u64] = &[
    kind::STRING_SELECT,
    kind::USER_SELECT,
    kind::ROLE_SELECT,
    kind::MENTIONABLE_SELECT,
    kind::CHANNEL_SELECT,
];
const IN_ROW: &[u64] = &[
    kind::BUTTON,
    kind::STRING_SELECT,
    kind::USER_SELECT,
    kind::ROLE_SELECT,
    kind::MENTIONABLE_SELECT,
    kind::CHANNEL_SELECT,
];
const LINK: u64 = 5;
const PREMIUM: u64 = 6;

impl Checker {
    /// Up to five buttons, or one menu; in a form one text input.
    pub(crate) fn row(&mut self, row: &mut Fields) {
        let allowed = if self.surface == Surface::Form { &[kind::TEXT_INPUT] } else { IN_ROW };
        let inner = self.children(row, "components", 1..=MAX_BUTTONS, allowed);
        let width = |inner: &Value| match inner.get("type").and_then(Value::as_u64) {
            Some(kind::BUTTON) | None => 1,
            _ => MAX_BUTTONS,
        };
        let mut taken = 0;
        for (at, inner) in inner.iter().enumerate() {
            taken += width(inner);
            if taken > MAX_BUTTONS {
                let message = "The specified component exceeds the maximum width";
                row.fail(&format!("components.{at}"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message);
            }
        }
        row.keep("components", inner);
    }

    pub(crate) fn button(&mut self, button: &mut Fields) {
        button.require("style");
        let style = button.choice("style", &[1, 2, 3, 4, LINK, PREMIUM]).unwrap_or(1);
        button.keep("style", style);
        let labelled = button.keep_text("label", 0..=80) > 0;
        let shown = emoji(button) || labelled;
        keep_flag(button, "disabled");
        match style {
            LINK => {
                if button.require("url") {
                    keep_url(button, "url", Link::App);
                }
            }
            PREMIUM => match button.snowflake("sku_id") {
                Some(id) => button.keep("sku_id", json!(id)),
                None => button.missing("sku_id"),
            },
            _ => self.custom_id(button),
        }
        for (key, fits) in [("custom_id", style < LINK), ("url", style == LINK), ("sku_id", style == PREMIUM)]
        {
            if button.take(key).is_some() && !fits {
                let message = "This field does not fit the button's style";
                button.fail(key, "BUTTON_COMPONENT_INVALID_FIELD", message);
            }
        }
        if !shown && style != PREMIUM {
            button.fail_here("BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required");
        }
    }

    pub(crate) fn select(&mut self, menu: &mut Fields, kind: u64) {
        self.custom_id(menu);
        menu.keep_text("placeholder", 0..=150);
        keep_flag(menu, "disabled");
        // In messages it is ignored: https://discord.com/developers/docs/components/reference#string-select
        match self.surface {
            Surface::Form => keep_flag(menu, "required"),
            Surface::Message | Surface::Layout => menu.ignore(&["required"]),
        }
        let (least, most) = values(menu, 0..=25, 1..=25);
        menu.keep("min_values", least);
        menu.keep("max_values", most);
        if kind == kind::STRING_SELECT {
            let chosen = self.options(menu, 1..=MAX_OPTIONS, true);
            if chosen > most {
                let message = "The number of default options exceeds max_values";
                menu.fail("options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_OPTIONS", message);
            }
        } else {
            self.default_values(menu, kind, least, most);
        }
        if let Some(kinds) = menu.list("channel_types", MAX_OPTIONS) {
            if kind != kind::CHANNEL_SELECT {
                menu.fail("channel_types", "BASE_TYPE_BAD_TYPE", "Only channel menus have channel types");
            }
            menu.keep("channel_types", kinds);
        }
    }

    /// What a menu of people, roles or channels has chosen from the start.
    fn default_values(&mut self, menu: &mut Fields, kind: u64, least: u64, most: u64) {
        let fits: &[&str] = match kind {
            kind::USER_SELECT => &["user"],
            kind::ROLE_SELECT => &["role"],
            kind::CHANNEL_SELECT => &["channel"],
            _ => &["user", "role"],
        };
        let Some(list) = menu.objects("default_values", 0..=MAX_OPTIONS) else { return };
        if !list.is_empty() && !(least..=most).contains(&(list.len() as u64)) {
            let message = format!("Must be between {least} and {most} in length.");
            menu.fail("default_values", "BASE_TYPE_BAD_LENGTH", &message);
        }
        let mut kept = Vec::with_capacity(list.len());
        for mut value in list {
            match value.snowflake("id") {
                Some(id) => value.keep("id", json!(id)),
                None => value.missing("id"),
            }
            value.keep_required_text("type", 1..=10);
            if value.kept_text("type").is_some_and(|given| !fits.contains(&given)) {
                let message = format!("Value must be one of {fits:?}.");
                value.fail("type", "BASE_TYPE_CHOICES", &message);
            }
            kept.push(menu.absorb(value));
        }
        menu.keep("default_values", kept);
    }

    /// Reads options to choose from; returns how many are chosen from the start.
    fn options(&mut self, of: &mut Fields, count: std::ops::RangeInclusive<usize>, with_emoji: bool) -> u64 {
        of.require("options");
        let list = of.objects("options", count).unwrap_or_default();
        let (mut kept, mut values, mut chosen) = (Vec::with_capacity(list.len()), HashSet::new(), 0);
        for mut option in list {
            option.keep_required_text("label", 1..=100);
            option.keep_required_text("value", 1..=100);
            option.keep_text("description", 0..=100);
            if with_emoji {
                emoji(&mut option);
            }
            if let Some(default) = option.flag("default") {
                chosen += u64::from(default);
                option.keep("default", default);
            }
            if let Some(value) = option.kept_text("value").map(str::to_owned)
                && !values.insert(value)
            {
                let message = "The specified option value is already used";
                option.fail("value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
            }
            kept.push(of.absorb(option));
        }
        of.keep("options", kept);
        chosen
    }

    /// `labelled`: it stands in a label, which says what it is for.
    pub(crate) fn text_input(&mut self, input: &mut Fields, labelled: bool) {
        self.custom_id(input);
        input.require("style");
        let style = input.choice("style", &[1, 2]).unwrap_or(1);
        input.keep("style", style);
        if labelled {
            input.ignore(&["label"]);
        } else {
            input.keep_required_text("label", 1..=45);
        }
        let least = input.number_within("min_length", 0..=MAX_INPUT_CHARS);
        let most = input.number_within("max_length", 1..=MAX_INPUT_CHARS);
        for (key, bound) in [("min_length", least), ("max_length", most)] {
            if let Some(bound) = bound {
                input.keep(key, bound);
            }
        }
        if least > most && most.is_some() {
            input.fail("min_length", "NUMBER_TYPE_MAX", "min_length must not be greater than max_length");
        }
        keep_flag(input, "required");
        input.keep_text("value", 0..=MAX_INPUT_CHARS as usize);
        input.keep_text("placeholder", 0..=100);
    }

    pub(crate) fn label(&mut self, label: &mut Fields) {
        label.keep_required_text("label", 1..=45);
        label.keep_text("description", 0..=100);
        let inputs =
            [kind::TEXT_INPUT, kind::FILE_UPLOAD, kind::RADIO_GROUP, kind::CHECKBOX_GROUP, kind::CHECKBOX];
        self.child(label, "component", &[MENUS, &inputs].concat());
    }

    pub(crate) fn file_upload(&mut self, upload: &mut Fields) {
        self.custom_id(upload);
        values(upload, 0..=10, 1..=10);
        keep_flag(upload, "required");
    }

    pub(crate) fn group(&mut self, group: &mut Fields, kind: u64) {
        self.custom_id(group);
        keep_flag(group, "required");
        if kind == kind::RADIO_GROUP {
            self.options(group, 2..=10, false);
        } else {
            values(group, 0..=10, 1..=10);
            self.options(group, 1..=10, false);
        }
    }

    pub(crate) fn checkbox(&mut self, checkbox: &mut Fields) {
        self.custom_id(checkbox);
        keep_flag(checkbox, "default");
    }
}

/// Reads how many values may be chosen; 1 and 1 unless given.
fn values(
    of: &mut Fields,
    least: std::ops::RangeInclusive<u64>,
    most: std::ops::RangeInclusive<u64>,
) -> (u64, u64) {
    let (least, most) = (of.number_within("min_values", least), of.number_within("max_values", most));
    for (key, given) in [("min_values", least), ("max_values", most)] {
        if let Some(given) = given {
            of.keep(key, given);
        }
    }
    let (least, most) = (least.unwrap_or(1), most.unwrap_or(1));
    if least > most {
        let message = format!("int value should be less than or equal to {most}.");
        of.fail("min_values", "NUMBER_TYPE_MAX", &message);
    }
    (least, most)
}

/// Reads an emoji, a custom one by its id or a Unicode one by its name; whether there is one.
fn emoji(of: &mut Fields) -> bool {
    let Some(mut emoji) = of.object("emoji") else { return false };
    let id = emoji.snowflake("id");
    if let Some(id) = id {
        emoji.keep("id", json!(id));
    }
    emoji.keep_text("name", 0..=32);
    keep_flag(&mut emoji, "animated");
    let ascii = |name: &str| name.chars().all(|c| c.is_ascii_alphabetic());
    if id.is_none() && emoji.kept_text("name").is_none_or(|name| name.is_empty() || ascii(name)) {
        emoji.fail("name", "COMPONENT_INVALID_EMOJI", "Invalid emoji");
    }
    let emoji = of.absorb(emoji);
    of.keep("emoji", emoji);
    true
}

#[cfg(test)]
mod tests {
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
            json!({ "type": 19, "custom_id": "a", "max_values": 10 }),
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
    fn a_text_input_says_what_it_is_for_once() {
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
