//! What the store answers when it cannot do what was asked.
//! Texts name cog and key, never a value.

/// Why the store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused before anything was tried.
    #[error("cannot use the store: {0}")]
    Invalid(String),
    /// Larger than its limit.
    #[error("cannot store {what} of `{cog}`: {size} bytes are more than {limit} (`[limits] {key}`)")]
    TooLarge {
        /// Whose it is.
        cog: String,
        /// What it is, as `the state`.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The limit's name in the config.
        key: &'static str,
    },
    /// The disk, or the file.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The session was closed.
    #[error("the store session is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        // The message of an SQLite failure; rusqlite's other texts could quote a statement, but no value either.
        StoreError::Failed(match error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                message.unwrap_or_else(|| failure.to_string())
            }
            other => other.to_string(),
        })
    }
}
