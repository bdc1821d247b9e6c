//! Key-value pairs, separate for each cog. A value may expire: from then on it is invisible, and soon it is deleted.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params, types::Value};

use super::{Store, StoreError, too_large};

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Vec<u8>,
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its new value; `None` deletes it.
    pub value: Option<Vec<u8>>,
    /// The condition for the change.
    pub expect: Expect,
    /// How long the new value lasts; `None` means until it is changed.
    pub lasts: Option<Duration>,
}

/// The condition for a change: what the key must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// Any value, or none.
    Any,
    /// No value.
    Absent,
    /// This value.
    Value(Vec<u8>),
}

/// Maximum number of entries in one answer of [`Store::list`].
pub const LIST_MAX: usize = 1000;
/// An answer ends with the entry that reaches this size, in bytes: all cogs share the store's thread.
const LIST_PAGE_BYTES: usize = 1 << 20;
/// How often expired values are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Number of values deleted at once: all cogs share the store's thread.
const SWEEP_MAX: usize = 1000;

impl Store {
    /// The value of a cog's key; `None` if there is none.
    ///
    /// # Errors
    /// The key is longer than `[limits] store_key_max_bytes`, or the file cannot be read.
    pub async fn get(&self, cog: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (cog, key, now) = (cog.to_owned(), self.key(cog, key)?, self.now());
        self.run(move |connection| value(connection, &cog, &key, now)).await
    }

