//! The position of keys and values in the file: keys in, line numbers out.
//! It does not judge the values.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::{Problem, error::in_words};

/// A wrong value, identified by its keys: `["limits", "lane_queue"]`.
pub(super) struct ValueError {
    pub(super) keys: Vec<String>,
    pub(super) what: String,
}

/// The text and its parsed table, which has the position of each key.
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

    /// The line of a key, or of the deepest part of its path that is in the file; 0 if there is none.
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

    /// The lines of everything below a key, by paths such as `roles[1].id`; the key itself has the empty path.
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

    pub(super) fn problem_at(&self, wrong: ValueError) -> Problem {
        Problem { line: self.line_of_key(&wrong.keys), field: wrong.keys.join("."), what: wrong.what }
    }

    /// A type error, located at the deepest key whose text contains the position that `toml` reports.
    pub(super) fn problem_of(&self, error: &Error) -> Problem {
        Problem {
            line: error.span().map_or(0, |span| line_of(self.text, span.start)),
            field: self.keys_of(error).join("."),
            what: in_words(error.message()),
        }
    }

    /// The path of that key.
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
        // The span of `[section]` is only its header, so its values are searched as well.
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

/// What is wrong with a TOML text: line, key and problem. For a duplicate key toml reports the second position.
pub fn syntax(text: &str, error: &Error) -> (Option<usize>, String, String) {
    let what = error.message().to_owned();
    let Some(span) = error.span() else { return (None, String::new(), what) };
    let line = line_of(text, span.start);
    match twice(text, span) {
        Some((key, first)) if what == "duplicate key" => {
            (Some(line), key, format!("is there already, on line {first}"))
        }
        _ => (Some(line), String::new(), what),
    }
}

/// The path of a duplicate key, and the line where it occurs first; the second is at `span`. It renames the second
/// key to find its path.
fn twice(text: &str, span: std::ops::Range<usize>) -> Option<(String, usize)> {
    const OTHER: &str = "the-second-of-two";
    let key = text.get(span.clone())?;
    let renamed = format!("{}{OTHER}{}", &text[..span.start], &text[span.end..]);
    let (table, _) = DeTable::parse_recoverable(&renamed);
    let mut path = Vec::new();
    let first = sibling(table.get_ref(), OTHER, key.trim_matches(['"', '\'']), &mut path)?;
    Some((path.join("."), line_of(text, first)))
}

/// The position of the key `other` beside `key`; `path` becomes the path to it.
fn sibling(table: &DeTable<'_>, key: &str, other: &str, path: &mut Vec<String>) -> Option<usize> {
    if table.iter().any(|(name, _)| name.get_ref() == key) {
        path.push(other.to_owned());
        return table.iter().find(|(name, _)| name.get_ref() == other).map(|(name, _)| name.span().start);
    }
    for (name, value) in table.iter() {
        path.push(name.get_ref().to_string());
        let found = match value.get_ref() {
            DeValue::Table(inner) => sibling(inner, key, other, path),
            DeValue::Array(values) => values.iter().find_map(|value| match value.get_ref() {
                DeValue::Table(inner) => sibling(inner, key, other, path),
                _ => None,
            }),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        path.pop();
    }
    None
}

/// The line of a byte position, counted from 1.
pub(super) fn line_of(text: &str, position: usize) -> usize {
    text.as_bytes()[..position.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_key_that_is_there_twice_is_named_with_both_lines() {
        for (text, said) in [
            ("[cogs]\n[log]\n[cogs]\n", ":3: `cogs`: is there already, on line 1"),
            (
                "[log]\nfolder = 1\n[cogs]\nfolder = \"a\"\n\nfolder = \"b\"\n",
                ":6: `cogs.folder`: is there already, on line 4",
            ),
            (
                "[cog.\"a\".settings]\nx = { y = 1,\n  y = 2 }\n",
                ":3: `cog.a.settings.x.y`: is there already, on line 2",
            ),
            ("cogs.folder = \"a\"\n[cogs]\n", ":2: `cogs`: is there already, on line 1"),
            ("[cog.\"a\"]\n[[cog.a]]\n", ":2: `cog.a`: is there already, on line 1"),
            (
                "[cog.a.settings]\nx = [{ a = 1, a = 2 }]\n",
                ":2: `cog.a.settings.x.a`: is there already, on line 2",
            ),
        ] {
            let error = Config::parse(text, Path::new("/srv/bot/gearshift.toml")).unwrap_err().to_string();
            assert!(error.ends_with(said), "{error}");
        }
    }
}
