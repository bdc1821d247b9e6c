//! The stand-in for the host and for Discord, behind the lease of the cog under test.
#![allow(unsafe_code, reason = "the world crosses the boundary as a pointer")]

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use async_ffi::LocalFfiFuture;
use serde_json::{Value, json};

use super::{
    clock::Clock, cooldowns::Cooldowns, discord::Discord, metrics::SentMetric, refusals::Refusals,
    store::Store, tasks::Tasks, transcript::Transcript, web::Web,
};
use crate::abi::{Lease, Outcome};

/// Everything that a cog can access. Borrowed only within a host function, never while code of the cog runs.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) transcript: Transcript,
    pub(super) discord: RefCell<Discord>,
    pub(super) refusals: RefCell<Refusals>,
    pub(super) web: RefCell<Web>,
    pub(super) store: RefCell<Store>,
    pub(super) tasks: RefCell<Tasks>,
    pub(super) cooldowns: RefCell<Cooldowns>,
    /// The settings that the operator has made for the cog: an object.
    pub(super) settings: RefCell<Value>,
    /// Futures that the cog has spawned, with their names, until its generation takes them over.
    pub(super) spawned: RefCell<Vec<(String, LocalFfiFuture<Outcome>)>>,
    pub(super) metrics: RefCell<Vec<SentMetric>>,
    /// What the generation that runs declares with `handles`; `None` if it may ask for everything.
    pub(super) handles: Cell<Option<&'static [&'static str]>>,
    /// How many generations of the cog there have been.
    pub(super) generations: Cell<u32>,
    /// Events of the gateway that the cog has not got yet, as name and `d`, oldest first.
    pub(super) events: RefCell<VecDeque<(String, Value)>>,
}

impl World {
    pub(super) fn new(unix_ms: u64) -> Rc<Self> {
        Rc::new(Self {
            clock: Clock::new(unix_ms),
            transcript: Transcript::default(),
            discord: RefCell::new(Discord::new(unix_ms)),
            refusals: RefCell::default(),
            web: RefCell::default(),
            store: RefCell::default(),
            tasks: RefCell::default(),
            cooldowns: RefCell::default(),
            settings: RefCell::new(json!({})),
            spawned: RefCell::default(),
            metrics: RefCell::default(),
            handles: Cell::default(),
            generations: Cell::default(),
            events: RefCell::default(),
        })
    }

    pub(super) fn lease(self: &Rc<Self>) -> Lease {
        Lease(Rc::as_ptr(self).cast())
    }

    /// Returns a shared owner of the world behind a lease.
    pub(super) fn of(lease: Lease) -> Rc<Self> {
        let pointer = lease.0.cast::<Self>();
        // SAFETY: the lease was made by `lease` above, and the bot owns the world until the cog is destroyed.
        unsafe {
            Rc::increment_strong_count(pointer);
            Rc::from_raw(pointer)
        }
    }

    /// Adds a line to the transcript.
    pub(super) fn note(&self, line: impl Into<String>) {
        self.transcript.note(self.clock.elapsed_ms(), line.into());
    }

    /// Queues an event of the gateway: the cog gets events in the order of these calls.
    pub(super) fn emit(&self, name: &str, d: Value) {
        self.events.borrow_mut().push_back((name.to_owned(), d));
    }
}
