//! One generation of the cog under test: its real table, called as the host's lane does, on the test's thread.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use abi_stable::std_types::RResult;
use async_ffi::LocalFfiFuture;

use super::{declared::Declared, host, log::Log, world::World};
use crate::{
    Cog, Host, State,
    abi::{
        self, CogModule, ErrorCause, Event, FaultKind, Instance, Invocation, Outcome, SavedState, TaskRun,
    },
    export::{glue, in_test},
};

/// A generation of the cog.
pub(super) struct Generation {
    world: Rc<World>,
    log: Log,
    /// What it may ask of its host.
    handles: Option<&'static [&'static str]>,
    table: CogModule,
    instance: Instance,
    pub(super) declared: Declared,
    running: RefCell<Vec<RunningHandler>>,
}

/// The failure of a handler.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What the handler was called for: `/hello`, `GUILD_MEMBER_ADD`, `task digest`, `setup`, …
    pub handler: String,
    /// Whether it is an error, a panic, or state or settings that cannot be read.
    pub kind: FaultKind,
    /// The text of the error or panic.
    pub text: String,
    /// `file:line:column` of a panic, or the key of a setting.
    pub place: Option<String>,
    /// The cause of an error.
    pub cause: ErrorCause,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            FaultKind::Panic => "panicked",
            FaultKind::Error | FaultKind::State | FaultKind::Settings => "failed",
        };
        write!(out, "{} {what}: {}", self.handler, self.text)?;
        // Settings that are wrong as a whole have an empty key.
        let place = self.place.as_ref().filter(|place| !place.is_empty());
        place.map_or(Ok(()), |place| write!(out, " ({place})"))
    }
}

/// A handler under way.
struct RunningHandler {
    handler: String,
    future: LocalFfiFuture<Outcome>,
    is_woken: Arc<Flag>,
    on_end: OnEnd,
}

/// What follows when a handler ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OnEnd {
    Nothing,
    /// The interaction with this token should have an answer by then.
    Interaction(String),
    /// The run of this task is over.
    Task(String),
}

/// A handler that has ended.
pub(super) struct Ended {
    pub(super) fault: Option<Fault>,
    pub(super) on_end: OnEnd,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// How often handlers may be polled at one moment; beyond that, the cog keeps waking itself.
const POLLS_MAX: usize = 20_000;
/// How long `setup`, `restore`, `save` and `teardown` may take, in milliseconds: the host's default.
const DEADLINE_MS: u64 = 30_000;

impl Generation {
    /// Creates an instance, without setting it up.
    pub(super) fn create<C: Cog>(world: &Rc<World>) -> Self {
        in_test::share_hook();
        let (table, log) = (glue::module::<C>(), Log::new());
        let host = Host::new(host::host(world), C::EVENTS);
        let number = world.generations.get() + 1;
        world.generations.set(number);
        host.waits().set_id_prefix(number.to_string());
        // Not the table's `create`: that would make the cog the owner of the process.
        let instance = log.within(world, || glue::instance::<C>(host));
        let (world, handles, declared) = (Rc::clone(world), C::HANDLES, Declared::of::<C>());
        Self { world, log, handles, table, instance, declared, running: RefCell::default() }
    }

    /// Runs code of the cog.
    fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        self.world.handles.set(self.handles);
        self.log.within(&self.world, body)
    }

    pub(super) fn setup(&self) -> Result<(), Fault> {
        self.drive("setup", |instance| (self.table.setup)(instance))
    }

    pub(super) fn restore(&self, state: State) -> Result<(), Fault> {
        let state = SavedState { version: state.version, bytes: state.bytes.into() };
        self.drive("restore", |instance| (self.table.restore)(instance, state))
    }

    /// Pauses the cog: no further handlers begin, and its waits for users end.
    pub(super) fn pause(&self) -> Option<Fault> {
        let outcome = self.within(|| (self.table.pause)(self.instance));
        outcome.into_result().err().map(|fault| fault_of("pause", fault))
    }

    pub(super) fn save(&self) -> Result<Option<State>, Fault> {
        let saved = self.drive("save", |instance| (self.table.save)(instance))?;
        Ok(saved.map(|state| State { version: state.version, bytes: state.bytes.into() }).into_option())
    }

    pub(super) fn teardown(&self) -> Result<(), Fault> {
        self.drive("teardown", |instance| (self.table.teardown)(instance))
    }

    pub(super) fn event(&self, handler: String, event: Event, on_end: OnEnd) {
        self.start(handler, on_end, |instance| (self.table.event)(instance, event));
    }

    pub(super) fn command(&self, handler: String, invocation: Invocation, on_end: OnEnd) {
        self.start(handler, on_end, |instance| (self.table.command)(instance, invocation));
    }

    pub(super) fn task(&self, run: TaskRun) {
        let name = run.name.to_string();
        self.start(format!("task {name}"), OnEnd::Task(name), |instance| (self.table.task)(instance, run));
    }

