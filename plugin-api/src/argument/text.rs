//! The plain types: text, numbers, yes or no, durations, lists, and what may be left out.

use std::time::Duration;

use super::{Argument, ArgumentError, Given, Takes};
use crate::manifest::OptionType;

/// Discord's option types.
const STRING: OptionType = OptionType::new(3);
const INTEGER: OptionType = OptionType::new(4);
const BOOLEAN: OptionType = OptionType::new(5);
const NUMBER: OptionType = OptionType::new(10);

impl Argument for String {
    const OPTION: OptionType = STRING;
    const TAKES: Takes = Takes::Text;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        Ok(given.text().to_owned())
    }
}

macro_rules! integers {
    ($($type:ty)+) => {
        $(impl Argument for $type {
            const OPTION: OptionType = INTEGER;

            async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
                given.text().parse().map_err(|_| {
                    let (min, max) = (<$type>::MIN, <$type>::MAX);
                    // Discord sends whole numbers up to 2^53: a larger bound tells a user nothing.
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
            const OPTION: OptionType = NUMBER;

            async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
                let number: Option<$type> = given.text().replacen(',', ".", 1).parse().ok();
                number.filter(|number| number.is_finite()).ok_or_else(|| ArgumentError::expected("a number"))
            }
        })+
    };
}

floats! { f32 f64 }

impl Argument for bool {
    const OPTION: OptionType = BOOLEAN;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        match given.text().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(ArgumentError::expected("yes or no")),
        }
    }
}

/// Such as `90s`, `1h30m`, `2d 12h`: Discord has no option for it.
impl Argument for Duration {
    const OPTION: OptionType = STRING;
    const TAKES: Takes = Takes::Text;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        duration(given.text())
            .ok_or_else(|| ArgumentError::expected("a duration such as `90s`, `10m` or `1h30m`"))
    }
}

fn duration(text: &str) -> Option<Duration> {
    let (mut total, mut rest) = (Duration::ZERO, text.trim());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let unit = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let seconds = match &after[..unit] {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 60 * 60,
            "d" | "day" | "days" => 24 * 60 * 60,
            "w" | "week" | "weeks" => 7 * 24 * 60 * 60,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(number.checked_mul(seconds)?))?;
        rest = after[unit..].trim_start();
    }
    Some(total)
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

/// Words, each of which is one: all the rest of the line, or, in a slash command, of one text.
impl<T: Argument> Argument for Vec<T> {
    const OPTION: OptionType = {
        assert!(
            !matches!(T::TAKES, Takes::File),
            "a list is of words; take each file as an argument of its own"
        );
        STRING.optional()
    };
    const TAKES: Takes = Takes::Rest;

    async fn read(given: Given<'_>) -> Result<Self, ArgumentError> {
        let (mut all, mut rest) = (Vec::new(), given.text().trim());
        while !rest.is_empty() {
            let (word, after) = split_word(rest);
            all.push(T::read(Given { text: word, ..given }).await?);
            rest = after.trim_start();
        }
        Ok(all)
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// The first word of a line that does not begin with white space, without its quotation marks, and what follows it.
/// A mark that nothing closes is a letter.
pub(crate) fn split_word(line: &str) -> (&str, &str) {
    if let Some(quoted) = line.strip_prefix('"')
        && let Some((word, rest)) = quoted.split_once('"')
        && rest.chars().next().is_none_or(char::is_whitespace)
    {
        return (word, rest);
    }
    line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()))
}

/// A text without the quotation marks around all of it.
pub(crate) fn unquoted(text: &str) -> &str {
    match split_word(text) {
        (word, "") => word,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_stand_in_quotation_marks() {
        let table = [
            ("add milk", ("add", " milk")),
            ("\"two words\" x", ("two words", " x")),
            ("\"open end", ("\"open", " end")),
            ("\"a\"b c", ("\"a\"b", " c")),
            ("\"\"", ("", "")),
            ("one", ("one", "")),
        ];
        for (line, expected) in table {
            assert_eq!(split_word(line), expected, "{line}");
        }
        assert_eq!(unquoted("\"all of it\""), "all of it");
        assert_eq!(unquoted("\"a\" and \"b\""), "\"a\" and \"b\"");
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let table = [
            ("90s", Some(90)),
            ("1h30m", Some(5400)),
            ("2d 12h", Some(216_000)),
            ("5 minutes", Some(300)),
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
