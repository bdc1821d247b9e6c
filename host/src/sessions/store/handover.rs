//! Data that one host leaves to the next. Reading it removes it, so that it is never used twice.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};

/// The cog name under which it is stored: no cog has an empty name.
const COG: &str = "";
const KEY: &str = "handover";

impl Store {
    /// Stores it in place of what was there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn put_handover(&self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("INSERT OR REPLACE INTO cog_value (cog, key, value) VALUES (?1, ?2, ?3)")?;
            statement.execute(params![COG, KEY, bytes]).map(|_| ())
        })
        .await
    }

    /// Takes it out. Once this returns, it is gone from the disk.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub async fn take_handover(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|connection| {
            let mut statement = connection
                .prepare_cached("DELETE FROM cog_value WHERE cog = ?1 AND key = ?2 RETURNING value")?;
            statement.query_row([COG, KEY], |row| row.get(0)).optional()
        })
        .await
    }
}
