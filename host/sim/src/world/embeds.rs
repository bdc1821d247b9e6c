//! Embeds of a message, as their author gave them and as Discord writes them.

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
    /// What it is; whatever a bot says, its own are rich ones.
    #[serde(default, rename = "type")]
    pub kind: EmbedKind,
    /// What stands above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the title leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Red, green and blue, a byte each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<u64>,
    /// A moment that stands behind the footer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The picture below the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
    /// The small picture beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Media>,
    /// The last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<EmbedFooter>,
    /// The first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<EmbedAuthor>,
    /// Its table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<EmbedField>,
}

/// The last line of an embed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedFooter {
    /// The line.
    pub text: String,
    /// The picture in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// The first line of an embed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedAuthor {
    /// The line.
    pub name: String,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The picture in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// A cell of an embed's table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedField {
    /// What stands above it.
    pub name: String,
    /// What stands in it.
    pub value: String,
    /// Whether it may share its row.
    #[serde(default)]
    pub inline: bool,
}

impl EmbedField {
    /// With a row of its own.
    pub(crate) fn row(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), value, inline: false }
    }
}

impl Embed {
    /// Characters that count towards the limit of a message.
    /// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
    pub(crate) fn chars(&self) -> usize {
        let texts = self.title.iter().chain(&self.description);
        let texts = texts.chain(self.footer.iter().map(|footer| &footer.text));
        let texts = texts.chain(self.author.iter().map(|author| &author.name));
        let fields = self.fields.iter().flat_map(|field| [&field.name, &field.value]);
        texts.chain(fields).map(|text| text.chars().count()).sum()
    }

    /// Where the pictures are that it shows.
    pub(crate) fn urls_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let media = self.image.iter_mut().chain(&mut self.thumbnail).map(|media| &mut media.url);
        let footer = self.footer.iter_mut().filter_map(|footer| footer.icon_url.as_mut());
        let author = self.author.iter_mut().filter_map(|author| author.icon_url.as_mut());
        media.chain(footer).chain(author)
    }
}
