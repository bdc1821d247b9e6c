//! Where the answer to an order goes: to the task that waits for it here, or into a frame to another process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::oneshot;

/// Takes one answer.
pub(super) enum Answer<T> {
    /// A task of this process waits for it.
    Local(oneshot::Sender<T>),
    /// Another process waits for it.
    Remote {
        /// Sends it there.
        send: Box<dyn FnOnce(T) + Send>,
        /// Set when nothing waits for the answer any more.
        is_abandoned: Arc<AtomicBool>,
    },
}

impl<T> Answer<T> {
    /// Gives the answer. Returns whether anything waits for it.
    pub(super) fn send(self, value: T) -> bool {
        match self {
            Answer::Local(waiting) => waiting.send(value).is_ok(),
            Answer::Remote { send, .. } => {
                send(value);
                true
            }
        }
    }

    /// Whether nothing waits for the answer any more.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Answer::Local(waiting) => waiting.is_closed(),
            Answer::Remote { is_abandoned, .. } => is_abandoned.load(Ordering::Acquire),
        }
    }
}
