//! The host as the cog of a process lane has it: requests go out with a number each, and their answers come back with it.

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
    ask::{News, Request},
    error,
};

/// What goes to the host.
pub enum Outgoing {
    /// A request.
    Ask {
        /// Its number.
        number: u64,
        /// It.
        request: Request,
        /// Whether it is answered at once.
        is_now: bool,
    },
    /// Nobody waits for the answer to that one.
    GiveUp(u64),
    /// What needs no answer.
    Tell(News),
}

/// The encoding of an answer, or why it was not even asked.
type Answered<'a> = Result<&'a [u8], HandleError>;

type Completes = Box<dyn for<'a> FnOnce(Answered<'a>) + Send>;

/// The way to the host.
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
    /// A way that `send` goes. False: it was not sent, as it is too large.
    pub fn new(send: impl Fn(Outgoing) -> bool + Send + Sync + 'static) -> Remote {
        Remote { send: Box::new(send), last: AtomicU64::new(0), waiting: Mutex::default() }
    }

    /// An answer has come.
    pub fn answered(&self, number: u64, answer: &[u8]) {
        self.complete(number, Ok(answer));
    }

    fn complete(&self, number: u64, answer: Answered<'_>) {
        // Not under the lock: the one that waits may ask again at once.
        let waiting = self.waiting().remove(&number);
        if let Some(complete) = waiting {
            complete(answer);
        }
    }

    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        request: Request,
        complete: impl FnOnce(Result<T, HandleError>) + Send + 'static,
    ) -> u64 {
        self.send(request, false, complete)
    }

    fn send<T: DeserializeOwned>(
        &self,
        request: Request,
        is_now: bool,
        complete: impl FnOnce(Result<T, HandleError>) + Send + 'static,
    ) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let complete = move |answer: Answered<'_>| complete(answer.and_then(decoded));
        self.waiting().insert(number, Box::new(complete));
        if !(self.send)(Outgoing::Ask { number, request, is_now }) {
            let text = "it is larger than any request may be (`[limits] request_max_bytes`)";
            self.complete(number, Err(error(HandleErrorKind::Invalid, text)));
        }
        number
    }

    /// Keeps the thread until the answer is there: the host gives it without waiting for anything.
    pub(super) fn ask_now<T: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
    ) -> Result<T, HandleError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(request, true, move |result| _ = answer.send(result));
        answered
            .recv()
            .unwrap_or_else(|_| Err(error(HandleErrorKind::Internal, "the host gave this call up")))
    }

    /// Nobody waits for that answer any more.
    pub(super) fn give_up(&self, number: u64) {
        if self.waiting().remove(&number).is_some() {
            (self.send)(Outgoing::GiveUp(number));
        }
    }

    pub(super) fn tell(&self, news: News) {
        (self.send)(Outgoing::Tell(news));
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
