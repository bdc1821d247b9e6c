//! A lane: one generation of a cog on a thread of its own. This is the host's side: it gives orders and waits for
//! answers. It never runs cog code; that is what `runner` does, on the lane's thread.

mod answer;
mod handler;
mod inbox;
mod item;
mod kept;
mod page;
mod process;
mod pulse;
mod runner;

use std::{any::Any, path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use gearshift_cog::abi::HostTableRef;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

#[cfg(feature = "fuzz")]
pub(crate) use self::process::fuzz;
use self::{answer::Answer, process::Process};
pub use self::{
    inbox::{Full, Inbox},
    item::{Begin, Call, Ended, Item, Observer},
    kept::KeptCall,
    process::{Allocator, Bounds, COMMAND as PROCESS_COMMAND, run as run_process, set_program},
    pulse::{Activity, Pulse},
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
    /// The cog's encoding.
    #[serde(with = "gearshift_cog::abi::bytes")]
    pub bytes: Vec<u8>,
}

/// What is added to why a lane was given up: how many handlers had begun and were not done, whatever they had answered.
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
    /// Nobody waits for it any more.
    #[error("the host is closing")]
    Closing,
}

/// What the host may tell a lane.
enum Order {
    Setup(Answer<Outcome<()>>),
    Restore(State, Answer<Outcome<()>>),
    Save(Answer<Outcome<Option<State>>>),
    Teardown(Answer<Outcome<()>>),
    Serve,
    /// Answered when it takes nothing more, and again when the last handler is done.
    Pause {
        paused: Answer<()>,
        drained: Answer<()>,
    },
    Cancel(Answer<usize>),
    End,
}

/// Takes what was being handled, such as `command !ping`, and what went wrong.
pub type Report = Box<dyn Fn(&str, Fault) + Send>;

/// What a function of the cog gives.
type Outcome<T> = Result<T, Fault>;

/// What a lane needs to begin.
pub struct LaneParts {
    /// Whose lane it is.
    pub id: GenerationId,
    /// The private copy to open.
    pub file: PathBuf,
    /// The generation's lease; its handles.
    pub lease: Arc<Lease>,
    /// The host's functions.
    pub table: HostTableRef,
    /// What it consumes while it serves. Belongs to the cog: it outlives the generation.
    pub inbox: Arc<Inbox>,
    /// Events it declared; others are passed over.
    pub events: Vec<String>,
    /// By what its commands are called: names and aliases.
    pub commands: Vec<String>,
    /// Handlers in flight at once.
    pub handlers_in_flight: usize,
    /// What happens to the fault of a handler.
    pub report: Report,
}

/// What a lane in a process of its own needs besides.
pub struct ProcessParts {
    /// Bytes of private memory that it may have; none: as many as there are.
    pub memory_max: Option<u64>,
    /// How much of the cog's the host holds.
    pub bounds: Bounds,
    /// Whether events that it was handling when it crashed begin again, once.
    pub redeliver: bool,
    /// Whether it is locked in.
    pub sandbox: Sandbox,
    /// How long it may take to end.
    pub end_within: Duration,
    /// Takes why the process has ended though nobody asked it to.
    pub crashed: Box<dyn FnOnce(String) + Send>,
}

/// A lane that did not start, and what is left of it to be taken apart.
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
    place: Place,
}

/// Where it is.
#[derive(Debug)]
enum Place {
    Thread(JoinHandle<()>),
    Process(Process),
}

/// What is left of a lane that was asked to end.
#[derive(Debug)]
pub enum Ending {
    /// The thread to be joined.
    Thread(JoinHandle<()>),
    /// Comes when the process is gone: whether it had to be killed.
    Process(oneshot::Receiver<bool>),
}

