//! A generation's right to make requests. It counts calls, and it can be retired: then every request returns an error.
//! It holds sessions but no cog; a cog's pointer to it stays valid until the cog's library is closed.
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

/// What is needed to create a lease in the host.
#[derive(Debug)]
pub struct LeaseParts {
    /// The generation that it is for.
    pub id: GenerationId,
    /// The open sessions.
    pub sessions: Arc<Sessions>,
    /// The operator's settings for it, as a JSON object.
    pub settings: String,
    /// What it may request.
    pub allowed: Allowed,
    /// The cog's planned tasks.
    pub schedule: Arc<Schedule>,
    /// The cooldowns of the cog's commands.
    pub cooldowns: Arc<Cooldowns>,
    /// What is known about the guilds.
    pub facts: Arc<Facts>,
    /// The runtime for the work of calls.
    pub runtime: runtime::Handle,
    /// Tracks the work of calls, even of those whose cog is gone. Shared by all leases of a host.
    pub work: TaskTracker,
    /// Maximum number of calls in flight. Calls that only wait do not count.
    pub calls_in_flight: usize,
}

/// What is known about a generation, in whichever process its cog is.
#[derive(Clone, Debug)]
pub struct Known {
    /// The generation that the lease is for.
    pub id: GenerationId,
    /// The operator's settings for it, as a JSON object.
    pub settings: String,
    /// The bot's own user id; 0 without a Discord session.
    pub bot_id: u64,
    /// Maximum number of calls in flight. Calls that only wait do not count.
    pub calls_in_flight: usize,
}

/// The lease of one generation.
#[derive(Debug)]
pub struct Lease {
    known: Known,
    backend: Backend,
    retired: AtomicBool,
    /// Slots that the cog has not dropped: each may hold a waker of the cog.
    slots: AtomicUsize,
    /// Calls in flight, limited by [`Known::calls_in_flight`].
    calls: AtomicUsize,
}

/// Who answers the requests.
#[derive(Debug)]
pub(super) enum Backend {
    /// This process, which is the host.
    Local(Local),
    /// The host, in another process.
    Remote(Arc<Remote>),
}

/// What the host needs to answer requests.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) id: GenerationId,
    /// What it may request.
    pub(super) allowed: Allowed,
    pub(super) sessions: Arc<Sessions>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) cooldowns: Arc<Cooldowns>,
    pub(super) facts: Arc<Facts>,
    pub(super) runtime: runtime::Handle,
    pub(super) work: TaskTracker,
    pub(super) streams: Streams,
    /// Permits for HTTP requests; further ones wait.
    pub(super) requests: Arc<Semaphore>,
    /// Used to log only once that something is not allowed, where there is no answer to report it.
    pub(super) warned: Once,
}

/// A place among the calls in flight. It is taken until both the cog and the work have dropped the call.
#[derive(Debug)]
pub(super) struct CallPermit(Arc<Lease>);

impl Drop for CallPermit {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lease {
    /// A valid lease in the host.
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
            Backend::Local(Local {
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

    /// The lease of a generation in this process, for which `host` answers.
    pub fn remote(known: Known, host: Arc<Remote>) -> Arc<Lease> {
        Lease::with(known, Backend::Remote(host))
    }

    fn with(known: Known, backend: Backend) -> Arc<Lease> {
        let (slots, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Lease { known, backend, retired: AtomicBool::new(false), slots, calls })
    }

    /// The pointer for the cog. It owns a reference count of the `Arc`, so it is valid until
    /// [`release`](Self::release), or until the process ends: a held cog may still use it.
    pub fn lend(lease: &Arc<Lease>) -> abi::Lease {
        abi::Lease(Arc::into_raw(Arc::clone(lease)).cast())
    }

    /// Takes the cog's reference count back.
    ///
    /// # Safety
    /// It was lent exactly once, and the library that has the pointer is unmapped.
    pub unsafe fn release(lease: &Arc<Lease>) {
        // SAFETY: `lend` gave away one reference count, and no code is left that could use it.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(lease)) };
    }

    /// The lease behind a cog's pointer.
    pub(super) fn of<'a>(raw: abi::Lease) -> &'a Lease {
        // SAFETY: cogs only have the pointer that `lend` made, and its reference count is taken back
        // only when they are unmapped.
        unsafe { &*raw.0.cast::<Lease>() }
    }

    /// Retires it: requests return an error from now on, and connections of streams are closed.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        if let Backend::Local(local) = &self.backend {
            local.streams.clear();
        }
    }

    /// How many calls the cog has not dropped. Acquires: a thread that reads 0 sees everything the cog did before it
    /// dropped the last one.
    pub fn slots(&self) -> usize {
        self.slots.load(Ordering::Acquire)
    }

    /// What is known about the generation, in whichever process it is.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The generation that it is for.
    pub(super) fn id(&self) -> &GenerationId {
        &self.known.id
    }

    pub(super) fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Fails if it was retired.
    pub(super) fn check(&self) -> Result<(), HandleError> {
        if self.retired.load(Ordering::Acquire) {
            let text = format!("`{}` was retired; its handles no longer work", self.id());
            return Err(super::error(HandleErrorKind::Retired, text));
        }
        Ok(())
    }

    /// Takes a place for a call of the cog behind `raw`, unless all are taken.
    pub(super) fn call_permit(raw: abi::Lease) -> Result<CallPermit, HandleError> {
        let lease = Lease::of(raw);
        let limit = lease.known.calls_in_flight;
        if lease.calls.fetch_add(1, Ordering::AcqRel) >= limit {
            lease.calls.fetch_sub(1, Ordering::AcqRel);
            let text = format!("`{}` has {limit} calls in flight (`[limits] calls_in_flight`)", lease.id());
            return Err(super::error(HandleErrorKind::Invalid, text));
        }
        let pointer = raw.0.cast::<Lease>();
        // SAFETY: `lend` made the pointer from an `Arc`, and the cog that calls still owns its reference count.
        Ok(CallPermit(unsafe {
            Arc::increment_strong_count(pointer);
            Arc::from_raw(pointer)
        }))
    }

    /// Counts a new slot.
    pub(super) fn enter(&self) {
        self.slots.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a dropped slot.
    pub(super) fn leave(&self) {
        self.slots.fetch_sub(1, Ordering::AcqRel);
    }
}
