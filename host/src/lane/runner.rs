//! The lane's thread: the only place where cog code runs. It opens the library, makes the instance, obeys orders, polls
//! handlers, and drops everything of the cog before it ends. It knows nothing of Discord and decides no policy.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use abi_stable::std_types::{RArc, ROption, RResult};
use async_ffi::LocalFfiFuture;
use futures_util::{Stream, stream::FuturesUnordered};
use gearshift_cog::abi::{
    self, CogModuleRef, Event, Instance, Interaction, Invocation, Origin, Outcome, SavedState,
};
use tokio::sync::{mpsc, oneshot};

use super::{Activity, Answer, Begun, Inbox, Item, LaneParts, Order, Pulse, State};
use crate::{
    event,
    fault::{Fault, FaultReport},
    handles::Lease,
    identity::GenerationId,
    library::{self, OpenFailure, OpenLibrary},
};

pub(super) type Opened = oneshot::Sender<Result<OpenLibrary, OpenFailure>>;

/// The thread's whole life.
pub(super) fn run(
    parts: LaneParts,
    orders: mpsc::UnboundedReceiver<Order>,
    pulse: &Arc<Pulse>,
    opened: Opened,
) {
    let (library, module) = match pulse.during(Activity::Open, || library::open(&parts.file)) {
        Ok(open) => open,
        Err(failure) => {
            // If nobody waits any more, the library stays mapped, which is safe.
            let _ = opened.send(Err(failure));
            return;
        }
    };
    let host = abi::Host { lease: Lease::lend(&parts.lease), table: parts.table };
    let instance = pulse.during(Activity::Open, || (module.create())(host));
    // A runtime without drivers: timers and sockets belong to the host's runtime, this one only parks the thread.
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => unreachable!("a runtime without drivers takes nothing from the system: {error}"),
    };
    let waits = opened.send(Ok(library)).is_ok();
    let mut runner = Runner {
        labels: Labels::new(&parts),
        id: parts.id,
        module,
        instance,
        inbox: parts.inbox,
        orders,
        running: FuturesUnordered::new(),
        control: None,
        mode: Mode::Paused,
        pulse: Arc::clone(pulse),
        handlers_in_flight: parts.handlers_in_flight,
        decline: parts.decline,
        faults: parts.faults,
    };
    if waits {
        runtime.block_on(poll_fn(|cx| runner.poll(cx)));
    }
    runner.end();
}

/// Whether the lane takes from the inbox.
enum Mode {
    Serving,
    Paused,
    /// Paused, and somebody waits until the last handler is done.
    Draining(oneshot::Sender<()>),
}

struct Runner {
    id: GenerationId,
    module: CogModuleRef,
    instance: Instance,
    labels: Labels,
    inbox: Arc<Inbox>,
    orders: mpsc::UnboundedReceiver<Order>,
    running: FuturesUnordered<Handling>,
    control: Option<Control>,
    mode: Mode,
    pulse: Arc<Pulse>,
    handlers_in_flight: usize,
    decline: Box<dyn Fn(Item) + Send>,
    faults: mpsc::UnboundedSender<FaultReport>,
}

