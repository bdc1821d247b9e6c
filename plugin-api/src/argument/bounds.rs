//! Checks for prefix commands that Discord makes for slash commands: choices, minimum and maximum, lengths.

use super::text::decimal;
use crate::manifest::{Choice, OptionType};

/// How many choices are listed for a user who gives none of them.
const LISTED: usize = 10;

/// The value that the text stands for, or a description of what it must be.
pub(super) fn fit<'a>(shape: &OptionType, text: &'a str) -> Result<&'a str, String> {
    if !shape.choices.is_empty() {
        return Ok(shape.choices[position(shape, text)?].value.text());
    }
    let (min, max) = shape.values;
    if let Some(number) = number(text) {
        let below = self::number(min).is_some_and(|min| number < min);
        let above = self::number(max).is_some_and(|max| number > max);
        if below || above {
            return Err(range("", min, max));
        }
    }
    let length = text.chars().count();
    let (min, max) = shape.lengths;
    if min.is_some_and(|min| length < min.into()) || max.is_some_and(|max| length > max.into()) {
        let word = |bound: Option<u16>| bound.map(|bound| bound.to_string()).unwrap_or_default();
        return Err(range(" characters long", &word(min), &word(max)));
    }
    Ok(text)
}

/// The index of the choice that the text means, by value or by name, or a description of what it must be.
pub(super) fn position(shape: &OptionType, text: &str) -> Result<usize, String> {
    let is_meant =
        |choice: &Choice| choice.value.text() == text || choice.name.to_lowercase() == text.to_lowercase();
    shape.choices.iter().position(is_meant).ok_or_else(|| {
        let names: Vec<&str> = shape.choices.iter().map(|choice| choice.name).take(LISTED).collect();
        let more = if shape.choices.len() > LISTED { ", …" } else { "" };
        format!("one of {}{more}", names.join(", "))
    })
}

fn number(text: &str) -> Option<f64> {
    decimal(text)?.parse().ok()
}

fn range(what: &str, min: &str, max: &str) -> String {
    match (min, max) {
        (min, "") => format!("at least {min}{what}"),
        ("", max) => format!("at most {max}{what}"),
        (min, max) => format!("{min} to {max}{what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Opt;

    const COLORS: &[Choice] = &[Choice::text("Dark red", "red"), Choice::text("Blue", "blue")];

    #[test]
    fn a_prefix_command_is_checked_as_discord_checks_a_slash_command() {
        let table = [
            (Opt::integer("n", "d").min("1").max("5"), "6", Err("1 to 5")),
            (Opt::integer("n", "d").min("1"), "0", Err("at least 1")),
            (Opt::number("n", "d").max("0.5"), "0.5", Ok("0.5")),
            (Opt::number("n", "d").max("0.5"), "0,6", Err("at most 0.5")),
            (Opt::string("n", "d").min_length(2).max_length(3), "é", Err("2 to 3 characters long")),
            (Opt::string("n", "d").max_length(3), "éäö", Ok("éäö")),
            (Opt::string("n", "d").choices(COLORS), "dark red", Ok("red")),
            (Opt::string("n", "d").choices(COLORS), "green", Err("one of Dark red, Blue")),
        ];
        for (option, text, expected) in table {
            assert_eq!(fit(&option.shape, text).as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
