//! A text that is never printed: a token.
//! It does not decide where a token may be sent; the sessions do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{error::denied, text};

/// The variable that holds the bot's token. Processes that the host starts do not inherit it.
pub const TOKEN_VARIABLE: &str = "DISCORD_TOKEN";

/// A token. `Debug` hides it, there is no `Display`, and it cannot be serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("cannot read the token file `{}`{}", .file.display(), denied(.file, .source))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The text is not one line of printable ASCII, or contains more than a token.
    #[error("{origin} does not hold a token: {why}")]
    NotAToken {
        /// Where the text was read from.
        origin: String,
        /// What is wrong with it; never the text itself.
        why: &'static str,
    },
}

impl Secret {
    /// Accepts a text; surrounding whitespace and a leading `Bot ` are dropped.
    ///
    /// # Errors
    /// The text is empty, is not valid in an HTTP header, or has characters around it that no token contains.
    /// `origin` says where it was read from.
    pub fn new(text: &str, origin: &str) -> Result<Secret, SecretError> {
        const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»'];
        // A token never contains these, but text from a shell, a template or an example does.
        const TEMPLATE: &[char] = &['$', '{', '}', '<', '>', '%', '[', ']', '(', ')'];
        let text = text.trim();
        let text = text.strip_prefix("Bot ").unwrap_or(text).trim_start();
        let why = if text.is_empty() {
            "it is empty"
        } else if text.starts_with('\u{feff}') {
            "it begins with a byte-order mark; save it as UTF-8 without one"
        } else if text.contains('\0') {
            "it is UTF-16; save it as UTF-8"
        } else if text.lines().count() > 1 {
            "it is more than one line"
        } else if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
            "it is in quotes; remove them"
        } else if text.contains(TEMPLATE) {
            "it is a placeholder that was not filled in"
        } else if text.contains(char::is_whitespace) {
            "it is more than one word; remove everything but the token"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            "it is not printable ASCII"
        } else {
            return Ok(Secret(text.to_owned()));
        };
        Err(SecretError::NotAToken { origin: origin.to_owned(), why })
    }

    /// Reads a file that contains only a token.
    ///
    /// # Errors
    /// The file cannot be read, or does not contain one line of printable ASCII.
    pub fn read(file: &Path) -> Result<Secret, SecretError> {
        let origin = format!("the token file `{}`", file.display());
        let bytes = text::read_bytes(file)
            .map_err(|source| SecretError::Unreadable { file: file.to_path_buf(), source })?;
        let not_a_token = |why| SecretError::NotAToken { origin: origin.clone(), why };
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(not_a_token("it is UTF-16; save it as UTF-8"));
        }
        let text = String::from_utf8(bytes).map_err(|_| not_a_token("it is not UTF-8"))?;
        Secret::new(&text, &origin)
    }

    /// The token itself. Every caller of this is a place where it could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new(" Bot abc.def\n", "DISCORD_TOKEN").unwrap();
        assert_eq!(secret.expose(), "abc.def");
        assert_eq!(format!("{secret:?}"), "[secret]");
    }

    #[test]
    fn a_text_that_is_no_token_is_refused_without_quoting_it() {
        for (text, why) in [
            ("  \n", "empty"),
            ("a\nb", "more than one line"),
            ("häßlich", "printable"),
            ("\"abc.def\"", "quotes"),
            ("'abc.def'", "quotes"),
            ("“abc.def”", "quotes"),
            ("Bot 'abc.def'", "quotes"),
            ("${TOKEN}", "placeholder"),
            ("<your token>", "placeholder"),
            ("{{ token }}", "placeholder"),
            ("\u{feff}abc.def", "byte-order mark"),
            ("a\0b\0", "UTF-16"),
            ("bot abc.def", "more than one word"),
            ("abc.def # the bot's", "more than one word"),
        ] {
            let error = Secret::new(text, "DISCORD_TOKEN").unwrap_err().to_string();
            assert!(error.contains("DISCORD_TOKEN") && error.contains(why), "{error}");
            assert!(!error.contains("häßlich") && !error.contains("abc"));
        }
    }

    #[test]
    fn a_file_in_another_encoding_is_named_as_such() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let utf16 = |mark: &[u8], units: &[u8]| [mark, units].concat();
        for (bytes, why) in [
            (utf16(&[0xff, 0xfe], b"a\0.\0b\0"), "UTF-16"),
            (utf16(&[0xfe, 0xff], b"\0a\0.\0b"), "UTF-16"),
            (b"a\0.\0b\0".to_vec(), "UTF-16"),
            (b"\xef\xbb\xbfa.b\r\n".to_vec(), "byte-order mark"),
            (b"a\xff.b".to_vec(), "not UTF-8"),
        ] {
            std::fs::write(file.path(), bytes).unwrap();
            let error = Secret::read(file.path()).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(&file.path().display().to_string()), "{error}");
        }
        std::fs::write(file.path(), "a.b\r\n").unwrap();
        assert_eq!(Secret::read(file.path()).unwrap().expose(), "a.b");
    }
}
