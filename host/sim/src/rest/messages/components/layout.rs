//! Components that lay out a message: sections, texts, media, lines, containers.
//! It does not check whether a file they show was uploaded.

use super::{Checker, MAX_COMPONENTS, MAX_TEXT_CHARS, keep_flag, kind};
use crate::form::Fields;
use crate::rest::messages::embeds::{ADDED_TO_MEDIA, Link, keep_url};

const MAX_GALLERY_ITEMS: usize = 10;
const MAX_DESCRIPTION_CHARS: usize = 1024;
const IN_CONTAINER: &[u64] =
    &[kind::ROW, kind::SECTION, kind::TEXT, kind::GALLERY, kind::FILE, kind::SEPARATOR];

impl Checker {
    /// One to three texts beside a thumbnail or a button.
    pub(crate) fn section(&mut self, section: &mut Fields) {
        let texts = self.children(section, "components", 1..=3, &[kind::TEXT]);
        section.keep("components", texts);
        self.child(section, "accessory", &[kind::BUTTON, kind::THUMBNAIL]);
    }

    pub(crate) fn text(&mut self, text: &mut Fields) {
        self.text_chars += text.keep_required_text("content", 1..=MAX_TEXT_CHARS);
    }

    pub(crate) fn container(&mut self, container: &mut Fields) {
        let inner = self.children(container, "components", 1..=MAX_COMPONENTS, IN_CONTAINER);
        container.keep("components", inner);
        if let Some(color) = container.number_within("accent_color", 0..=0xFF_FFFF) {
            container.keep("accent_color", color);
        }
        keep_flag(container, "spoiler");
    }
}

/// A picture with what it shows: a thumbnail, or an item of a gallery.
pub(crate) fn media(of: &mut Fields, key: &str) {
    source(of, key, Link::WebOrAttachment);
    of.keep_text("description", 0..=MAX_DESCRIPTION_CHARS);
    keep_flag(of, "spoiler");
}

pub(crate) fn gallery(gallery: &mut Fields) {
    gallery.require("items");
    let list = gallery.objects("items", 1..=MAX_GALLERY_ITEMS).unwrap_or_default();
    let mut kept = Vec::with_capacity(list.len());
    for mut item in list {
        media(&mut item, "media");
        kept.push(gallery.absorb(item));
    }
    gallery.keep("items", kept);
}

pub(crate) fn file(file: &mut Fields) {
    source(file, "file", Link::Attachment);
    keep_flag(file, "spoiler");
    // What a bot sends back of a message that it read.
    file.ignore(&["name", "size"]);
}

pub(crate) fn separator(separator: &mut Fields) {
    keep_flag(separator, "divider");
    if let Some(spacing) = separator.choice("spacing", &[1, 2]) {
        separator.keep("spacing", spacing);
    }
}

/// Reads the `{ "url": … }` at `key`, which must be there.
fn source(of: &mut Fields, key: &str, link: Link) {
    if !of.require(key) {
        return;
    }
    let Some(mut source) = of.object(key) else { return };
    if source.require("url") {
        keep_url(&mut source, "url", link);
    }
    source.ignore(ADDED_TO_MEDIA);
    source.ignore(&["attachment_id", "loading_state"]);
    let source = of.absorb(source);
    of.keep(key, source);
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
            { "type": 12, "items": [{ "media": { "url": "attachment://a.png" } }] },
            { "type": 13, "file": { "url": "attachment://a.txt" }, "spoiler": false },
            { "type": 14, "divider": true, "spacing": 2 },
            { "type": 17, "components": [text, { "type": 14 }], "accent_color": 255 },
        ]);
        assert_eq!(read(Surface::Layout, all.clone()).unwrap(), *all.as_array().unwrap());
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
                "NUMBER_TYPE_COERCE",
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
