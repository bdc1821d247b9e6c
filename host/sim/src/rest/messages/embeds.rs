//! The embeds of a message, validated against Discord's limits. It does not fetch the URLs in them.

use crate::form::Fields;
use crate::ids::Timestamp;
use crate::world::{Embed, EmbedAuthor, EmbedField, EmbedFooter, EmbedKind, Media};

/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>, in characters.
const TITLE_CHARS: usize = 256;
const DESCRIPTION_CHARS: usize = 4096;
const FIELD_NAME_CHARS: usize = 256;
const FIELD_VALUE_CHARS: usize = 1024;
const FOOTER_CHARS: usize = 2048;
const AUTHOR_CHARS: usize = 256;
/// In all embeds of a message together.
const TOTAL_CHARS: usize = 6000;
const URL_CHARS: usize = 2048;
/// <https://discord.com/developers/docs/components/reference#button-button-structure>
const BUTTON_URL_CHARS: usize = 512;
const MAX_EMBEDS: usize = 10;
const MAX_FIELDS: usize = 25;

/// Fields that Discord adds to an image or video, and that a bot may send back.
pub(crate) const ADDED_TO_MEDIA: &[&str] =
    &["content_type", "flags", "height", "placeholder", "placeholder_version", "proxy_url", "width"];

/// Reads the `embeds` of a message body; mistakes are collected in `body`.
pub(crate) fn embeds(body: &mut Fields) -> Vec<Embed> {
    let all = body.read_objects("embeds", 0..=MAX_EMBEDS, embed).unwrap_or_default();
    if all.iter().map(Embed::chars).sum::<usize>() > TOTAL_CHARS {
        let message = format!("Embed size exceeds maximum size of {TOTAL_CHARS}");
        body.fail("embeds", "MAX_EMBED_SIZE_EXCEEDED", &message);
    }
    all
}

fn embed(of: &mut Fields) -> Embed {
    // Whatever type a bot sends, Discord makes it a rich embed.
    of.ignore(&["type", "provider", "video", "flags", "content_scan_version"]);
    let embed = Embed {
        kind: EmbedKind::Rich,
        title: of.text("title", TITLE_CHARS),
        description: of.text("description", DESCRIPTION_CHARS),
        url: url(of, "url", Link::Web),
        color: of.number_within("color", 0..=0xFF_FFFF),
        timestamp: timestamp(of),
        image: media(of, "image"),
        thumbnail: media(of, "thumbnail"),
        footer: of.read_object("footer", |footer| {
            footer.ignore(&["proxy_icon_url"]);
            EmbedFooter {
                text: footer.required_text("text", 0..=FOOTER_CHARS),
                icon_url: url(footer, "icon_url", Link::WebOrAttachment),
            }
        }),
        author: of.read_object("author", |author| {
            author.ignore(&["proxy_icon_url"]);
            EmbedAuthor {
                name: author.required_text("name", 0..=AUTHOR_CHARS),
                url: url(author, "url", Link::Web),
                icon_url: url(author, "icon_url", Link::WebOrAttachment),
            }
        }),
        fields: of.read_objects("fields", 0..=MAX_FIELDS, field).unwrap_or_default(),
    };
    let is_bare = Embed { url: None, color: None, ..embed.clone() } == Embed::default();
    if is_bare && of.errors.is_empty() {
        of.missing("description");
    }
    embed
}

fn field(of: &mut Fields) -> EmbedField {
    EmbedField {
        name: filled(of, "name", FIELD_NAME_CHARS),
        value: filled(of, "value", FIELD_VALUE_CHARS),
        inline: of.flag("inline").unwrap_or(false),
    }
}

/// A required text; blank counts as missing.
fn filled(of: &mut Fields, key: &str, max: usize) -> String {
    let text = if of.require(key) { of.text(key, max) } else { None };
    if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        of.missing(key);
    }
    text.unwrap_or_default()
}

/// A timestamp in ISO 8601; without a zone it is in UTC, without a time it is midnight.
fn timestamp(of: &mut Fields) -> Option<Timestamp> {
    let text = of.text("timestamp", 64)?;
    let time = ["", "Z", "T00:00Z"].iter().find_map(|rest| format!("{text}{rest}").parse().ok());
    if time.is_none() {
        let message = format!("Could not parse {text}. Should be ISO8601.");
        of.fail("timestamp", "DATE_TYPE_PARSE", &message);
    }
    time
}

fn media(of: &mut Fields, key: &str) -> Option<Media> {
    let url = of.read_object(key, |media| {
        media.ignore(ADDED_TO_MEDIA);
        media.ignore(&["description"]);
        url(media, "url", Link::WebOrAttachment)
    });
    url.flatten().map(|url| Media { url })
}

/// What a URL may point to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// The web.
    Web,
    /// The web, or a file of the same message.
    WebOrAttachment,
    /// Only a file of the same message.
    Attachment,
    /// The web or the Discord app: what a button can open.
    App,
}

