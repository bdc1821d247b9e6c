//! The options of a command: order, nesting, choices, and what each kind may have.

use std::collections::HashSet;

use serde_json::{Number, Value};

use super::names;
use crate::commands::body::{CommandOption, OptionKind};
use crate::commands::numbers::{is_integer, is_number};
use crate::files::file_types;
use crate::form::Fields;
use crate::world::{CHANNEL_TYPES, Choice};

/// The most options of a command or subcommand, and the most choices of an option.
const MAX_OPTIONS: usize = 25;

const KINDS: [u64; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// The code for a field that this kind of option does not have.
const MISPLACED: &str = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID";

/// What the options belong to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Level {
    Command,
    Group,
    Subcommand,
}

/// Reads `options`.
pub(super) fn options(of: &mut Fields, level: Level) -> Vec<CommandOption> {
    let (mut names, mut optional_seen) = (HashSet::new(), false);
    let read = of.read_objects("options", 0..=MAX_OPTIONS, |fields| {
        let option = option(fields);
        if option.required == Some(true) && optional_seen {
            let message = "Required options must be placed before non-required options";
            fields.fail_here("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= option.required == Some(false);
        if !option.name().is_empty() && !names.insert(option.name().to_owned()) {
            let message = "Option names must be unique";
            fields.fail("name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        option
    });
    let Some(all) = read else { return Vec::new() };
    let fits = match level {
        Level::Group => all.iter().all(|option| option.kind == OptionKind::Subcommand) && !all.is_empty(),
        Level::Subcommand => !all.iter().any(|option| option.kind.is_nested()),
        Level::Command => {
            let nested = all.iter().filter(|option| option.kind.is_nested()).count();
            nested == 0 || nested == all.len()
        }
    };
    if !fits {
        let message =
            "Sub-commands and sub-command groups option types are mutually exclusive to all other types";
        of.fail("options", MISPLACED, message);
    }
    all
}

fn option(of: &mut Fields) -> CommandOption {
    of.require("type");
    let kind = of.one_of("type", &KINDS).unwrap_or(OptionKind::String);
    let labels = names::labels(of, true);
    let mut option = CommandOption { kind, labels, ..CommandOption::default() };
    let required = of.flag("required").unwrap_or(false);
    if kind.is_nested() {
        // py-cord and interactions.py send fields for each subcommand that Discord only knows for commands.
        of.ignore(&["nsfw", "contexts", "integration_types"]);
    }
    match kind {
        OptionKind::Group => option.options = options(of, Level::Group),
        OptionKind::Subcommand => option.options = options(of, Level::Subcommand),
        _ => {
            option.required = Some(required);
            read_choices(of, &mut option);
            let is_number = matches!(kind, OptionKind::Integer | OptionKind::Number);
            [option.min_value, option.max_value] = bounds(of, ["min_value", "max_value"], is_number, None);
            [option.min_length, option.max_length] =
                bounds(of, ["min_length", "max_length"], kind == OptionKind::String, Some([0.0, 1.0]));
            option.channel_types = channel_types(of, kind);
            if kind == OptionKind::Attachment {
                option.file_types = file_types(of);
            }
        }
    }
    if of.has_any("options") {
        of.fail("options", MISPLACED, "Only sub-commands have options");
    }
    option
}

fn read_choices(of: &mut Fields, option: &mut CommandOption) {
    let kind = option.kind;
    let (mut names, mut count) = (HashSet::new(), 0);
    let read = of.read_objects("choices", 0..=MAX_OPTIONS, |fields| {
        count += 1;
        let choice = choice(fields, Some(kind));
        if !choice.name.is_empty() && !names.insert(choice.name.clone()) {
            let message = "Option choice names must be unique";
            fields.fail("name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", message);
        }
        choice
    });
    option.choices = read.unwrap_or_default();
    option.autocomplete = of.flag("autocomplete");
    let typed = matches!(kind, OptionKind::String | OptionKind::Integer | OptionKind::Number);
    if !typed && (count > 0 || option.autocomplete == Some(true)) {
        let key = if count == 0 { "autocomplete" } else { "choices" };
        of.fail(key, MISPLACED, "Only strings and numbers can have choices");
    }
    if option.autocomplete == Some(true) && count > 0 {
        let message = "Options with autocomplete cannot have choices";
        of.fail("autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_NO_CHOICES", message);
    }
}

/// Reads a choice of an option; the kind is not known when it comes from autocomplete.
pub(crate) fn choice(of: &mut Fields, kind: Option<OptionKind>) -> Choice {
    let name = of.required_text("name", 1..=100);
    let name_localizations = names::translations(of, "name_localizations", 100, |_| true);
    let value = of.take("value").unwrap_or_default();
    let wrong = "APPLICATION_COMMAND_OPTIONS_CHOICE_VALUE_INVALID";
    match (kind, &value) {
        (_, Value::Null) => of.missing("value"),
        (None | Some(OptionKind::String), Value::String(text)) if text.chars().count() <= 100 => {}
        (None | Some(OptionKind::String), Value::String(_)) => {
            of.fail("value", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.");
        }
        (Some(OptionKind::Integer), Value::Number(number)) if is_integer(number) => {}
        (None | Some(OptionKind::Number), Value::Number(number))
            if number.as_f64().is_some_and(is_number) => {}
        (Some(OptionKind::Integer), _) => of.fail("value", wrong, &format!("Value {value} is not int.")),
        (Some(OptionKind::Number), _) => of.fail("value", wrong, &format!("Value {value} is not float.")),
        (Some(_), _) => of.fail("value", wrong, &format!("Value {value} is not string.")),
        (None, _) => {
            let message = format!("Value {value} is neither a string nor a number up to 2^53.");
            of.fail("value", "BASE_TYPE_BAD_TYPE", &message);
        }
    }
    Choice { name, name_localizations, value }
}

fn channel_types(of: &mut Fields, kind: OptionKind) -> Vec<u64> {
    if kind == OptionKind::Channel {
        return of.choices("channel_types", 0..=usize::MAX, &CHANNEL_TYPES).unwrap_or_default();
    }
    if of.has_any("channel_types") {
        of.fail("channel_types", MISPLACED, "Only channel options can have channel types");
    }
    Vec::new()
}

/// Minimum and maximum of numbers, or of the length of texts; `of_text` has the lowest value that each may have.
fn bounds(of: &mut Fields, keys: [&str; 2], fits: bool, of_text: Option<[f64; 2]>) -> [Option<Number>; 2] {
    let mut given = [None, None];
    for (at, key) in keys.into_iter().enumerate() {
        let Some(value) = of.decimal(key) else { continue };
        let Some(number) = value.as_f64().filter(|number| is_number(*number)) else {
            of.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not float."));
            continue;
        };
        if !fits {
            of.fail(key, MISPLACED, "This type of option does not have this bound");
        } else if of_text.is_some_and(|least| number > 6000.0 || number < least[at]) {
            of.fail(key, "NUMBER_TYPE_MAX", "int value should be less than or equal to 6000.");
        }
        given[at] = Some(value);
    }
    let [least, most] = given.each_ref().map(|bound| bound.as_ref().and_then(Number::as_f64));
    if least.is_some() && most.is_some() && least > most {
        let message = format!("{} must not be greater than {}", keys[0], keys[1]);
        of.fail(keys[0], "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID", &message);
    }
    given
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
            option(11, "e", json!({ "file_types": [".pdf"] })),
        ]);
        let read_all = read(with(all)).unwrap();
        assert_eq!(read_all["options"].as_array().unwrap().len(), 5);
        assert_eq!(read_all["options"][4]["file_types"], json!([".pdf"]));
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
