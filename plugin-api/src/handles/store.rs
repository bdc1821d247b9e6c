//! Key/value data of this cog, on the host's disk. Keys of one cog are invisible to the others.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Result,
    abi::{self, Entry, HandleError},
};

/// Reads and writes entries. Values are bytes; the `_json` calls read and write JSON.
#[derive(Clone, Copy)]
pub struct Store {
    pub(super) host: abi::Host,
}

impl Store {
    /// The value of `key`.
    ///
    /// # Errors
    /// When the store cannot be read, or there is none.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, HandleError> {
        let value = (self.host.table.store_read())(self.host.lease, key.into()).await.into_result()?;
        Ok(value.into_option().map(Into::into))
    }

    /// Sets `key`; on disk when this returns.
    ///
    /// # Errors
    /// When the store cannot be written, or the value is too large.
    pub async fn write(&self, key: &str, value: Vec<u8>) -> Result<(), HandleError> {
        let entry = Entry { key: key.into(), value: value.into() };
        (self.host.table.store_write())(self.host.lease, entry).await.into_result()
    }

    /// Deletes `key`; whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn delete(&self, key: &str) -> Result<bool, HandleError> {
        (self.host.table.store_delete())(self.host.lease, key.into()).await.into_result()
    }

    /// The entries whose key starts with `prefix`, in key order, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self, prefix: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>, HandleError> {
        let entries =
            (self.host.table.store_list())(self.host.lease, prefix.into(), limit).await.into_result()?;
        Ok(entries.into_iter().map(|entry| (entry.key.into(), entry.value.into())).collect())
    }

    /// The value of `key` as JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read), or when the value is not JSON of that shape.
    pub async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        Ok(self.read(key).await?.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Sets `key` to a value as JSON.
    ///
    /// # Errors
    /// As [`write`](Self::write), or when the value cannot be written as JSON.
    pub async fn write_json(&self, key: &str, value: &impl Serialize) -> Result<()> {
        Ok(self.write(key, serde_json::to_vec(value)?).await?)
    }
}
