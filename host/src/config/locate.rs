//! Where a key or a value stands in the file: keys in, line numbers out.
//! It gives no opinion on the values.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::{Problem, error::in_words};

/// A wrong value, named by its keys: `["limits", "lane_queue"]`.
pub(super) struct Wrong {
    pub(super) keys: Vec<String>,
    pub(super) what: String,
}

/// The text and its parsed table, with the position of each key.
pub(super) struct Document<'t> {
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Document<'t>, Error> {
        Ok(Document { text, table: DeTable::parse(text)? })
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The line of a key, or of the deepest part of its path that stands in the file; 0 when none does.
    pub(super) fn line_of_key<S: AsRef<str>>(&self, keys: &[S]) -> usize {
        let mut line = 0;
        let mut table = self.table.get_ref();
        for key in keys {
            let found = table.iter().find(|(name, _)| name.get_ref().as_ref() == key.as_ref());
            let Some((name, value)) = found else { break };
            line = line_of(self.text, name.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        line
    }

    /// The lines of everything below a key, by paths such as `roles[1].id`; that of the key itself is the empty path's.
    pub(super) fn lines_below(&self, keys: &[&str]) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::from([(String::new(), self.line_of_key(keys))]);
        let mut table = self.table.get_ref();
        for key in keys {
            match table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value.get_ref()) {
                Some(DeValue::Table(inner)) => table = inner,
                _ => return lines,
            }
        }
        lines_in(self.text, table, "", &mut lines);
        lines
    }

    pub(super) fn problem_at(&self, wrong: Wrong) -> Problem {
        Problem { line: self.line_of_key(&wrong.keys), field: wrong.keys.join("."), what: wrong.what }
    }

    /// A type error, at the deepest key whose text holds the place that `toml` names.
    pub(super) fn problem_of(&self, error: &Error) -> Problem {
        Problem {
            line: error.span().map_or(0, |span| line_of(self.text, span.start)),
            field: self.keys_of(error).join("."),
            what: in_words(error.message()),
        }
    }

    /// That key.
    pub(super) fn keys_of(&self, error: &Error) -> Vec<String> {
        let mut keys = Vec::new();
        if let Some(span) = error.span() {
            deepest(self.table.get_ref(), span.start, &mut keys);
        }
        keys
    }
}

fn lines_in(text: &str, table: &DeTable<'_>, above: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table.iter() {
        let dot = if above.is_empty() { "" } else { "." };
        let path = format!("{above}{dot}{}", name.get_ref());
        lines.insert(path.clone(), line_of(text, name.span().start));
        lines_of(text, value.get_ref(), &path, lines);
    }
}

fn lines_of(text: &str, value: &DeValue<'_>, path: &str, lines: &mut BTreeMap<String, usize>) {
    match value {
        DeValue::Table(table) => lines_in(text, table, path, lines),
        DeValue::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let path = format!("{path}[{index}]");
                lines.insert(path.clone(), line_of(text, value.span().start));
                lines_of(text, value.get_ref(), &path, lines);
            }
        }
        _ => {}
    }
}

fn deepest(table: &DeTable<'_>, place: usize, keys: &mut Vec<String>) {
    for (name, value) in table.iter() {
        if value.span().contains(&place) || name.span().contains(&place) {
            keys.push(name.get_ref().to_string());
            if let DeValue::Table(inner) = value.get_ref() {
                deepest(inner, place, keys);
            }
            return;
        }
        // The span of `[section]` is its header only, so its values are looked into as well.
        if let DeValue::Table(inner) = value.get_ref() {
            let before = keys.len();
            keys.push(name.get_ref().to_string());
            deepest(inner, place, keys);
            if keys.len() > before + 1 {
                return;
            }
            keys.truncate(before);
        }
    }
}

/// Line of a byte position, from 1.
pub(super) fn line_of(text: &str, position: usize) -> usize {
    text.as_bytes()[..position.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
