//! The lane's thread: the only place where cog code runs. It opens the library, creates the instance, carries out
//! orders, polls handlers, and drops everything of the cog before it ends.
//!
//! It takes one item, polls it once, checks for orders, and takes the next. An item that was not started has not left
//! the queue: it can still be deferred, counted, or handled by the next generation.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use abi_stable::std_types::{ROption, RResult};
use async_ffi::LocalFfiFuture;
use futures_util::{Stream, stream::FuturesUnordered};
use gearshift_cog::abi::{self, Outcome, SavedState};
use tokio::sync::mpsc;

use super::{
    Activity, Begin, Call, Ended, Inbox, Item, LaneParts, Order, Pulse, Report, State,
    answer::Answer,
    handler::{CogCalls, Handler, Labels, Work, taken},
};
use crate::{
    fault::{Fault, FaultKind},
    handles::{Lease, Spawned, Spawns},
    library::{self, OpenFailure, OpenLibrary},
    step::Step,
};

/// Maximum number of spawned futures of one generation. A cog that leaves more behind has a leak.
const SPAWNED_MAX: usize = 10_000;

pub(super) type Opened = Answer<Result<OpenLibrary, OpenFailure>>;

/// The whole life of the thread.
pub(super) fn run(
    parts: LaneParts,
    orders: mpsc::UnboundedReceiver<Order>,
    pulse: &Arc<Pulse>,
    opened: Opened,
) {
    // However the thread ends, the watchdog notices.
    let _ended = EndsPulse(Arc::clone(pulse));
    pulse.begin();
    let open = Activity::Step(Step::Open);
    let (library, module) = match pulse.during(open, || library::open(&parts.file)) {
        Ok(open) => open,
        Err(failure) => {
            // If nothing waits for the answer any more, the library stays mapped, which is safe.
            opened.send(Err(failure));
            return;
        }
    };
    let spawns = Spawns::begin();
    let host = abi::Host { lease: Lease::lend(&parts.lease), table: parts.table };
    let instance = pulse.during(open, || (module.create())(host));
    // A runtime without drivers: timers and sockets belong to the host's runtime, this one only parks the thread.
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => unreachable!("a runtime without drivers takes nothing from the system: {error}"),
    };
    let waits = opened.send(Ok(library));
    let cog = CogCalls { module, instance, pulse: Arc::clone(pulse) };
    let mut runner = Runner {
        labels: Labels::new(&parts),
        cog,
        inbox: parts.inbox,
        orders,
        running: FuturesUnordered::new(),
        spawned: FuturesUnordered::new(),
        spawns,
        control: None,
        mode: Mode::Paused,
        handlers_in_flight: parts.handlers_in_flight,
        report: parts.report,
    };
    if waits {
        // A busy lane does not yield for long stretches, and tokio's cooperative budget would make its channels return
        // `Pending` after 128 values in one poll: https://docs.rs/tokio/latest/tokio/task/coop/index.html
        runtime.block_on(tokio::task::unconstrained(poll_fn(|cx| runner.poll(cx))));
    }
    runner.end();
}

struct EndsPulse(Arc<Pulse>);

