//! Drives the gateway from outside: does on demand what Discord's gateway does to bots from time to time.

use std::sync::Arc;

use crate::faults::Switch;
use crate::ids::Snowflake;
use crate::members::guild_named;
use crate::rules::guilds;
use crate::sessions::Outgoing;
use crate::state::{Shared, State};
use crate::world::ActError;

/// Drives the gateway from outside: does on demand what Discord's gateway does to bots from time to time. Users'
/// clients are not affected.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The ids of the bots' sessions, connected or resumable.
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

    /// Cuts every connection without a close frame; sessions stay resumable. Returns how many were cut.
    pub fn drop_sockets(&self) -> usize {
        self.order("socket dropped", || Outgoing::Drop)
    }

    /// Sends op 7 (reconnect) to every session. Returns how many.
    pub fn ask_reconnect(&self) -> usize {
        self.order("op 7 reconnect", || Outgoing::Op(r#"{"op":7,"d":null,"s":null,"t":null}"#.to_owned()))
    }

    /// Sends op 9 (invalid session) to every session. If not `resumable`, the session is gone and the client must
    /// identify again. Returns how many.
    pub fn invalidate(&self, resumable: bool) -> usize {
        self.order("op 9 invalid session", || Outgoing::Invalidate { resumable })
    }

    /// Closes every connection with a close code; sessions stay resumable unless the code ends them. Returns how many.
    pub fn close_sockets(&self, code: u16) -> usize {
        self.order(&format!("closed with {code}"), || Outgoing::Close { code, reason: "closed on demand" })
    }

    /// While true, heartbeats are not acknowledged.
    pub fn ignore_heartbeats(&self, ignore: bool) {
        self.shared.faults.switch(Switch::Heartbeats, ignore);
    }

    /// While true, new gateway connections are dropped before the websocket opens.
    pub fn refuse_connections(&self, refuse: bool) {
        self.shared.faults.switch(Switch::Connections, refuse);
    }

    /// Makes a guild unavailable to bots, as in an outage of Discord: they receive GUILD_DELETE, and no event of the
    /// guild until the outage ends. REST still works. Returns how many sessions were notified.
    ///
    /// # Errors
    /// If there is no such guild; the error suggests the nearest names.
    pub fn begin_outage(&self, guild: &str) -> Result<usize, ActError> {
        self.outage(guild, "begins", guilds::begin_outage)
    }

    /// Ends the outage: bots receive GUILD_CREATE with the guild's present state. Returns how many sessions were
    /// notified.
    ///
    /// # Errors
    /// If there is no such guild; the error suggests the nearest names.
    pub fn end_outage(&self, guild: &str) -> Result<usize, ActError> {
        self.outage(guild, "ends", guilds::end_outage)
    }

    fn outage(
        &self,
        guild: &str,
        what: &str,
        change: impl FnOnce(&mut State, Snowflake) -> usize,
    ) -> Result<usize, ActError> {
        let mut state = self.shared.state();
        let id = guild_named(&state, guild)?.id;
        let sent = change(&mut state, id);
        self.shared.faults.note(format!("an outage of {guild} {what}: {sent} sessions"));
        Ok(sent)
    }

    /// While true, connections to the `resume_gateway_url` of READY are dropped before the websocket opens, as if that
    /// part of Discord's gateway were gone: a client must reconnect to the address from `GET /gateway`.
    pub fn refuse_resumes(&self, refuse: bool) {
        self.shared.faults.switch(Switch::Resumes, refuse);
    }

    fn order(&self, what: &str, order: impl Fn() -> Outgoing) -> usize {
        let mut state = self.shared.state();
        let sent = state.sessions.send_to_bots(order);
        self.shared.faults.note(format!("{what}: {sent} sessions"));
        sent
    }
}
