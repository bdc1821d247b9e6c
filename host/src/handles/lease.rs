//! A generation's right to ask. It is counted, and it ends: a retired lease answers errors.
//! It holds sessions but no cog; the pointer a cog has to it stays good until the cog's library is closed.
#![allow(unsafe_code, reason = "a lease crosses the boundary as a pointer")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use gearshift_cog::abi::{self, HandleError, HandleErrorKind};
use tokio::runtime;

use crate::{identity::GenerationId, schedule::Schedule, sessions::Sessions};

/// What a lease is made of.
#[derive(Debug)]
pub struct LeaseParts {
    /// Whose.
    pub id: GenerationId,
    /// The sessions, open.
    pub sessions: Arc<Sessions>,
    /// The cog's planned tasks.
    pub schedule: Arc<Schedule>,
    /// Where the work of calls runs.
    pub runtime: runtime::Handle,
    /// Calls in flight at once.
    pub calls_in_flight: usize,
}

/// The lease of one generation.
#[derive(Debug)]
pub struct Lease {
    parts: LeaseParts,
    retired: AtomicBool,
    /// Slots that are alive: each may hold a waker of the cog.
    slots: AtomicUsize,
}

impl Lease {
    /// A lease that is good from now on.
    pub fn new(parts: LeaseParts) -> Arc<Lease> {
        Arc::new(Lease { parts, retired: AtomicBool::new(false), slots: AtomicUsize::new(0) })
    }

    /// The pointer for the cog. It owns a share of the lease, so it is good until [`release`](Self::release), or for
    /// ever: a cog that is held may still use it.
    pub fn lend(lease: &Arc<Lease>) -> abi::Lease {
        abi::Lease(Arc::into_raw(Arc::clone(lease)).cast())
    }

    /// Takes the cog's share back.
    ///
    /// # Safety
    /// It was lent once, and the library that has the pointer is unmapped.
    pub unsafe fn release(lease: &Arc<Lease>) {
        // SAFETY: `lend` gave one share away, and nobody is left who could use it.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(lease)) };
    }

    /// The lease behind a cog's pointer.
    pub(super) fn of<'a>(raw: abi::Lease) -> &'a Lease {
        // SAFETY: cogs only have the pointer that `lend` made, and its share is taken back only when they are unmapped.
        unsafe { &*raw.0.cast::<Lease>() }
    }

    /// Ends it: calls from now on answer an error.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Calls in flight.
    pub fn slots(&self) -> usize {
        self.slots.load(Ordering::Acquire)
    }

    /// Whose it is.
    pub(super) fn id(&self) -> &GenerationId {
        &self.parts.id
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.parts.sessions
    }

    pub(super) fn schedule(&self) -> &Arc<Schedule> {
        &self.parts.schedule
    }

    pub(super) fn runtime(&self) -> &runtime::Handle {
        &self.parts.runtime
    }

    /// Whether it may still be used.
    pub(super) fn check(&self) -> Result<(), HandleError> {
        if self.retired.load(Ordering::Acquire) {
            let text = format!("`{}` was retired; its handles serve no more", self.id());
            return Err(super::error(HandleErrorKind::Retired, text));
        }
        Ok(())
    }

    /// Counts a new slot in, unless there are too many or the lease has ended.
    pub(super) fn enter(&self) -> Result<(), HandleError> {
        self.check()?;
        let limit = self.parts.calls_in_flight;
        if self.slots.fetch_add(1, Ordering::AcqRel) >= limit {
            self.leave();
            let text = format!("`{}` has {limit} calls in flight (`[limits] calls_in_flight`)", self.id());
            return Err(super::error(HandleErrorKind::Invalid, text));
        }
        Ok(())
    }

    /// Counts a slot out.
    pub(super) fn leave(&self) {
        self.slots.fetch_sub(1, Ordering::AcqRel);
    }
}
