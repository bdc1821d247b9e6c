//! Expected output with holes: `*` for any text, `{name}` for a word that is the same wherever the name is used.
//! It reads no scripts and knows no bot.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

/// The words that holes stand for, by name.
pub(super) type Words = BTreeMap<String, String>;

/// A text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    written: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Any,
    Word(String),
}

impl Pattern {
    /// Parses a pattern.
    pub(super) fn parse(written: &str) -> Result<Pattern, String> {
        let (mut parts, mut text) = (Vec::new(), String::new());
        let mut rest = written.chars();
        while let Some(character) = rest.next() {
            let hole = match character {
                '\\' => {
                    text.push(match rest.next() {
                        Some('n') => '\n',
                        Some(other @ ('*' | '{' | '\\')) => other,
                        _ => return Err("`\\` must be followed by `n`, `*`, `{` or `\\`".to_owned()),
                    });
                    continue;
                }
                '*' => Part::Any,
                '{' => Part::Word(name(&mut rest)?),
                other => {
                    text.push(other);
                    continue;
                }
            };
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(hole);
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Pattern { parts, written: written.to_owned() })
    }

    /// Whether `said` matches; records the words of holes that had none yet.
    pub(super) fn fits(&self, said: &str, words: &mut Words) -> bool {
        let mut new = words.clone();
        let fits = fits(&self.parts, said, &mut new, &mut Tried::new());
        if fits {
            *words = new;
        }
        fits
    }

    /// The pattern with all known words filled in.
    pub(super) fn filled(&self, words: &Words) -> String {
        words
            .iter()
            .fold(self.written.clone(), |text, (name, word)| text.replace(&format!("{{{name}}}"), word))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written)
    }
}

fn name(rest: &mut std::str::Chars<'_>) -> Result<String, String> {
    let text = rest.as_str();
    let (name, after) =
        text.split_once('}').ok_or(format!("`{{{text}` is not closed; `\\{{` is the brace itself"))?;
    *rest = after.chars();
    let is_name =
        !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || character == '_');
    match is_name {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "`{{{name}}}` is not a name, which has letters, digits and `_`; `\\{{` is the brace itself"
        )),
    }
}

/// From where on the rest of a text does not fit the rest of a pattern, with which words: how many parts and bytes are
/// left. Without it, a text that does not fit a pattern with many holes would be tried for hours.
type Tried = HashSet<(usize, usize, Words)>;

/// Tries each length for each hole, shortest first.
fn fits(parts: &[Part], said: &str, words: &mut Words, tried: &mut Tried) -> bool {
    let Some((part, others)) = parts.split_first() else { return said.is_empty() };
    match part {
        Part::Text(text) => {
            said.strip_prefix(text.as_str()).is_some_and(|rest| fits(others, rest, words, tried))
        }
        Part::Any if others.is_empty() => true,
        Part::Any => {
            let state = (others.len(), said.len(), words.clone());
            let found =
                !tried.contains(&state) && ends(said).any(|end| fits(others, &said[end..], words, tried));
            if !found {
                tried.insert(state);
            }
            found
        }
        Part::Word(name) => match words.get(name).cloned() {
            Some(word) => {
                said.strip_prefix(word.as_str()).is_some_and(|rest| fits(others, rest, words, tried))
            }
            None => {
                let length = said.find(char::is_whitespace).unwrap_or(said.len());
                let found = ends(&said[..length]).skip(1).any(|end| {
                    words.insert(name.clone(), said[..end].to_owned());
                    fits(others, &said[end..], words, tried)
                });
                if !found {
                    words.remove(name);
                }
                found
            }
        },
    }
}

/// Every position at which a text can be split, including both ends.
fn ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices().map(|(at, _)| at).chain([text.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, said: &str) -> Option<Words> {
        let mut words = Words::new();
        Pattern::parse(pattern).unwrap().fits(said, &mut words).then_some(words)
    }

    #[test]
    fn a_plain_text_fits_itself_only() {
        assert!(fits("pong hi", "pong hi").is_some());
        for other in ["pong", "pong hi ", "Pong hi", ""] {
            assert!(fits("pong hi", other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_star_is_any_text_and_a_name_is_a_word() {
        assert!(fits("a*c*", "abbc").is_some() && fits("*", "").is_some());
        assert!(fits("a*c", "abcd").is_none());
        let words = fits("{own} for you, {all} for *", "3 for you, 12 for everybody").unwrap();
        assert_eq!((words["own"].as_str(), words["all"].as_str()), ("3", "12"));
        assert!(fits("{own} for you", "3 4 for you").is_none(), "a word has no blanks");
    }

    #[test]
    fn many_stars_and_a_long_text_do_not_take_long() {
        let said = "a ".repeat(200);
        assert!(fits("* * * * * * * * * *", &said).is_some());
        assert!(fits("* * * * * * * * * *b", &said).is_none());
        assert!(fits("{one} * * * * * {two}* * * *b", &said).is_none());
    }

    #[test]
    fn a_name_stands_for_the_same_word_everywhere() {
        assert!(fits("{n} and {n}", "1 and 1").is_some());
        assert!(fits("{n} and {n}", "1 and 2").is_none());
        let mut words = Words::from([("n".to_owned(), "7".to_owned())]);
        assert!(!Pattern::parse("{n}!").unwrap().fits("8!", &mut words));
        assert_eq!(Pattern::parse("{n}!").unwrap().filled(&words), "7!");
    }

    #[test]
    fn signs_can_stand_for_themselves() {
        assert!(fits(r"\*\{x}\\ \n", "*{x}\\ \n").is_some());
        assert!(fits(r"2 \* 3", "2 times 3").is_none());
    }

    #[test]
    fn a_mistake_is_explained() {
        assert!(Pattern::parse("a {b c}").unwrap_err().contains("`{b c}` is not a name"));
        assert!(Pattern::parse("\\x").unwrap_err().contains("`\\` must be followed by"));
        assert!(Pattern::parse("{open").unwrap_err().contains("is not closed"));
    }
}
