//! A generation's right to ask. It is counted, and it ends: a retired lease answers errors.
//! It holds sessions but no cog; the pointer a cog has to it stays good until the cog's library is closed.
#![allow(unsafe_code, reason = "a lease crosses the boundary as a pointer")]

use std::sync::{
    Arc, Once,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use gearshift_cog::abi::{self, HandleError, HandleErrorKind};
use tokio::{runtime, sync::Semaphore};
use tokio_util::task::TaskTracker;

use super::{
    http::{REQUESTS, Streams},
    remote::Remote,
};
use crate::{
    config::Allowed, cooldowns::Cooldowns, facts::Facts, identity::GenerationId, schedule::Schedule,
    sessions::Sessions,
};

/// What the lease of a host is made of.
#[derive(Debug)]
pub struct LeaseParts {
    /// Whose.
    pub id: GenerationId,
    /// The sessions, open.
    pub sessions: Arc<Sessions>,
    /// What its operator has set for it, as a JSON object.
    pub settings: String,
    /// What it may ask.
    pub allowed: Allowed,
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

/// What is known of a generation wherever its cog is.
#[derive(Clone, Debug)]
pub struct Known {
    /// Whose lease it is.
    pub id: GenerationId,
    /// What its operator has set for it, as a JSON object.
    pub settings: String,
    /// The bot's own user; 0 without a discord session.
    pub bot_id: u64,
    /// Calls in flight at once; waiting is none.
    pub calls_in_flight: usize,
}

/// The lease of one generation.
#[derive(Debug)]
pub struct Lease {
    known: Known,
    serves: Serves,
    retired: AtomicBool,
    /// Slots that the cog has not dropped: each may hold a waker of the cog.
    slots: AtomicUsize,
    /// Calls in flight, of [`Known::calls_in_flight`].
    calls: AtomicUsize,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Serves {
    /// This process: it is the host.
    Here(Here),
    /// The host, whose process is another one.
    Host(Arc<Remote>),
}

/// What answers in the host.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) id: GenerationId,
    /// What it may ask.
    pub(super) allowed: Allowed,
    pub(super) sessions: Arc<Sessions>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) cooldowns: Arc<Cooldowns>,
    pub(super) facts: Arc<Facts>,
    pub(super) runtime: runtime::Handle,
    pub(super) work: TaskTracker,
    pub(super) streams: Streams,
    /// Places for requests over HTTP; the others wait.
    pub(super) requests: Arc<Semaphore>,
    /// That something is not allowed was said, where no answer could say it.
    pub(super) warned: Once,
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
    /// A lease of the host's that is good from now on.
    pub fn new(parts: LeaseParts) -> Arc<Lease> {
        let LeaseParts {
            id,
            sessions,
            settings,
            allowed,
            schedule,
            cooldowns,
            facts,
            runtime,
            work,
            calls_in_flight,
        } = parts;
        let bot_id = sessions.discord.as_ref().map_or(0, |discord| discord.account().user_id);
        let known = Known { id: id.clone(), settings, bot_id, calls_in_flight };
        let streams = Streams::new(calls_in_flight);
        Lease::with(
            known,
            Serves::Here(Here {
                id,
                allowed,
                sessions,
                schedule,
                cooldowns,
                facts,
                runtime,
                work,
                streams,
                requests: Arc::new(Semaphore::new(REQUESTS)),
                warned: Once::new(),
            }),
        )
    }

    /// The lease of a generation in this process, which `host` answers.
    pub fn remote(known: Known, host: Arc<Remote>) -> Arc<Lease> {
        Lease::with(known, Serves::Host(host))
    }

    fn with(known: Known, serves: Serves) -> Arc<Lease> {
        let (slots, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Lease { known, serves, retired: AtomicBool::new(false), slots, calls })
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
        if let Serves::Here(here) = &self.serves {
            here.streams.clear();
        }
    }

    /// Calls that the cog has not dropped.
    pub fn slots(&self) -> usize {
        self.slots.load(Ordering::Acquire)
    }

    /// What is known of the generation wherever it is.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Whose it is.
    pub(super) fn id(&self) -> &GenerationId {
        &self.known.id
    }

    pub(super) fn serves(&self) -> &Serves {
        &self.serves
    }

    /// Whether it may still be used.
    pub(super) fn check(&self) -> Result<(), HandleError> {
        if self.retired.load(Ordering::Acquire) {
            let text = format!("`{}` was retired; its handles serve no more", self.id());
            return Err(super::error(HandleErrorKind::Retired, text));
        }
        Ok(())
    }

    /// A place for a call of the cog behind `raw`, unless all are taken.
    pub(super) fn place(raw: abi::Lease) -> Result<Place, HandleError> {
        let lease = Lease::of(raw);
        let limit = lease.known.calls_in_flight;
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
