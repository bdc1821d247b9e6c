//! Compares a registered command with the declared one, by meaning rather than byte by byte: Discord fills in
//! defaults and adds fields of its own.
//! <https://discord.com/developers/docs/interactions/application-commands#application-command-object>

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use serde_json::{Map, Value};

use super::place::Place;
use crate::library::CommandKey;

/// Fields that Discord adds, that are not part of the declaration, or that identify a command.
const OF_DISCORD: [&str; 10] = [
    "id",
    "application_id",
    "guild_id",
    "version",
    "type",
    "name",
    "name_localized",
    "description_localized",
    "default_permission",
    "dm_permission",
];
/// Fields that only global commands have.
pub(super) const NOT_IN_GUILDS: [&str; 3] = ["contexts", "integration_types", "dm_permission"];
/// Lists whose order has no meaning.
const SETS: [&str; 3] = ["contexts", "integration_types", "channel_types"];
/// Discord's contexts in which every command is available by default: guilds, and direct messages with the bot.
const EVERYWHERE: [u64; 2] = [0, 1];

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The command, and the part of it: "`/tag add`, option `name`".
    pub place: String,
    /// The field; empty if an option or a choice is added or removed.
    pub field: String,
    /// The registered value; null if there is none.
    pub registered: Value,
    /// The declared value; null if there is none.
    pub declared: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { place, field, registered, declared } = self;
        match (field.is_empty(), registered.is_null()) {
            (true, true) => write!(out, "{place}: added"),
            (true, false) => write!(out, "{place}: removed"),
            (false, _) => write!(out, "{place}: {field}: {} → {}", Shown(registered), Shown(declared)),
        }
    }
}

struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => out.write_str("(none)"),
            value => write!(out, "{value}"),
        }
    }
}

/// Every field that differs. `installs` are the application's installation types, which apply to a command that
/// declares none; `in_guild` says that the command is registered in a single guild.
pub(super) fn differences(
    command: &CommandKey,
    registered: &Map<String, Value>,
    declared: &Map<String, Value>,
    in_guild: bool,
    installs: &[u64],
) -> Vec<Difference> {
    let mut found = Found { list: Vec::new() };
    let place = Place::of(command);
    for key in keys(registered, declared) {
        let (there, wanted) = (registered.get(key), declared.get(key));
        let is_same = match key {
            _ if in_guild && NOT_IN_GUILDS.contains(&key) => true,
            // Without a declaration the command is available everywhere, which Discord may list explicitly.
            "contexts" if is_default(wanted) => {
                is_default(there) || EVERYWHERE.iter().all(|context| numbers(there).contains(context))
            }
            "integration_types" if is_default(wanted) => {
                is_default(there) || numbers(there) == installs.iter().copied().collect()
            }
            "default_member_permissions" => bits(there) == bits(wanted),
            _ => {
                found.field(&place, key, there, wanted);
                true
            }
        };
        if !is_same {
            found.push(&place, key, there, wanted);
        }
    }
    found.list
}

struct Found {
    list: Vec<Difference>,
}

impl Found {
    fn push(&mut self, place: &Place, field: &str, there: Option<&Value>, wanted: Option<&Value>) {
        self.list.push(Difference {
            place: place.to_string(),
            field: field.to_owned(),
            registered: there.cloned().unwrap_or_default(),
            declared: wanted.cloned().unwrap_or_default(),
        });
    }

