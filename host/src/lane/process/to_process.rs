//! Sends frames to a lane's process, for its owner and for the tasks of calls.

use std::{os::fd::OwnedFd, sync::Arc};

use tokio::sync::Notify;

use super::{socket::Sender, wire::ToCog};

/// Sends frames to the process, for the owner and for the tasks of calls.
#[derive(Clone, Debug)]
pub(super) struct ToProcess {
    pub(super) sender: Arc<Sender>,
    /// Notified when the socket is full, so that the owner continues when there is room.
    pub(super) flush_wanted: Arc<Notify>,
}

impl ToProcess {
    pub(super) fn send(&self, frame: &ToCog<'_>) {
        self.send_with(frame, None);
    }

    pub(super) fn send_with(&self, frame: &ToCog<'_>, file: Option<OwnedFd>) {
        self.send_parts(frame, &[], file);
    }

    pub(super) fn send_parts(&self, frame: &ToCog<'_>, rest: &[u8], file: Option<OwnedFd>) {
        let frame = match postcard::to_allocvec(frame) {
            Ok(frame) => frame,
            Err(error) => return tracing::error!("a frame to a lane's process cannot be written: {error}"),
        };
        match self.sender.send(&[&frame, rest], file) {
            Ok(true) => {}
            Ok(false) => self.flush_wanted.notify_one(),
            Err(error) => tracing::error!("the socket to a lane's process cannot be used: {error}"),
        }
    }
}
