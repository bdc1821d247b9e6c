//! Reads Discord's JSON, and reports errors in it without quoting what a user wrote. It knows no particular event.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::Visitor;

/// Why an event's JSON is not what Discord documents. Names a field and what was expected, never the value found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {place}: {what}")]
pub struct DecodeError {
    place: String,
    what: String,
}

/// Deserializes `json`. If that fails, it does so again, tracking the path to the field for the error.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, DecodeError> {
    serde_json::from_str(json).map_err(|plain| {
        let mut again = serde_json::Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(error) => {
                let path = error.path().to_string();
                // serde_path_to_error writes the root as a dot.
                let place = if path == "." { "its payload".to_owned() } else { format!("`{path}`") };
                DecodeError { place, what: what(error.inner()) }
            }
            // The value itself is fine; something follows it.
            Ok(_) => DecodeError { place: "its payload".to_owned(), what: what(&plain) },
        }
    })
}

/// The part of an error that names our types and fields. The rest may quote a user's text.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if !error.is_data() {
        return "it is not JSON".to_owned();
    }
    if text == NOT_AN_ID || text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.to_owned();
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "it does not match Discord's documentation".to_owned(),
    }
}

const NOT_AN_ID: &str = "an id is not a number";

/// A snowflake: digits in a string.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Id, D::Error> {
        from.deserialize_str(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, digits: &str) -> Result<Id, E> {
        digits.parse().map(Id).map_err(|_| E::custom(NOT_AN_ID))
    }
}

/// A text, borrowed from the JSON if it has no escapes. serde copies a plain `Cow` inside an `Option` or a `Vec`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use crate::event::message;

    #[test]
    fn an_error_names_the_field_and_quotes_nothing() {
        let cases = [
            ("{}", "cannot read its payload: missing field `id`"),
            ("", "cannot read its payload: it is not JSON"),
            (r#"{"id":"1","channel_id":"2"} secret"#, "cannot read its payload: it is not JSON"),
            (r#"{"id":5,"channel_id":"1"}"#, "cannot read `id`: expected a string"),
            (r#"{"id":"secret","channel_id":"1"}"#, "cannot read `id`: an id is not a number"),
            (
                r#"{"id":"1","channel_id":"2","author":{"username":null}}"#,
                "cannot read `author.username`: expected a string",
            ),
            (
                r#"{"id":"1","channel_id":"2","author":{"username":"x"}}"#,
                "cannot read `author`: missing field `id`",
            ),
            (
                r#"{"id":"1","channel_id":"2","attachments":[{"id":"3"},{"id":"4","size":"secret, expected x"}]}"#,
                "cannot read `attachments[1].size`: expected u64",
            ),
            (
                r#"{"id":"1","channel_id":"2","mentions":"secret"}"#,
                "cannot read `mentions`: expected a sequence",
            ),
        ];
        for (json, text) in cases {
            assert_eq!(message(json).expect_err(json).to_string(), text, "{json}");
        }
    }
}
