//! The keys and values of the cog, in memory.

use std::collections::BTreeMap;

use crate::abi::{HandleError, HandleErrorKind, StoreExpect, StoreList, StoreWrite};

/// The host's default limits, in bytes: `[limits] store_key_max_bytes` and `store_value_max_bytes`.
const KEY_MAX: usize = 512;
const VALUE_MAX: usize = 1024 * 1024;

/// The store of one cog. It survives reloads.
#[derive(Default)]
pub(super) struct Store {
    entries: BTreeMap<String, Stored>,
}

struct Stored {
    value: Vec<u8>,
    /// When the entry expires, in milliseconds since the Unix epoch.
    until: Option<u64>,
}

/// Checks that a host would accept the key.
pub(super) fn check_key(key: &str) -> Result<(), HandleError> {
    match key.len() {
        0 => Err(invalid("cannot use the store: a key is empty".to_owned())),
        size => check_size("a key", size, KEY_MAX, "store_key_max_bytes"),
    }
}

/// Checks that a host would accept the change.
pub(super) fn check(write: &StoreWrite) -> Result<(), HandleError> {
    check_key(&write.key)?;
    let size = write.value.as_ref().map_or(0, |value| value.len());
    check_size("a value", size, VALUE_MAX, "store_value_max_bytes")
}

/// Checks that a host would list keys with this prefix.
pub(super) fn check_prefix(prefix: &str) -> Result<(), HandleError> {
    check_size("a key", prefix.len(), KEY_MAX, "store_key_max_bytes")
}

fn check_size(what: &str, size: usize, most: usize, limit: &str) -> Result<(), HandleError> {
    match size > most {
        true => Err(invalid(format!(
            "cannot store {what}: {size} bytes are more than {most} (`[limits] {limit}`)"
        ))),
        false => Ok(()),
    }
}

fn invalid(text: String) -> HandleError {
    HandleError::new(HandleErrorKind::Invalid, text)
}

impl Store {
    pub(super) fn get(&mut self, key: &str, now: u64) -> Option<Vec<u8>> {
        self.expire(now);
        self.entries.get(key).map(|stored| stored.value.clone())
    }

    pub(super) fn set(&mut self, key: &str, value: Vec<u8>, until: Option<u64>) {
        self.entries.insert(key.to_owned(), Stored { value, until });
    }

    /// Makes a change. Returns whether it was made.
    pub(super) fn write(&mut self, write: StoreWrite, now: u64) -> bool {
        self.expire(now);
        let there = self.entries.get(write.key.as_str()).map(|stored| &*stored.value);
        let is_expected = match &write.expect {
            StoreExpect::Any => true,
            StoreExpect::Absent => there.is_none(),
            StoreExpect::Value(value) => there == Some(value),
        };
        if !is_expected {
            return false;
        }
        match write.value.into_option() {
            Some(value) => {
                let until = (write.expires_ms > 0).then(|| now.saturating_add(write.expires_ms));
                self.set(&write.key, value.into_vec(), until);
                true
            }
            None => self.entries.remove(write.key.as_str()).is_some(),
        }
    }

    /// A page of entries.
    pub(super) fn list(&mut self, list: &StoreList, now: u64) -> Vec<(String, Vec<u8>)> {
        self.expire(now);
        let is_behind = |key: &str| list.after.as_ref().map_or(true, |after| key > after.as_str());
        let found = self.entries.range(list.prefix.to_string()..);
        let found = found.take_while(|(key, _)| key.starts_with(list.prefix.as_str()));
        let found = found.filter(|(key, _)| is_behind(key)).take(list.limit as usize);
        found.map(|(key, stored)| (key.clone(), stored.value.clone())).collect()
    }

    fn expire(&mut self, now: u64) {
        self.entries.retain(|_, stored| stored.until.is_none_or(|until| until > now));
    }
}
