//! Libraries that the host went back to, so that a restart does not load what had failed again.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};

impl Store {
    /// Records that the host went back from content with the digest `from` to `library`. Earlier records of the cog
    /// are kept without their library.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn save_fallback(&self, cog: &str, from: &str, library: Vec<u8>) -> Result<(), StoreError> {
        let (cog, from) = (cog.to_owned(), from.to_owned());
        self.run(move |connection| {
            connection
                .prepare_cached("UPDATE cog_fallback SET library = NULL WHERE cog = ?1")?
                .execute([&cog])?;
            let mut statement = connection.prepare_cached(
                "INSERT INTO cog_fallback (cog, digest, library) VALUES (?1, ?2, ?3)
                 ON CONFLICT (cog, digest) DO UPDATE SET library = ?3",
            )?;
            statement.execute(params![cog, from, library]).map(|_| ())
        })
        .await
    }

    /// Whether the host went back from content with the digest `from`; with the library if that was the last time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn fallback(&self, cog: &str, from: &str) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        let (cog, from) = (cog.to_owned(), from.to_owned());
        self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT library FROM cog_fallback WHERE cog = ?1 AND digest = ?2")?;
            statement.query_row([cog, from], |row| row.get(0)).optional()
        })
        .await
    }

    /// Forgets that the host went back from content with the digest `from`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn drop_fallback(&self, cog: &str, from: &str) -> Result<(), StoreError> {
        let (cog, from) = (cog.to_owned(), from.to_owned());
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("DELETE FROM cog_fallback WHERE cog = ?1 AND digest = ?2")?;
            statement.execute([cog, from]).map(|_| ())
        })
        .await
    }
}
