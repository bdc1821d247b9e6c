//! Choices for an option of a command, offered by the command itself or by autocomplete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// By locale; `None` is serialised as null.
pub(crate) type Translations = Option<BTreeMap<String, String>>;

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Choice {
    /// What users see.
    pub name: String,
    /// What users of other locales see, by locale.
    pub name_localizations: Option<BTreeMap<String, String>>,
    /// What the bot receives: a text or a number.
    pub value: Value,
}
