//! What Discord refuses in the body of a message or a form: the common mistakes.
//! <https://discord.com/developers/docs/resources/message#create-message>

use std::collections::HashSet;

use serde_json::Value;

use super::Refused;
use crate::{
    component_types::{self, BUTTON, CHANNEL_SELECT, ROW, STRING_SELECT},
    message::{COMPONENTS_V2, TEXT_MAX},
};

/// Discord's limits, in characters or as counts.
const FILES_MAX: usize = 10;
const EMBEDS_MAX: usize = 10;
const EMBEDS_TEXT_MAX: usize = 6000;
const ROWS_MAX: usize = 5;
const CUSTOM_ID_MAX: usize = 100;
const LABEL_MAX: usize = 80;
const SELECT_OPTIONS_MAX: usize = 25;
const TITLE_MAX: usize = 45;
const CHOICES_MAX: usize = 25;

/// Checks a message with this number of files.
pub(super) fn message(body: &Value, files: usize) -> Result<(), Refused> {
    most("files", files, FILES_MAX)?;
    let content = body["content"].as_str().unwrap_or_default();
    longest("content", content, TEXT_MAX)?;
    let list = |name: &str| body[name].as_array().map_or(&[][..], Vec::as_slice);
    embeds(list("embeds"))?;
    let is_v2 = body["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
    if !is_v2 {
        most("components", list("components").len(), ROWS_MAX)?;
    }
    let mut ids = HashSet::new();
    for (at, component) in list("components").iter().enumerate() {
        self::component(&format!("components.{at}"), component, &mut ids)?;
    }
    let is_empty = content.trim().is_empty()
        && files == 0
        && body["poll"].is_null()
        && ["embeds", "components", "sticker_ids"].iter().all(|name| list(name).is_empty());
    if is_empty { Err(Refused::EMPTY.into()) } else { Ok(()) }
}

fn embeds(embeds: &[Value]) -> Result<(), Refused> {
    most("embeds", embeds.len(), EMBEDS_MAX)?;
    let mut total = 0;
    for (at, embed) in embeds.iter().enumerate() {
        let mut text = |name: &str, value: &Value, max: usize| {
            let value = value.as_str().unwrap_or_default();
            total += value.chars().count();
            longest(&format!("embeds.{at}.{name}"), value, max)
        };
        text("title", &embed["title"], 256)?;
        text("description", &embed["description"], 4096)?;
        text("footer.text", &embed["footer"]["text"], 2048)?;
        text("author.name", &embed["author"]["name"], 256)?;
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        for (field, it) in fields.iter().enumerate() {
            for (name, max) in [("name", 256), ("value", 1024)] {
                text(&format!("fields.{field}.{name}"), &it[name], max)?;
                filled(&format!("embeds.{at}.fields.{field}.{name}"), &it[name])?;
            }
        }
        let shown = ["title", "description", "timestamp", "image", "thumbnail", "footer", "author", "fields"];
        if shown.iter().all(|name| is_blank(&embed[name])) {
            return Err(missing(&format!("embeds.{at}.description")));
        }
        most(&format!("embeds.{at}.fields"), fields.len(), 25)?;
    }
    match total > EMBEDS_TEXT_MAX {
        true => {
            Err(Refused::form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"))
        }
        false => Ok(()),
    }
}

fn component(path: &str, it: &Value, ids: &mut HashSet<String>) -> Result<(), Refused> {
    if let Some(id) = it["custom_id"].as_str() {
        longest(&format!("{path}.custom_id"), id, CUSTOM_ID_MAX)?;
        if !ids.insert(id.to_owned()) {
            let what = "Component custom id cannot be duplicated";
            return Err(Refused::form(&format!("{path}.custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", what));
        }
    }
    longest(&format!("{path}.label"), it["label"].as_str().unwrap_or_default(), LABEL_MAX)?;
    let options = it["options"].as_array().map_or(0, Vec::len);
    let inner = it["components"].as_array().map_or(&[][..], Vec::as_slice);
    match component_types::of(it) {
        ROW => between(&format!("{path}.components"), inner.len(), ROWS_MAX)?,
        BUTTON => button(path, it)?,
        STRING_SELECT => between(&format!("{path}.options"), options, SELECT_OPTIONS_MAX)?,
        _ => most(&format!("{path}.options"), options, SELECT_OPTIONS_MAX)?,
    }
    if (STRING_SELECT..=CHANNEL_SELECT).contains(&component_types::of(it)) {
        filled(&format!("{path}.custom_id"), &it["custom_id"])?;
    }
    for (at, inner) in inner.iter().enumerate() {
        component(&format!("{path}.components.{at}"), inner, ids)?;
    }
    match &it["component"] {
        Value::Null => Ok(()),
        inner => component(&format!("{path}.component"), inner, ids),
    }
}

fn button(path: &str, it: &Value) -> Result<(), Refused> {
    const LINK: u64 = 5;
    const PREMIUM: u64 = 6;
    match it["style"].as_u64() {
        None => filled(&format!("{path}.style"), &it["style"])?,
        Some(PREMIUM) => return Ok(()),
        Some(LINK) => filled(&format!("{path}.url"), &it["url"])?,
        Some(_) => filled(&format!("{path}.custom_id"), &it["custom_id"])?,
    }
    match is_blank(&it["label"]) && it["emoji"].is_null() {
        true => {
            let code = "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED";
            Err(Refused::form(path, code, "A label or emoji is required"))
        }
        false => Ok(()),
    }
}

/// Checks a form that is to be opened.
pub(super) fn modal(data: &Value) -> Result<(), Refused> {
    for name in ["custom_id", "title"] {
        filled(&format!("data.{name}"), &data[name])?;
    }
    longest("data.title", data["title"].as_str().unwrap_or_default(), TITLE_MAX)?;
    longest("data.custom_id", data["custom_id"].as_str().unwrap_or_default(), CUSTOM_ID_MAX)?;
    let parts = data["components"].as_array().map_or(&[][..], Vec::as_slice);
    between("data.components", parts.len(), ROWS_MAX)?;
    let mut ids = HashSet::new();
    parts
        .iter()
        .enumerate()
        .try_for_each(|(at, part)| component(&format!("data.components.{at}"), part, &mut ids))
}

/// Checks the suggestions for an option.
pub(super) fn choices(data: &Value) -> Result<(), Refused> {
    let choices = data["choices"].as_array().map_or(&[][..], Vec::as_slice);
    most("data.choices", choices.len(), CHOICES_MAX)?;
    for (at, choice) in choices.iter().enumerate() {
        for field in ["name", "value"] {
            let text = choice[field].as_str().unwrap_or_default();
            longest(&format!("data.choices.{at}.{field}"), text, 100)?;
        }
    }
    Ok(())
}

fn longest(path: &str, text: &str, max: usize) -> Result<(), Refused> {
    match text.chars().count() > max {
        true => {
            let what = format!("Must be {max} or fewer in length.");
            Err(Refused::form(path, "BASE_TYPE_MAX_LENGTH", &what))
        }
        false => Ok(()),
    }
}

/// Checks a field that must have a value.
fn filled(path: &str, value: &Value) -> Result<(), Refused> {
    if is_blank(value) { Err(missing(path)) } else { Ok(()) }
}

fn missing(path: &str) -> Refused {
    Refused::form(path, "BASE_TYPE_REQUIRED", "This field is required")
}

/// Whether nothing is shown of it.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Checks a list that must not be empty.
fn between(path: &str, count: usize, max: usize) -> Result<(), Refused> {
    match (1..=max).contains(&count) {
        true => Ok(()),
        false => {
            let what = format!("Must be between 1 and {max} in length.");
            Err(Refused::form(path, "BASE_TYPE_BAD_LENGTH", &what))
        }
    }
}

fn most(path: &str, count: usize, max: usize) -> Result<(), Refused> {
    match count > max {
        true => {
            let what = format!("Must be {max} or fewer in length.");
            Err(Refused::form(path, "BASE_TYPE_MAX_LENGTH", &what))
        }
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_discord_would_not_show_is_refused() {
        let button = |more: Value| {
            let mut button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go" });
            for (name, value) in more.as_object().into_iter().flatten() {
                button[name] = value.clone();
            }
            json!({ "components": [{ "type": 1, "components": [button] }] })
        };
        let option = json!({ "label": "One", "value": "1" });
        let select = |options: Value| {
            let select = json!({ "type": 3, "custom_id": "pick", "options": options });
            json!({ "components": [{ "type": 1, "components": [select] }] })
        };
        let embed = |embed: Value| json!({ "embeds": [embed] });
        let field = |name: &str, value: &str| embed(json!({ "fields": [{ "name": name, "value": value }] }));
        for (body, refused) in [
            (button(json!({})), None),
            (button(json!({ "label": null, "emoji": { "name": "👍" } })), None),
            (button(json!({ "style": 5, "url": "https://example.com", "custom_id": null })), None),
            (button(json!({ "style": 6, "sku_id": "7", "label": null, "custom_id": null })), None),
            (button(json!({ "label": "" })), Some("components.0.components.0: A label")),
            (button(json!({ "custom_id": "" })), Some("components.0.components.0.custom_id: This")),
            (button(json!({ "style": 5 })), Some("components.0.components.0.url: This")),
            (button(json!({ "style": null })), Some("components.0.components.0.style: This")),
            (
                json!({ "components": [{ "type": 1, "components": [] }] }),
                Some("components.0.components: Must"),
            ),
            (select(json!([option])), None),
            (select(json!([])), Some("components.0.components.0.options: Must be between 1 and 25")),
            (field("a", "b"), None),
            (field("a", ""), Some("embeds.0.fields.0.value: This")),
            (field(" ", "b"), Some("embeds.0.fields.0.name: This")),
            (embed(json!({ "image": { "url": "https://example.com/a.png" } })), None),
            (embed(json!({ "color": 1, "fields": [] })), Some("embeds.0.description: This")),
        ] {
            let found = message(&body, 0).err().map(|refused| refused.to_string());
            let is_it = found.as_ref().zip(refused).is_some_and(|(found, wanted)| found.contains(wanted));
            assert!(is_it || found.is_none() && refused.is_none(), "{body}: {found:?}");
        }
    }
}