    /// Sets a cog's key. Once this returns, it survives a loss of power.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub async fn set(&self, cog: &str, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        let change = Change { key: key.to_owned(), value: Some(value), expect: Expect::Any, lasts: None };
        self.change(cog, change).await.map(drop)
    }

    /// Deletes a cog's key; returns whether there was one.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub async fn delete(&self, cog: &str, key: &str) -> Result<bool, StoreError> {
        self.change(cog, Change { key: key.to_owned(), value: None, expect: Expect::Any, lasts: None }).await
    }

    /// Makes a change, completely or not at all, if its condition holds. `false`: the condition does not hold, or
    /// there was nothing to delete. Once this returns, the change survives a loss of power.
    ///
    /// # Errors
    /// The key or the value is larger than its limit, the change would make the cog's data larger than
    /// `[limits] store_cog_max_bytes`, or the file cannot be written.
    pub async fn change(&self, cog: &str, change: Change) -> Result<bool, StoreError> {
        let Change { key, value: new, expect, lasts } = change;
        let size = new.as_ref().map_or(0, Vec::len);
        self.check_size(cog, "a value", size, self.max_value, "store_value_max_bytes")?;
        let (owner, max_cog) = (cog, self.max_cog);
        let (cog, key, now) = (cog.to_owned(), self.key(cog, &key)?, self.now());
        // A time that is out of range means that the value never expires.
        let expires_at = lasts.and_then(|time| now.checked_add(i64::try_from(time.as_millis()).ok()?));
        let changed = self.run(move |connection| {
            let is_as_expected = match expect {
                Expect::Any => true,
                Expect::Absent => value(connection, &cog, &key, now)?.is_none(),
                Expect::Value(expected) => value(connection, &cog, &key, now)? == Some(expected),
            };
            if !is_as_expected {
                return Ok(Ok(false));
            }
            let Some(new) = new else {
                let mut statement = connection.prepare_cached(
                    "DELETE FROM cog_value WHERE cog = ?1 AND key = ?2
                     RETURNING expires_at IS NULL OR expires_at > ?3",
                )?;
                let deleted: Option<bool> =
                    statement.query_row(params![cog, key, now], |row| row.get(0)).optional()?;
                return Ok(Ok(deleted == Some(true)));
            };
            let (before, after) = sizes(connection, &cog, &key, new.len())?;
            // A change that makes the data smaller is always allowed.
            if after > max_cog && after > before {
                return Ok(Err(after));
            }
            let mut statement = connection.prepare_cached(
                "INSERT INTO cog_value (cog, key, value, expires_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (cog, key) DO UPDATE SET value = ?3, expires_at = ?4",
            )?;
            statement.execute(params![cog, key, new, expires_at]).map(|_| Ok(true))
        });
        let too_many = |size| too_large(owner, "all values", size, max_cog, "store_cog_max_bytes");
        changed.await?.map_err(too_many)
    }

    /// A page of a cog's keys that begin with `prefix` and come after `after`, in byte order, with their values: at
    /// most `limit` and [`LIST_MAX`], and fewer if values are large. For the next page, pass the last key as `after`;
    /// an empty page is the end.
    ///
    /// # Errors
    /// The prefix is longer than a key may be, or the file cannot be read.
    pub async fn list(
        &self,
        cog: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.check_size(cog, "a key", prefix.len(), self.max_key, "store_key_max_bytes")?;
        let (cog, prefix, now) = (cog.to_owned(), prefix.to_owned(), self.now());
        let after = after.map(str::to_owned);
        let limit = limit.min(LIST_MAX) as i64;
        self.run(move |connection| {
            // Only a range: in a text with a NUL character, SQLite's `length` and `substr` see only a part.
            // https://www.sqlite.org/nulinstr.html
            let mut statement = connection.prepare_cached(
                "SELECT key, value FROM cog_value
                 WHERE cog = ?1 AND key >= ?2 AND key < ?5
                   AND (?3 IS NULL OR key > ?3) AND (expires_at IS NULL OR expires_at > ?6)
                 ORDER BY key LIMIT ?4",
            )?;
            let end = end_of(&prefix);
            let mut rows = statement.query(params![cog, prefix, after, limit, end, now])?;
            let (mut entries, mut bytes) = (Vec::new(), 0);
            while bytes < LIST_PAGE_BYTES
                && let Some(row) = rows.next()?
            {
                let entry = Entry { key: row.get(0)?, value: row.get(1)? };
                bytes += entry.key.len() + entry.value.len();
                entries.push(entry);
            }
            Ok(entries)
        })
        .await
    }

    /// Deletes what expired while no host ran, and from then on regularly until the store is closed.
    pub(super) async fn start_sweeping(self: &Arc<Self>) {
        self.try_sweep().await;
        let store = Arc::downgrade(self);
        let sweeper = tokio::spawn(async move {
            let mut every = tokio::time::interval(SWEEP_EVERY);
            every.tick().await;
            loop {
                every.tick().await;
                let Some(store) = Weak::upgrade(&store) else { return };
                store.try_sweep().await;
            }
        });
        *self.sweeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(sweeper.abort_handle());
    }

    async fn try_sweep(&self) {
        if let Err(error) = self.sweep().await {
            tracing::warn!("expired values stay in the store's file for now: {error}");
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.now();
        loop {
            let deleted = self
                .run(move |connection| {
                    let mut statement = connection.prepare_cached(
                        "DELETE FROM cog_value WHERE (cog, key) IN
                         (SELECT cog, key FROM cog_value WHERE expires_at <= ?1 LIMIT ?2)",
                    )?;
                    statement.execute(params![now, SWEEP_MAX as i64])
                })
                .await?;
            if deleted < SWEEP_MAX {
                return Ok(());
            }
        }
    }

    /// Milliseconds since 1970, as SQLite keeps them.
    fn now(&self) -> i64 {
        i64::try_from(self.clock.unix_ms()).unwrap_or(i64::MAX)
    }

    fn key(&self, cog: &str, key: &str) -> Result<String, StoreError> {
        if key.is_empty() {
            return Err(StoreError::Invalid(format!("a key of `{cog}` is empty")));
        }
        self.check_size(cog, "a key", key.len(), self.max_key, "store_key_max_bytes")?;
        Ok(key.to_owned())
    }
}

