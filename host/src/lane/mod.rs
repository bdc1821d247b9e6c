//! A lane: one generation of a cog on its own thread. This is the host's side: it gives orders and waits for answers.
//! It never runs cog code; `runner` does that, on the lane's thread.

mod answer;
mod followed;
mod handler;
mod inbox;
mod item;
mod page;
mod process;
mod pulse;
mod runner;
mod saved_call;

use std::{any::Any, path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use gearshift_cog::abi::HostTableRef;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

#[cfg(feature = "fuzz")]
pub(crate) use self::process::fuzz;
use self::{answer::Answer, process::Process};
pub use self::{
    inbox::{Inbox, PushError},
    item::{Begin, Call, Ended, Item, Observer},
    process::{Allocator, Bounds, COMMAND as PROCESS_COMMAND, run as run_process, set_program},
    pulse::{Activity, Pulse},
    saved_call::SavedCall,
};
use crate::{
    config::Sandbox,
    fault::Fault,
    handles::Lease,
    identity::GenerationId,
    library::{OpenError, OpenFailure, OpenLibrary},
};

/// A cog's state, in the host's own types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The cog's schema version.
    pub version: u32,
    /// The state, in the cog's own encoding.
    #[serde(with = "gearshift_cog::abi::bytes")]
    pub bytes: Vec<u8>,
}

/// A suffix for the reason why a lane was given up: how many handlers had started and not finished, whatever
/// they had already answered.
pub(crate) fn under_way(handlers: usize) -> String {
    match handlers {
        0 => String::new(),
        1 => "; 1 handler was under way".to_owned(),
        handlers => format!("; {handlers} handlers were under way"),
    }
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The cog failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The cog did not finish in time.
    #[error("it did not finish within {} ms", .0.as_millis())]
    Deadline(Duration),
    /// The lane has ended, and why.
    #[error("{0}")]
    Ended(String),
    /// The host is closing, and no longer waits for it.
    #[error("the host is closing")]
    Closing,
}

/// The orders that the host gives to a lane.
enum Order {
    Setup(Answer<Outcome<()>>),
    Restore(State, Answer<Outcome<()>>),
    Save(Answer<Outcome<Option<State>>>),
    Teardown(Answer<Outcome<()>>),
    Serve,
    /// Answered when the lane has stopped taking items, and again when the last handler is done.
    Pause {
        paused: Answer<()>,
        drained: Answer<()>,
    },
    Cancel(Answer<usize>),
    End,
}

/// Receives what was being handled, such as `command !ping`, and what went wrong.
pub type Report = Box<dyn Fn(&str, Fault) + Send>;

/// The result of a function of the cog.
type Outcome<T> = Result<T, Fault>;

/// What is needed to start a lane.
pub struct LaneParts {
    /// The generation that it is for.
    pub id: GenerationId,
    /// The private copy to open.
    pub file: PathBuf,
    /// The generation's lease, through which its handles work.
    pub lease: Arc<Lease>,
    /// The host's functions.
    pub table: HostTableRef,
    /// The queue that it consumes while it serves. It belongs to the cog and outlives the generation.
    pub inbox: Arc<Inbox>,
    /// Events that the generation declared; others are declined.
    pub events: Vec<String>,
    /// Names and aliases of its commands.
    pub commands: Vec<String>,
    /// Maximum number of handlers in flight.
    pub handlers_in_flight: usize,
    /// Receives the faults of handlers.
    pub report: Report,
}

/// What a lane in its own process needs in addition.
pub struct ProcessParts {
    /// Limit of its private memory in bytes; `None`: unlimited.
    pub memory_max: Option<u64>,
    /// How much memory the host holds for the cog.
    pub bounds: Bounds,
    /// Whether events that it was handling when it crashed are handled again, once.
    pub redeliver: bool,
    /// Whether it is sandboxed.
    pub sandbox: Sandbox,
    /// How long it may take to end before it is killed.
    pub end_within: Duration,
    /// Receives the reason why the process has ended without being asked to.
    pub crashed: Box<dyn FnOnce(String) + Send>,
}

/// A lane that did not start, and what is left of it to take apart.
#[derive(Debug)]
pub struct StartFailure {
    /// Why.
    pub error: OpenError,
    /// Its thread, which has ended or is ending.
    pub thread: Option<JoinHandle<()>>,
    /// What the thread was doing.
    pub pulse: Arc<Pulse>,
    /// The library, if it was mapped.
    pub library: Option<OpenLibrary>,
}

/// The host's side of a lane.
#[derive(Debug)]
pub struct Lane {
    orders: mpsc::UnboundedSender<Order>,
    pulse: Arc<Pulse>,
    worker: Worker,
}

/// Where the lane runs.
#[derive(Debug)]
enum Worker {
    Thread(JoinHandle<()>),
    Process(Process),
}

/// What is left of a lane that was asked to end.
#[derive(Debug)]
pub enum Ending {
    /// The thread to be joined.
    Thread(JoinHandle<()>),
    /// Completes when the process is gone; the value is whether it had to be killed.
    Process(oneshot::Receiver<bool>),
}