    fn field(&mut self, place: &Place, name: &str, there: Option<&Value>, wanted: Option<&Value>) {
        match (there, wanted) {
            _ if is_default(there) && is_default(wanted) => {}
            _ if matches!(name, "options" | "choices") => self.items(place, name, there, wanted),
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
                    self.field(place, &format!("{name}.{key}"), one.get(key), other.get(key));
                }
            }
            _ if is_same(name, there, wanted) => {}
            _ => self.push(place, name, there, wanted),
        }
    }

    /// Options and choices, matched by name.
    fn items(&mut self, place: &Place, list: &str, there: Option<&Value>, wanted: Option<&Value>) {
        let items = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let (there, wanted) = (items(there), items(wanted));
        let of_name = |all: &[Value], item: &Value| all.iter().find(|it| it["name"] == item["name"]).cloned();
        for item in &wanted {
            let below = place.item(list, item);
            match of_name(&there, item) {
                Some(before) if before["type"] == item["type"] => self.item(&below, &before, item),
                Some(before) => self.push(&below, "type", before.get("type"), item.get("type")),
                None => self.push(&below, "", None, Some(item)),
            }
        }
        for item in there.iter().filter(|item| of_name(&wanted, item).is_none()) {
            self.push(&place.item(list, item), "", Some(item), None);
        }
        let order = |of: &[Value], other: &[Value]| -> Vec<Value> {
            of.iter().filter(|item| of_name(other, item).is_some()).map(|item| item["name"].clone()).collect()
        };
        let (before, after) = (order(&there, &wanted), order(&wanted, &there));
        if before != after {
            let field = format!("order of {list}");
            self.push(place, &field, Some(&before.into()), Some(&after.into()));
        }
    }

    fn item(&mut self, place: &Place, there: &Value, wanted: &Value) {
        let nothing = Map::new();
        let (there, wanted) = (there.as_object().unwrap_or(&nothing), wanted.as_object().unwrap_or(&nothing));
        for key in keys(there, wanted) {
            self.field(place, key, there.get(key), wanted.get(key));
        }
    }
}

/// The keys of both that are compared, each once.
fn keys<'m>(one: &'m Map<String, Value>, other: &'m Map<String, Value>) -> impl Iterator<Item = &'m str> {
    let keys: BTreeSet<&str> = one.keys().chain(other.keys()).map(String::as_str).collect();
    keys.into_iter().filter(|key| !OF_DISCORD.contains(key))
}

fn is_same(name: &str, there: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (there, wanted) {
        (Some(Value::Array(_)), Some(Value::Array(_))) if SETS.contains(&name) => {
            numbers(there) == numbers(wanted)
        }
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
        // Discord trims texts.
        (Some(Value::String(one)), Some(Value::String(other))) => one.trim() == other.trim(),
        _ => there == wanted,
    }
}

/// Whether a field means the same as leaving it out.
fn is_default(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        // Null translations mean the same as none.
        Some(Value::Object(fields)) => fields.values().all(Value::is_null),
        Some(Value::Bool(true) | Value::Number(_)) => false,
    }
}

