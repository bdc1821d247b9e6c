//! An item of the host's queue, in the cog's process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::oneshot;

use super::{
    super::{
        super::{Begin, Call, Ended, Observer, Pulse},
        wire::ToHost,
    },
    ToHostSender, lock,
};

/// How many items start before the host is notified that there is room.
const ROOM: u64 = 32;

/// Followed items that start as soon as the host has answered.
pub(super) type Begins = Arc<Mutex<HashMap<u64, oneshot::Sender<Call>>>>;

/// An item of the host's queue.
#[derive(Debug)]
pub(super) struct HostItem {
    pub(super) number: u64,
    pub(super) is_followed: bool,
    pub(super) pulse: Arc<Pulse>,
    pub(super) to_host: ToHostSender,
    pub(super) begins: Begins,
}

impl HostItem {
    /// Whether it may start: the host has not taken it back.
    fn begins(&self) -> bool {
        let begins = self.pulse.numbers().begin(self.number);
        if begins && self.number.is_multiple_of(ROOM) {
            self.to_host.send(&ToHost::Room);
        }
        begins
    }
}

impl Observer for HostItem {
    fn begin(&mut self, call: Call) -> Begin {
        if !self.begins() {
            return Begin::No;
        }
        if !self.is_followed {
            return Begin::Now(call);
        }
        let (answer, answered) = oneshot::channel();
        lock(&self.begins).insert(self.number, answer);
        self.to_host.send(&ToHost::Begins(self.number));
        Begin::Later(Box::pin(async move { answered.await.unwrap_or(call) }))
    }

    fn end(self: Box<Self>, ended: Ended) {
        self.to_host.send(&ToHost::Ended(self.number, Some(ended)));
    }

    fn decline(self: Box<Self>) {
        if self.begins() {
            self.to_host.send(&ToHost::Ended(self.number, None));
        }
    }
}
