//! Where the answer to an order goes: to the one that waits for it in this process, or into a frame to another one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::oneshot;

/// Takes one answer.
pub(super) enum Answer<T> {
    /// Somebody waits in this process.
    Here(oneshot::Sender<T>),
    /// Somebody waits in another one.
    Sent {
        /// Sends it there.
        send: Box<dyn FnOnce(T) + Send>,
        /// Nobody waits any more.
        is_abandoned: Arc<AtomicBool>,
    },
}

impl<T> Answer<T> {
    /// Gives it; whether somebody waits for it.
    pub(super) fn give(self, value: T) -> bool {
        match self {
            Answer::Here(waiting) => waiting.send(value).is_ok(),
            Answer::Sent { send, .. } => {
                send(value);
                true
            }
        }
    }

    /// Whether nobody waits any more.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Answer::Here(waiting) => waiting.is_closed(),
            Answer::Sent { is_abandoned, .. } => is_abandoned.load(Ordering::Acquire),
        }
    }
}
