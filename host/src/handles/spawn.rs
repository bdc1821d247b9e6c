//! Futures that a cog hands to its lane. They never leave the cog's thread, which is the lane's: here they wait until
//! the lane's loop takes them.

use std::{cell::RefCell, mem, sync::Arc};

use abi_stable::std_types::RStr;
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, Outcome};

use super::Lease;

thread_local! {
    /// `None`: this thread is not a lane's.
    static SPAWNED: RefCell<Option<Vec<Spawned>>> = const { RefCell::new(None) };
}

/// A future of a cog, and its name in messages.
pub struct Spawned {
    /// Its name, such as `spawned at src/lib.rs:41`.
    pub what: Arc<str>,
    /// The future itself.
    pub future: LocalFfiFuture<Outcome>,
}

/// Collects what this thread's cog spawns, for as long as this value lives.
#[derive(Debug)]
pub struct Spawns(());

impl Spawns {
    /// Starts collecting, on this thread.
    pub fn begin() -> Spawns {
        SPAWNED.set(Some(Vec::new()));
        Spawns(())
    }

    /// Whether nothing was spawned since the last [`take`](Self::take).
    pub fn is_empty(&self) -> bool {
        SPAWNED.with_borrow(|spawned| spawned.as_ref().is_none_or(Vec::is_empty))
    }

    /// What was spawned since the last call.
    pub fn take(&self) -> Vec<Spawned> {
        SPAWNED.with_borrow_mut(|spawned| spawned.as_mut().map(mem::take).unwrap_or_default())
    }
}

impl Drop for Spawns {
    fn drop(&mut self) {
        // Dropping a future may spawn another one.
        let left = SPAWNED.take();
        drop(left);
    }
}

pub(super) extern "C" fn spawn(lease: abi::Lease, what: RStr<'_>, future: LocalFfiFuture<Outcome>) {
    let lease = Lease::of(lease);
    let new = Spawned { what: what.as_str().into(), future };
    let refused = SPAWNED.with_borrow_mut(|spawned| match spawned {
        Some(spawned) if lease.check().is_ok() => {
            spawned.push(new);
            None
        }
        _ => Some(new),
    });
    if let Some(Spawned { what, .. }) = refused {
        tracing::warn!(cog = %lease.id(), "the future {what} is dropped: the cog was retired, or this is not its own thread");
    }
}
