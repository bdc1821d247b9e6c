//! The embeds of a message, checked against Discord's limits.
//! It does not fetch what they point to.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::form::Fields;

/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>, in characters.
const TITLE: RangeInclusive<usize> = 0..=256;
const DESCRIPTION: RangeInclusive<usize> = 0..=4096;
const FIELD_NAME: RangeInclusive<usize> = 1..=256;
const FIELD_VALUE: RangeInclusive<usize> = 1..=1024;
const FOOTER: RangeInclusive<usize> = 0..=2048;
const AUTHOR: RangeInclusive<usize> = 0..=256;
/// Of all embeds of a message together.
const TOTAL_CHARS: usize = 6000;
const URL_CHARS: usize = 2048;
/// <https://discord.com/developers/docs/components/reference#button-button-structure>
const BUTTON_URL_CHARS: usize = 512;
const MAX_EMBEDS: usize = 10;
const MAX_FIELDS: usize = 25;

/// What Discord adds to a picture or film that it shows, and a bot may send back.
pub(crate) const ADDED_TO_MEDIA: &[&str] =
    &["content_type", "flags", "height", "placeholder", "placeholder_version", "proxy_url", "width"];

/// Reads `embeds` of a message's body; mistakes stay in `body`.
pub(crate) fn embeds(body: &mut Fields) -> Vec<Value> {
    let list = body.objects("embeds", 0..=MAX_EMBEDS).unwrap_or_default();
    let (mut all, mut chars) = (Vec::with_capacity(list.len()), 0);
    for fields in list {
        let fields = embed(fields, &mut chars);
        all.push(body.absorb(fields));
    }
    if chars > TOTAL_CHARS {
        let message = format!("Embed size exceeds maximum size of {TOTAL_CHARS}");
        body.fail("embeds", "MAX_EMBED_SIZE_EXCEEDED", &message);
    }
    all
}

fn embed(mut embed: Fields, chars: &mut usize) -> Fields {
    *chars += embed.keep_text("title", TITLE) + embed.keep_text("description", DESCRIPTION);
    // Whatever a bot says it is, Discord makes it a rich one.
    embed.ignore(&["type", "provider", "video", "flags", "content_scan_version"]);
    embed.keep("type", "rich");
    keep_url(&mut embed, "url", Link::Web);
    if let Some(color) = embed.number_within("color", 0..=0xFF_FFFF) {
        embed.keep("color", color);
    }
    if let Some(time) = embed.text("timestamp", 64) {
        if is_iso8601(&time) {
            embed.keep("timestamp", time);
        } else {
            let message = format!("Could not parse {time}. Should be ISO8601.");
            embed.fail("timestamp", "DATE_TYPE_PARSE", &message);
        }
    }
    for key in ["image", "thumbnail"] {
        if let Some(mut media) = embed.object(key) {
            keep_url(&mut media, "url", Link::WebOrAttachment);
            media.ignore(ADDED_TO_MEDIA);
            media.ignore(&["description"]);
            let media = embed.absorb(media);
            embed.keep(key, media);
        }
    }
    for (key, text, most) in [("footer", "text", FOOTER), ("author", "name", AUTHOR)] {
        if let Some(mut line) = embed.object(key) {
            *chars += line.keep_required_text(text, most);
            if key == "author" {
                keep_url(&mut line, "url", Link::Web);
            }
            keep_url(&mut line, "icon_url", Link::WebOrAttachment);
            line.ignore(&["proxy_icon_url"]);
            let line = embed.absorb(line);
            embed.keep(key, line);
        }
    }
    if let Some(list) = embed.objects("fields", 0..=MAX_FIELDS) {
        let mut all = Vec::with_capacity(list.len());
        for mut field in list {
            *chars += field.keep_required_text("name", FIELD_NAME);
            *chars += field.keep_required_text("value", FIELD_VALUE);
            let inline = field.flag("inline").unwrap_or(false);
            field.keep("inline", inline);
            all.push(embed.absorb(field));
        }
        embed.keep("fields", all);
    }
    embed
}

/// Where a link may lead.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// Somewhere on the web.
    Web,
    /// There, or to a file of the same message.
    WebOrAttachment,
    /// To a file of the same message only.
    Attachment,
    /// To the web or into the application: what a button opens.
    App,
}

/// Reads a URL and keeps it.
fn keep_url(fields: &mut Fields, key: &str, link: Link) {
    if let Some(url) = url(fields, key, link) {
        fields.keep(key, url);
    }
}

/// Reads a URL.
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

/// `2026-11-22`, `2026-11-22T16:24:06`, with fractions and zone or without.
fn is_iso8601(text: &str) -> bool {
    let digits = |text: &str, lengths: &[usize], sign: char| {
        let parts: Vec<&str> = text.split(sign).collect();
        parts.len() == lengths.len()
            && parts
                .iter()
                .zip(lengths)
                .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let time = time.trim_end_matches('Z');
    let time = time.split_once(['+', '-']).map_or(time, |(time, _)| time);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    digits(date, &[4, 2, 2], '-')
        && (digits(time, &[2, 2, 2], ':') || digits(time, &[2, 2], ':'))
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(embeds_given: Value) -> Result<Vec<Value>, Value> {
        let mut body = Fields::of(json!({ "embeds": embeds_given }).as_object().unwrap().clone(), "");
        let read = embeds(&mut body);
        body.checked().map(|()| read).map_err(|error| error.errors.unwrap())
    }

    #[test]
    fn a_full_embed_is_kept_as_it_came() {
        let full = json!({
            "title": "t", "type": "rich", "description": "d", "url": "https://example.org", "color": 0xFF_FFFF,
            "timestamp": "2026-11-22T16:24:06.123000+00:00", "image": { "url": "attachment://a.png" },
            "thumbnail": { "url": "http://example.org/b.png" }, "footer": { "text": "f", "icon_url": "https://x.y" },
            "author": { "name": "n", "url": "https://example.org" }, "fields": [{ "name": "a", "value": "b", "inline": true }],
        });
        assert_eq!(read(json!([full])).unwrap(), [full]);
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
            (json!({ "fields": [{ "name": "", "value": "b" }] }), "/0/fields/0/name", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "fields": [{ "name": "a" }] }), "/0/fields/0/value", "BASE_TYPE_REQUIRED"),
            (json!({ "color": 0x100_0000 }), "/0/color", "NUMBER_TYPE_MAX"),
            (json!({ "timestamp": "yesterday" }), "/0/timestamp", "DATE_TYPE_PARSE"),
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
    fn all_embeds_together_have_6000_characters() {
        let part = |count: usize| json!({ "description": "é".repeat(count) });
        assert!(read(json!([part(3000), part(3000)])).is_ok());
        let errors = read(json!([part(3000), part(3001)])).unwrap_err();
        assert_eq!(errors["embeds"]["_errors"][0]["code"], "MAX_EMBED_SIZE_EXCEEDED");
    }
}
