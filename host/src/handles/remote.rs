//! The host, from the view of a cog in a process lane: each request is sent with a number, and its answer comes
//! back with that.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use gearshift_cog::abi::{HandleError, HandleErrorKind};
use serde::de::DeserializeOwned;

use super::{
    error,
    request::{Notification, Request},
};

/// A message to the host.
pub enum Outgoing {
    /// A request.
    Request {
        /// Its number.
        number: u64,
        /// The request itself.
        request: Request,
        /// Whether it is answered immediately.
        is_sync: bool,
    },
    /// Nothing waits for the answer to that request any more.
    Cancel(u64),
    /// A message that needs no answer.
    Notify(Notification),
}

/// The encoded answer, or why the request was not even sent.
type Answered<'a> = Result<&'a [u8], HandleError>;

type Completes = Box<dyn for<'a> FnOnce(Answered<'a>) + Send>;

/// The connection to the host.
pub struct Remote {
    send: Box<dyn Fn(Outgoing) -> bool + Send + Sync>,
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, Completes>>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Remote").finish_non_exhaustive()
    }
}

impl Remote {
    /// A connection that uses `send`, which returns `false` if a message was not sent because it is too large.
    pub fn new(send: impl Fn(Outgoing) -> bool + Send + Sync + 'static) -> Remote {
        Remote { send: Box::new(send), last: AtomicU64::new(0), waiting: Mutex::default() }
    }

    /// An answer has arrived.
    pub fn answered(&self, number: u64, answer: &[u8]) {
        self.complete(number, Ok(answer));
    }

    fn complete(&self, number: u64, answer: Answered<'_>) {
        // Called without the lock: the callback may make the next request at once.
        let waiting = self.waiting().remove(&number);
        if let Some(complete) = waiting {
            complete(answer);
        }
    }

    pub(super) fn request<T: DeserializeOwned>(
        &self,
        request: Request,
        complete: impl FnOnce(Result<T, HandleError>) + Send + 'static,
    ) -> u64 {
        self.send(request, false, complete)
    }

    fn send<T: DeserializeOwned>(
        &self,
        request: Request,
        is_sync: bool,
        complete: impl FnOnce(Result<T, HandleError>) + Send + 'static,
    ) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let complete = move |answer: Answered<'_>| complete(answer.and_then(decoded));
        self.waiting().insert(number, Box::new(complete));
        if !(self.send)(Outgoing::Request { number, request, is_sync }) {
            let text = "it is larger than any request may be (`[limits] request_max_bytes`)";
            self.complete(number, Err(error(HandleErrorKind::Invalid, text)));
        }
        number
    }

    /// Blocks the thread until the answer has arrived: the host answers such requests without waiting for anything.
    pub(super) fn request_sync<T: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
    ) -> Result<T, HandleError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(request, true, move |result| _ = answer.send(result));
        answered
            .recv()
            .unwrap_or_else(|_| Err(error(HandleErrorKind::Internal, "the host gave this call up")))
    }

    /// Nothing waits for that answer any more.
    pub(super) fn cancel(&self, number: u64) {
        if self.waiting().remove(&number).is_some() {
            (self.send)(Outgoing::Cancel(number));
        }
    }

    pub(super) fn notify(&self, notification: Notification) {
        (self.send)(Outgoing::Notify(notification));
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Completes>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decoded<T: DeserializeOwned>(answer: &[u8]) -> Result<T, HandleError> {
    postcard::from_bytes(answer).unwrap_or_else(|why| {
        Err(error(HandleErrorKind::Internal, format!("the host's answer cannot be read: {why}")))
    })
}
