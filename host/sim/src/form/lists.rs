//! Lists in a body: reads each item, and locates mistakes by index.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::Fields;
use super::fields::{bad_length, one_of};
use super::number::whole;
use crate::ids::Snowflake;

/// What is wrong with a value: Discord's code and message.
pub(crate) type Mistake = (&'static str, String);

impl Fields {
    pub(crate) fn snowflakes(&mut self, key: &str, count: RangeInclusive<usize>) -> Option<Vec<Snowflake>> {
        self.items(key, count, |value| {
            let wrong = |_| ("NUMBER_TYPE_COERCE", format!("Value {value} is not snowflake."));
            serde_json::from_value(value.clone()).map_err(wrong)
        })
    }

    /// A list of texts, each one of `choices`.
    pub(crate) fn words(&mut self, key: &str, choices: &[&str]) -> Option<Vec<String>> {
        self.items(key, 0..=choices.len(), |value| {
            let word = value.as_str().filter(|word| choices.contains(word));
            let wrong =
                || ("BASE_TYPE_CHOICES", format!("Value must be one of {{'{}'}}.", choices.join("', '")));
            word.map(str::to_owned).ok_or_else(wrong)
        })
    }

    /// A list of texts, each with a number of characters within a range.
    pub(crate) fn texts(
        &mut self,
        key: &str,
        max: usize,
        chars: &RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        self.items(key, 0..=max, |value| fitting(value, chars).map(str::to_owned))
    }

    /// The items of a list that can be read; each other item is a mistake.
    pub(crate) fn items<T>(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        read: impl Fn(&Value) -> Result<T, Mistake>,
    ) -> Option<Vec<T>> {
        let list = self.list(key, count)?;
        let mut all = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            match read(value) {
                Ok(item) => all.push(item),
                Err((code, message)) => self.fail(&format!("{key}.{at}"), code, &message),
            }
        }
        Some(all)
    }

    /// Whether the list is present and not empty.
    pub(crate) fn has_any(&mut self, key: &str) -> bool {
        self.list(key, 0..=usize::MAX).is_some_and(|list| !list.is_empty())
    }

    /// A list whose length is within a range.
    fn list(&mut self, key: &str, count: RangeInclusive<usize>) -> Option<Vec<Value>> {
        match self.take(key)? {
            Value::Array(list) if count.contains(&list.len()) => Some(list),
            Value::Array(_) => {
                self.fail(key, "BASE_TYPE_BAD_LENGTH", &bad_length(&count));
                None
            }
            _ => {
                self.fail(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
                None
            }
        }
    }

    /// A list of objects, with its length within a range.
    pub(crate) fn objects(&mut self, key: &str, count: RangeInclusive<usize>) -> Option<Vec<Fields>> {
        let list = self.list(key, count)?;
        Some(self.all_objects(&format!("{key}."), list))
    }

    /// A list of integers that are not negative.
    pub(crate) fn numbers(&mut self, key: &str, count: RangeInclusive<usize>) -> Option<Vec<u64>> {
        let wrong = |value: &Value| ("NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
        self.items(key, count, |value| natural(value).ok_or_else(|| wrong(value)))
    }

    /// A list of numbers, each one of `choices`.
    pub(crate) fn choices(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        choices: &[u64],
    ) -> Option<Vec<u64>> {
        self.items(key, count, |value| {
            let number = natural(value).filter(|number| choices.contains(number));
            number.ok_or_else(|| ("BASE_TYPE_CHOICES", one_of(choices)))
        })
    }

    /// Reads each object of a list whose length is within a range.
    pub(crate) fn read_objects<T>(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Fields) -> T,
    ) -> Option<Vec<T>> {
        let objects = self.objects(key, count)?.into_iter();
        let all = objects.map(|mut one| {
            let read = read(&mut one);
            self.absorb(one);
            read
        });
        Some(all.collect())
    }

    /// The items that are objects; the others are mistakes.
    pub(super) fn all_objects(&mut self, place: &str, list: Vec<Value>) -> Vec<Fields> {
        let mut all = Vec::with_capacity(list.len());
        for (at, value) in list.into_iter().enumerate() {
            let place = format!("{place}{at}");
            match value {
                Value::Object(map) => all.push(self.inner(&place, map)),
                _ => self.fail(&place, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"),
            }
        }
        all
    }
}

fn natural(value: &Value) -> Option<u64> {
    u64::try_from(whole(value)?).ok()
}

/// A text with a number of characters within a range.
pub(crate) fn fitting<'a>(value: &'a Value, chars: &RangeInclusive<usize>) -> Result<&'a str, Mistake> {
    match value.as_str() {
        Some(text) if chars.contains(&text.chars().count()) => Ok(text),
        Some(_) => Err(("BASE_TYPE_BAD_LENGTH", bad_length(chars))),
        None => Err(("STRING_TYPE_CONVERT", "Could not interpret value as string.".to_owned())),
    }
}