impl Lane {
    /// Starts the thread, opens the library on it and creates the cog's instance.
    ///
    /// # Errors
    /// When the library cannot be opened or does not match its manifest; the thread has then ended or is ending.
    pub async fn start(parts: LaneParts) -> Result<(Lane, OpenLibrary), StartFailure> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let (opened, answer) = oneshot::channel();
        let pulse = Arc::new(Pulse::default());
        let watched = Arc::clone(&pulse);
        let failed =
            |error, thread, library| StartFailure { error, thread, pulse: Arc::clone(&pulse), library };
        // Linux truncates a thread's name to 15 bytes.
        let thread = std::thread::Builder::new()
            .name(parts.id.to_string())
            .spawn(move || runner::run(parts, receiver, &watched, Answer::Local(opened)))
            .map_err(|error| failed(OpenError::Thread(error), None, None))?;
        match answer.await {
            Ok(Ok(library)) => Ok((Lane { orders, pulse, worker: Worker::Thread(thread) }, library)),
            Ok(Err(OpenFailure { error, library })) => Err(failed(error, Some(thread), library)),
            Err(_) => Err(failed(OpenError::Died, Some(thread), None)),
        }
    }

    /// Starts a process, which opens the library and creates the cog's instance.
    ///
    /// # Errors
    /// When it cannot be started, or the library cannot be opened; nothing of it is left then.
    pub async fn start_process(parts: LaneParts, process: ProcessParts) -> Result<Lane, OpenError> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let pulse = Arc::new(Pulse::shared().map_err(OpenError::Spawn)?);
        let worker = Worker::Process(process::start(parts, process, receiver, &pulse).await?);
        Ok(Lane { orders, pulse, worker })
    }

    /// What the thread is doing.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Builds the cog from its handles.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn setup(&self, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, Order::Setup).await
    }

    /// Passes the state to the cog.
    ///
    /// # Errors
    /// When the cog cannot read it, fails or is not done within `deadline`.
    pub async fn restore(&self, state: State, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, |answer| Order::Restore(state, answer)).await
    }

    /// Asks the cog for its state.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn save(&self, deadline: Duration) -> Result<Option<State>, OrderError> {
        self.ask(deadline, Order::Save).await
    }

    /// Calls the cog's `teardown`.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn teardown(&self, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, Order::Teardown).await
    }

    /// Makes it take items from the inbox from now on.
    pub fn serve(&self) {
        if let Worker::Process(process) = &self.worker {
            process.items.serve(&process.inbox);
        }
        // A lane whose thread has ended serves nothing; the watchdog reports that.
        let _ = self.send(Order::Serve);
    }

    /// Stops it from taking items from the inbox, and gives its handlers the time `drain` to finish.
    ///
    /// # Errors
    /// When it does not return to its loop within `stop`, or handlers are still in flight after `drain`. It stays
    /// paused, or will pause.
    pub async fn pause(&self, stop: Duration, drain: Duration) -> Result<(), PauseError> {
        self.take_back();
        let (stopped, paused) = oneshot::channel();
        let (ended, drained) = oneshot::channel();
        let (paused_to, drained_to) = (Answer::Local(stopped), Answer::Local(ended));
        self.send(Order::Pause { paused: paused_to, drained: drained_to })?;
        self.within(stop, paused).await?;
        self.within(drain, drained).await.map_err(|error| match error {
            OrderError::Deadline(_) => PauseError::InFlight,
            error => error.into(),
        })
    }

    /// Drops all handlers at their `await`. Returns how many there were.
    ///
    /// # Errors
    /// When the lane does not return to its loop within `deadline`.
    pub async fn cancel(&self, deadline: Duration) -> Result<usize, OrderError> {
        let (answer, done) = oneshot::channel();
        self.send(Order::Cancel(Answer::Local(answer)))?;
        self.within(deadline, done).await
    }

    /// Puts items back into the queue that another process was given and has not started.
    fn take_back(&self) {
        if let Worker::Process(process) = &self.worker {
            process.items.pause(&process.inbox);
        }
    }

    /// Tells it to drop the cog and to end. No further handler starts.
    pub fn end(self) -> Ending {
        self.take_back();
        let _ = self.send(Order::End);
        match self.worker {
            Worker::Thread(thread) => Ending::Thread(thread),
            Worker::Process(process) => Ending::Process(process.ended),
        }
    }

    async fn ask<T>(
        &self,
        deadline: Duration,
        order: impl FnOnce(Answer<Outcome<T>>) -> Order,
    ) -> Result<T, OrderError> {
        let (answer, done) = oneshot::channel();
        self.send(order(Answer::Local(answer)))?;
        Ok(self.within(deadline, done).await??)
    }

    fn send(&self, order: Order) -> Result<(), OrderError> {
        self.pulse.add_order();
        self.orders.send(order).map_err(|_| OrderError::Ended(self.pulse.why_ended()))
    }

    async fn within<T>(&self, deadline: Duration, answer: oneshot::Receiver<T>) -> Result<T, OrderError> {
        match tokio::time::timeout(deadline, answer).await {
            Ok(answer) => answer.map_err(|_| OrderError::Ended(self.pulse.why_ended())),
            Err(_) => Err(OrderError::Deadline(deadline)),
        }
    }
}

/// Why a lane did not pause.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// Its handlers have not finished.
    #[error("its handlers are not done")]
    InFlight,
    /// It does not answer.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// A panic's payload as text, for the host's own threads.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
