//! Reading a JSON body field by field, with Discord's messages for what is wrong and where.
//! It knows no particular route.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::{ApiError, FormErrors};
use crate::clock::Timestamp;
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

    pub(crate) fn missing(&mut self, key: &str) {
        self.fail(key, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// Fields that Discord knows and that change nothing here.
    pub(crate) fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.map.remove(*key);
        }
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

    /// A text whose number of characters is in a range.
    pub(crate) fn text_within(&mut self, key: &str, chars: RangeInclusive<usize>) -> Option<String> {
        let text = self.text(key, usize::MAX)?;
        if chars.contains(&text.chars().count()) {
            return Some(text);
        }
        let message = format!("Must be between {} and {} in length.", chars.start(), chars.end());
        self.fail(key, "BASE_TYPE_BAD_LENGTH", &message);
        None
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

    /// A whole number in a range.
    pub(crate) fn number_within(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = self.number(key)?;
        if number < *range.start() {
            let message = format!("int value should be greater than or equal to {}.", range.start());
            self.fail(key, "NUMBER_TYPE_MIN", &message);
        } else if number > *range.end() {
            let message = format!("int value should be less than or equal to {}.", range.end());
            self.fail(key, "NUMBER_TYPE_MAX", &message);
        } else {
            return Some(number);
        }
        None
    }

    /// A number that is one of a few.
    pub(crate) fn choice(&mut self, key: &str, choices: &[u64]) -> Option<u64> {
        let number = self.number(key)?;
        if choices.contains(&number) {
            return Some(number);
        }
        let listed = choices.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        self.fail(key, "BASE_TYPE_CHOICES", &format!("Value must be one of {{{listed}}}."));
        None
    }

    pub(crate) fn snowflake(&mut self, key: &str) -> Option<Snowflake> {
        let value = self.take(key)?;
        let id = serde_json::from_value(value.clone()).ok();
        if id.is_none() {
            self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not snowflake."));
        }
        id
    }

    /// A moment in ISO 8601.
    pub(crate) fn moment(&mut self, key: &str) -> Option<Timestamp> {
        let value = self.take(key)?;
        let moment = value.as_str().and_then(|text| text.parse().ok());
        if moment.is_none() {
            let message = format!("Could not parse {value}. Should be ISO8601.");
            self.fail(key, "DATE_TIME_TYPE_PARSE", &message);
        }
        moment
    }

    pub(crate) fn snowflakes(&mut self, key: &str, max: usize) -> Option<Vec<Snowflake>> {
        let list = self.list(key, max)?;
        let ids = list.iter().map(|id| serde_json::from_value(id.clone()).ok()).collect::<Option<Vec<_>>>();
        if ids.is_none() {
            self.fail(key, "NUMBER_TYPE_COERCE", "Value is not snowflake.");
        }
        ids
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

    /// A list of objects whose length is in a range.
    pub(crate) fn objects(&mut self, key: &str, count: RangeInclusive<usize>) -> Option<Vec<Fields>> {
        let list = self.list(key, usize::MAX)?;
        if !count.contains(&list.len()) {
            let message = format!("Must be between {} and {} in length.", count.start(), count.end());
            self.fail(key, "BASE_TYPE_BAD_LENGTH", &message);
            return None;
        }
        Some(self.all_objects(&format!("{key}."), list))
    }

    /// The fields of a body that is a list; the whole gathers their mistakes.
    pub(super) fn parse_list(body: &[u8]) -> Result<(Self, Vec<Self>), ApiError> {
        let mut whole = Self::default();
        match serde_json::from_slice(body) {
            Ok(Value::Array(list)) => {
                let items = whole.all_objects("", list);
                Ok((whole, items))
            }
            Ok(_) => {
                Err(ApiError::form("_misc", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"))
            }
            Err(_) => Err(ApiError::invalid_json()),
        }
    }

    /// Those that are objects; others are mistakes.
    fn all_objects(&mut self, place: &str, list: Vec<Value>) -> Vec<Fields> {
        let mut all = Vec::with_capacity(list.len());
        for (at, value) in list.into_iter().enumerate() {
            let place = format!("{place}{at}");
            match value {
                Value::Object(map) => all.push(Self::of(map, &format!("{}{place}.", self.prefix))),
                _ => self.fail(&place, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"),
            }
        }
        all
    }

    /// Takes over the mistakes of an object inside this one.
    pub(crate) fn absorb(&mut self, inner: Fields) {
        self.errors.merge(inner.errors);
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
