//! Errors of the store. Messages name cog and key, never a value.

/// Why the store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Rejected before anything was tried.
    #[error("cannot use the store: {0}")]
    Invalid(String),
    /// Larger than its limit.
    #[error("cannot store {what} of `{cog}`: {size} bytes are more than {limit} (`[limits] {key}`)")]
    TooLarge {
        /// The cog that it belongs to.
        cog: String,
        /// What is too large, such as `the state`.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The limit's name in the config.
        key: &'static str,
    },
    /// The disk is full. Everything stored before is intact.
    #[error("the store failed: the disk is full; nothing more is stored until there is room")]
    Full,
    /// The file was removed, or replaced by another one.
    #[error(
        "the store failed: its file was removed or replaced while the host runs; nothing more is stored before a restart"
    )]
    Gone,
    /// The disk, or the file.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The session was closed.
    #[error("the store session is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return StoreError::Full;
        }
        // The message of an SQLite failure; other messages of rusqlite could quote a statement, though never a value.
        StoreError::Failed(match error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                message.unwrap_or_else(|| failure.to_string())
            }
            other => other.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_of_its_own() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x); PRAGMA max_page_count = 2;").unwrap();
        let full = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []).unwrap_err();
        assert_eq!(StoreError::from(full), StoreError::Full);
    }
}