fn numbers(value: Option<&Value>) -> BTreeSet<u64> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// Permissions, which Discord writes as text. `None` allows everybody, 0 only administrators.
fn bits(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compared(registered: &Value, declared: &Value, in_guild: bool) -> Vec<String> {
        let map = |value: &Value| value.as_object().expect("an object").clone();
        let found =
            differences(&CommandKey::slash("tag"), &map(registered), &map(declared), in_guild, &[0, 1]);
        found.iter().map(ToString::to_string).collect()
    }

    /// A command with every field, as it is declared.
    fn declared() -> Value {
        json!({
            "type": 1, "name": "tag", "description": "Notes", "default_member_permissions": "8192",
            "name_localizations": { "de": "notiz" },
            "options": [
                { "type": 1, "name": "add", "description": "Adds", "options": [
                    { "type": 3, "name": "name", "description": "Which", "required": true, "max_length": 20 },
                    { "type": 4, "name": "color", "description": "Which", "choices": [
                        { "name": "Red", "value": 1 }, { "name": "Blue", "value": 2, "name_localizations": { "de": "Blau" } },
                    ] },
                    { "type": 7, "name": "where", "description": "W", "channel_types": [0, 5] },
                    { "type": 10, "name": "size", "description": "S", "min_value": 1, "autocomplete": true },
                ] },
                { "type": 2, "name": "admin", "description": "A", "options": [
                    { "type": 1, "name": "clear", "description": "Clears" } ] },
            ],
        })
    }

    #[test]
    fn what_discord_adds_and_fills_in_is_no_difference() {
        let mut registered = declared();
        for (key, value) in [
            ("id", json!("1")),
            ("application_id", json!("2")),
            ("version", json!("3")),
            ("nsfw", json!(false)),
            ("dm_permission", json!(true)),
            ("contexts", json!(null)),
            ("integration_types", json!([1, 0])),
            ("description_localizations", json!(null)),
            ("name_localized", json!("notiz")),
            ("description", json!("Notes")),
        ] {
            registered[key] = value;
        }
        registered["options"][0]["required"] = json!(false);
        registered["options"][0]["name_localizations"] = json!({});
        registered["options"][0]["options"][2]["channel_types"] = json!([5, 0]);
        registered["options"][0]["options"][3]["min_value"] = json!(1.0);
        registered["options"][0]["options"][0]["choices"] = json!([]);
        registered["options"][1]["options"][0]["options"] = json!([]);
        assert_eq!(compared(&registered, &declared(), false), [""; 0]);
        registered["contexts"] = json!([0, 1, 2]);
        assert_eq!(compared(&registered, &declared(), false), [""; 0]);
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_sides() {
        let add = "/options/0/options";
        for (pointer, value, text) in [
            ("/description".to_owned(), json!("Old"), "`/tag`: description: \"Old\" → \"Notes\""),
            ("/nsfw".to_owned(), json!(true), "`/tag`: nsfw: true → (none)"),
            ("/contexts".to_owned(), json!([0]), "`/tag`: contexts: [0] → (none)"),
            ("/integration_types".to_owned(), json!([1]), "`/tag`: integration_types: [1] → (none)"),
            (
                "/default_member_permissions".to_owned(),
                json!("0"),
                "`/tag`: default_member_permissions: \"0\" → \"8192\"",
            ),
            (
                "/name_localizations".to_owned(),
                json!({ "de": "notiz", "fr": "note" }),
                "`/tag`: name_localizations.fr: \"note\" → (none)",
            ),
            (format!("{add}/0/required"), json!(false), "`/tag add`, option `name`: required: false → true"),
            (format!("{add}/0/max_length"), json!(9), "`/tag add`, option `name`: max_length: 9 → 20"),
            (format!("{add}/0/name"), json!("title"), "`/tag add`, option `name`: added"),
            (format!("{add}/0/type"), json!(6), "`/tag add`, option `name`: type: 6 → 3"),
            (
                format!("{add}/1/choices/1/value"),
                json!(3),
                "`/tag add`, option `color`, choice `Blue`: value: 3 → 2",
            ),
            (
                format!("{add}/1/choices/1/name_localizations"),
                json!(null),
                "`/tag add`, option `color`, choice `Blue`: name_localizations: (none) → {\"de\":\"Blau\"}",
            ),
            (
                format!("{add}/2/channel_types"),
                json!([0]),
                "`/tag add`, option `where`: channel_types: [0] → [0,5]",
            ),
            (
                "/options/1/options/0/description".to_owned(),
                json!("Old"),
                "`/tag admin clear`: description: \"Old\" → \"Clears\"",
            ),
            ("/options/1/options/0/name".to_owned(), json!("wipe"), "`/tag admin clear`: added"),
            ("/later".to_owned(), json!(7), "`/tag`: later: 7 → (none)"),
        ] {
            let mut registered = declared();
            match registered.pointer_mut(&pointer) {
                Some(there) => *there = value,
                None => {
                    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
                    registered.pointer_mut(parent).expect("its parent")[key] = value;
                }
            }
            assert_eq!(compared(&registered, &declared(), false)[0], text, "{pointer}");
        }
        let mut registered = declared();
        registered["options"][0]["options"][1]["choices"].as_array_mut().expect("choices").swap(0, 1);
        registered["options"][0]["options"].as_array_mut().expect("options").pop();
        assert_eq!(
            compared(&registered, &declared(), false),
            [
                "`/tag add`, option `color`: order of choices: [\"Blue\",\"Red\"] → [\"Red\",\"Blue\"]",
                "`/tag add`, option `size`: added",
            ]
        );
    }

    #[test]
    fn in_a_guild_it_does_not_matter_where_it_would_be_offered() {
        let mut registered = declared();
        registered["contexts"] = json!([0]);
        registered["dm_permission"] = json!(false);
        assert_eq!(compared(&registered, &declared(), true), [""; 0]);
    }
}
