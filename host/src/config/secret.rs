//! A text that is never printed: a token.
//! It does not decide where a token may be sent; the sessions do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The variable that holds the bot's token. Processes that the host starts do not get it.
pub const TOKEN_VARIABLE: &str = "DISCORD_TOKEN";

/// A token. `Debug` hides it, there is no `Display`, and it cannot be serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// Why a token could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("cannot read the token file `{}`", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not one line of printable ASCII.
    #[error("{origin} does not hold a token: it is {why}")]
    NotAToken {
        /// Where the text came from.
        origin: String,
        /// What is wrong with it; never its text.
        why: &'static str,
    },
}

impl Secret {
    /// Takes a text as it is; surrounding white space and a leading `Bot ` are dropped.
    ///
    /// # Errors
    /// The text is empty or cannot stand in an HTTP header. `origin` says where it came from.
    pub fn new(text: &str, origin: &str) -> Result<Secret, SecretError> {
        let text = text.trim();
        let text = text.strip_prefix("Bot ").unwrap_or(text).trim_start();
        let why = if text.is_empty() {
            "empty"
        } else if text.lines().count() > 1 {
            "more than one line"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            "not printable ASCII without blanks"
        } else {
            return Ok(Secret(text.to_owned()));
        };
        Err(SecretError::NotAToken { origin: origin.to_owned(), why })
    }

    /// Reads a file that holds a token and nothing else.
    ///
    /// # Errors
    /// The file cannot be read, or does not hold one line of printable ASCII.
    pub fn read(file: &Path) -> Result<Secret, SecretError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| SecretError::Unreadable { file: file.to_path_buf(), source })?;
        Secret::new(&text, &format!("the token file `{}`", file.display()))
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
        for (text, why) in [("  \n", "empty"), ("a\nb", "more than one line"), ("häßlich", "printable")] {
            let error = Secret::new(text, "DISCORD_TOKEN").unwrap_err().to_string();
            assert!(error.contains("DISCORD_TOKEN") && error.contains(why), "{error}");
            assert!(!error.contains("häßlich"));
        }
    }
}
