//! Reads Discord's JSON as serenity's models. Each type has its own function, which is not generic: it is compiled
//! once, here, and not again in every cog that reads the type.

use std::{borrow::Cow, collections::BTreeMap};

use ::serenity::model::prelude::*;
use serde::de::IgnoredAny;

use crate::{Error, FromDiscord, Result};

macro_rules! models {
    ($($type:ident)+) => {
        $(impl FromDiscord for $type {
            fn from_discord(json: &str) -> Result<Self> {
                serde_json::from_str(json).map_err(|error| unreadable(stringify!($type), &error))
            }
        })+
    };
}

models! {
    // Options of commands, and what comes with them.
    User Member PartialMember Role Channel GuildChannel PartialChannel Attachment Message
    // Answers to common requests.
    CurrentUser Guild PartialGuild PrivateChannel Emoji Sticker Invite Webhook Ban VoiceState
    // What a user called, pressed or submitted.
    Interaction CommandInteraction ComponentInteraction ModalInteraction
}

/// A JSON object, with these fields (each as JSON) added where it lacks them.
pub(super) fn complete<'a>(object: &'a str, fields: &[(&str, &str)]) -> Cow<'a, str> {
    let present: BTreeMap<String, IgnoredAny> = serde_json::from_str(object).unwrap_or_default();
    let Some(open) = object.trim_end().strip_suffix('}') else { return object.into() };
    let mut completed = Cow::Borrowed(open);
    let mut is_empty = present.is_empty();
    for (name, value) in fields.iter().filter(|(name, _)| !present.contains_key(*name)) {
        let comma = if is_empty { "" } else { "," };
        completed.to_mut().push_str(&format!(r#"{comma}"{name}":{value}"#));
        is_empty = false;
    }
    match completed {
        Cow::Borrowed(_) => object.into(),
        Cow::Owned(completed) => format!("{completed}}}").into(),
    }
}

/// serde's message may contain the value that does not fit, which may be a user's text.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let names_value = ["invalid type", "invalid value", "invalid length", "unknown variant"]
        .iter()
        .any(|beginning| text.starts_with(beginning));
    let why = match names_value {
        true => format!("line {} column {} has an unexpected type", error.line(), error.column()),
        false => text,
    };
    Error::new(format!("Discord's JSON cannot be read as {what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_model_is_reported_without_its_value() {
        let error = |json: &str| User::from_discord(json).expect_err("it is no user").to_string();
        let missing = "Discord's JSON cannot be read as User: missing field `username` at line 1 column 10";
        assert_eq!(error(r#"{"id":"7"}"#), missing);
        let text = error(r#"{"id":"7","username":["secret"]}"#);
        assert_eq!(text, "Discord's JSON cannot be read as User: line 1 column 21 has an unexpected type");
        assert!(!error(r#"{"id":"secret","username":"a"}"#).contains("secret"));
    }

    #[test]
    fn missing_fields_of_an_object_are_added() {
        let table = [
            ("{}", r#"{"a":1,"b":[]}"#),
            (r#"{"a":null}"#, r#"{"a":null,"b":[]}"#),
            ("{\"b\":2,\"a\":1} ", "{\"b\":2,\"a\":1} "),
            (r#"{"c":{"a":1}}"#, r#"{"c":{"a":1},"a":1,"b":[]}"#),
        ];
        for (object, expected) in table {
            assert_eq!(complete(object, &[("a", "1"), ("b", "[]")]), expected);
        }
    }
}
