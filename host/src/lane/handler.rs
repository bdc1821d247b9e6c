//! One handler of a cog: from a call to its outcome, and its name in messages. Only on the lane's thread.

use std::{
    collections::HashMap,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{CogModuleRef, Event, Instance, Origin, Outcome};

use super::{Activity, Call, LaneParts, Pulse};
use crate::{event, fault::Fault};

/// What is needed to call into the cog.
#[derive(Clone)]
pub(super) struct CogCalls {
    pub(super) module: CogModuleRef,
    pub(super) instance: Instance,
    pub(super) pulse: Arc<Pulse>,
}

impl CogCalls {
    pub(super) fn start(&self, activity: Activity, what: &Arc<str>, call: Call) -> LocalFfiFuture<Outcome> {
        let (module, instance) = (self.module, self.instance);
        self.pulse.during_handler(activity, what, || match call {
            Call::Event(event) => (module.event())(instance, event),
            Call::Command(invocation) => (module.command())(instance, invocation),
            Call::Task(run) => (module.task())(instance, run),
        })
    }
}

/// A running handler.
pub(super) struct Handler {
    pub(super) activity: Activity,
    pub(super) what: Arc<str>,
    pub(super) work: Work,
    /// The number of its observer, if it has one.
    pub(super) observer: Option<u64>,
    /// When it was started.
    pub(super) since: Instant,
    pub(super) cog: CogCalls,
}

pub(super) enum Work {
    Cog(LocalFfiFuture<Outcome>),
    /// The call is not known yet: the host may still be deferring it.
    Waiting(Pin<Box<dyn Future<Output = Call> + Send>>),
    Done,
}

impl Handler {
    pub(super) fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if let Work::Waiting(call) = &mut self.work {
            let Poll::Ready(call) = call.as_mut().poll(cx) else { return Poll::Pending };
            self.work = Work::Cog(self.cog.start(self.activity, &self.what, call));
        }
        let Work::Cog(future) = &mut self.work else { return Poll::Pending };
        let pulse = &self.cog.pulse;
        let outcome = pulse.during_handler(self.activity, &self.what, || Pin::new(future).poll(cx));
        outcome.map(taken)
    }
}

impl Future for Handler {
    type Output = (Handler, Result<(), Fault>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.cog.pulse.has_orders() {
            // Orders come first: a lane that is to pause finds every handler unchanged.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let outcome = std::task::ready!(self.poll_work(cx));
        let handler = Handler {
            activity: self.activity,
            what: Arc::clone(&self.what),
            work: mem::replace(&mut self.work, Work::Done),
            observer: self.observer.take(),
            since: self.since,
            cog: self.cog.clone(),
        };
        Poll::Ready((handler, outcome))
    }
}

/// What this generation declared, with the names for messages, which are formatted only once.
pub(super) struct Labels {
    events: HashMap<String, Arc<str>>,
    commands: HashMap<String, [Arc<str>; 2]>,
}

impl Labels {
    pub(super) fn new(parts: &LaneParts) -> Labels {
        let events = parts.events.iter().map(|name| (name.clone(), format!("event {name}").into())).collect();
        let both = |name: &String| {
            (name.clone(), [format!("command !{name}").into(), format!("command /{name}").into()])
        };
        Labels { events, commands: parts.commands.iter().map(both).collect() }
    }

    /// `None` if this generation did not declare it.
    pub(super) fn of(&self, call: &Call) -> Option<Arc<str>> {
        match call {
            Call::Event(event) => {
                let name = event::name(event);
                let declared = self.events.get(name).cloned();
                // Autocompletion is routed by its command and needs no declaration.
                declared.or_else(|| {
                    matches!(event, Event::Interaction(_)).then(|| format!("event {name}").into())
                })
            }
            Call::Command(invocation) => {
                let [prefix, slash] = self.commands.get(invocation.command.as_str())?;
                Some(Arc::clone(match invocation.origin {
                    Origin::Prefix(_) => prefix,
                    Origin::Slash(_) => slash,
                }))
            }
            Call::Task(run) => Some(format!("task {}", run.name).into()),
        }
    }
}

/// Converts the outcome into the host's own types.
pub(super) fn taken(outcome: Outcome) -> Result<(), Fault> {
    outcome.into_result().map_err(Fault::take)
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use gearshift_cog::abi::Host;

    use super::*;

    struct SendProbe<T>(PhantomData<T>);

    impl<T: Send> SendProbe<T> {
        const IS_SEND: bool = true;
    }

    /// Provides `IS_SEND` for types to which the inherent constant does not apply.
    trait Otherwise {
        const IS_SEND: bool = false;
    }

    impl<T> Otherwise for SendProbe<T> {}

    #[test]
    fn what_runs_code_of_a_cog_cannot_be_sent_to_another_thread() {
        const { assert!(SendProbe::<Call>::IS_SEND) };
        const { assert!(!SendProbe::<Host>::IS_SEND && !SendProbe::<Instance>::IS_SEND) };
        const { assert!(!SendProbe::<LocalFfiFuture<Outcome>>::IS_SEND) };
        const { assert!(!SendProbe::<CogCalls>::IS_SEND && !SendProbe::<Handler>::IS_SEND) };
    }
}