/// Reads and validates a URL.
pub(crate) fn url(fields: &mut Fields, key: &str, link: Link) -> Option<String> {
    let (schemes, listed, most): (&[&str], _, _) = match link {
        Link::Web => (&["http", "https"], "('http', 'https')", URL_CHARS),
        Link::WebOrAttachment => {
            (&["http", "https", "attachment"], "('http', 'https', 'attachment')", URL_CHARS)
        }
        Link::Attachment => (&["attachment"], "('attachment',)", URL_CHARS),
        Link::App => (&["http", "https", "discord"], "('http', 'https', 'discord')", BUTTON_URL_CHARS),
    };
    let url = fields.text(key, most)?;
    match url.split_once("://") {
        Some((scheme, rest))
            if schemes.contains(&scheme.to_ascii_lowercase().as_str()) && !rest.is_empty() =>
        {
            return Some(url);
        }
        Some((scheme, _)) => {
            let message = format!("Scheme \"{scheme}\" must be one of {listed}.");
            fields.fail(key, "URL_TYPE_INVALID_SCHEME", &message);
        }
        None => fields.fail(key, "URL_TYPE_INVALID_URL", "Not a well formed URL."),
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(embeds_given: Value) -> Result<Value, Value> {
        let mut body = Fields::of(json!({ "embeds": embeds_given }).as_object().unwrap().clone(), "");
        let read = embeds(&mut body);
        assert_eq!(serde_json::from_value::<Vec<Embed>>(json!(read)).unwrap(), read, "kept and read again");
        body.checked().map(|()| json!(read)).map_err(|error| error.errors.unwrap())
    }

    #[test]
    fn a_full_embed_is_stored_unchanged() {
        let full = json!({
            "title": "t", "type": "rich", "description": "d", "url": "https://example.org", "color": 0xFF_FFFF,
            "timestamp": "2026-11-22T16:24:06.123000+00:00", "image": { "url": "attachment://a.png" },
            "thumbnail": { "url": "http://example.org/b.png" }, "footer": { "text": "f", "icon_url": "https://x.y" },
            "author": { "name": "n", "url": "https://example.org" }, "fields": [{ "name": "a", "value": "b", "inline": true }],
        });
        assert_eq!(read(json!([full])).unwrap(), json!([full]));
    }

    #[test]
    fn each_limit_has_its_place_and_code() {
        let long = |count: usize| "é".repeat(count);
        let fields = |count: usize| vec![json!({ "name": "a", "value": "b" }); count];
        for (embed, path, code) in [
            (json!({ "title": long(257) }), "/0/title", "BASE_TYPE_MAX_LENGTH"),
            (json!({ "description": long(4097) }), "/0/description", "BASE_TYPE_MAX_LENGTH"),
            (json!({ "footer": { "text": long(2049) } }), "/0/footer/text", "BASE_TYPE_MAX_LENGTH"),
            (json!({ "author": { "name": long(257) } }), "/0/author/name", "BASE_TYPE_MAX_LENGTH"),
            (json!({ "author": { "url": "https://x.y" } }), "/0/author/name", "BASE_TYPE_REQUIRED"),
            (json!({ "fields": fields(26) }), "/0/fields", "BASE_TYPE_BAD_LENGTH"),
            (json!({}), "/0/description", "BASE_TYPE_REQUIRED"),
            (json!({ "color": 1, "url": "https://x.y" }), "/0/description", "BASE_TYPE_REQUIRED"),
            (json!({ "fields": [{ "name": " ", "value": "b" }] }), "/0/fields/0/name", "BASE_TYPE_REQUIRED"),
            (json!({ "fields": [{ "name": "a", "value": "" }] }), "/0/fields/0/value", "BASE_TYPE_REQUIRED"),
            (
                json!({ "fields": [{ "name": "a", "value": long(1025) }] }),
                "/0/fields/0/value",
                "BASE_TYPE_MAX_LENGTH",
            ),
            (json!({ "fields": [{ "name": "a" }] }), "/0/fields/0/value", "BASE_TYPE_REQUIRED"),
            (json!({ "color": 0x100_0000 }), "/0/color", "NUMBER_TYPE_MAX"),
            (json!({ "timestamp": "yesterday" }), "/0/timestamp", "DATE_TYPE_PARSE"),
            (json!({ "timestamp": "2026-13-45T99:99:99Z" }), "/0/timestamp", "DATE_TYPE_PARSE"),
            (json!({ "url": "ftp://example.org" }), "/0/url", "URL_TYPE_INVALID_SCHEME"),
            (json!({ "url": "attachment://a" }), "/0/url", "URL_TYPE_INVALID_SCHEME"),
            (json!({ "image": { "url": "nowhere" } }), "/0/image/url", "URL_TYPE_INVALID_URL"),
            (json!("text"), "/0", "DICT_TYPE_CONVERT"),
        ] {
            let errors = read(json!([embed])).unwrap_err();
            let found = errors["embeds"].pointer(path).map(|at| &at["_errors"][0]["code"]);
            assert_eq!(found, Some(&json!(code)), "{embed}: {errors}");
        }
        assert!(read(json!(vec![json!({ "title": "t" }); 11])).is_err());
    }

    #[test]
    fn a_timestamp_is_formatted_as_discord_does_however_it_was_given() {
        for (given, shown) in [
            ("2026-11-22T16:24:06.123Z", "2026-11-22T16:24:06.123000+00:00"),
            ("2026-11-22T16:24:06+0100", "2026-11-22T15:24:06.000000+00:00"),
            ("2026-11-22T16:24:06.123456", "2026-11-22T16:24:06.123000+00:00"),
            ("2026-11-22", "2026-11-22T00:00:00.000000+00:00"),
        ] {
            assert_eq!(read(json!([{ "timestamp": given }])).unwrap()[0]["timestamp"], shown, "{given}");
        }
    }

    #[test]
    fn all_embeds_together_have_6000_characters() {
        let part = |count: usize| json!({ "description": "é".repeat(count) });
        assert!(read(json!([part(3000), part(3000)])).is_ok());
        let errors = read(json!([part(3000), part(3001)])).unwrap_err();
        assert_eq!(errors["embeds"]["_errors"][0]["code"], "MAX_EMBED_SIZE_EXCEEDED");
    }
}
