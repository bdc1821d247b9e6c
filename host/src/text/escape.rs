//! Harmless text: users' input, cogs' output and file content can neither start a new line in a log nor send control
//! sequences to a terminal.

use std::fmt::{self, Write};

/// Displays a text on one line: line breaks and all other control characters are escaped, such as `\n` or `\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'a>(pub &'a str);

/// The same, but line breaks are kept.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0, |_| false, out)
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0, |character| character == '\n', out)
    }
}

fn escape(text: &str, is_wanted: fn(char) -> bool, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for character in text.chars() {
        match acts(character) && !is_wanted(character) {
            true => write!(out, "{}", character.escape_default())?,
            false => out.write_char(character)?,
        }
    }
    Ok(())
}

/// Control characters of C0 and C1, and characters that end a line or change its direction
/// (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>, <https://trojansource.codes>).
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_acts_and_none_is_lost() {
        let text = "a\n00:00:00 ERROR x\x1b[2J\r\t\u{7}\u{9b}1m\u{202e}\u{2028}\u{85}";
        let shown = r"a\n00:00:00 ERROR x\u{1b}[2J\r\t\u{7}\u{9b}1m\u{202e}\u{2028}\u{85}";
        assert_eq!(OneLine(text).to_string(), shown);
        assert_eq!(Lines("a\nb\x1bc").to_string(), "a\nb\\u{1b}c");
    }

    #[test]
    fn what_only_shows_stays_as_it_is() {
        // A family joined by U+200D, Arabic, a backslash.
        let text = "häßlich 👨\u{200d}👩\u{200d}👧 سلام C:\\x";
        assert_eq!(OneLine(text).to_string(), text);
    }
}