    fn start(&self, handler: String, on_end: OnEnd, call: impl FnOnce(Instance) -> LocalFfiFuture<Outcome>) {
        let future = self.within(|| call(self.instance));
        self.fly(handler, future, on_end);
    }

    fn fly(&self, handler: String, future: LocalFfiFuture<Outcome>, on_end: OnEnd) {
        let is_woken = Arc::new(Flag(AtomicBool::new(true)));
        self.running.borrow_mut().push(RunningHandler { handler, future, is_woken, on_end });
    }

    /// Takes over the futures that the cog has spawned.
    fn adopt(&self) {
        for (what, future) in self.world.spawned.take() {
            self.fly(what, future, OnEnd::Nothing);
        }
    }

    /// Polls every woken handler once, and returns those that ended.
    pub(super) fn turn(&self) -> Vec<Ended> {
        let mut ended = Vec::new();
        // Taken out of the cell, as a handler may start another one.
        for mut running in self.running.take() {
            match self.poll(&mut running) {
                Poll::Pending => self.running.borrow_mut().push(running),
                Poll::Ready(outcome) => {
                    let fault = outcome.into_result().err().map(|fault| fault_of(&running.handler, fault));
                    self.within(|| drop(running.future));
                    ended.push(Ended { fault, on_end: running.on_end });
                }
            }
        }
        self.adopt();
        ended
    }

    fn poll(&self, running: &mut RunningHandler) -> Poll<Outcome> {
        if !running.is_woken.0.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&running.is_woken));
        self.within(|| Pin::new(&mut running.future).poll(&mut Context::from_waker(&waker)))
    }

    pub(super) fn has_woken_handler(&self) -> bool {
        self.running.borrow().iter().any(|running| running.is_woken.0.load(Ordering::Acquire))
    }

    /// What the handlers under way were called for.
    pub(super) fn running_handlers(&self) -> Vec<String> {
        self.running.borrow().iter().map(|running| running.handler.clone()).collect()
    }

    /// Cancels all handlers at their `await`, and returns what follows for each of them.
    pub(super) fn cancel(&self) -> Vec<OnEnd> {
        let (futures, ends): (Vec<_>, Vec<_>) =
            self.running.take().into_iter().map(|running| (running.future, running.on_end)).unzip();
        self.within(|| drop(futures));
        ends
    }

    /// Runs one function of the cog to its end. Time passes by itself meanwhile, as the test cannot advance it.
    fn drive<T>(
        &self,
        what: &str,
        call: impl FnOnce(Instance) -> LocalFfiFuture<RResult<T, abi::Fault>>,
    ) -> Result<T, Fault> {
        let outcome = self.run_to_end(what, call);
        self.adopt();
        outcome
    }

    fn run_to_end<T>(
        &self,
        what: &str,
        call: impl FnOnce(Instance) -> LocalFfiFuture<RResult<T, abi::Fault>>,
    ) -> Result<T, Fault> {
        let mut future = self.within(|| call(self.instance));
        let is_woken = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&is_woken));
        let (deadline, polls) = (self.world.clock.unix_ms() + DEADLINE_MS, Cell::new(0));
        let fault = |text: String| {
            let fault = abi::Fault {
                kind: FaultKind::Error,
                cause: ErrorCause::OWN,
                text: text.into(),
                place: None.into(),
            };
            fault_of(what, fault)
        };
        loop {
            polls.set(polls.get() + 1);
            is_woken.0.store(false, Ordering::Release);
            let poll = self.within(|| Pin::new(&mut future).poll(&mut Context::from_waker(&waker)));
            if let Poll::Ready(outcome) = poll {
                self.within(|| drop(future));
                return outcome.into_result().map_err(|fault| fault_of(what, fault));
            }
            if polls.get() > POLLS_MAX {
                return Err(fault("it keeps waking itself".to_owned()));
            }
            if is_woken.0.load(Ordering::Acquire) {
                continue;
            }
            match self.world.clock.next().filter(|next| *next <= deadline) {
                Some(next) => self.world.clock.set(next.max(self.world.clock.unix_ms())),
                None => return Err(fault(format!("it did not return within {} s", DEADLINE_MS / 1000))),
            }
        }
    }

    /// Cancels everything and drops the instance.
    pub(super) fn destroy(self) -> Option<Fault> {
        self.cancel();
        let outcome = self.within(|| (self.table.destroy)(self.instance));
        outcome.into_result().err().map(|fault| fault_of("drop", fault))
    }

    /// Whether handlers were polled too often at one moment.
    pub(super) fn is_too_often(polls: usize) -> bool {
        polls > POLLS_MAX
    }
}

/// A fault that a function of the table returned.
fn fault_of(handler: &str, fault: abi::Fault) -> Fault {
    Fault {
        handler: handler.to_owned(),
        kind: fault.kind,
        text: fault.text.into(),
        place: fault.place.map(Into::into).into_option(),
        cause: fault.cause,
    }
}
