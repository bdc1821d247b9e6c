//! Futures that the cog spawns beside its handlers.

use abi_stable::std_types::RStr;
use async_ffi::LocalFfiFuture;

use crate::{
    abi::{Lease, Outcome},
    testing::world::World,
};

pub(super) extern "C" fn spawn(lease: Lease, what: RStr<'_>, future: LocalFfiFuture<Outcome>) {
    World::of(lease).spawned.borrow_mut().push((what.to_string(), future));
}
