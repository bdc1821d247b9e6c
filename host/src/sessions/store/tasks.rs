//! When cogs' repeated tasks are due, so that their rhythm survives a restart.

use rusqlite::params;

use super::{Store, StoreError};

/// A repeated task of a cog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedTask {
    /// Its name.
    pub name: String,
    /// Its rhythm, to detect a changed one.
    pub rhythm: String,
    /// When it is due next, in milliseconds since 1970.
    pub due_ms: u64,
}

impl Store {
    /// Replaces the stored repeated tasks of a cog.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn save_tasks(&self, cog: &str, tasks: Vec<SavedTask>) -> Result<(), StoreError> {
        let cog = cog.to_owned();
        self.run(move |connection| {
            connection.prepare_cached("DELETE FROM cog_task WHERE cog = ?1")?.execute([&cog])?;
            let mut insert = connection
                .prepare_cached("INSERT INTO cog_task (cog, name, rhythm, due) VALUES (?1, ?2, ?3, ?4)")?;
            for task in tasks {
                let due = i64::try_from(task.due_ms).unwrap_or(i64::MAX);
                insert.execute(params![cog, task.name, task.rhythm, due])?;
            }
            Ok(())
        })
        .await
    }

    /// A cog's repeated tasks, as they were last stored.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn load_tasks(&self, cog: &str) -> Result<Vec<SavedTask>, StoreError> {
        let cog = cog.to_owned();
        self.run(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT name, rhythm, due FROM cog_task WHERE cog = ?1")?;
            let rows = statement.query_map([cog], |row| {
                let due: i64 = row.get(2)?;
                Ok(SavedTask { name: row.get(0)?, rhythm: row.get(1)?, due_ms: due.max(0).unsigned_abs() })
            })?;
            rows.collect()
        })
        .await
    }
}
