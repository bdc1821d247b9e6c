//! The store handle: keys and values of one cog. The cog's name is the lease's: no cog can name another one's keys.

use std::sync::Arc;

use abi_stable::std_types::{ROption, RResult, RString, RVec};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, Entry, HandleError, HandleErrorKind};

use super::{
    Lease, error, missing,
    slot::{self, Work},
};
use crate::sessions::store::{self, StoreError};

pub(super) extern "C" fn read(
    lease: abi::Lease,
    key: RString,
) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>> {
    slot::call(lease, Work::Read, |lease| {
        let (session, key) = (Session::of(lease), key.into_string());
        async move {
            let Session { store, cog } = session?;
            Ok(store.get(&cog, &key).await.map_err(failed)?.map(RVec::from).into())
        }
    })
}

pub(super) extern "C" fn write(lease: abi::Lease, entry: Entry) -> LocalFfiFuture<RResult<(), HandleError>> {
    slot::call(lease, Work::Write, |lease| {
        let (session, key, value) = (Session::of(lease), entry.key.into_string(), entry.value.into_vec());
        async move {
            let Session { store, cog } = session?;
            store.set(&cog, &key, value).await.map_err(failed)
        }
    })
}

pub(super) extern "C" fn delete(
    lease: abi::Lease,
    key: RString,
) -> LocalFfiFuture<RResult<bool, HandleError>> {
    slot::call(lease, Work::Write, |lease| {
        let (session, key) = (Session::of(lease), key.into_string());
        async move {
            let Session { store, cog } = session?;
            store.delete(&cog, &key).await.map_err(failed)
        }
    })
}

pub(super) extern "C" fn list(
    lease: abi::Lease,
    prefix: RString,
    limit: u32,
) -> LocalFfiFuture<RResult<RVec<Entry>, HandleError>> {
    slot::call(lease, Work::Read, |lease| {
        let (session, prefix) = (Session::of(lease), prefix.into_string());
        async move {
            let Session { store, cog } = session?;
            let entries = store.list_all(&cog, &prefix, limit as usize).await.map_err(failed)?;
            Ok(entries.into_iter().map(|it| Entry { key: it.key.into(), value: it.value.into() }).collect())
        }
    })
}

/// The session and whose keys are meant.
struct Session {
    store: Arc<store::Store>,
    cog: Arc<str>,
}

impl Session {
    fn of(lease: &Lease) -> Result<Session, HandleError> {
        let store = lease.sessions().store.clone().ok_or_else(|| missing("store"))?;
        Ok(Session { store, cog: Arc::clone(&lease.id().cog) })
    }
}

fn failed(cause: StoreError) -> HandleError {
    let kind = match &cause {
        StoreError::Invalid(_) | StoreError::TooLarge { .. } | StoreError::ListTooLarge { .. } => {
            HandleErrorKind::Invalid
        }
        StoreError::Full | StoreError::Gone | StoreError::Failed(_) => HandleErrorKind::Internal,
        StoreError::Closed => HandleErrorKind::Missing,
    };
    error(kind, cause.to_string())
}
