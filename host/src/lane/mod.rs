//! A lane: one generation of a cog on a thread of its own. This is the host's side: it gives orders and waits for
//! answers. It never runs cog code; that is what `runner` does, on the lane's thread.

mod inbox;
mod pulse;
mod runner;

use std::{any::Any, path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use gearshift_cog::abi::HostTableRef;
use tokio::sync::{mpsc, oneshot};

pub use self::inbox::{Begun, Defer, Inbox, Item, Overflow};
pub use self::pulse::{Activity, Pulse};
use crate::{
    fault::{Fault, FaultReport},
    handles::Lease,
    identity::GenerationId,
    library::{OpenError, OpenFailure, OpenLibrary},
};

/// A cog's state, in the host's own types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The cog's schema version.
    pub version: u32,
    /// The cog's encoding.
    pub bytes: Vec<u8>,
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
    /// The lane's thread has ended.
    #[error("its thread has ended")]
    Ended,
}

/// What the host may tell a lane.
enum Order {
    Setup(Answer<()>),
    Restore(State, Answer<()>),
    Save(Answer<Option<State>>),
    Teardown(Answer<()>),
    Serve,
    Pause(oneshot::Sender<()>),
    Cancel(oneshot::Sender<usize>),
    End,
}

type Answer<T> = oneshot::Sender<Result<T, Fault>>;

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
    /// Commands it declared.
    pub commands: Vec<String>,
    /// What happens to a call of another command: one that the generation before declared, and that has waited since.
    pub decline: Box<dyn Fn(Item) + Send>,
    /// Handlers in flight at once.
    pub handlers_in_flight: usize,
    /// Where faults are reported.
    pub faults: mpsc::UnboundedSender<FaultReport>,
}

/// A lane that did not start, and what is left of it to be taken apart.
#[derive(Debug)]
pub struct StartFailure {
    /// Why.
    pub error: OpenError,
    /// Its thread, which has ended or is ending.
    pub thread: Option<JoinHandle<()>>,
    /// The library, if it was mapped.
    pub library: Option<OpenLibrary>,
}

/// The host's side of a lane.
#[derive(Debug)]
pub struct Lane {
    id: GenerationId,
    orders: mpsc::UnboundedSender<Order>,
    pulse: Arc<Pulse>,
    thread: JoinHandle<()>,
}

impl Lane {
    /// Starts the thread, opens the library on it and makes the cog's instance.
    ///
    /// # Errors
    /// When the library cannot be opened or is not what it says; the thread has then ended or is ending.
    pub async fn start(parts: LaneParts) -> Result<(Lane, OpenLibrary), StartFailure> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let (opened, answer) = oneshot::channel();
        let (id, pulse) = (parts.id.clone(), Arc::new(Pulse::default()));
        let watched = Arc::clone(&pulse);
        // Linux shows 15 bytes of a thread's name.
        let thread = std::thread::Builder::new()
            .name(id.to_string())
            .spawn(move || runner::run(parts, receiver, &watched, opened))
            .map_err(|error| StartFailure { error: OpenError::Thread(error), thread: None, library: None })?;
        match answer.await {
            Ok(Ok(library)) => Ok((Lane { id, orders, pulse, thread }, library)),
            Ok(Err(OpenFailure { error, library })) => {
                Err(StartFailure { error, thread: Some(thread), library })
            }
            Err(_) => Err(StartFailure { error: OpenError::Died, thread: Some(thread), library: None }),
        }
    }

    /// Whose lane it is.
    pub fn id(&self) -> &GenerationId {
        &self.id
    }

    /// What the thread is doing.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Whether the thread is gone although nobody told it to end.
    pub fn has_died(&self) -> bool {
        self.thread.is_finished()
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
        // A lane whose thread has ended serves nothing; the watchdog reports it.
        let _ = self.orders.send(Order::Serve);
    }

    /// Stops it taking from the inbox, and waits until its handlers are done.
    ///
    /// # Errors
    /// When handlers are still in flight after `deadline`; it stays paused.
    pub async fn pause(&self, deadline: Duration) -> Result<(), OrderError> {
        let (answer, done) = oneshot::channel();
        self.orders.send(Order::Pause(answer)).map_err(|_| OrderError::Ended)?;
        match tokio::time::timeout(deadline, done).await {
            Ok(done) => done.map_err(|_| OrderError::Ended),
            Err(_) => Err(OrderError::Deadline(deadline)),
        }
    }

    /// Drops all handlers at their `await`; how many there were.
    ///
    /// # Errors
    /// When the lane does not return to its loop within `deadline`.
    pub async fn cancel(&self, deadline: Duration) -> Result<usize, OrderError> {
        let (answer, done) = oneshot::channel();
        self.orders.send(Order::Cancel(answer)).map_err(|_| OrderError::Ended)?;
        match tokio::time::timeout(deadline, done).await {
            Ok(count) => count.map_err(|_| OrderError::Ended),
            Err(_) => Err(OrderError::Deadline(deadline)),
        }
    }

    /// Tells the thread to drop the cog and to end; the handle to join it with.
    pub fn end(self) -> JoinHandle<()> {
        let _ = self.orders.send(Order::End);
        self.thread
    }

    async fn ask<T>(
        &self,
        deadline: Duration,
        order: impl FnOnce(Answer<T>) -> Order,
    ) -> Result<T, OrderError> {
        let (answer, done) = oneshot::channel();
        self.orders.send(order(answer)).map_err(|_| OrderError::Ended)?;
        match tokio::time::timeout(deadline, done).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) => Err(OrderError::Ended),
            Err(_) => Err(OrderError::Deadline(deadline)),
        }
    }
}

/// A panic's payload as text, for the host's own threads.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
