//! The gateway, driven from outside: what a real one does to bots now and then, on demand.

use std::sync::Arc;

use crate::sessions::Outgoing;
use crate::state::Shared;

/// Drives the gateway from outside: what a real one does to bots now and then, on demand. Users' clients are left alone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Ids of the bots' sessions that exist, connected or resumable.
    pub fn sessions(&self) -> Vec<String> {
        let state = self.shared.state();
        let bots = state.sessions.iter().filter(|session| session.is_bots());
        bots.map(|session| session.id.to_string()).collect()
    }

    /// How many sessions of bots are connected.
    pub fn connected(&self) -> usize {
        let state = self.shared.state();
        state.sessions.iter().filter(|session| session.is_bots() && session.is_connected()).count()
    }

    /// Cuts every connection without a word; sessions stay resumable. Returns how many were cut.
    pub fn drop_sockets(&self) -> usize {
        self.order("socket dropped", || Outgoing::Drop)
    }

    /// Sends op 7 to every session: reconnect and resume.
    pub fn ask_reconnect(&self) -> usize {
        self.order("op 7 reconnect", || Outgoing::Op(r#"{"op":7,"d":null,"s":null,"t":null}"#.to_owned()))
    }

    /// Sends op 9 to every session. Not resumable: the session is gone and the client must identify again.
    pub fn invalidate(&self, resumable: bool) -> usize {
        self.order("op 9 invalid session", || Outgoing::Invalidate { resumable })
    }

    /// Closes every connection with a code; sessions stay resumable unless the code ends them.
    pub fn close_sockets(&self, code: u16) -> usize {
        self.order(&format!("closed with {code}"), || Outgoing::Close { code, reason: "closed on demand" })
    }

    /// While true, heartbeats are not acknowledged.
    pub fn ignore_heartbeats(&self, ignore: bool) {
        self.shared.faults.ignore_heartbeats(ignore);
    }

    /// While true, new gateway connections are dropped before the websocket opens.
    pub fn refuse_connections(&self, refuse: bool) {
        self.shared.faults.refuse_gateway(refuse);
    }

    fn order(&self, what: &str, order: impl Fn() -> Outgoing) -> usize {
        let mut state = self.shared.state();
        let sent = state.sessions.order_all(order);
        self.shared.faults.note(format!("{what}: {sent} sessions"));
        sent
    }
}
