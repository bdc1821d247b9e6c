//! Key/value data of this cog, on the host's disk. Cogs cannot see each other's keys.

use std::{collections::VecDeque, marker::PhantomData, time::Duration};

use abi_stable::std_types::{RNone, ROption, RSome, RVec};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Result,
    abi::{self, HandleError, StoreExpect, StoreList, StoreWrite},
};

/// Reads and writes entries. Values are kept as JSON; the `_bytes` methods read and write raw bytes.
///
/// ```
/// # use gearshift_cog::prelude::*;
/// # use std::time::Duration;
/// # async fn example(ctx: &Context) -> Result {
/// let store = ctx.store();
/// store.set("greeting", &"hello").await?;
/// let greeting: Option<String> = store.get("greeting").await?;
/// // Counts correctly even if another handler does the same at this moment.
/// store.update("calls", |calls: Option<u64>| Some(calls.unwrap_or(0) + 1)).await?;
/// // Succeeds only if no other handler was faster.
/// let is_changed = store.set_if("greeting", greeting.as_ref(), Some(&"hi".to_owned())).await?;
/// // One at a time, and no longer than a minute.
/// if store.set_new_for("lock", &true, Duration::from_secs(60)).await? {
///     store.delete("lock").await?;
/// }
/// let mut notes = store.scan::<String>("note/");
/// while let Some((key, note)) = notes.next().await? {
///     tracing::info!("{key}: {note}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Store {
    pub(super) host: abi::Host,
}

/// A change of one key, with all its options. [`Store::write`] makes the change.
#[derive(Clone, Debug)]
pub struct Change {
    raw: StoreWrite,
}

/// Entries whose keys begin with a prefix, in byte order of their keys. They are read in pages on demand: an entry that
/// is written meanwhile is seen if the scan has not reached its key yet.
pub struct Scan<T> {
    pages: Pages,
    shape: PhantomData<fn() -> T>,
}

/// What all scans share.
struct Pages {
    store: Store,
    prefix: String,
    after: Option<String>,
    page: VecDeque<abi::Entry>,
    is_at_end: bool,
}

/// How many entries a page of a scan has; the host may make it smaller.
const PAGE: u32 = 1000;

impl Store {
    /// The value of `key`; `None` if the key does not exist or has expired.
    ///
    /// # Errors
    /// If the store cannot be read, if the host has no store, or if the value is not JSON of that shape.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        Ok(self.get_bytes(key).await?.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// The value of `key`, as raw bytes.
    ///
    /// # Errors
    /// If the store cannot be read, or the host has no store.
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, HandleError> {
        let value = (self.host.table.store_read())(self.host.lease, key.into()).await.into_result()?;
        Ok(value.into_option().map(Into::into))
    }

    /// Sets `key` until it is changed. The value is on disk when this returns.
    ///
    /// # Errors
    /// If the store cannot be written, or if the value is too large or cannot be written as JSON.
    pub async fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result {
        self.write(Change::json(key, value)?).await.map(drop)
    }

    /// Sets `key` for a limited time, after which it is gone, even across a restart. Rounded up to milliseconds.
    ///
    /// # Errors
    /// The same as [`set`](Self::set).
    pub async fn set_for<T: Serialize + ?Sized>(&self, key: &str, value: &T, time: Duration) -> Result {
        self.write(Change::json(key, value)?.lasting(time)).await.map(drop)
    }

    /// Sets `key` if it does not exist; returns whether it did so.
    ///
    /// # Errors
    /// The same as [`set`](Self::set).
    pub async fn set_new<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<bool> {
        self.write(Change::json(key, value)?.if_absent()).await
    }

