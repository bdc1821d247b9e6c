//! Discord's rules for a command that a bot registers: names, lengths, option order, nesting.
//! It does not keep the command.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::rest::error::FormErrors;

/// Options of a command or subcommand, and choices of an option.
const MAX_OPTIONS: usize = 25;

/// Checks a command's body and fills in defaults. Mistakes are added to `errors` under `prefix` (empty or ending in a dot).
pub(crate) fn validated(
    mut body: Map<String, Value>,
    prefix: &str,
    errors: &mut FormErrors,
) -> Map<String, Value> {
    strip_nulls(&mut body);
    let kind = body.get("type").and_then(Value::as_u64).unwrap_or(1);
    if !(1..=4).contains(&kind) {
        errors.add(&format!("{prefix}type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4}.");
    }
    check_name(&body, prefix, kind == 1, errors);
    if kind == 1 {
        check_description(&body, prefix, errors);
        check_options(body.get("options"), prefix, 0, errors);
    } else if body.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
        let message = "Context menu commands cannot have description";
        errors.add(&format!("{prefix}description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message);
    }
    for (key, default) in [
        ("type", json!(1)),
        ("description", json!("")),
        ("name_localizations", Value::Null),
        ("description_localizations", Value::Null),
        ("default_member_permissions", Value::Null),
        ("dm_permission", json!(true)),
        ("nsfw", json!(false)),
        ("contexts", Value::Null),
        ("integration_types", json!([0])),
    ] {
        body.entry(key).or_insert(default);
    }
    for key in ["id", "application_id", "guild_id", "version"] {
        body.remove(key);
    }
    body
}

fn check_name(body: &Map<String, Value>, prefix: &str, strict: bool, errors: &mut FormErrors) {
    let path = format!("{prefix}name");
    let Some(name) = body.get("name").and_then(Value::as_str) else {
        return errors.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
    };
    if !(1..=32).contains(&name.chars().count()) {
        return errors.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.");
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'');
    if strict && (!name.chars().all(allowed) || name.to_lowercase() != name) {
        errors.add(&path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn check_description(body: &Map<String, Value>, prefix: &str, errors: &mut FormErrors) {
    let path = format!("{prefix}description");
    match body.get("description").and_then(Value::as_str) {
        None => errors.add(&path, "BASE_TYPE_REQUIRED", "This field is required"),
        Some(text) if (1..=100).contains(&text.chars().count()) => {}
        Some(_) => errors.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."),
    }
}

/// `depth` 0 is the command, 1 a group or subcommand, 2 a subcommand in a group.
fn check_options(options: Option<&Value>, prefix: &str, depth: usize, errors: &mut FormErrors) {
    let path = format!("{prefix}options");
    let Some(options) = options else { return };
    let Some(options) = options.as_array() else {
        return errors.add(&path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    };
    if options.len() > MAX_OPTIONS {
        return errors.add(&path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    let (mut names, mut optional_seen) = (HashSet::new(), false);
    let nested = |option: &Value| matches!(option.get("type").and_then(Value::as_u64), Some(1 | 2));
    let mixed = options.iter().any(nested) && !options.iter().all(nested);
    for (at, option) in options.iter().enumerate() {
        let prefix = format!("{path}.{at}.");
        let Some(option) = option.as_object() else {
            errors.add(
                &format!("{path}.{at}"),
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            );
            continue;
        };
        check_name(option, &prefix, true, errors);
        check_description(option, &prefix, errors);
        let name = option.get("name").and_then(Value::as_str).unwrap_or_default();
        if !names.insert(name) {
            let message = "Option names must be unique";
            errors.add(&format!("{prefix}name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message);
        }
        let kind = option.get("type").and_then(Value::as_u64);
        match kind {
            None => errors.add(&format!("{prefix}type"), "BASE_TYPE_REQUIRED", "This field is required"),
            Some(1 | 2) if mixed || (depth > 0 && kind == Some(2)) || depth > 1 => {
                let message = "Sub-commands and sub-command groups option types are mutually exclusive to all other types";
                errors.add(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
            }
            Some(1 | 2) => check_options(option.get("options"), &prefix, depth + 1, errors),
            Some(3..=11) => check_choices(option, &prefix, errors),
            Some(_) => {
                let message = "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.";
                errors.add(&format!("{prefix}type"), "BASE_TYPE_CHOICES", message);
            }
        }
        let required = option.get("required") == Some(&Value::Bool(true));
        if required && optional_seen {
            let message = "Required options must be placed before non-required options";
            errors.add(&format!("{path}.{at}"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= !required;
    }
}

fn check_choices(option: &Map<String, Value>, prefix: &str, errors: &mut FormErrors) {
    let choices = option.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let path = format!("{prefix}choices");
    if choices.len() > MAX_OPTIONS {
        errors.add(&path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    if !choices.is_empty() && option.get("autocomplete") == Some(&Value::Bool(true)) {
        let message = "Options with autocomplete cannot have choices";
        errors.add(&format!("{prefix}autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_NO_CHOICES", message);
    }
    for (at, choice) in choices.iter().enumerate() {
        let name = choice.get("name").and_then(Value::as_str).map_or(0, |name| name.chars().count());
        if !(1..=100).contains(&name) {
            errors.add(
                &format!("{path}.{at}.name"),
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 100 in length.",
            );
        }
        if choice.get("value").is_none() {
            errors.add(&format!("{path}.{at}.value"), "BASE_TYPE_REQUIRED", "This field is required");
        }
    }
}

/// Clients send null for what they do not set.
fn strip_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    for value in map.values_mut() {
        match value {
            Value::Object(inner) => strip_nulls(inner),
            Value::Array(list) => list.iter_mut().filter_map(Value::as_object_mut).for_each(strip_nulls),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(body: Value) -> Value {
        let mut errors = FormErrors::default();
        validated(body.as_object().unwrap().clone(), "", &mut errors);
        if errors.is_empty() { Value::Null } else { errors.into_error().errors.unwrap() }
    }

    #[test]
    fn a_good_command_passes() {
        let command = json!({ "name": "ping", "description": "Pong", "options": [
            { "type": 3, "name": "text", "description": "What to say", "required": true, "choices": null },
        ]});
        assert_eq!(mistakes(command), Value::Null);
    }

    #[test]
    fn mistakes_are_named_by_their_path() {
        let command = json!({ "name": "Ping Pong", "description": "", "options": [
            { "type": 3, "name": "a", "description": "x" },
            { "type": 3, "name": "B", "description": "x", "required": true },
            { "type": 99, "name": "a", "description": "x" },
        ]});
        let found = mistakes(command);
        for path in
            ["/name", "/description", "/options/1/name", "/options/1", "/options/2/type", "/options/2/name"]
        {
            assert!(found.pointer(path).is_some_and(|at| at.get("_errors").is_some()), "{path} in {found}");
        }
    }

    #[test]
    fn a_group_inside_a_subcommand_is_refused() {
        let group = json!({ "type": 2, "name": "g", "description": "x" });
        let command = json!({ "name": "a", "description": "x", "options": [
            { "type": 1, "name": "s", "description": "x", "options": [group] },
        ]});
        assert!(mistakes(command).pointer("/options/0/options/_errors").is_some());
    }
}
