//! The position of something within a command, in words: `/tag add`, option `name`, choice `Red`.

use std::fmt;

use serde_json::Value;

use crate::library::{CommandKey, SLASH, kind_name};

/// Discord's types of options that are subcommands or groups of them.
const SUBCOMMAND: u64 = 1;
const SUBCOMMAND_GROUP: u64 = 2;

/// A command, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    kind: u8,
    /// The command's name, including group and subcommand.
    path: String,
    /// The part of the command: options and choices.
    inside: String,
}

impl Place {
    pub(super) fn of(command: &CommandKey) -> Place {
        Place { kind: command.kind, path: command.name.clone(), inside: String::new() }
    }

    /// A part of it: an item of the list named `list`.
    pub(super) fn item(&self, list: &str, item: &Value) -> Place {
        let mut place = self.clone();
        let name = item["name"].as_str().unwrap_or_default();
        match (list, item["type"].as_u64()) {
            ("options", Some(SUBCOMMAND | SUBCOMMAND_GROUP)) => {
                place.path.push(' ');
                place.path.push_str(name);
            }
            ("options", _) => place.inside.push_str(&format!(", option `{name}`")),
            ("choices", _) => place.inside.push_str(&format!(", choice `{name}`")),
            _ => place.inside.push_str(&format!(", `{list}` `{name}`")),
        }
        place
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SLASH => write!(out, "`/{}`{}", self.path, self.inside),
            kind => write!(out, "`{}` ({}){}", self.path, kind_name(kind), self.inside),
        }
    }
}
