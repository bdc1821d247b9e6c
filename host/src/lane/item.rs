//! What is queued for a cog: a call of one of its functions, and the observer that follows it.

use std::{fmt, future::Future, pin::Pin};

use gearshift_cog::abi::{Event, Invocation, TaskRun};
use serde::{Deserialize, Serialize};

/// A call of one of a cog's functions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Call {
    /// An event it subscribed to.
    Event(Event),
    /// One of its commands.
    Command(Invocation),
    /// A scheduled task that is due.
    Task(TaskRun),
}

/// Something for a cog to handle.
#[derive(Debug)]
pub struct Item {
    /// What is called.
    pub call: Call,
    /// Follows the item, if set.
    pub observer: Option<Box<dyn Observer>>,
    /// Whether it was started in a process that crashed, and is to start again.
    pub begins_again: bool,
}

impl Item {
    /// An item that `observer` follows.
    pub fn followed(call: Call, observer: Box<dyn Observer>) -> Item {
        Item { call, observer: Some(observer), begins_again: false }
    }

    /// An item without an observer.
    pub fn event(event: Event) -> Item {
        Item::from(Call::Event(event))
    }
}

impl From<Call> for Item {
    fn from(call: Call) -> Item {
        Item { call, observer: None, begins_again: false }
    }
}

/// Whether the handler may start at once.
pub enum Begin {
    /// Yes, with this call.
    Now(Call),
    /// Yes, with this call, once it is known.
    Later(Pin<Box<dyn Future<Output = Call> + Send>>),
    /// No: the item was taken back from this process.
    No,
}

/// How a handler ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It returned without a fault.
    Done,
    /// It returned an error or panicked.
    Failed,
    /// It was dropped at its `await`, because its generation was paused or retired.
    Cancelled,
}

/// Follows one item from the queue to the end of its handler. Dropping it before [`begin`](Self::begin) means that this
/// cog will not handle the item. No method blocks.
pub trait Observer: fmt::Debug + Send {
    /// The item leaves the queue, and its handler starts.
    fn begin(&mut self, call: Call) -> Begin;

    /// The handler has ended.
    fn end(self: Box<Self>, ended: Ended);

    /// The handler will not end: its thread does not return, and is left behind.
    fn abandon(self: Box<Self>) {
        self.end(Ended::Failed);
    }

    /// No handler will be started: the cog is gone, or its present code does not know the call.
    fn decline(self: Box<Self>);
}
