//! Reads a JSON body field by field, with Discord's messages for what is wrong and where. It knows no routes; a field
//! that nobody reads is unknown, so no second list of known fields is needed.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::number::{parse_bool, whole};
use super::{ApiError, FormErrors, Result, UnreadFields};
use crate::ids::{Snowflake, Timestamp};

/// The fields of a JSON object that are not read yet, and the mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    pub(crate) errors: FormErrors,
    /// Path of the object in the body: empty, or ending with a dot.
    prefix: String,
    unread: Arc<UnreadFields>,
}

impl Fields {
    /// The fields of a body; an empty body has none.
    pub(crate) fn parse(body: &[u8], unread: &Arc<UnreadFields>) -> Result<Self> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self { map, unread: unread.clone(), ..Self::default() }),
            Ok(_) => Err(ApiError::form(
                "_misc",
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            )),
            Err(_) => Err(ApiError::invalid_json()),
        }
    }

    /// The fields of each object in a body that is a list; the first value collects their mistakes.
    pub(crate) fn parse_list(body: &[u8], unread: &Arc<UnreadFields>) -> Result<(Self, Vec<Self>)> {
        let mut whole = Self { unread: unread.clone(), ..Self::default() };
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

    /// The fields of an object that is not from a body, with its mistakes under `prefix`.
    pub(crate) fn of(map: Map<String, Value>, prefix: &str) -> Self {
        Self { map, prefix: prefix.to_owned(), ..Self::default() }
    }

    /// Whether the field is present, even if null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The names of the fields that are not read yet.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// Fills in absent fields from the serialised `base`.
    pub(crate) fn over(mut self, base: &impl Serialize) -> Self {
        if let Ok(Value::Object(mut base)) = serde_json::to_value(base) {
            base.append(&mut self.map);
            self.map = base;
        }
        self
    }

    /// The raw value of the field; null counts as absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// Drops fields that Discord knows and that have no effect here.
    pub(crate) fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.map.remove(*key);
        }
    }

    /// Drops all fields, because the object itself is wrong.
    pub(crate) fn ignore_all(&mut self) {
        self.map.clear();
    }

    pub(crate) fn fail(&mut self, key: &str, code: &str, message: &str) {
        self.errors.add(&format!("{}{key}", self.prefix), code, message);
    }

    pub(crate) fn missing(&mut self, key: &str) {
        self.fail(key, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// Whether the field is present and not null; adds a mistake if not.
    pub(crate) fn require(&mut self, key: &str) -> bool {
        let there = self.map.get(key).is_some_and(|value| !value.is_null());
        if !there {
            self.map.remove(key);
            self.missing(key);
        }
        there
    }

    /// What `read` returns for a required field.
    pub(crate) fn required<T: Default>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> T {
        if self.require(key) { read(self, key).unwrap_or_default() } else { T::default() }
    }

    /// What `read` returns for a field that may be null; the outer `None` means that it is absent.
    pub(crate) fn nullable<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        self.has(key).then(|| read(self, key))
    }

    /// Adds a mistake of the object itself.
    pub(crate) fn fail_here(&mut self, code: &str, message: &str) {
        let place = self.prefix.trim_end_matches('.').to_owned();
        self.errors.add(if place.is_empty() { "_misc" } else { &place }, code, message);
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
        // Text has at most as many characters as bytes, so the characters of most texts are not counted.
        if text.len() > max && text.chars().count() > max {
            self.fail(key, "BASE_TYPE_MAX_LENGTH", &format!("Must be {max} or fewer in length."));
            return None;
        }
        Some(text)
    }

    /// A text whose number of characters is within a range.
    pub(crate) fn text_within(&mut self, key: &str, chars: RangeInclusive<usize>) -> Option<String> {
        let text = self.text(key, usize::MAX)?;
        if chars.contains(&text.chars().count()) {
            return Some(text);
        }
        self.fail(key, "BASE_TYPE_BAD_LENGTH", &bad_length(&chars));
        None
    }

    /// A required text whose number of characters is within a range; empty if there is none.
    pub(crate) fn required_text(&mut self, key: &str, chars: RangeInclusive<usize>) -> String {
        self.required(key, |of, key| match *chars.start() {
            0 => of.text(key, *chars.end()),
            _ => of.text_within(key, chars),
        })
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let flag = parse_bool(&self.take(key)?);
        if flag.is_none() {
            self.fail(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
        flag
    }

    /// An integer that is not negative.
    pub(crate) fn number(&mut self, key: &str) -> Option<u64> {
        self.number_within(key, 0..=u64::MAX)
    }

    /// An integer within a range.
    pub(crate) fn number_within<N>(&mut self, key: &str, range: RangeInclusive<N>) -> Option<N>
    where
        N: Copy + Display + Into<i128> + TryFrom<i128>,
    {
        let value = self.take(key)?;
        let Some(number) = whole(&value) else {
            self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not int."));
            return None;
        };
        let (least, most): (i128, i128) = ((*range.start()).into(), (*range.end()).into());
        if number < least {
            let message = format!("int value should be greater than or equal to {least}.");
            self.fail(key, "NUMBER_TYPE_MIN", &message);
        } else if number > most {
            let message = format!("int value should be less than or equal to {most}.");
            self.fail(key, "NUMBER_TYPE_MAX", &message);
        }
        if (least..=most).contains(&number) { N::try_from(number).ok() } else { None }
    }

    /// A number that is one of `choices`.
    pub(crate) fn choice<N: Copy + Display + Into<u64>>(&mut self, key: &str, choices: &[N]) -> Option<N> {
        let number = self.number(key)?;
        let chosen = choices.iter().copied().find(|one| (*one).into() == number);
        if chosen.is_none() {
            self.fail(key, "BASE_TYPE_CHOICES", &one_of(choices));
        }
        chosen
    }

    /// A number, integer or not.
    pub(crate) fn decimal(&mut self, key: &str) -> Option<Number> {
        match self.take(key)? {
            Value::Number(number) => Some(number),
            value => {
                self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not float."));
                None
            }
        }
    }

    /// The value that a number stands for, out of `numbers`.
    pub(crate) fn one_of<T: DeserializeOwned>(&mut self, key: &str, numbers: &[u64]) -> Option<T> {
        serde_json::from_value(self.choice(key, numbers)?.into()).ok()
    }

    pub(crate) fn snowflake(&mut self, key: &str) -> Option<Snowflake> {
        let value = self.take(key)?;
        let id = serde_json::from_value(value.clone()).ok();
        if id.is_none() {
            self.fail(key, "NUMBER_TYPE_COERCE", &format!("Value {value} is not snowflake."));
        }
        id
    }

    /// A timestamp in ISO 8601.
    pub(crate) fn moment(&mut self, key: &str) -> Option<Timestamp> {
        let value = self.take(key)?;
        let moment = value.as_str().and_then(|text| text.parse().ok());
        if moment.is_none() {
            let message = format!("Could not parse {value}. Should be ISO8601.");
            self.fail(key, "DATE_TIME_TYPE_PARSE", &message);
        }
        moment
    }

    pub(crate) fn object(&mut self, key: &str) -> Option<Fields> {
        match self.take(key)? {
            Value::Object(map) => Some(self.inner(key, map)),
            _ => {
                self.fail(key, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
                None
            }
        }
    }

    /// Reads a nested object.
    pub(crate) fn read_object<T>(&mut self, key: &str, read: impl FnOnce(&mut Fields) -> T) -> Option<T> {
        let mut inner = self.object(key)?;
        let read = read(&mut inner);
        self.absorb(inner);
        Some(read)
    }

    /// Reads a nested object; if it is absent, it has no fields.
    pub(crate) fn read_part<T>(&mut self, key: &str, read: impl FnOnce(&mut Fields) -> T) -> T {
        let mut inner = self.object(key).unwrap_or_else(|| self.inner(key, Map::new()));
        let read = read(&mut inner);
        self.absorb(inner);
        read
    }

    /// Takes over the mistakes of a nested object.
    pub(crate) fn absorb(&mut self, mut inner: Fields) {
        inner.settle();
        self.errors.merge(inner.errors);
    }

    /// Returns all mistakes as one error, if there are any.
    pub(crate) fn checked(mut self) -> Result<()> {
        self.settle();
        self.errors.into_result()
    }

    /// Every known field is read by now, so the rest is unknown.
    fn settle(&mut self) {
        for (key, _) in std::mem::take(&mut self.map) {
            let path = format!("{}{key}", self.prefix);
            if self.unread.refused() {
                self.errors.add(&path, "UNKNOWN_FIELD", "Unknown field.");
            }
            self.unread.note(path);
        }
    }

    pub(super) fn inner(&self, place: &str, map: Map<String, Value>) -> Self {
        let prefix = format!("{}{place}.", self.prefix);
        Self { map, prefix, unread: self.unread.clone(), ..Self::default() }
    }
}

pub(super) fn one_of<N: Display>(choices: &[N]) -> String {
    let listed = choices.iter().map(N::to_string).collect::<Vec<_>>().join(", ");
    format!("Value must be one of {{{listed}}}.")
}

pub(super) fn bad_length(fits: &RangeInclusive<usize>) -> String {
    format!("Must be between {} and {} in length.", fits.start(), fits.end())
}

/// Replaces `there` with `given`, if any.
pub(crate) fn set<T>(there: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *there = given;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unread_fields_are_unknown_at_any_depth() {
        let unread = Arc::new(UnreadFields::default());
        let body = json!({ "a": "x", "b": 1, "list": [{ "c": 1, "d": 2 }] }).to_string();
        let mut fields = Fields::parse(body.as_bytes(), &unread).unwrap();
        fields.text("a", 5);
        fields.read_objects("list", 0..=5, |item| item.number("c"));
        fields.checked().unwrap();
        assert_eq!(unread.take(), ["list.0.d", "b"]);
    }

    #[test]
    fn when_strict_an_unknown_field_is_a_mistake() {
        let unread = Arc::new(UnreadFields::strict());
        let fields = Fields::parse(br#"{"contnt":"x"}"#, &unread).unwrap();
        let error = fields.checked().unwrap_err();
        assert_eq!(error.errors.unwrap()["contnt"]["_errors"][0]["code"], "UNKNOWN_FIELD");
    }

    #[test]
    fn mistakes_of_inner_objects_keep_their_place() {
        let list = json!({ "list": [{}, { "name": "" }] });
        let mut fields = Fields::of(list.as_object().unwrap().clone(), "data.");
        fields.read_objects("list", 0..=5, |item| item.required_text("name", 1..=3));
        let errors = fields.checked().unwrap_err().errors.unwrap();
        assert_eq!(errors["data"]["list"]["0"]["name"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
        assert_eq!(errors["data"]["list"]["1"]["name"]["_errors"][0]["code"], "BASE_TYPE_BAD_LENGTH");
    }
}
