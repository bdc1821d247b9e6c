//! A generation's right to ask. It is counted, and it ends: a retired lease answers errors.
//! It holds sessions but no cog; the pointer a cog has to it stays good until the cog's library is closed.
#![allow(unsafe_code, reason = "a lease crosses the boundary as a pointer")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use gearshift_cog::abi::{self, HandleError, HandleErrorKind};
use tokio::runtime;
use tokio_util::task::TaskTracker;

use super::http::Streams;
use crate::{
    cooldowns::Cooldowns, facts::Facts, identity::GenerationId, schedule::Schedule, sessions::Sessions,
};

/// What a lease is made of.
#[derive(Debug)]
pub struct LeaseParts {
    /// Whose.
    pub id: GenerationId,
    /// The sessions, open.
    pub sessions: Arc<Sessions>,
    /// What its operator has set for it, as a JSON object.
    pub settings: String,
    /// The cog's planned tasks.
    pub schedule: Arc<Schedule>,
    /// How often the cog's commands were used.
    pub cooldowns: Arc<Cooldowns>,
    /// What is known of the guilds.
    pub facts: Arc<Facts>,
    /// Where the work of calls runs.
    pub runtime: runtime::Handle,
    /// The work of calls under way, also of those whose cog is gone. Shared by all leases of a host.
    pub work: TaskTracker,
    /// Calls in flight at once; waiting is none.
    pub calls_in_flight: usize,
}

/// The lease of one generation.
#[derive(Debug)]
pub struct Lease {
    parts: LeaseParts,
    retired: AtomicBool,
    /// Slots that the cog has not dropped: each may hold a waker of the cog.
    slots: AtomicUsize,
    /// Calls in flight, of [`LeaseParts::calls_in_flight`].
    calls: AtomicUsize,
    streams: Streams,
}

/// A place among the calls in flight. Taken until neither the cog nor the work knows of the call any more.
#[derive(Debug)]
pub(super) struct Place(Arc<Lease>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lease {
    /// A lease that is good from now on.
    pub fn new(parts: LeaseParts) -> Arc<Lease> {
        let (slots, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Lease { parts, retired: AtomicBool::new(false), slots, calls, streams: Streams::default() })
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

    /// Ends it: calls from now on answer an error, and connections that are streamed over are closed.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.streams.clear();
    }

    /// Calls that the cog has not dropped.
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

    pub(super) fn settings(&self) -> &str {
        &self.parts.settings
    }

    pub(super) fn schedule(&self) -> &Arc<Schedule> {
        &self.parts.schedule
    }

    pub(super) fn cooldowns(&self) -> &Arc<Cooldowns> {
        &self.parts.cooldowns
    }

    pub(super) fn facts(&self) -> &Arc<Facts> {
        &self.parts.facts
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

    pub(super) fn streams(&self) -> &Streams {
        &self.streams
    }

    pub(super) fn calls_in_flight(&self) -> usize {
        self.parts.calls_in_flight
    }

    pub(super) fn work(&self) -> &TaskTracker {
        &self.parts.work
    }

    /// A place for a call of the cog behind `raw`, unless all are taken.
    pub(super) fn place(raw: abi::Lease) -> Result<Place, HandleError> {
        let lease = Lease::of(raw);
        let limit = lease.parts.calls_in_flight;
        if lease.calls.fetch_add(1, Ordering::AcqRel) >= limit {
            lease.calls.fetch_sub(1, Ordering::AcqRel);
            let text = format!("`{}` has {limit} calls in flight (`[limits] calls_in_flight`)", lease.id());
            return Err(super::error(HandleErrorKind::Invalid, text));
        }
        let pointer = raw.0.cast::<Lease>();
        // SAFETY: `lend` made the pointer from an `Arc`, and its share is there as long as the cog that calls.
        Ok(Place(unsafe {
            Arc::increment_strong_count(pointer);
            Arc::from_raw(pointer)
        }))
    }

    /// Counts a slot in.
    pub(super) fn enter(&self) {
        self.slots.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a slot out.
    pub(super) fn leave(&self) {
        self.slots.fetch_sub(1, Ordering::AcqRel);
    }
}