impl Drop for EndsPulse {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whether the lane takes from the inbox.
enum Mode {
    Serving,
    Paused,
    /// Paused; answered when the last handler is done.
    Draining(Answer<()>),
}

struct Runner {
    cog: CogCalls,
    labels: Labels,
    inbox: Arc<Inbox>,
    orders: mpsc::UnboundedReceiver<Order>,
    running: FuturesUnordered<Handler>,
    /// Polled unless the lane is paused.
    spawned: FuturesUnordered<Handler>,
    spawns: Spawns,
    control: Option<Control>,
    mode: Mode,
    handlers_in_flight: usize,
    report: Report,
}

impl Runner {
    /// Ready when the lane is to end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            while let Poll::Ready(order) = self.orders.poll_recv(cx) {
                let Some(order) = order else { return Poll::Ready(()) };
                self.cog.pulse.take_order();
                match order {
                    Order::End => return Poll::Ready(()),
                    order => self.carry_out(order),
                }
            }
            self.poll_control(cx);
            if let Poll::Ready(Some((handler, outcome))) = Pin::new(&mut self.running).poll_next(cx) {
                self.done(handler, outcome);
                continue;
            }
            self.answer_drained();
            // One per turn: futures that keep spawning each other must not starve the items.
            let has_more = self.poll_spawned(cx);
            if self.cog.pulse.has_orders() {
                // The order is counted before it is sent: it is in the channel, or about to be.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.next_item(cx) {
                Some(item) => self.begin(item, cx),
                None if has_more => {}
                None => return Poll::Pending,
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        let CogCalls { module, instance, pulse } = &self.cog;
        let instance = *instance;
        match order {
            Order::Setup(answer) => {
                let future = pulse.during(Activity::Step(Step::Setup), || (module.setup())(instance));
                self.control = Some(Control::Plain(Step::Setup, future, answer));
            }
            Order::Restore(State { version, bytes }, answer) => {
                let state = SavedState { version, bytes: bytes.into() };
                let step = Activity::Step(Step::Restore);
                let future = pulse.during(step, || (module.restore())(instance, state));
                self.control = Some(Control::Plain(Step::Restore, future, answer));
            }
            Order::Teardown(answer) => {
                let future = pulse.during(Activity::Step(Step::Retire), || (module.teardown())(instance));
                self.control = Some(Control::Plain(Step::Retire, future, answer));
            }
            Order::Save(answer) => {
                let future = pulse.during(Activity::Step(Step::Save), || (module.save())(instance));
                self.control = Some(Control::Save(future, answer));
            }
            Order::Serve => self.mode = Mode::Serving,
            Order::Pause { paused, drained } => {
                paused.send(());
                self.mode = Mode::Draining(drained);
                let ended = pulse.during(Activity::Step(Step::Pause), || (module.pause())(instance));
                if let Err(fault) = taken(ended) {
                    (self.report)("pause", fault);
                }
            }
            // The owner that gave the order has given up, and lets this lane go on serving.
            Order::Cancel(answer) if answer.is_abandoned() => {}
            Order::Cancel(answer) => {
                let count = self.cancel();
                answer.send(count);
            }
            Order::End => {}
        }
    }

    /// Drops every handler at its `await`.
    fn cancel(&mut self) -> usize {
        let handlers = mem::take(&mut self.running);
        let count = handlers.len();
        let followed = self.cog.pulse.followed();
        let observers: Vec<_> =
            handlers.iter().filter_map(|handler| followed.take(handler.observer?)).collect();
        self.cog.pulse.during(Activity::Step(Step::Pause), || drop(handlers));
        observers.into_iter().for_each(|observer| observer.end(Ended::Cancelled));
        self.cog.pulse.set_handlers(0);
        count
    }

    /// Polls the call that is not a handler, if there is one.
    fn poll_control(&mut self, cx: &mut Context<'_>) {
        let Some(control) = self.control.take() else { return };
        let pulse = &self.cog.pulse;
        match control {
            // The owner that gave the order no longer waits for the answer.
            control if control.is_abandoned() => {
                pulse.during(Activity::Step(Step::Retire), || drop(control));
            }
            Control::Plain(step, mut future, answer) => {
                let activity = Activity::Step(step);
                match pulse.during(activity, || Pin::new(&mut future).poll(cx)) {
                    Poll::Pending => self.control = Some(Control::Plain(step, future, answer)),
                    Poll::Ready(outcome) => {
                        pulse.during(activity, || drop(future));
                        answer.send(taken(outcome));
                    }
                }
            }
            Control::Save(mut future, answer) => {
                let activity = Activity::Step(Step::Save);
                match pulse.during(activity, || Pin::new(&mut future).poll(cx)) {
                    Poll::Pending => self.control = Some(Control::Save(future, answer)),
                    Poll::Ready(outcome) => {
                        pulse.during(activity, || drop(future));
                        let state = outcome.into_result().map_err(Fault::take);
                        let state = state.map(|state| state.into_option().map(taken_state));
                        answer.send(state);
                    }
                }
            }
        }
    }

    fn next_item(&mut self, cx: &mut Context<'_>) -> Option<Item> {
        let takes = matches!(self.mode, Mode::Serving) && self.running.len() < self.handlers_in_flight;
        if !takes {
            return None;
        }
        // Counted before it leaves the queue: a check whether the cog is idle, which may happen at any time, first looks
        // at the queue and then at this count, and finds the item in one of them.
        self.cog.pulse.set_handlers(self.running.len() + 1);
        match self.inbox.poll_next(cx) {
            Poll::Ready(item) => Some(item),
            Poll::Pending => {
                self.cog.pulse.set_handlers(self.running.len());
                None
            }
        }
    }

