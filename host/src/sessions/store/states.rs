//! Which states the store has, without the states themselves.

use super::{Store, StoreError};

/// A saved state, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateInfo {
    /// The cog that it belongs to.
    pub cog: String,
    /// The cog's own schema version.
    pub version: u32,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was saved, in milliseconds since 1970.
    pub saved_at_ms: u64,
}

impl Store {
    /// Every saved state, sorted by cog name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn states(&self) -> Result<Vec<StateInfo>, StoreError> {
        self.run(|connection| {
            let mut statement = connection
                .prepare("SELECT cog, version, length(bytes), saved_at FROM cog_state ORDER BY cog")?;
            let rows = statement.query_map([], |row| {
                let (size, saved_at): (i64, i64) = (row.get(2)?, row.get(3)?);
                Ok(StateInfo {
                    cog: row.get(0)?,
                    version: row.get(1)?,
                    size: size.unsigned_abs(),
                    saved_at_ms: saved_at.max(0).unsigned_abs(),
                })
            })?;
            rows.collect()
        })
        .await
    }
}
