//! Converts Discord's JSON to what crosses to a cog, as the host does. Errors name the field that the test got wrong.

use abi_stable::std_types::{RArc, ROption, RString, RVec};
use serde_json::Value;

use crate::abi::{Attachment, CommandOption, Event, Interaction, Message, MessageDelete, RawEvent, User};

/// An event by its name and `d`.
///
/// # Errors
/// The field that is not as Discord documents it.
pub(super) fn event(name: &str, d: &Value) -> Result<Event, String> {
    Ok(match name {
        "MESSAGE_CREATE" => Event::MessageCreate(message(d)?),
        "MESSAGE_UPDATE" => Event::MessageUpdate(message(d)?),
        "MESSAGE_DELETE" => Event::MessageDelete(RArc::new(MessageDelete {
            id: needed(d, "id")?,
            channel_id: needed(d, "channel_id")?,
            guild_id: id(&d["guild_id"]),
        })),
        "INTERACTION_CREATE" => Event::Interaction(RArc::new(interaction(d)?)),
        name => Event::Other(RArc::new(RawEvent { name: name.into(), json: d.to_string().into() })),
    })
}

pub(super) fn message(d: &Value) -> Result<RArc<Message>, String> {
    Ok(RArc::new(Message {
        id: needed(d, "id")?,
        channel_id: needed(d, "channel_id")?,
        guild_id: id(&d["guild_id"]),
        author: user(&d["author"], &d["member"]),
        roles: ids(&d["member"]["roles"]),
        content: text(&d["content"]),
        mentions: items(&d["mentions"]).filter_map(|it| number(&it["id"])).collect(),
        attachments: items(&d["attachments"]).map(attachment).collect(),
        reply_to: id(&d["message_reference"]["message_id"]),
        webhook_id: id(&d["webhook_id"]),
        json: d.to_string().into(),
    }))
}

pub(super) fn interaction(d: &Value) -> Result<Interaction, String> {
    let data = &d["data"];
    let (mut command, mut options) = (text(&data["name"]), RVec::new());
    flatten(&data["options"], &mut command, &mut options);
    items(&data["components"]).for_each(|field| fields(field, &mut options));
    let who = if d["member"]["user"].is_object() { &d["member"]["user"] } else { &d["user"] };
    Ok(Interaction {
        id: needed(d, "id")?,
        application_id: needed(d, "application_id")?,
        kind: d["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).ok_or("`type` is missing")?,
        token: text(&d["token"]),
        channel_id: id(&d["channel_id"]),
        guild_id: id(&d["guild_id"]),
        user: user(who, &d["member"]),
        roles: ids(&d["member"]["roles"]),
        permissions: number(&d["member"]["permissions"]).unwrap_or(0),
        app_permissions: number(&d["app_permissions"]).unwrap_or(0),
        command,
        command_kind: data["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).unwrap_or(0),
        target_id: id(&data["target_id"]),
        custom_id: text(&data["custom_id"]),
        options,
        values: items(&data["values"]).map(text).collect(),
        deferred: false,
        json: d.to_string().into(),
    })
}

/// Subcommand names are joined, options become text.
fn flatten(from: &Value, command: &mut RString, into: &mut RVec<CommandOption>) {
    for option in items(from) {
        let kind = option["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).unwrap_or(0);
        if matches!(kind, 1 | 2) {
            command.push(' ');
            command.push_str(option["name"].as_str().unwrap_or_default());
            flatten(&option["options"], command, into);
            continue;
        }
        into.push(CommandOption {
            name: text(&option["name"]),
            kind,
            value: plain(&option["value"]),
            focused: option["focused"] == Value::Bool(true),
        });
    }
}

/// The fields of a form, by `custom_id`, one entry for each value.
fn fields(field: &Value, into: &mut RVec<CommandOption>) {
    if field["custom_id"].is_string() {
        // The type of the component's values: text, or ids of this kind.
        let kind = match field["type"].as_u64() {
            Some(5) => 6,
            Some(6) => 8,
            Some(7) => 9,
            Some(8) => 7,
            Some(19) => 11,
            Some(23) => 5,
            _ => 3,
        };
        let single = Some(&field["value"]).filter(|value| !value.is_null());
        for value in single.into_iter().chain(items(&field["values"])) {
            into.push(CommandOption {
                name: text(&field["custom_id"]),
                kind,
                value: plain(value),
                focused: false,
            });
        }
    }
    items(&field["components"]).for_each(|inner| fields(inner, into));
    if field["component"].is_object() {
        fields(&field["component"], into);
    }
}

fn user(user: &Value, member: &Value) -> User {
    let name = text(&user["username"]);
    let display = [&member["nick"], &user["global_name"]].into_iter().find_map(Value::as_str);
    User {
        id: number(&user["id"]).unwrap_or(0),
        display_name: display.map_or_else(|| name.clone(), RString::from),
        name,
        bot: user["bot"] == Value::Bool(true),
    }
}

fn attachment(it: &Value) -> Attachment {
    Attachment {
        id: number(&it["id"]).unwrap_or(0),
        name: text(&it["filename"]),
        url: text(&it["url"]),
        size: it["size"].as_u64().unwrap_or(0),
    }
}

fn needed(d: &Value, field: &str) -> Result<u64, String> {
    number(&d[field]).ok_or_else(|| format!("`{field}` must be a snowflake: digits in a string"))
}

/// The number in a string of digits.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_str()?.parse().ok()
}

fn id(value: &Value) -> ROption<u64> {
    number(value).into()
}

fn ids(value: &Value) -> RVec<u64> {
    items(value).filter_map(number).collect()
}

fn text(value: &Value) -> RString {
    value.as_str().unwrap_or_default().into()
}

/// Strings without their quotes, everything else as JSON.
fn plain(value: &Value) -> RString {
    value.as_str().map_or_else(|| value.to_string().into(), RString::from)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