impl Lane {
    /// Starts the thread, opens the library on it and makes the cog's instance.
    ///
    /// # Errors
    /// When the library cannot be opened or is not what it says; the thread has then ended or is ending.
    pub async fn start(parts: LaneParts) -> Result<(Lane, OpenLibrary), StartFailure> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let (opened, answer) = oneshot::channel();
        let pulse = Arc::new(Pulse::default());
        let watched = Arc::clone(&pulse);
        let failed =
            |error, thread, library| StartFailure { error, thread, pulse: Arc::clone(&pulse), library };
        // Linux shows 15 bytes of a thread's name.
        let thread = std::thread::Builder::new()
            .name(parts.id.to_string())
            .spawn(move || runner::run(parts, receiver, &watched, Answer::Here(opened)))
            .map_err(|error| failed(OpenError::Thread(error), None, None))?;
        match answer.await {
            Ok(Ok(library)) => Ok((Lane { orders, pulse, place: Place::Thread(thread) }, library)),
            Ok(Err(OpenFailure { error, library })) => Err(failed(error, Some(thread), library)),
            Err(_) => Err(failed(OpenError::Died, Some(thread), None)),
        }
    }

    /// Starts a process, which opens the library and makes the cog's instance there.
    ///
    /// # Errors
    /// When it cannot be started, or the library cannot be opened; nothing of it is left then.
    pub async fn start_process(parts: LaneParts, process: ProcessParts) -> Result<Lane, OpenError> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let pulse = Arc::new(Pulse::shared().map_err(OpenError::Spawn)?);
        let place = Place::Process(process::start(parts, process, receiver, &pulse).await?);
        Ok(Lane { orders, pulse, place })
    }

    /// What the thread is doing.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Builds the cog.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn setup(&self, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, Order::Setup).await
    }

    /// Gives it state.
    ///
    /// # Errors
    /// When the cog cannot read it, fails or is not done within `deadline`.
    pub async fn restore(&self, state: State, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, |answer| Order::Restore(state, answer)).await
    }

    /// Asks for its state.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn save(&self, deadline: Duration) -> Result<Option<State>, OrderError> {
        self.ask(deadline, Order::Save).await
    }

    /// Lets it say goodbye.
    ///
    /// # Errors
    /// When the cog fails or is not done within `deadline`.
    pub async fn teardown(&self, deadline: Duration) -> Result<(), OrderError> {
        self.ask(deadline, Order::Teardown).await
    }

    /// Lets it take from the inbox, from now on.
    pub fn serve(&self) {
        if let Place::Process(process) = &self.place {
            process.handover.serve(&process.inbox);
        }
        // A lane whose thread has ended serves nothing; the watchdog reports it.
        let _ = self.send(Order::Serve);
    }

    /// Stops it taking from the inbox, and gives its handlers `drain` to end.
    ///
    /// # Errors
    /// When it does not return to its loop within `stop`, or handlers are still in flight after `drain`; it stays
    /// paused, or will pause.
    pub async fn pause(&self, stop: Duration, drain: Duration) -> Result<(), PauseError> {
        self.take_back();
        let (stopped, paused) = oneshot::channel();
        let (ended, drained) = oneshot::channel();
        let (paused_to, drained_to) = (Answer::Here(stopped), Answer::Here(ended));
        self.send(Order::Pause { paused: paused_to, drained: drained_to })?;
        self.within(stop, paused).await?;
        self.within(drain, drained).await.map_err(|error| match error {
            OrderError::Deadline(_) => PauseError::InFlight,
            error => error.into(),
        })
    }

    /// Drops all handlers at their `await`; how many there were.
    ///
    /// # Errors
    /// When the lane does not return to its loop within `deadline`.
    pub async fn cancel(&self, deadline: Duration) -> Result<usize, OrderError> {
        let (answer, done) = oneshot::channel();
        self.send(Order::Cancel(Answer::Here(answer)))?;
        self.within(deadline, done).await
    }

    /// What another process was given and has not begun is in the queue again.
    fn take_back(&self) {
        if let Place::Process(process) = &self.place {
            process.handover.pause(&process.inbox);
        }
    }

    /// Tells it to drop the cog and to end. Nothing begins any more that has not.
    pub fn end(self) -> Ending {
        self.take_back();
        let _ = self.send(Order::End);
        match self.place {
            Place::Thread(thread) => Ending::Thread(thread),
            Place::Process(process) => Ending::Process(process.ended),
        }
    }

    async fn ask<T>(
        &self,
        deadline: Duration,
        order: impl FnOnce(Answer<Outcome<T>>) -> Order,
    ) -> Result<T, OrderError> {
        let (answer, done) = oneshot::channel();
        self.send(order(Answer::Here(answer)))?;
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
    /// Its handlers are not done.
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
