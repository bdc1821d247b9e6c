//! The host's own commands: calls that no cog handles go to them. Only the owner of the channel's other end knows what
//! they do; the router does not wait for it.

use tokio::sync::mpsc;

use crate::lane::Call;

/// Maximum number of queued calls; further ones are answered like those of a cog that is too busy.
const QUEUE: usize = 64;

/// The host's own commands as the router sees them.
#[derive(Debug)]
pub struct OwnCommands {
    names: Vec<String>,
    calls: mpsc::Sender<Call>,
}

impl OwnCommands {
    /// Commands of these names, as slash and prefix commands, and the receiver of their calls.
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

    /// Sends a call to the receiver; returns whether there was room.
    pub(super) fn push(&self, call: Call) -> bool {
        self.calls.try_send(call).is_ok()
    }
}
