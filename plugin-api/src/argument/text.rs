//! The plain types: text, numbers, `bool`, durations, lists and optional values.

use std::{borrow::Cow, time::Duration};

use super::{Argument, ArgumentError, Given, Takes};
use crate::manifest::{OptionType, kind};

impl Argument for String {
    const OPTION: OptionType = OptionType::new(kind::STRING);
    const TAKES: Takes = Takes::Text;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        Ok(given.text().to_owned())
    }
}

macro_rules! integers {
    ($($type:ty)+) => {
        $(impl Argument for $type {
            const OPTION: OptionType = OptionType::new(kind::INTEGER);

            async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
                given.text().parse().map_err(|_| {
                    let (min, max) = (<$type>::MIN, <$type>::MAX);
                    // Discord sends whole numbers up to 2^53, so a larger bound is of no use to a user.
                    let expected = match <$type>::BITS {
                        64 if min == 0 => "a whole number, 0 or more".to_owned(),
                        64 => "a whole number".to_owned(),
                        _ => format!("a whole number from {min} to {max}"),
                    };
                    ArgumentError::Expected(expected)
                })
            }
        })+
    };
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }

macro_rules! floats {
    ($($type:ty)+) => {
        $(impl Argument for $type {
            const OPTION: OptionType = OptionType::new(kind::NUMBER);

            async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
                let number: Option<$type> = decimal(given.text()).and_then(|text| text.parse().ok());
                number.filter(|number| number.is_finite()).ok_or_else(|| ArgumentError::expected("a number"))
            }
        })+
    };
}

floats! { f32 f64 }

impl Argument for bool {
    const OPTION: OptionType = OptionType::new(kind::BOOLEAN);

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        match given.text().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(ArgumentError::expected("yes or no")),
        }
    }
}

/// Such as `90s`, `1h30m`, `2d 12h`, with units in any case. In a prefix command, smaller units may follow as further
/// words. Discord has no option type for durations.
impl Argument for Duration {
    const OPTION: OptionType = OptionType { goes_on: Some(goes_on), ..OptionType::new(kind::STRING) };
    const TAKES: Takes = Takes::Text;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        duration(given.text())
            .ok_or_else(|| ArgumentError::expected("a duration such as `90s`, `10m` or `1h30m`"))
    }
}

gearshift_cog_macros::units!();

fn duration(text: &str) -> Option<Duration> {
    let parts = parts(text).filter(|parts| !parts.is_empty())?;
    parts.into_iter().try_fold(Duration::ZERO, |total, (number, seconds)| {
        total.checked_add(Duration::from_secs(number.checked_mul(seconds)?))
    })
}

/// The numbers of a duration, each with its unit in seconds.
fn parts(text: &str) -> Option<Vec<(u64, u64)>> {
    let (mut parts, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let unit = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        // A phone's keyboard begins with a capital letter.
        let is_it = |name: &&str| name.eq_ignore_ascii_case(&after[..unit]);
        let (_, seconds) = UNITS.iter().find(|(names, _)| names.iter().any(is_it))?;
        parts.push((number, *seconds));
        rest = after[unit..].trim_start();
    }
    Some(parts)
}

/// Whether the units of a word are smaller than those of the duration before it, as in `1h 30m`.
fn goes_on(value: &str, word: &str) -> bool {
    let units = |text| Some(parts(text)?.into_iter().map(|(_, seconds)| seconds));
    let (Some(before), Some(after)) = (units(value), units(word)) else { return false };
    after.max().is_some_and(|largest| before.min().is_none_or(|smallest| largest < smallest))
}

impl<T: Argument> Argument for Option<T> {
    const OPTION: OptionType = T::OPTION.optional();
    const TAKES: Takes = T::TAKES;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        T::read(given).await.map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A list with one item per word: of the rest of the line or, in a slash command, of one text.
impl<T: Argument> Argument for Vec<T> {
    const OPTION: OptionType = {
        assert!(
            !matches!(T::TAKES, Takes::File),
            "a list is made of words; take each file as an argument of its own"
        );
        OptionType { goes_on: T::OPTION.goes_on, ..OptionType::new(kind::STRING).optional() }
    };
    const TAKES: Takes = Takes::Rest;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let (mut all, mut rest) = (Vec::new(), given.text().trim());
        while !rest.is_empty() {
            let (word, after) = split_word(rest);
            all.push(T::read(Given { text: &word, ..given }).await?);
            rest = after.trim_start();
        }
        Ok(all)
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// The first word of a line that does not begin with white space, without its quotation marks, and what follows it. A
/// quotation mark that is not closed is an ordinary letter, and so is a closing one after `\`.
pub(crate) fn split_word(line: &str) -> (Cow<'_, str>, &str) {
    if let Some((word, rest)) = split_quoted(line)
        && rest.chars().next().is_none_or(char::is_whitespace)
    {
        return (word, rest);
    }
    let (word, rest) = line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
    (word.into(), rest)
}

fn split_quoted(line: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut letters = line.chars();
    // Phones type typographic quotation marks on their own.
    let closing: &[char] = match letters.next()? {
        '"' => &['"'],
        '“' => &['”'],
        '„' => &['“', '”'],
        '«' => &['»'],
        _ => return None,
    };
    let (mut word, mut quoted) = (Cow::Borrowed(""), letters.as_str());
    loop {
        let (before, mark) = quoted.split_at(quoted.find(closing)?);
        let mut rest = mark.chars();
        let mark = rest.next()?;
        let Some(before) = before.strip_suffix('\\') else {
            word += before;
            return Some((word, rest.as_str()));
        };
        word += before;
        word.to_mut().push(mark);
        quoted = rest.as_str();
    }
}

/// The first words of a line, with the white space between them; `None` if there are fewer.
pub(super) fn first_words(line: &str, words: usize) -> Option<&str> {
    let mut end = 0;
    for _ in 0..words {
        let rest = &line[end..];
        let word = rest.trim_start();
        if word.is_empty() {
            return None;
        }
        let length = word.find(char::is_whitespace).unwrap_or(word.len());
        end += rest.len() - word.len() + length;
    }
    Some(&line[..end])
}

/// A text without the quotation marks around it.
pub(crate) fn unquoted(text: &str) -> Cow<'_, str> {
    match split_word(text) {
        (word, "") => word,
        _ => text.into(),
    }
}

/// What was typed for each of the options: one word each, and the rest of the line for the last one.
pub(crate) fn words(line: &str, options: usize) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), line.trim());
    while words.len() < options && !rest.is_empty() {
        let (word, after) = match words.len() + 1 == options {
            true => (unquoted(rest), ""),
            false => split_word(rest),
        };
        words.push(word.into_owned());
        rest = after.trim_start();
    }
    words
}

