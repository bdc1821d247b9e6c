//! Commands of the host itself: what no cog answers goes to them. Only the owner of the channel's other end knows what
//! they do; the router does not wait for it.

use tokio::sync::mpsc;

use crate::lane::Call;

/// Calls that may wait; more are answered like those of a cog that is too busy.
const QUEUE: usize = 64;

/// The host's own commands as the router sees them.
#[derive(Debug)]
pub struct OwnCommands {
    names: Vec<String>,
    calls: mpsc::Sender<Call>,
}

impl OwnCommands {
    /// Commands of these names, with a slash and with the prefix, and where their calls arrive.
    pub fn new(names: Vec<String>) -> (OwnCommands, mpsc::Receiver<Call>) {
        let (calls, arriving) = mpsc::channel(QUEUE);
        (OwnCommands { names, calls }, arriving)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Hands a call over; whether there was room.
    pub(super) fn push(&self, call: Call) -> bool {
        self.calls.try_send(call).is_ok()
    }
}
