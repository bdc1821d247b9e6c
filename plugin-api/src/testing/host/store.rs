//! The store handle, over the entries in memory.

use abi_stable::std_types::{ROption, RResult, RString, RVec};
use async_ffi::LocalFfiFuture;

use super::soon;
use crate::{
    abi::{Entry, HandleError, Lease, StoreList, StoreWrite},
    testing::{store, world::World},
};

pub(super) extern "C" fn read(
    lease: Lease,
    key: RString,
) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>> {
    let world = World::of(lease);
    let value = || world.store.borrow_mut().get(&key, world.clock.unix_ms());
    let is_taken = world.authorize("store").and_then(|()| store::check_key(&key));
    soon(is_taken.map(|()| value().map(RVec::from).into()))
}

pub(super) extern "C" fn write(
    lease: Lease,
    write: StoreWrite,
) -> LocalFfiFuture<RResult<bool, HandleError>> {
    let world = World::of(lease);
    let is_taken = world.authorize("store").and_then(|()| store::check(&write));
    soon(is_taken.map(|()| world.store.borrow_mut().write(write, world.clock.unix_ms())))
}

pub(super) extern "C" fn list(
    lease: Lease,
    list: StoreList,
) -> LocalFfiFuture<RResult<RVec<Entry>, HandleError>> {
    let world = World::of(lease);
    let page = || world.store.borrow_mut().list(&list, world.clock.unix_ms());
    let entry = |(key, value): (String, Vec<u8>)| Entry { key: key.into(), value: value.into() };
    let is_taken = world.authorize("store").and_then(|()| store::check_prefix(&list.prefix));
    soon(is_taken.map(|()| page().into_iter().map(entry).collect()))
}