/// The value of a key, unless it has expired.
fn value(connection: &Connection, cog: &str, key: &str, now: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(
        "SELECT value FROM cog_value
         WHERE cog = ?1 AND key = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
    )?;
    statement.query_row(params![cog, key, now], |row| row.get(0)).optional()
}

/// The size of all keys and values of a cog, and what it would be with a value of `value` bytes for this key.
fn sizes(connection: &Connection, cog: &str, key: &str, value: usize) -> rusqlite::Result<(usize, usize)> {
    let mut all = connection.prepare_cached("SELECT bytes FROM cog_size WHERE cog = ?1")?;
    let mut own = connection.prepare_cached(
        "SELECT octet_length(key) + octet_length(value) FROM cog_value WHERE cog = ?1 AND key = ?2",
    )?;
    let size = |found: rusqlite::Result<usize>| found.optional().map(Option::unwrap_or_default);
    let before = size(all.query_row([cog], |row| row.get(0)))?;
    let own = size(own.query_row([cog, key], |row| row.get(0)))?;
    Ok((before, before - own + key.len() + value))
}

/// The value that sorts directly after all texts that begin with `prefix`, in byte order.
fn end_of(prefix: &str) -> Value {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Value::Text(letters.into_iter().collect());
        }
    }
    // Every text sorts before every blob. https://www.sqlite.org/datatype3.html#sort_order
    Value::Blob(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::HostClock,
        config::{self, Config, Limits},
    };

    #[test]
    fn what_begins_with_a_prefix_lies_between_it_and_its_end() {
        let last = char::MAX;
        let (one, two) = (last.to_string(), format!("{last}{last}"));
        let all = ["", "a", "a\0", "a\0b", "a\u{1}", "ab", "b", "\u{d7ff}x", "\u{e000}", &one, &two];
        for prefix in all {
            let end = end_of(prefix);
            for key in all {
                let is_before_end = match &end {
                    Value::Text(end) => key < end.as_str(),
                    _ => true,
                };
                assert_eq!(key >= prefix && is_before_end, key.starts_with(prefix), "{prefix:?} {key:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_one_cog_stores_is_bounded_and_takes_no_room_from_another() {
        let folder = tempfile::tempdir().unwrap();
        let open = async |store_cog_max_bytes| {
            let limits = Limits { store_cog_max_bytes, ..Limits::default() };
            let section = config::Store { path: folder.path().join("a.db"), ..config::Store::default() };
            let config = Config { limits, ..Config::default() };
            Store::open(&config, &section, HostClock::default()).await.unwrap()
        };
        for is_new in [true, false] {
            let store = open(100).await;
            if is_new {
                store.set("c", "ab", vec![0; 40]).await.unwrap();
                store.set("c", "a\0", vec![0; 56]).await.unwrap();
            }
            let full = store.set("c", "e", vec![]).await.unwrap_err().to_string();
            assert_eq!(
                full,
                "cannot store all values of `c`: 101 bytes are more than 100 (`[limits] store_cog_max_bytes`)"
            );
            assert!(store.set("c", "ab", vec![0; 41]).await.is_err(), "a value that grows");
            store.set("other", "ab", vec![0; 90]).await.unwrap();
            store.set("c", "ab", vec![0; 38]).await.unwrap();
            store.set("c", "e", vec![1]).await.unwrap();
            assert!(store.set("c", "f", vec![]).await.is_err());
            assert!(store.delete("c", "e").await.unwrap());
            store.set("c", "ab", vec![0; 40]).await.unwrap();
            store.close(Duration::from_secs(30)).await;
        }
        // A cog that exceeds a lowered limit can still reduce its data.
        let store = open(50).await;
        store.set("c", "ab", vec![0; 30]).await.unwrap();
        assert!(store.set("c", "ab", vec![0; 31]).await.is_err());
        assert!(store.delete("c", "a\0").await.unwrap());
        store.set("c", "ab", vec![0; 48]).await.unwrap();
    }
}
