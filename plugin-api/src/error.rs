//! The error of a cog: any error turned into text, causes included.
//! It carries no types across the library boundary, so there is nothing to downcast.

use std::{error, fmt};

/// What a cog's functions fail with. Made from any error by `?`, or from text by [`Error::new`].
pub struct Error {
    text: String,
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error in the cog's own words.
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string() }
    }
}

impl<E: error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self { text }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