/// The line after the first words.
pub(crate) fn behind(line: &str, words: usize) -> &str {
    (0..words).fold(line.trim(), |line, _| split_word(line).1.trim_start())
}

/// A number as typed, with a decimal point; a comma is accepted too. `None` if the comma could separate thousands.
pub(super) fn decimal(text: &str) -> Option<Cow<'_, str>> {
    let Some((whole, decimals)) = text.split_once(',') else { return Some(text.into()) };
    let may_be_thousands = decimals.len() == 3 && whole.trim_start_matches(['+', '-']) != "0";
    let is_number = decimals.bytes().all(|digit| digit.is_ascii_digit()) && !whole.contains('.');
    (is_number && !may_be_thousands).then(|| format!("{whole}.{decimals}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_can_be_quoted() {
        let table = [
            ("add milk", ("add", " milk")),
            ("\"two words\" x", ("two words", " x")),
            ("\"open end", ("\"open", " end")),
            ("\"a\"b c", ("\"a\"b", " c")),
            ("\"\"", ("", "")),
            ("one", ("one", "")),
            ("“two words” x", ("two words", " x")),
            ("„zwei Wörter“ x", ("zwei Wörter", " x")),
            ("«deux mots»", ("deux mots", "")),
            ("“open end\" x", ("“open", " end\" x")),
            (r#""say \"hi\" now" x"#, (r#"say "hi" now"#, " x")),
            (r#""a \* star" x"#, (r"a \* star", " x")),
            (r#"\"no mark" x"#, (r#"\"no"#, r#" mark" x"#)),
            (r#""open \" end"#, (r#""open"#, r#" \" end"#)),
        ];
        for (line, (word, rest)) in table {
            assert_eq!(split_word(line), (word.into(), rest), "{line}");
        }
        assert_eq!(unquoted("\"all of it\""), "all of it");
        assert_eq!(unquoted("\"a\" and \"b\""), "\"a\" and \"b\"");
    }

    #[test]
    fn words_are_taken_literally() {
        let line = "Very  large x";
        let table = [(1, Some("Very")), (2, Some("Very  large")), (3, Some(line)), (4, None)];
        for (words, expected) in table {
            assert_eq!(first_words(line, words), expected);
        }
    }

    #[test]
    fn prefix_options_are_words_and_the_last_takes_the_rest() {
        let table: [(&str, usize, &[&str]); 6] = [
            (" add  milk and eggs ", 2, &["add", "milk and eggs"]),
            ("add  milk and eggs", 3, &["add", "milk", "and eggs"]),
            ("\"two words\" x", 2, &["two words", "x"]),
            ("\"all of it\"", 1, &["all of it"]),
            ("add", 2, &["add"]),
            ("", 1, &[]),
        ];
        for (line, options, expected) in table {
            assert_eq!(words(line, options), expected, "{line}");
        }
        assert_eq!(behind(" \"two words\"  \"x\" ", 1), "\"x\"");
    }

    #[test]
    fn a_comma_is_a_decimal_point_and_never_separates_thousands() {
        let table = [
            ("1.5", Some("1.5")),
            ("1,5", Some("1.5")),
            ("-0,125", Some("-0.125")),
            ("1,000", None),
            ("1,000.5", None),
            ("1.000,5", None),
            ("1,000,000", None),
            ("1,0000", Some("1.0000")),
        ];
        for (text, expected) in table {
            assert_eq!(decimal(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_read_in_common_formats() {
        let table = [
            ("90s", Some(90)),
            ("1h30m", Some(5400)),
            ("2d 12h", Some(216_000)),
            ("5 minutes", Some(300)),
            ("2hrs 1 Min", Some(7260)),
            ("1H30M", Some(5400)),
            ("0s", Some(0)),
            ("", None),
            ("10", None),
            ("m", None),
            ("5 parsecs", None),
            ("99999999999999999999w", None),
            ("18446744073709551615w", None),
        ];
        for (text, seconds) in table {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
