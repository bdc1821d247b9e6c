//! A command as a bot registers it: validated, with Discord's defaults filled in, and serialised as Discord does.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Number;
use serde_repr::{Deserialize_repr, Serialize_repr};

use crate::world::{Choice, Translations};

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize_repr, Serialize_repr)]
#[repr(u8)]
pub(crate) enum CommandKind {
    ChatInput = 1,
    User = 2,
    Message = 3,
}

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize_repr, Serialize_repr)]
#[repr(u8)]
pub(crate) enum OptionKind {
    Subcommand = 1,
    Group = 2,
    #[default]
    String = 3,
    Integer = 4,
    Boolean = 5,
    User = 6,
    Channel = 7,
    Role = 8,
    Mentionable = 9,
    Number = 10,
    Attachment = 11,
}

impl OptionKind {
    /// Whether it contains options instead of taking a value.
    pub(crate) fn is_nested(self) -> bool {
        matches!(self, Self::Subcommand | Self::Group)
    }
}

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-structure>
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct CommandBody {
    #[serde(rename = "type")]
    pub(crate) kind: CommandKind,
    #[serde(flatten)]
    pub(crate) labels: Labels,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<CommandOption>,
    /// The permissions that a member needs, as bits; 0 leaves the command to administrators.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub(crate) default_member_permissions: Option<u64>,
    pub(crate) dm_permission: bool,
    pub(crate) nsfw: bool,
    pub(crate) contexts: Option<Vec<u64>>,
    pub(crate) integration_types: Vec<u64>,
}

/// The name and description of a command or option.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Labels {
    pub(crate) name: String,
    pub(crate) name_localizations: Translations,
    pub(crate) description: String,
    pub(crate) description_localizations: Translations,
}

/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure>
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct CommandOption {
    #[serde(rename = "type")]
    pub(crate) kind: OptionKind,
    #[serde(flatten)]
    pub(crate) labels: Labels,
    /// Only for subcommands and groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<CommandOption>,
    /// `None` for subcommands and groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autocomplete: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) channel_types: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) file_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<Number>,
}

impl CommandBody {
    /// The characters of names, descriptions and values of choices together; of translations, the longest counts.
    /// <https://discord.com/developers/docs/interactions/application-commands#slash-commands>
    pub(super) fn chars(&self) -> usize {
        self.labels.chars() + self.options.iter().map(CommandOption::chars).sum::<usize>()
    }
}

impl CommandOption {
    pub(crate) fn name(&self) -> &str {
        &self.labels.name
    }

    fn chars(&self) -> usize {
        let choice = |choice: &Choice| {
            longest(&choice.name, &choice.name_localizations)
                + choice.value.as_str().map_or(0, |text| text.chars().count())
        };
        self.labels.chars()
            + self.options.iter().map(Self::chars).sum::<usize>()
            + self.choices.iter().map(choice).sum::<usize>()
    }
}

impl Labels {
    fn chars(&self) -> usize {
        longest(&self.name, &self.name_localizations)
            + longest(&self.description, &self.description_localizations)
    }
}

fn longest(text: &str, translations: &Translations) -> usize {
    let all = translations.iter().flat_map(BTreeMap::values).map(String::as_str).chain([text]);
    all.map(|text| text.chars().count()).max().unwrap_or(0)
}

fn as_text<S: Serializer>(bits: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    bits.map(|bits| bits.to_string()).serialize(serializer)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|bits| bits.parse().map_err(de::Error::custom)).transpose()
}