    /// Sets `key` for a limited time if it does not exist; returns whether it did so.
    ///
    /// # Errors
    /// The same as [`set`](Self::set).
    pub async fn set_new_for<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        time: Duration,
    ) -> Result<bool> {
        self.write(Change::json(key, value)?.if_absent().lasting(time)).await
    }

    /// Sets `key` to raw bytes until it is changed. They are on disk when this returns.
    ///
    /// # Errors
    /// If the store cannot be written, or the value is too large.
    pub async fn set_bytes(&self, key: &str, value: Vec<u8>) -> Result<(), HandleError> {
        self.make(Change::bytes(key, value)).await.map(drop)
    }

    /// Sets `key` to `new`, or deletes it, if its value is `expected` (`None`: if the key does not exist); returns
    /// whether it did so. No other change can happen in between. Values are equal if their JSON is, regardless of the
    /// order of fields.
    ///
    /// # Errors
    /// The same as [`get`](Self::get) and [`set`](Self::set).
    #[doc(alias = "compare_and_swap")]
    pub async fn set_if<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        expected: Option<&T>,
        new: Option<&T>,
    ) -> Result<bool> {
        let expected = expected.map(serde_json::to_value).transpose()?;
        // Through the type: a field that was added since then has its default.
        let shape = |bytes: &[u8]| Ok(serde_json::to_value(serde_json::from_slice::<T>(bytes)?)?);
        let new = new.map(serde_json::to_vec).transpose()?;
        self.replace_if(key, expected.as_ref(), &shape, new).await
    }

    /// Changes the value of `key` based on its current value; `None` stands for no value, before and after. Returns the
    /// new value. `change` runs again if the value was changed meanwhile. An expiry is removed: the new value lasts.
    ///
    /// # Errors
    /// The same as [`get`](Self::get) and [`set`](Self::set).
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<T>) -> Option<T>,
    ) -> Result<Option<T>> {
        loop {
            let stored = self.get_bytes(key).await?;
            let before = stored.as_deref().map(serde_json::from_slice).transpose()?;
            let after = change(before);
            let new = after.as_ref().map(serde_json::to_vec).transpose()?;
            if self.replace(key, stored, new).await? {
                return Ok(after);
            }
        }
    }

    /// Makes a change, which is on disk when this returns. `false` if the expected value was not there, or there was
    /// nothing to delete.
    ///
    /// # Errors
    /// If the store cannot be written, or the value is too large.
    pub async fn write(&self, change: Change) -> Result<bool> {
        Ok(self.make(change).await?)
    }

    /// Deletes `key`; returns whether it existed.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn delete(&self, key: &str) -> Result<bool, HandleError> {
        self.make(Change::delete(key)).await
    }

    /// All entries whose key begins with `prefix`.
    #[doc(alias = "list")]
    #[must_use]
    pub fn scan<T: DeserializeOwned>(&self, prefix: &str) -> Scan<T> {
        let (store, prefix) = (*self, prefix.to_owned());
        let pages = Pages { store, prefix, after: None, page: VecDeque::new(), is_at_end: false };
        Scan { pages, shape: PhantomData }
    }

    async fn make(&self, change: Change) -> Result<bool, HandleError> {
        (self.host.table.store_write())(self.host.lease, change.raw).await.into_result()
    }

    /// Replaces a value that was just read; returns whether it was still there.
    async fn replace(&self, key: &str, stored: Option<Vec<u8>>, new: Option<Vec<u8>>) -> Result<bool> {
        let change = match (stored, new) {
            // There was no value, and there is to be none.
            (None, None) => return Ok(true),
            (None, Some(new)) => Change::bytes(key, new).if_absent(),
            (Some(stored), Some(new)) => Change::bytes(key, new).if_bytes(stored),
            (Some(stored), None) => Change::delete(key).if_bytes(stored),
        };
        self.write(change).await
    }

    async fn replace_if(
        &self,
        key: &str,
        expected: Option<&Value>,
        shape: &dyn Fn(&[u8]) -> Result<Value>,
        new: Option<Vec<u8>>,
    ) -> Result<bool> {
        loop {
            let stored = self.get_bytes(key).await?;
            if stored.as_deref().map(shape).transpose()?.as_ref() != expected {
                return Ok(false);
            }
            // Written in the meantime: try again.
            if self.replace(key, stored, new.clone()).await? {
                return Ok(true);
            }
        }
    }
}

impl Change {
    /// Sets a key to a value, written as JSON.
    ///
    /// # Errors
    /// If `value` cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<Self> {
        Ok(Self::bytes(key, serde_json::to_vec(value)?))
    }

    /// Sets a key to raw bytes.
    #[must_use]
    pub fn bytes(key: &str, value: Vec<u8>) -> Self {
        Self::of(key, RSome(value.into()))
    }

    /// Deletes a key.
    #[must_use]
    pub fn delete(key: &str) -> Self {
        Self::of(key, RNone)
    }

    /// Makes the change only if the key does not exist.
    #[must_use]
    pub fn if_absent(mut self) -> Self {
        self.raw.expect = StoreExpect::Absent;
        self
    }

    /// Makes the change only if the key has this value, byte by byte.
    #[must_use]
    pub fn if_bytes(mut self, value: Vec<u8>) -> Self {
        self.raw.expect = StoreExpect::Value(value.into());
        self
    }

    /// Makes the new value expire after this time, rounded up to milliseconds.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.raw.expires_ms = super::millis(time).max(1);
        self
    }

    fn of(key: &str, value: ROption<RVec<u8>>) -> Self {
        Self { raw: StoreWrite { key: key.into(), value, expect: StoreExpect::Any, expires_ms: 0 } }
    }
}

