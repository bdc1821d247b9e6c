//! Embeds of a message, as their author sent them and as Discord serialises them.

use serde::{Deserialize, Serialize};

use super::Media;
use crate::ids::Timestamp;

/// <https://discord.com/developers/docs/resources/message#embed-object-embed-types>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is described under its name in Discord's reference")]
pub enum EmbedKind {
    #[default]
    Rich,
    Image,
    Video,
    Gifv,
    Article,
    Link,
    PollResult,
    AutoModerationMessage,
}

/// <https://discord.com/developers/docs/resources/message#embed-object>
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Embed {
    /// The type; embeds sent by bots are always rich.
    #[serde(default, rename = "type")]
    pub kind: EmbedKind,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The link of the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The colour: red, green and blue, one byte each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<u64>,
    /// The timestamp in the footer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The large image below the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
    /// The small image beside the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Media>,
    /// The footer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<EmbedFooter>,
    /// The author line at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<EmbedAuthor>,
    /// The fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<EmbedField>,
}

/// The footer of an embed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedFooter {
    /// The text.
    pub text: String,
    /// The icon in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// The author line of an embed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedAuthor {
    /// The name.
    pub name: String,
    /// The link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The icon in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// A field of an embed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedField {
    /// The heading.
    pub name: String,
    /// The text.
    pub value: String,
    /// Whether it may share a row with other fields.
    #[serde(default)]
    pub inline: bool,
}

impl EmbedField {
    /// A field in a row of its own.
    pub(crate) fn row(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), value, inline: false }
    }
}

impl Embed {
    /// How many characters count towards the limit of a message.
    /// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
    pub(crate) fn chars(&self) -> usize {
        let texts = self.title.iter().chain(&self.description);
        let texts = texts.chain(self.footer.iter().map(|footer| &footer.text));
        let texts = texts.chain(self.author.iter().map(|author| &author.name));
        let fields = self.fields.iter().flat_map(|field| [&field.name, &field.value]);
        texts.chain(fields).map(|text| text.chars().count()).sum()
    }

    /// The URLs of the images that it shows.
    pub(crate) fn urls_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let media = self.image.iter_mut().chain(&mut self.thumbnail).map(|media| &mut media.url);
        let footer = self.footer.iter_mut().filter_map(|footer| footer.icon_url.as_mut());
        let author = self.author.iter_mut().filter_map(|author| author.icon_url.as_mut());
        media.chain(footer).chain(author)
    }
}
