//! Reading a JSON body field by field, with Discord's messages for what is wrong and where.
//! It knows no particular route.

use serde_json::{Map, Value};

use super::error::{ApiError, FormErrors};
use crate::snowflake::Snowflake;

/// The fields of a JSON object that were not read yet, and the mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    pub(crate) errors: FormErrors,
    prefix: String,
}

impl Fields {
    /// The fields of a body; an empty body has none.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self::of(map, "")),
            Ok(_) => Err(ApiError::form(
                "_misc",
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            )),
            Err(_) => Err(ApiError::invalid_json()),
        }
    }

    /// The fields of an object inside a body; its mistakes are found under `prefix`, which ends with a dot or is empty.
    pub(crate) fn of(map: Map<String, Value>, prefix: &str) -> Self {
        Self { map, errors: FormErrors::default(), prefix: prefix.to_owned() }
    }

    /// Whether the field is there at all, null included.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The field as it is; null counts as absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    pub(crate) fn fail(&mut self, key: &str, code: &str, message: &str) {
        self.errors.add(&format!("{}{key}", self.prefix), code, message);
    }

    /// A text of at most `max` characters.
    pub(crate) fn text(&mut self, key: &str, max: usize) -> Option<String> {
        let text = match self.take(key)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => {
                self.fail(key, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
                return None;
            }
        };
        // Bytes are at least characters, so most texts are not counted.
        if text.len() > max && text.chars().count() > max {
            self.fail(key, "BASE_TYPE_MAX_LENGTH", &format!("Must be {max} or fewer in length."));
            return None;
        }
        Some(text)
    }

    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.fail(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
                None
            }
        }
    }

    pub(crate) fn number(&mut self, key: &str) -> Option<u64> {
        let value = self.take(key)?;
        let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        if number.is_none() {
            self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not int."));
        }
        number
    }

    pub(crate) fn snowflake(&mut self, key: &str) -> Option<Snowflake> {
        let value = self.take(key)?;
        let id = serde_json::from_value(value.clone()).ok();
        if id.is_none() {
            self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not snowflake."));
        }
        id
    }

    pub(crate) fn list(&mut self, key: &str, max: usize) -> Option<Vec<Value>> {
        match self.take(key)? {
            Value::Array(list) if list.len() <= max => Some(list),
            Value::Array(_) => {
                self.fail(key, "BASE_TYPE_BAD_LENGTH", &format!("Must be between 0 and {max} in length."));
                None
            }
            _ => {
                self.fail(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
                None
            }
        }
    }

    pub(crate) fn object(&mut self, key: &str) -> Option<Fields> {
        match self.take(key)? {
            Value::Object(map) => Some(Self::of(map, &format!("{}{key}.", self.prefix))),
            _ => {
                self.fail(key, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
                None
            }
        }
    }

    /// The mistakes, if any, as one answer.
    pub(crate) fn checked(self) -> Result<(), ApiError> {
        self.errors.into_result()
    }
}