impl<T: DeserializeOwned> Scan<T> {
    /// The next entry; `None` after the last one.
    ///
    /// # Errors
    /// If the store cannot be read, or the value is not JSON of that shape; the scan then continues after that entry.
    pub async fn next(&mut self) -> Result<Option<(String, T)>> {
        let Some((key, value)) = self.next_bytes().await? else { return Ok(None) };
        match serde_json::from_slice(&value) {
            Ok(value) => Ok(Some((key, value))),
            Err(error) => Err(crate::Error::new(format!("the value of `{key}` cannot be read: {error}"))),
        }
    }
}

impl<T> Scan<T> {
    /// The next entry, with its value as raw bytes; `None` after the last one.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next_bytes(&mut self) -> Result<Option<(String, Vec<u8>)>, HandleError> {
        self.pages.next().await
    }
}

impl Pages {
    async fn next(&mut self) -> Result<Option<(String, Vec<u8>)>, HandleError> {
        if self.page.is_empty() && !self.is_at_end {
            let after = self.after.take().map(Into::into).into();
            let asked = StoreList { prefix: self.prefix.as_str().into(), after, limit: PAGE };
            let host = self.store.host;
            self.page =
                (host.table.store_list())(host.lease, asked).await.into_result()?.into_iter().collect();
            self.after = self.page.back().map(|entry| entry.key.to_string());
            self.is_at_end = self.page.is_empty();
        }
        Ok(self.page.pop_front().map(|entry| (entry.key.into(), entry.value.into())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::handles::fake::{fake, host};

    fn now<T>(future: impl Future<Output = Result<T>>) -> T {
        future.now_or_never().expect("the fake answers at once").expect("it is no error")
    }

    #[test]
    fn a_value_is_read_back_and_conditions_are_respected() {
        let store = host().store();
        assert_eq!(now(store.get::<u8>("a")), None);
        assert!(now(store.set_new("a", &1)));
        assert!(!now(store.set_new("a", &2)));
        assert_eq!(now(store.get::<u8>("a")), Some(1));
        assert!(!now(store.set_if("a", None, Some(&2))) && !now(store.set_if("a", Some(&2), None)));
        assert!(now(store.set_if("a", Some(&1), Some(&2))));
        assert!(now(store.set_if("a", Some(&2), None)));
        assert_eq!(now(store.get::<u8>("a")), None);
    }

    #[test]
    fn values_are_compared_regardless_of_field_order() {
        let store = host().store();
        now(async { Ok(store.set_bytes("a", br#"{ "y": 2, "x": 1 }"#.to_vec()).await?) });
        let expected = BTreeMap::from([("x", 1), ("y", 2)]);
        let expected: BTreeMap<String, u8> = expected.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        assert!(now(store.set_if("a", Some(&expected), Some(&BTreeMap::new()))));
    }

    #[test]
    fn a_concurrent_change_is_not_overwritten() {
        let store = host().store();
        now(store.set("a", &1));
        fake(|fake| fake.meanwhile = Some(("a".to_owned(), b"10".to_vec())));
        assert_eq!(now(store.update("a", |old: Option<u8>| old.map(|it| it + 1))), Some(11));
        fake(|fake| fake.meanwhile = Some(("a".to_owned(), b"20".to_vec())));
        assert!(!now(store.set_if("a", Some(&11), Some(&0))));
        assert_eq!(now(store.update::<u8>("a", |_| None)), None);
        assert_eq!(now(store.get::<u8>("a")), None);
    }

    #[test]
    fn a_scan_reads_all_pages_and_names_the_key_of_an_unreadable_value() {
        let store = host().store();
        for number in 0..5 {
            now(store.set(&format!("note/{number}"), &number));
        }
        now(store.set("other", &9));
        let mut scan = store.scan::<u8>("note/");
        let mut seen = Vec::new();
        while let Some(entry) = now(scan.next()) {
            seen.push(entry);
        }
        assert_eq!(seen, [0, 1, 2, 3, 4].map(|number| (format!("note/{number}"), number)));
        let mut scan = store.scan::<String>("note/4");
        let error = scan.next().now_or_never().expect("at once").expect_err("it is a number");
        assert!(error.to_string().contains("`note/4`"), "{error}");
        assert!(now(scan.next()).is_none());
    }
}
