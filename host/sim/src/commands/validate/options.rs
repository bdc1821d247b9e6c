//! The options of a command: order, nesting, choices, and what fits which kind.

use std::collections::HashSet;

use serde_json::Value;

use super::names;
use crate::commands::numbers::{is_integer, is_number};
use crate::form::Fields;

/// Options of a command or subcommand, and choices of an option.
const MAX_OPTIONS: usize = 25;

/// Kinds of option, with Discord's numbers; 5 to 9 are bool, user, channel, role, mentionable, 11 a file.
const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;
const STRING: u64 = 3;
const INTEGER: u64 = 4;
const CHANNEL: u64 = 7;
const NUMBER: u64 = 10;
const KINDS: [u64; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
const CHANNEL_TYPES: [u64; 13] = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16];

/// Whose options they are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Level {
    Command,
    Group,
    Subcommand,
}

/// Reads `options` and keeps them; returns their characters.
pub(super) fn options(of: &mut Fields, level: Level) -> usize {
    let Some(list) = of.objects("options", 0..=MAX_OPTIONS) else { return 0 };
    let (mut all, mut chars) = (Vec::with_capacity(list.len()), 0);
    let (mut names, mut optional_seen, mut kinds) = (HashSet::new(), false, Vec::new());
    for mut option in list {
        option.require("type");
        let kind = option.choice("type", &KINDS).unwrap_or(STRING);
        option.keep("type", kind);
        kinds.push(kind);
        chars += names::name(&mut option, true) + names::description(&mut option);
        let required = option.flag("required").unwrap_or(false);
        if kind == SUBCOMMAND || kind == GROUP {
            let inner = if kind == GROUP { Level::Group } else { Level::Subcommand };
            chars += options(&mut option, inner);
        } else {
            if required && optional_seen {
                let message = "Required options must be placed before non-required options";
                option.fail_here("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
            }
            optional_seen |= !required;
            option.keep("required", required);
            chars += of_its_kind(&mut option, kind);
        }
        if option.list("options", usize::MAX).is_some_and(|list| !list.is_empty()) {
            option.fail(
                "options",
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Only sub-commands have options",
            );
        }
        if let Some(name) = option.kept_text("name").map(str::to_owned)
            && !names.insert(name)
        {
            let message = "Option names must be unique";
            option.fail("name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        all.push(of.absorb(option));
    }
    let fits = match level {
        Level::Group => kinds.iter().all(|kind| *kind == SUBCOMMAND) && !kinds.is_empty(),
        Level::Subcommand => kinds.iter().all(|kind| *kind > GROUP),
        Level::Command => kinds.iter().all(|kind| *kind > GROUP) || kinds.iter().all(|kind| *kind <= GROUP),
    };
    if !fits {
        let message =
            "Sub-commands and sub-command groups option types are mutually exclusive to all other types";
        of.fail("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
    }
    if !all.is_empty() {
        of.keep("options", all);
    }
    chars
}

/// What only some kinds of option have; returns the characters of choices.
fn of_its_kind(option: &mut Fields, kind: u64) -> usize {
    let typed = matches!(kind, STRING | INTEGER | NUMBER);
    let mut chars = 0;
    let choices = option.objects("choices", 0..=MAX_OPTIONS).unwrap_or_default();
    let autocomplete = option.flag("autocomplete");
    if !typed && (!choices.is_empty() || autocomplete == Some(true)) {
        let key = if choices.is_empty() { "autocomplete" } else { "choices" };
        option.fail(
            key,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Only texts and numbers can have choices",
        );
    }
    if autocomplete == Some(true) && !choices.is_empty() {
        let message = "Options with autocomplete cannot have choices";
        option.fail("autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_NO_CHOICES", message);
    }
    if let Some(autocomplete) = autocomplete {
        option.keep("autocomplete", autocomplete);
    }
    let (mut kept, mut names) = (Vec::with_capacity(choices.len()), HashSet::new());
    for choice in choices {
        let choice = self::choice(choice, kind, &mut names, &mut chars);
        kept.push(option.absorb(choice));
    }
    if !kept.is_empty() {
        option.keep("choices", kept);
    }
    bounds(option, kind);
    if let Some(kinds) = option.list("channel_types", usize::MAX).filter(|kinds| !kinds.is_empty()) {
        let known = |kind: &Value| kind.as_u64().is_some_and(|kind| CHANNEL_TYPES.contains(&kind));
        if kind != CHANNEL {
            option.fail(
                "channel_types",
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Only channels have channel types",
            );
        } else if let Some(at) = kinds.iter().position(|kind| !known(kind)) {
            let listed = CHANNEL_TYPES.map(|kind| kind.to_string()).join(", ");
            let message = format!("Value must be one of {{{listed}}}.");
            option.fail(&format!("channel_types.{at}"), "BASE_TYPE_CHOICES", &message);
        }
        option.keep("channel_types", kinds);
    }
    chars
}

fn choice(mut choice: Fields, kind: u64, names: &mut HashSet<String>, chars: &mut usize) -> Fields {
    let own = choice.keep_required_text("name", 1..=100);
    *chars += own.max(names::translations(&mut choice, "name_localizations", 100, |_| true));
    if let Some(name) = choice.kept_text("name").map(str::to_owned)
        && !names.insert(name)
    {
        let message = "Option choice names must be unique";
        choice.fail("name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", message);
    }
    let Some(value) = choice.take("value") else {
        choice.missing("value");
        return choice;
    };
    match (kind, &value) {
        (STRING, Value::String(text)) if text.chars().count() <= 100 => *chars += text.chars().count(),
        (STRING, Value::String(_)) => {
            choice.fail("value", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.");
        }
        (INTEGER, Value::Number(number)) if is_integer(number) => {}
        (NUMBER, Value::Number(number)) if number.as_f64().is_some_and(is_number) => {}
        _ => {
            let wanted = ["string", "int", "float"]
                [[STRING, INTEGER, NUMBER].iter().position(|one| *one == kind).unwrap_or(0)];
            let message = format!("Value {value} is not {wanted}.");
            choice.fail("value", "APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_INVALID", &message);
        }
    }
    choice.keep("value", value);
    choice
}

/// Least and most, of numbers and of the length of texts.
fn bounds(option: &mut Fields, kind: u64) {
    for (least, most) in [("min_value", "max_value"), ("min_length", "max_length")] {
        let of_text = least == "min_length";
        let fits = if of_text { kind == STRING } else { matches!(kind, INTEGER | NUMBER) };
        let mut given = Vec::new();
        for key in [least, most] {
            let Some(value) = option.take(key) else { continue };
            let Some(number) = value.as_f64().filter(|number| is_number(*number)) else {
                option.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not float."));
                continue;
            };
            if !fits {
                option.fail(
                    key,
                    "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                    "This kind of option has no such bound",
                );
            } else if of_text && (number > 6000.0 || number < if key == most { 1.0 } else { 0.0 }) {
                option.fail(key, "NUMBER_TYPE_MAX", "int value should be less than or equal to 6000.");
            }
            given.push(number);
            option.keep(key, value);
        }
        if let [least_given, most_given] = given[..]
            && least_given > most_given
        {
            let message = format!("{least} must not be greater than {most}");
            option.fail(least, "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID", &message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{read, refused};
    use super::*;

    fn with(options: Value) -> Value {
        json!({ "name": "x", "description": "x", "options": options })
    }

    fn option(kind: u64, name: &str, more: Value) -> Value {
        let mut option = json!({ "type": kind, "name": name, "description": "x" });
        option.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        option
    }

    #[test]
    fn every_kind_of_option_passes_with_what_fits_it() {
        let all = json!([
            option(3, "a", json!({ "required": true, "min_length": 0, "max_length": 6000, "choices": null })),
            option(4, "b", json!({ "choices": [{ "name": "one", "value": 1 }], "min_value": 0.0 })),
            option(10, "c", json!({ "autocomplete": true, "max_value": 1.5 })),
            option(7, "d", json!({ "channel_types": [0, 15] })),
            option(11, "e", json!({})),
        ]);
        assert_eq!(read(with(all)).unwrap()["options"].as_array().unwrap().len(), 5);
        let nested = json!([
            option(
                2,
                "g",
                json!({ "options": [option(1, "s", json!({ "options": [option(3, "a", json!({}))] }))] })
            ),
            option(1, "t", json!({})),
        ]);
        assert!(read(with(nested)).is_ok());
    }

    #[test]
    fn each_rule_of_options_has_its_place_and_code() {
        let sub = |inner: Value| option(1, "s", json!({ "options": [inner] }));
        let choice = |value: Value| json!({ "choices": [{ "name": "n", "value": value }] });
        let twice = json!({ "choices": [{ "name": "n", "value": "a" }, { "name": "n", "value": "b" }] });
        let both = json!({ "autocomplete": true, "choices": [{ "name": "n", "value": "a" }] });
        let many: Vec<Value> = (0..26).map(|n| option(3, &format!("o{n}"), json!({}))).collect();
        let invalid = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID";
        for (options, path, code) in [
            (json!(many), "/options", "BASE_TYPE_BAD_LENGTH"),
            (json!(["x"]), "/options/0", "DICT_TYPE_CONVERT"),
            (json!([{ "name": "a", "description": "x" }]), "/options/0/type", "BASE_TYPE_REQUIRED"),
            (json!([option(12, "a", json!({}))]), "/options/0/type", "BASE_TYPE_CHOICES"),
            (json!([option(3, "A", json!({}))]), "/options/0/name", "APPLICATION_COMMAND_INVALID_NAME"),
            (
                json!([option(3, "a", json!({})), option(4, "a", json!({}))]),
                "/options/1/name",
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
            ),
            (
                json!([option(3, "a", json!({})), option(3, "b", json!({ "required": true }))]),
                "/options/1",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
            ),
            (json!([option(3, "a", json!({})), option(1, "s", json!({}))]), "/options", invalid),
            (json!([sub(option(1, "t", json!({})))]), "/options/0/options", invalid),
            (
                json!([option(2, "g", json!({ "options": [option(3, "a", json!({}))] }))]),
                "/options/0/options",
                invalid,
            ),
            (
                json!([option(3, "a", json!({ "options": [option(3, "b", json!({}))] }))]),
                "/options/0/options",
                invalid,
            ),
            (
                json!([option(3, "a", json!({ "description": "" }))]),
                "/options/0/description",
                "BASE_TYPE_BAD_LENGTH",
            ),
            (
                json!([option(3, "a", both)]),
                "/options/0/autocomplete",
                "APPLICATION_COMMAND_AUTOCOMPLETE_NO_CHOICES",
            ),
            (json!([option(6, "a", json!({ "autocomplete": true }))]), "/options/0/autocomplete", invalid),
            (
                json!([option(3, "a", twice)]),
                "/options/0/choices/1/name",
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
            ),
            (
                json!([option(3, "a", choice(json!(1)))]),
                "/options/0/choices/0/value",
                "APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_INVALID",
            ),
            (
                json!([option(4, "a", choice(json!(1.5)))]),
                "/options/0/choices/0/value",
                "APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_INVALID",
            ),
            (
                json!([option(4, "a", choice(json!(1_u64 << 53)))]),
                "/options/0/choices/0/value",
                "APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_INVALID",
            ),
            (
                json!([option(3, "a", choice(json!("v".repeat(101))))]),
                "/options/0/choices/0/value",
                "BASE_TYPE_MAX_LENGTH",
            ),
            (
                json!([option(3, "a", choice(Value::Null))]),
                "/options/0/choices/0/value",
                "BASE_TYPE_REQUIRED",
            ),
            (json!([option(3, "a", json!({ "channel_types": [0] }))]), "/options/0/channel_types", invalid),
            (
                json!([option(7, "a", json!({ "channel_types": [9] }))]),
                "/options/0/channel_types/0",
                "BASE_TYPE_CHOICES",
            ),
            (json!([option(3, "a", json!({ "min_value": 1 }))]), "/options/0/min_value", invalid),
            (json!([option(4, "a", json!({ "max_length": 1 }))]), "/options/0/max_length", invalid),
            (
                json!([option(3, "a", json!({ "max_length": 6001 }))]),
                "/options/0/max_length",
                "NUMBER_TYPE_MAX",
            ),
            (
                json!([option(4, "a", json!({ "min_value": 2, "max_value": 1 }))]),
                "/options/0/min_value",
                "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID",
            ),
        ] {
            refused(with(options), path, code);
        }
    }
}
