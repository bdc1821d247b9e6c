//! Components of a message or form, as their author sent them and as Discord serialises them.

use serde::{Deserialize, Serialize};
use serde_repr::{Deserialize_repr, Serialize_repr};

use crate::ids::Snowflake;

/// Kinds of component, with Discord's numbers: <https://discord.com/developers/docs/components/reference>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize_repr, Serialize_repr)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is described under its name in Discord's reference")]
pub enum ComponentKind {
    #[default]
    ActionRow = 1,
    Button = 2,
    StringSelect = 3,
    TextInput = 4,
    UserSelect = 5,
    RoleSelect = 6,
    MentionableSelect = 7,
    ChannelSelect = 8,
    Section = 9,
    TextDisplay = 10,
    Thumbnail = 11,
    MediaGallery = 12,
    File = 13,
    Separator = 14,
    Container = 17,
    Label = 18,
    FileUpload = 19,
    RadioGroup = 21,
    CheckboxGroup = 22,
    Checkbox = 23,
}

impl ComponentKind {
    /// The kind with this number.
    pub(crate) fn numbered(number: u64) -> Option<Self> {
        serde_json::from_value(number.into()).ok()
    }

    /// Whether it is a select menu.
    pub fn is_select(self) -> bool {
        matches!(
            self,
            Self::StringSelect
                | Self::UserSelect
                | Self::RoleSelect
                | Self::MentionableSelect
                | Self::ChannelSelect
        )
    }
}

/// A component of any kind; fields that its kind does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is described under its name in Discord's reference")]
pub struct Component {
    #[serde(rename = "type")]
    pub kind: ComponentKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessory: Option<Box<Component>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Box<Component>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ComponentEmoji>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<Snowflake>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SelectOption>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_values: Vec<DefaultValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_types: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_values: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_values: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<GalleryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spoiler: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divider: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spacing: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<u64>,
}

/// An option in a select menu or group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SelectOption {
    /// What users see.
    pub label: String,
    /// What the bot receives.
    pub value: String,
    /// The description that users see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The emoji in front of the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<ComponentEmoji>,
    /// Whether it is selected by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
}

/// A user, role or channel that is selected by default.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultValue {
    /// Its id.
    pub id: Snowflake,
    /// `user`, `role` or `channel`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// An emoji on a button or option: a custom one has an id, a Unicode one only a name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentEmoji {
    /// The id of a custom emoji.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Snowflake>,
    /// The emoji itself, or the name of a custom one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is animated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub animated: Option<bool>,
}

/// A file that a component shows.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// The URL of the file.
    pub url: String,
}

/// An item of a media gallery.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GalleryItem {
    /// The picture.
    pub media: Media,
    /// The description of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is a spoiler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spoiler: Option<bool>,
}

/// A form that an interaction opens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modal {
    /// The title.
    pub title: String,
    /// The id by which the bot recognises it.
    pub custom_id: String,
    /// Its texts, and labels that contain its fields.
    pub components: Vec<Component>,
}

impl Component {
    /// The component and everything inside it, depth first.
    pub fn flatten(&self) -> Vec<&Self> {
        let inner = self.components.iter().chain(self.accessory.as_deref()).chain(self.component.as_deref());
        std::iter::once(self).chain(inner.flat_map(Self::flatten)).collect()
    }

    /// Visits the component and everything inside it, in the same order.
    pub(crate) fn each_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        visit(self);
        let inner = self.components.iter_mut().chain(self.accessory.as_deref_mut());
        inner.chain(self.component.as_deref_mut()).for_each(|one| one.each_mut(visit));
    }

    /// For a button or select menu: which of the two it is, and the text by which users know it.
    pub fn control(&self) -> Option<(&'static str, &str)> {
        let (word, shown) = match self.kind {
            ComponentKind::Button => ("button", [&self.label, &self.custom_id, &self.url]),
            kind if kind.is_select() => ("select", [&self.placeholder, &self.custom_id, &None]),
            _ => return None,
        };
        Some((word, shown.into_iter().flatten().next().map_or("", String::as_str)))
    }

    /// The URLs of the files that the component itself shows.
    pub(crate) fn urls_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let shown = self.media.iter_mut().chain(&mut self.file);
        shown.chain(self.items.iter_mut().map(|item| &mut item.media)).map(|media| &mut media.url)
    }
}

/// Gives every component an id, as Discord does for those without one.
pub(crate) fn numbered(mut components: Vec<Component>) -> Vec<Component> {
    let mut next = 1;
    for component in &mut components {
        component.each_mut(&mut |one| {
            one.id.get_or_insert(next);
            next += 1;
        });
    }
    components
}