    /// Makes a handler of an item, which is counted already, and polls it once.
    fn begin(&mut self, item: Item, cx: &mut Context<'_>) {
        let Item { call, mut observer, .. } = item;
        let Some(what) = self.labels.of(&call) else {
            // The previous generation declared it, and this one does not.
            self.cog.pulse.set_handlers(self.running.len());
            if let Some(observer) = observer {
                observer.decline();
            }
            return;
        };
        let activity = match &call {
            Call::Event(_) => Activity::Event,
            Call::Command(_) => Activity::Command,
            Call::Task(_) => Activity::Task,
        };
        let since = Instant::now();
        let begin = match &mut observer {
            Some(observer) => observer.begin(call),
            None => Begin::Now(call),
        };
        let follow = |observer: Option<_>| observer.map(|observer| self.cog.pulse.followed().add(observer));
        let (work, observer) = match begin {
            Begin::Now(call) => {
                // Before any code of the cog runs: it may not return.
                let observer = follow(observer);
                (Work::Cog(self.cog.start(activity, &what, call)), observer)
            }
            Begin::Later(call) => (Work::Waiting(call), follow(observer)),
            Begin::No => {
                self.cog.pulse.set_handlers(self.running.len());
                return;
            }
        };
        let mut handler = Handler { activity, what, work, observer, since, cog: self.cog.clone() };
        match handler.poll_work(cx) {
            Poll::Ready(outcome) => self.done(handler, outcome),
            Poll::Pending => {
                // It was polled with this task's waker; the set polls it again, with its own waker.
                self.running.push(handler);
                self.cog.pulse.set_handlers(self.running.len());
            }
        }
    }

    fn done(&mut self, handler: Handler, outcome: Result<(), Fault>) {
        let Handler { activity, what, work, observer, since, .. } = handler;
        self.cog.pulse.during_handler(activity, &what, || drop(work));
        let ended = if outcome.is_ok() { Ended::Done } else { Ended::Failed };
        if let Some(observer) = observer.and_then(|number| self.cog.pulse.followed().take(number)) {
            observer.end(ended);
        }
        if let Err(fault) = outcome {
            (self.report)(&what, fault);
        }
        self.cog.pulse.count_handled();
        self.inbox.count_handled(since.elapsed());
        self.cog.pulse.set_handlers(self.running.len());
    }

    /// Polls spawned futures. Returns whether there are more to poll. They also run while the lane drains, since the
    /// handlers that have to finish may wait for them; only a paused lane does not poll them.
    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> bool {
        for Spawned { what, future } in self.spawns.take() {
            let (activity, cog) = (Activity::Spawned, self.cog.clone());
            if self.spawned.len() >= SPAWNED_MAX {
                self.cog.pulse.during_handler(activity, &what, || drop(future));
                let text = format!("it is dropped: {SPAWNED_MAX} spawned futures are not done");
                (self.report)(&what, Fault { kind: FaultKind::Error, text, place: None });
                continue;
            }
            let (work, since) = (Work::Cog(future), Instant::now());
            self.spawned.push(Handler { activity, what, work, observer: None, since, cog });
        }
        self.cog.pulse.set_spawned(self.spawned.len());
        if matches!(self.mode, Mode::Paused) {
            return false;
        }
        let Poll::Ready(Some((handler, outcome))) = Pin::new(&mut self.spawned).poll_next(cx) else {
            // One of them may have spawned another.
            return !self.spawns.is_empty();
        };
        let Handler { activity, what, work, .. } = handler;
        self.cog.pulse.during_handler(activity, &what, || drop(work));
        if let Err(fault) = outcome {
            (self.report)(&what, fault);
        }
        self.cog.pulse.set_spawned(self.spawned.len());
        true
    }

    fn answer_drained(&mut self) {
        if self.running.is_empty()
            && let Mode::Draining(_) = self.mode
            && let Mode::Draining(drained) = mem::replace(&mut self.mode, Mode::Paused)
        {
            drained.send(());
        }
    }

    /// Drops everything of the cog, on the cog's own thread.
    fn end(mut self) {
        self.cancel();
        let Runner { cog: CogCalls { module, instance, pulse }, control, report, spawned, spawns, .. } = self;
        pulse.during(Activity::Step(Step::Retire), || {
            drop(control);
            drop(spawned);
            drop(spawns);
            if let Err(fault) = taken((module.destroy())(instance)) {
                report("drop", fault);
            }
        });
    }
}

fn taken_state(state: SavedState) -> State {
    State { version: state.version, bytes: state.bytes.into_vec() }
}

/// A call into the cog that is not a handler.
enum Control {
    Plain(Step, LocalFfiFuture<Outcome>, Answer<Result<(), Fault>>),
    Save(LocalFfiFuture<RResult<ROption<SavedState>, abi::Fault>>, Answer<Result<Option<State>, Fault>>),
}

impl Control {
    fn is_abandoned(&self) -> bool {
        match self {
            Control::Plain(_, _, answer) => answer.is_abandoned(),
            Control::Save(_, answer) => answer.is_abandoned(),
        }
    }
}