impl Runner {
    /// Ready when the lane shall end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            while let Poll::Ready(order) = self.orders.poll_recv(cx) {
                match order {
                    None | Some(Order::End) => return Poll::Ready(()),
                    Some(order) => self.obey(order),
                }
            }
            self.poll_control(cx);
            self.poll_handlers(cx);
            // Cog code may have kept the thread for long. What was ordered meanwhile comes first: a lane that shall
            // pause or end takes nothing more, it would only be cancelled.
            if !self.orders.is_empty() || self.orders.is_closed() {
                continue;
            }
            if !self.take(cx) {
                self.pulse.holds(self.running.len());
                return Poll::Pending;
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let (module, instance, pulse) = (self.module, self.instance, &self.pulse);
        match order {
            Order::Setup(answer) => {
                let future = pulse.during(Activity::Setup, || (module.setup())(instance));
                self.control = Some(Control::Plain(Activity::Setup, future, answer));
            }
            Order::Restore(State { version, bytes }, answer) => {
                let state = SavedState { version, bytes: bytes.into() };
                let future = pulse.during(Activity::Restore, || (module.restore())(instance, state));
                self.control = Some(Control::Plain(Activity::Restore, future, answer));
            }
            Order::Teardown(answer) => {
                let future = pulse.during(Activity::Teardown, || (module.teardown())(instance));
                self.control = Some(Control::Plain(Activity::Teardown, future, answer));
            }
            Order::Save(answer) => {
                let future = pulse.during(Activity::Save, || (module.save())(instance));
                self.control = Some(Control::Save(future, answer));
            }
            Order::Serve => self.mode = Mode::Serving,
            Order::Pause(done) => self.mode = Mode::Draining(done),
            // Whoever wanted it has given up and lets this lane serve on.
            Order::Cancel(answer) if answer.is_closed() => {}
            Order::Cancel(answer) => {
                let handlers = mem::take(&mut self.running);
                let count = handlers.len();
                pulse.during(Activity::Drop, || drop(handlers));
                let _ = answer.send(count);
            }
            Order::End => {}
        }
    }

    /// Goes on with the call that is no handler, if there is one.
    fn poll_control(&mut self, cx: &mut Context<'_>) {
        let Some(control) = self.control.take() else { return };
        let pulse = &self.pulse;
        match control {
            // Whoever gave the order has given up waiting.
            control if control.is_abandoned() => pulse.during(Activity::Drop, || drop(control)),
            Control::Plain(activity, mut future, answer) => {
                match pulse.during(activity, || Pin::new(&mut future).poll(cx)) {
                    Poll::Pending => self.control = Some(Control::Plain(activity, future, answer)),
                    Poll::Ready(outcome) => {
                        pulse.during(Activity::Drop, || drop(future));
                        let _ = answer.send(taken(outcome));
                    }
                }
            }
            Control::Save(mut future, answer) => {
                match pulse.during(Activity::Save, || Pin::new(&mut future).poll(cx)) {
                    Poll::Pending => self.control = Some(Control::Save(future, answer)),
                    Poll::Ready(outcome) => {
                        pulse.during(Activity::Drop, || drop(future));
                        let state = outcome.into_result().map_err(Fault::take);
                        let state = state.map(|state| state.into_option().map(taken_state));
                        let _ = answer.send(state);
                    }
                }
            }
        }
    }

    fn poll_handlers(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((what, outcome))) = Pin::new(&mut self.running).poll_next(cx) {
            if let Err(fault) = outcome {
                let _ = self.faults.send(FaultReport { id: self.id.clone(), what, fault });
            }
        }
        if self.running.is_empty()
            && let Mode::Draining(_) = self.mode
            && let Mode::Draining(done) = mem::replace(&mut self.mode, Mode::Paused)
        {
            let _ = done.send(());
        }
    }

    /// Takes items from the inbox and makes handlers of them; whether there are new ones to poll.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        let mut taken = false;
        while matches!(self.mode, Mode::Serving) && self.running.len() < self.handlers_in_flight {
            let Poll::Ready(item) = self.inbox.poll_next(cx) else { break };
            if let Some(handling) = self.handling(item) {
                self.running.push(handling);
                taken = true;
            }
        }
        taken
    }

    /// The handler of an item; none if this generation does not know what it is.
    fn handling(&self, item: Item) -> Option<Handling> {
        let (module, instance, pulse) = (self.module, self.instance, &self.pulse);
        let (activity, what, work) = match item {
            Item::Event(event) => {
                let what = self.labels.event(&event)?;
                let future = pulse.during(Activity::Event, || (module.event())(instance, event));
                (Activity::Event, what, Work::Cog(future))
            }
            Item::Command(invocation, defer) => {
                let Some(what) = self.labels.command(&invocation) else {
                    (self.decline)(Item::Command(invocation, defer));
                    return None;
                };
                let work = match defer {
                    None => Work::Cog(
                        pulse.during(Activity::Command, || (module.command())(instance, invocation)),
                    ),
                    Some(defer) => {
                        Work::Deferrable(Box::pin(deferrable(module, instance, invocation, defer.start())))
                    }
                };
                (Activity::Command, what, work)
            }
            Item::Component(interaction, defer) => {
                let what = self.labels.event(&Event::Interaction(interaction.clone()))?;
                (
                    Activity::Event,
                    what,
                    Work::Deferrable(Box::pin(pressed(module, instance, interaction, defer.start()))),
                )
            }
            Item::Task(run) => {
                let what = format!("task {}", run.name).into();
                let future = pulse.during(Activity::Task, || (module.task())(instance, run));
                (Activity::Task, what, Work::Cog(future))
            }
        };
        Some(Handling { activity, what, work, pulse: Arc::clone(pulse) })
    }

    /// Drops everything of the cog, on its own thread.
    fn end(self) {
        let Runner { id, module, instance, running, control, pulse, faults, .. } = self;
        pulse.during(Activity::Drop, || {
            drop(control);
            drop(running);
            if let Err(fault) = taken((module.destroy())(instance)) {
                let _ = faults.send(FaultReport { id, what: "drop".into(), fault });
            }
        });
    }
}

