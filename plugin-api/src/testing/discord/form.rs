//! What Discord refuses in the body of a message or a form: the common mistakes.
//! <https://discord.com/developers/docs/resources/message#create-message>

use std::collections::HashSet;

use serde_json::Value;

use super::Refused;
use crate::{
    component_types::{self, ROW},
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
            text(&format!("fields.{field}.name"), &it["name"], 256)?;
            text(&format!("fields.{field}.value"), &it["value"], 1024)?;
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
    most(&format!("{path}.options"), options, SELECT_OPTIONS_MAX)?;
    let inner = it["components"].as_array().map_or(&[][..], Vec::as_slice);
    if component_types::of(it) == ROW {
        most(&format!("{path}.components"), inner.len(), ROWS_MAX)?;
    }
    for (at, inner) in inner.iter().enumerate() {
        component(&format!("{path}.components.{at}"), inner, ids)?;
    }
    match &it["component"] {
        Value::Null => Ok(()),
        inner => component(&format!("{path}.component"), inner, ids),
    }
}

/// Checks a form that is to be opened.
pub(super) fn modal(data: &Value) -> Result<(), Refused> {
    for name in ["custom_id", "title"] {
        if data[name].as_str().unwrap_or_default().is_empty() {
            return Err(Refused::form(
                &format!("data.{name}"),
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
    }
    longest("data.title", data["title"].as_str().unwrap_or_default(), TITLE_MAX)?;
    longest("data.custom_id", data["custom_id"].as_str().unwrap_or_default(), CUSTOM_ID_MAX)?;
    let parts = data["components"].as_array().map_or(&[][..], Vec::as_slice);
    if parts.is_empty() || parts.len() > ROWS_MAX {
        let what = "Must be between 1 and 5 in length.";
        return Err(Refused::form("data.components", "BASE_TYPE_BAD_LENGTH", what));
    }
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

fn most(path: &str, count: usize, max: usize) -> Result<(), Refused> {
    match count > max {
        true => {
            let what = format!("Must be {max} or fewer in length.");
            Err(Refused::form(path, "BASE_TYPE_MAX_LENGTH", &what))
        }
        false => Ok(()),
    }
}
