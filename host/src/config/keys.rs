//! The known keys and the words allowed as values, derived from the types themselves. An unknown key is answered with
//! the most similar known one, and a wrong word with all allowed ones.
//! No list is maintained by hand: a probe records the fields of each section and the variants of each value that
//! `serde` asks for.

use std::collections::BTreeMap;

use serde::de::value::{Error as ValueError, SeqDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::locate::Document;
use super::{Problem, TOKEN_VARIABLE};

/// Reads `T`; the second result lists unknown keys.
pub(super) fn read<T: DeserializeOwned>(document: &Document<'_>) -> (Result<T, Problem>, Vec<Problem>) {
    let mut unknown = Vec::new();
    let read = toml::Deserializer::parse(document.text()).and_then(|deserializer| {
        serde_ignored::deserialize(deserializer, |path| {
            let mut keys = Vec::new();
            collect(&path, &mut keys);
            unknown.push(keys);
        })
    });
    let known = Known::of::<T>();
    let read = read.map_err(|error| known.problem_of(document, &error));
    let problems = unknown.into_iter().map(|keys| {
        let (key, section) =
            keys.split_last().map(|(key, section)| (key.as_str(), section)).unwrap_or_default();
        let siblings = known.fields.get(&known.path(section)).copied().unwrap_or_default();
        let hint = match section == ["discord"] && key.to_lowercase().contains("token") {
            // Whatever its spelling: the bot's token does not belong in a file that others may read.
            true => format!("`token_file` names the file with the token, or {TOKEN_VARIABLE} holds it"),
            false => hint(key, siblings.iter().copied()),
        };
        let what = format!("unknown key `{}`; {hint}", keys.join("."));
        Problem { line: document.line_of_key(&keys), field: keys.join("."), what }
    });
    (read, problems.collect())
}

/// "did you mean …", or all names if none is similar.
pub(super) fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = known
        .clone()
        .map(|name| (strsim::normalized_damerau_levenshtein(wrong, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.55 => format!("did you mean `{name}`?"),
        _ => {
            let names: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            format!("known here: {}", names.join(", "))
        }
    }
}

/// What the types reveal about the file. Paths are `""` for the top level, then `discord`, `limits` and so on.
#[derive(Default)]
struct Known {
    /// The fields of each section.
    fields: BTreeMap<String, &'static [&'static str]>,
    /// The words allowed for a value.
    words: BTreeMap<String, &'static [&'static str]>,
}

impl Known {
    fn of<T: DeserializeOwned>() -> Known {
        let mut known = Known::default();
        // Only the calls matter, and a test below ensures that every value of the config accepts its sample.
        let _ = T::deserialize(Probe { path: String::new(), known: &mut known });
        known
    }

    /// The path of a key or a section.
    fn path(&self, keys: &[String]) -> String {
        let mut path = String::new();
        for key in keys {
            let key = if self.fields.get(&path).is_some_and(|keys| **keys == [ANY]) { ANY } else { key };
            path = below(&path, key);
        }
        path
    }

    /// What is wrong with a value. If a word is not allowed, serde does not always list the allowed ones.
    fn problem_of(&self, document: &Document<'_>, error: &toml::de::Error) -> Problem {
        let problem = document.problem_of(error);
        let keys = document.keys_of(error);
        // The value may be a table that contains the error.
        let found = (1..=keys.len()).rev().find_map(|length| {
            let (keys, _) = keys.split_at(length);
            Some((keys, *self.words.get(&self.path(keys))?))
        });
        match found {
            Some((keys, words)) => {
                Problem { field: keys.join("."), what: format!("must be {}", one_of(words)), ..problem }
            }
            None => problem,
        }
    }
}

/// ``"online"`, `"idle"` or `"dnd"``, as they are written in the file.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    match quoted.as_slice() {
        [more @ .., last] if !more.is_empty() => format!("{} or {last}", more.join(", ")),
        _ => quoted.concat(),
    }
}

fn below(section: &str, key: &str) -> String {
    match section {
        "" => key.to_owned(),
        section => format!("{section}.{key}"),
    }
}

fn collect(path: &serde_ignored::Path<'_>, keys: &mut Vec<String>) {
    use serde_ignored::Path;
    match path {
        Path::Root => {}
        Path::Seq { parent, index } => {
            collect(parent, keys);
            keys.push(index.to_string());
        }
        Path::Map { parent, key } => {
            collect(parent, keys);
            keys.push(key.clone());
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            collect(parent, keys);
        }
    }
}

/// The name of any key in a section whose keys are names, such as `[cog]`.
const ANY: &str = "*";

/// A text that is valid for every field of the config: the strictest one is an amount of memory.
const SAMPLE: &str = "1 MiB";

/// Pretends that every section and field is present, with a sample for each kind of value, and records which fields
/// are requested, and which words are allowed.
struct Probe<'a> {
    path: String,
    known: &'a mut Known,
}

impl<'de> de::Deserializer<'de> for Probe<'_> {
    type Error = ValueError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.known.fields.insert(self.path.clone(), fields);
        visitor.visit_map(Fields { section: self.path, known: self.known, left: fields.iter(), current: "" })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.known.words.insert(self.path, variants);
        visitor.visit_enum(variants[0].into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<u64>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.known.fields.insert(self.path.clone(), &[ANY]);
        visitor.visit_map(Fields { section: self.path, known: self.known, left: [ANY].iter(), current: "" })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(SAMPLE)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(SAMPLE)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(1)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

struct Fields<'a> {
    section: String,
    known: &'a mut Known,
    left: std::slice::Iter<'static, &'static str>,
    current: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Some(field) = self.left.next() else { return Ok(None) };
        self.current = field;
        seed.deserialize(field.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let path = below(&self.section, self.current);
        seed.deserialize(Probe { path, known: self.known })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::config::Config;

    #[test]
    fn every_section_and_field_is_known_without_a_list() {
        let mut known = Known::default();
        Config::deserialize(Probe { path: String::new(), known: &mut known })
            .expect("samples fit every field");
        let found = known.fields;
        assert!(found[""].contains(&"limits"));
        for section in found[""] {
            assert!(found.contains_key(*section), "section `{section}` has no fields");
        }
        assert!(found["limits"].contains(&"drain_timeout_ms"));
        assert!(!found[""].contains(&"file"), "a field that the operator cannot set is not a key");
    }

    #[test]
    fn a_value_that_is_none_of_a_few_words_is_answered_with_all_of_them_whatever_it_is() {
        let known = Known::of::<Config>();
        assert!(known.words.len() >= 5, "{:?}", known.words);
        for (path, words) in &known.words {
            let path = path.replace('*', "music");
            let (section, key) = path.rsplit_once('.').expect("it is in a section");
            for wrong in ["3", "true", "\"loud\"", "[]", "{}", "{ loud = 1 }", "1.5", "\"\""] {
                let text = format!("[{section}]\n\n{key} = {wrong}\n");
                let error = Config::parse(&text, "gearshift.toml".as_ref()).expect_err(wrong).to_string();
                assert!(error.starts_with(&format!("gearshift.toml:3: `{path}`: must be `\"")), "{error}");
                assert!(words.iter().all(|word| error.contains(&format!("`\"{word}\"`"))), "{error}");
            }
        }
    }
}