async fn deferrable(module: CogModuleRef, instance: Instance, mut call: Invocation, begun: Begun) -> Outcome {
    if let Origin::Slash(interaction) = &mut call.origin {
        tell(interaction, &begun).await;
    }
    (module.command())(instance, call).await
}

async fn pressed(
    module: CogModuleRef,
    instance: Instance,
    mut interaction: RArc<Interaction>,
    begun: Begun,
) -> Outcome {
    tell(&mut interaction, &begun).await;
    (module.event())(instance, Event::Interaction(interaction)).await
}

/// Lets the cog know that the host was faster.
async fn tell(interaction: &mut RArc<Interaction>, begun: &Begun) {
    if begun.is_deferred().await {
        *interaction = RArc::new(Interaction { deferred: true, ..(**interaction).clone() });
    }
}

fn taken_state(state: SavedState) -> State {
    State { version: state.version, bytes: state.bytes.into_vec() }
}

fn taken(outcome: Outcome) -> Result<(), Fault> {
    outcome.into_result().map_err(Fault::take)
}

/// A call that is not a handler.
enum Control {
    Plain(Activity, LocalFfiFuture<Outcome>, Answer<()>),
    Save(LocalFfiFuture<RResult<ROption<SavedState>, abi::Fault>>, Answer<Option<State>>),
}

impl Control {
    fn is_abandoned(&self) -> bool {
        match self {
            Control::Plain(_, _, answer) => answer.is_closed(),
            Control::Save(_, answer) => answer.is_closed(),
        }
    }
}

/// A handler in flight.
struct Handling {
    activity: Activity,
    what: Arc<str>,
    work: Work,
    pulse: Arc<Pulse>,
}

enum Work {
    Cog(LocalFfiFuture<Outcome>),
    /// Waits for the host's acknowledgement first, if there is one under way.
    Deferrable(Pin<Box<dyn Future<Output = Outcome>>>),
}

impl Future for Handling {
    type Output = (Arc<str>, Result<(), Fault>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Handling { activity, what, work, pulse } = &mut *self;
        let outcome = pulse.during(*activity, || match work {
            Work::Cog(future) => Pin::new(future).poll(cx),
            Work::Deferrable(future) => future.as_mut().poll(cx),
        });
        outcome.map(|outcome| (Arc::clone(what), taken(outcome)))
    }
}

/// What this generation declared, with the words for messages made once.
struct Labels {
    events: HashMap<String, Arc<str>>,
    commands: HashMap<String, [Arc<str>; 2]>,
}

impl Labels {
    fn new(parts: &LaneParts) -> Labels {
        let events = parts.events.iter().map(|name| (name.clone(), format!("event {name}").into())).collect();
        let both = |name: &String| {
            (name.clone(), [format!("command !{name}").into(), format!("command /{name}").into()])
        };
        Labels { events, commands: parts.commands.iter().map(both).collect() }
    }

    fn event(&self, event: &Event) -> Option<Arc<str>> {
        let name = event::name(event);
        let declared = self.events.get(name).cloned();
        // Autocompletion of a command needs no declaration.
        declared.or_else(|| matches!(event, Event::Interaction(_)).then(|| format!("event {name}").into()))
    }

    fn command(&self, invocation: &Invocation) -> Option<Arc<str>> {
        let [prefix, slash] = self.commands.get(invocation.command.as_str())?;
        Some(Arc::clone(match invocation.origin {
            Origin::Prefix(_) => prefix,
            Origin::Slash(_) => slash,
        }))
    }
}
