//! Layout components of a message: sections, text, media, separators, containers. It does not check whether their files
//! were uploaded.

use super::{Checker, IN_CONTAINER, Kind, MAX_COMPONENTS, MAX_TEXT_CHARS};
use crate::form::Fields;
use crate::rest::messages::embeds::{ADDED_TO_MEDIA, Link, url};
use crate::world::{Component, GalleryItem, Media};

const MAX_GALLERY_ITEMS: usize = 10;
const MAX_DESCRIPTION_CHARS: usize = 1024;
impl Checker<'_> {
    /// One to three texts next to a thumbnail or button.
    pub(crate) fn section(&mut self, of: &mut Fields, section: &mut Component) {
        section.components = self.children(of, "components", 1..=3, &[Kind::TextDisplay]);
        section.accessory = self.child(of, "accessory", &[Kind::Button, Kind::Thumbnail]);
    }

    pub(crate) fn text(&mut self, of: &mut Fields, text: &mut Component) {
        let content = of.required_text("content", 1..=MAX_TEXT_CHARS);
        self.text_chars += content.chars().count();
        text.content = Some(content);
    }

    pub(crate) fn container(&mut self, of: &mut Fields, container: &mut Component) {
        container.components = self.children(of, "components", 1..=MAX_COMPONENTS, IN_CONTAINER);
        container.accent_color = of.number_within("accent_color", 0..=0xFF_FFFF);
        container.spoiler = spoiler(of);
    }
}

pub(crate) fn thumbnail(of: &mut Fields, thumbnail: &mut Component) {
    let GalleryItem { media, description, spoiler } = picture(of);
    thumbnail.media = Some(media);
    thumbnail.description = description;
    thumbnail.spoiler = spoiler;
}

pub(crate) fn gallery(of: &mut Fields, gallery: &mut Component) {
    of.require("items");
    gallery.items = of.read_objects("items", 1..=MAX_GALLERY_ITEMS, picture).unwrap_or_default();
}

/// An image with its description.
fn picture(of: &mut Fields) -> GalleryItem {
    GalleryItem {
        media: source(of, "media", Link::WebOrAttachment),
        description: of.text("description", MAX_DESCRIPTION_CHARS),
        spoiler: spoiler(of),
    }
}

pub(crate) fn file(of: &mut Fields, file: &mut Component) {
    file.file = Some(source(of, "file", Link::Attachment));
    file.spoiler = spoiler(of);
    // Fields that a bot sends back with a message that it fetched.
    of.ignore(&["name", "size"]);
}

pub(crate) fn separator(of: &mut Fields, separator: &mut Component) {
    separator.divider = of.flag("divider").or(Some(true));
    separator.spacing = of.choice("spacing", &[1, 2]).or(Some(1));
}

/// Always present in responses, as are all fields of a separator.
/// <https://discord.com/developers/docs/components/reference#separator>
fn spoiler(of: &mut Fields) -> Option<bool> {
    of.flag("spoiler").or(Some(false))
}

/// Reads the required `{ "url": … }` at `key`.
fn source(of: &mut Fields, key: &str, link: Link) -> Media {
    if !of.require(key) {
        return Media::default();
    }
    let url = of.read_object(key, |source| {
        source.ignore(ADDED_TO_MEDIA);
        source.ignore(&["attachment_id", "loading_state"]);
        if source.require("url") { url(source, "url", link) } else { None }
    });
    Media { url: url.flatten().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Surface;
    use super::super::tests::{read, refused};

    #[test]
    fn every_layout_passes() {
        let text = json!({ "type": 10, "content": "x" });
        let media = json!({ "url": "https://example.org/a.png" });
        let thumbnail = json!({ "type": 11, "media": media, "description": "d", "spoiler": true });
        let all = json!([
            { "type": 9, "components": [text], "accessory": thumbnail },
            { "type": 12, "items": [{ "media": { "url": "attachment://a.png" }, "spoiler": false }] },
            { "type": 13, "file": { "url": "attachment://a.txt" }, "spoiler": false },
            { "type": 14, "divider": true, "spacing": 2 },
            { "type": 17, "components": [text, { "type": 14, "divider": true, "spacing": 1 }], "accent_color": 255, "spoiler": false },
        ]);
        assert_eq!(read(Surface::Layout, all.clone()).unwrap(), all);
        let bare = json!([{ "type": 14 }, { "type": 17, "components": [text] }]);
        let read = read(Surface::Layout, bare).unwrap();
        assert_eq!(read[0], json!({ "type": 14, "divider": true, "spacing": 1 }));
        assert_eq!(read[1]["spoiler"], false);
    }

    #[test]
    fn each_rule_of_layouts_has_its_place_and_code() {
        let text = json!({ "type": 10, "content": "x" });
        let button = json!({ "type": 2, "style": 1, "label": "x", "custom_id": "a" });
        for (one, path, code) in [
            (json!({ "type": 9, "components": [text] }), "/accessory", "BASE_TYPE_REQUIRED"),
            (
                json!({ "type": 9, "components": [], "accessory": button }),
                "/components",
                "BASE_TYPE_BAD_LENGTH",
            ),
            (
                json!({ "type": 9, "components": [button], "accessory": button }),
                "/components/0/type",
                "UNION_TYPE_CHOICES",
            ),
            (json!({ "type": 10 }), "/content", "BASE_TYPE_REQUIRED"),
            (json!({ "type": 10, "content": "" }), "/content", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "type": 12, "items": [] }), "/items", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "type": 12, "items": [{}] }), "/items/0/media", "BASE_TYPE_REQUIRED"),
            (
                json!({ "type": 13, "file": { "url": "https://x.y/z" } }),
                "/file/url",
                "URL_TYPE_INVALID_SCHEME",
            ),
            (json!({ "type": 14, "spacing": 3 }), "/spacing", "BASE_TYPE_CHOICES"),
            (
                json!({ "type": 17, "components": [text], "accent_color": -1 }),
                "/accent_color",
                "NUMBER_TYPE_MIN",
            ),
            (
                json!({ "type": 17, "components": [{ "type": 17, "components": [text] }] }),
                "/components/0/type",
                "UNION_TYPE_CHOICES",
            ),
            (json!({ "type": 11, "media": { "url": "https://x.y" } }), "/type", "UNION_TYPE_CHOICES"),
        ] {
            refused(Surface::Layout, json!([one]), &format!("/0{path}"), code);
        }
    }
}
