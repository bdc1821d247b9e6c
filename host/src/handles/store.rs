//! The store handle: keys and values of one cog. The cog's name is taken from the lease, so no cog can name
//! another one's keys.

use std::{sync::Arc, time::Duration};

use abi_stable::std_types::{ROption, RResult, RString, RVec};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, Entry, HandleError, HandleErrorKind, StoreExpect, StoreList, StoreWrite};

use super::{
    error,
    lease::Local,
    missing,
    request::{AsyncRequest, Found, StoreRead},
    slot::{self, Work},
};
use crate::sessions::store::{self, Change, Expect, StoreError};

pub(super) extern "C" fn read(
    lease: abi::Lease,
    key: RString,
) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>> {
    slot::call(lease, StoreRead { key })
}

impl AsyncRequest for StoreRead {
    type Answer = Found;
    type Output = ROption<RVec<u8>>;

    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Found, HandleError>> + Send + 'static + use<> {
        let (session, key) = (Session::of(local), self.key.into_string());
        async move {
            let Session { store, cog } = session?;
            Ok(Found(store.get(&cog, &key).await.map_err(failed)?.map(RVec::from).into()))
        }
    }
}

pub(super) extern "C" fn write(
    lease: abi::Lease,
    write: StoreWrite,
) -> LocalFfiFuture<RResult<bool, HandleError>> {
    slot::call(lease, write)
}

impl AsyncRequest for StoreWrite {
    type Answer = bool;
    type Output = bool;

    fn work(&self) -> Work {
        Work::Write
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<bool, HandleError>> + Send + 'static + use<> {
        let (session, change) = (Session::of(local), taken(self));
        async move {
            let Session { store, cog } = session?;
            store.change(&cog, change).await.map_err(failed)
        }
    }
}

pub(super) extern "C" fn list(
    lease: abi::Lease,
    page: StoreList,
) -> LocalFfiFuture<RResult<RVec<Entry>, HandleError>> {
    slot::call(lease, page)
}

impl AsyncRequest for StoreList {
    type Answer = RVec<Entry>;
    type Output = RVec<Entry>;

    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<RVec<Entry>, HandleError>> + Send + 'static + use<> {
        let (session, prefix) = (Session::of(local), self.prefix.into_string());
        let (after, limit) = (self.after.into_option().map(RString::into_string), self.limit as usize);
        async move {
            let Session { store, cog } = session?;
            let entries = store.list(&cog, &prefix, after.as_deref(), limit).await.map_err(failed)?;
            Ok(entries.into_iter().map(|it| Entry { key: it.key.into(), value: it.value.into() }).collect())
        }
    }
}

fn taken(write: StoreWrite) -> Change {
    Change {
        key: write.key.into_string(),
        value: write.value.into_option().map(RVec::into_vec),
        expect: match write.expect {
            StoreExpect::Any => Expect::Any,
            StoreExpect::Absent => Expect::Absent,
            StoreExpect::Value(value) => Expect::Value(value.into_vec()),
        },
        lasts: (write.expires_ms > 0).then(|| Duration::from_millis(write.expires_ms)),
    }
}

/// The session, and the cog that owns the keys.
struct Session {
    store: Arc<store::Store>,
    cog: Arc<str>,
}

impl Session {
    fn of(local: &Local) -> Result<Session, HandleError> {
        let store = local.sessions.store.clone().ok_or_else(|| missing("store"))?;
        Ok(Session { store, cog: Arc::clone(&local.id.cog) })
    }
}

fn failed(cause: StoreError) -> HandleError {
    let kind = match &cause {
        StoreError::Invalid(_) | StoreError::TooLarge { .. } => HandleErrorKind::Invalid,
        StoreError::Full | StoreError::Gone | StoreError::Failed(_) => HandleErrorKind::Internal,
        StoreError::Closed => HandleErrorKind::Missing,
    };
    error(kind, cause.to_string())
}
