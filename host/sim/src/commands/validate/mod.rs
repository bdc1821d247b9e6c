//! Discord's rules for a command that a bot registers: its kind, names, sizes, and where it may be used.

mod names;
mod options;

use super::body::{CommandBody, CommandKind, Labels};
use crate::form::Fields;
pub(crate) use names::{locale, translations};
pub(crate) use options::choice;

/// The most characters in the names, descriptions and choices of a command together.
const MAX_COMMAND_CHARS: usize = 8000;

/// Kinds of command. Entry points (4) start activities, which do not exist here.
const KINDS: [u64; 3] = [1, 2, 3];

/// How applications can be installed here: in guilds and by users. The default for a command is both.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-structure>
const INSTALLATIONS: [u64; 2] = [0, 1];
/// Where a command can be used: in guilds, in direct messages with the bot, in other direct messages.
const CONTEXTS: [u64; 3] = [0, 1, 2];

/// Reads a command's body; mistakes are collected in the fields.
pub(crate) fn validated(body: &mut Fields) -> CommandBody {
    let kind = if body.has("type") { body.one_of("type", &KINDS) } else { None };
    let kind = kind.unwrap_or(CommandKind::ChatInput);
    let (labels, options) = if kind == CommandKind::ChatInput {
        (names::labels(body, true), options::options(body, options::Level::Command))
    } else {
        (labels_of_menu(body), Vec::new())
    };
    let command = CommandBody {
        kind,
        labels,
        options,
        default_member_permissions: permissions(body),
        dm_permission: body.flag("dm_permission").unwrap_or(true),
        nsfw: body.flag("nsfw").unwrap_or(false),
        contexts: distinct(body, "contexts", &CONTEXTS),
        integration_types: distinct(body, "integration_types", &INSTALLATIONS)
            .unwrap_or_else(|| INSTALLATIONS.to_vec()),
    };
    if command.chars() > MAX_COMMAND_CHARS {
        let message = format!("Command exceeds maximum size ({MAX_COMMAND_CHARS})");
        body.fail_here("APPLICATION_COMMAND_TOO_LARGE", &message);
    }
    // Fields that a bot sends back when it registers a command that it fetched.
    body.ignore(&["id", "application_id", "guild_id", "version", "default_permission", "handler"]);
    command
}

/// Context menu commands have only a name.
fn labels_of_menu(body: &mut Fields) -> Labels {
    let (name, name_localizations) = names::name(body, false);
    if body.text("description", 100).is_some_and(|text| !text.is_empty()) {
        let message = "Context menu commands cannot have description";
        body.fail("description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", message);
    }
    if body.has_any("options") {
        let message = "Context menu commands cannot have options";
        body.fail("options", "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", message);
    }
    body.ignore(&["description_localizations"]);
    Labels { name, name_localizations, description: String::new(), description_localizations: None }
}

fn permissions(body: &mut Fields) -> Option<u64> {
    let bits = body.text("default_member_permissions", usize::MAX)?.parse().ok();
    if bits.is_none() {
        let message = "Permissions must be an integer, as a string or a number.";
        body.fail("default_member_permissions", "PERMISSIONS_TYPE_COERCE", message);
    }
    bits
}

/// A list of distinct numbers, not empty.
fn distinct(body: &mut Fields, key: &str, choices: &[u64]) -> Option<Vec<u64>> {
    let numbers = body.choices(key, 1..=choices.len(), choices)?;
    if (1..numbers.len()).any(|at| numbers[..at].contains(&numbers[at])) {
        body.fail(key, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value");
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The command as it is stored, or its mistakes.
    pub(super) fn read(body: Value) -> Result<Value, Value> {
        let mut fields = Fields::of(body.as_object().unwrap().clone(), "");
        let read = validated(&mut fields);
        assert_eq!(serde_json::from_value::<CommandBody>(json!(read)).unwrap(), read, "kept and read again");
        fields.checked().map(|()| json!(read)).map_err(|error| error.errors.unwrap())
    }

    #[track_caller]
    pub(super) fn refused(body: Value, path: &str, code: &str) {
        let shown = body.to_string();
        let errors = read(body).expect_err(&shown);
        let at = errors
            .pointer(path)
            .and_then(|at| at["_errors"].as_array())
            .unwrap_or_else(|| panic!("{shown}: {errors}"));
        assert!(at.iter().any(|error| error["code"] == code), "{shown}: {errors}");
    }

    #[test]
    fn a_command_is_stored_with_defaults() {
        let kept = read(
            json!({ "name": "ping", "description": "Pong", "contexts": null, "name_localizations": {} }),
        )
        .unwrap();
        assert_eq!(
            kept,
            json!({
                "type": 1, "name": "ping", "name_localizations": null, "description": "Pong",
                "description_localizations": null, "default_member_permissions": null, "dm_permission": true,
                "nsfw": false, "contexts": null, "integration_types": [0, 1],
            })
        );
        let kept = read(
            json!({ "name": "Show Avatar", "type": 2, "description": "", "default_member_permissions": 8 }),
        );
        assert_eq!(kept.unwrap()["default_member_permissions"], "8");
    }

    #[test]
    fn each_rule_of_a_command_has_its_place_and_code() {
        for (body, path, code) in [
            (json!({ "description": "x" }), "/name", "BASE_TYPE_REQUIRED"),
            (json!({ "name": "x" }), "/description", "BASE_TYPE_REQUIRED"),
            (json!({ "name": "x", "description": "x", "type": 4 }), "/type", "BASE_TYPE_CHOICES"),
            (
                json!({ "name": "x", "type": 2, "description": "x" }),
                "/description",
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
            ),
            (
                json!({ "name": "x", "type": 3, "options": [{}] }),
                "/options",
                "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS",
            ),
            (json!({ "name": "x".repeat(33), "type": 3 }), "/name", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "name": "x", "description": "x".repeat(101) }), "/description", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "name": "x", "description": "x", "contexts": [] }), "/contexts", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "name": "x", "description": "x", "contexts": [3] }), "/contexts/0", "BASE_TYPE_CHOICES"),
            (
                json!({ "name": "x", "description": "x", "contexts": [1, 1] }),
                "/contexts",
                "SET_TYPE_ALREADY_CONTAINS_VALUE",
            ),
            (
                json!({ "name": "x", "description": "x", "integration_types": [2] }),
                "/integration_types/0",
                "BASE_TYPE_CHOICES",
            ),
            (
                json!({ "name": "x", "description": "x", "default_member_permissions": "all" }),
                "/default_member_permissions",
                "PERMISSIONS_TYPE_COERCE",
            ),
        ] {
            refused(body, path, code);
        }
    }

    #[test]
    fn all_texts_of_a_command_have_8000_characters() {
        let choices: Vec<Value> =
            (0..25).map(|n| json!({ "name": format!("{n:<80}"), "value": "v".repeat(100) })).collect();
        let option =
            |n| json!({ "type": 3, "name": format!("o{n}"), "description": "x", "choices": choices });
        let command = |count: usize| {
            let options: Vec<Value> = (0..count).map(option).collect();
            json!({ "name": "x", "description": "x", "options": options })
        };
        assert!(read(command(1)).is_ok());
        refused(command(2), "/_misc", "APPLICATION_COMMAND_TOO_LARGE");
    }
}
