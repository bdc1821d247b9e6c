//! The bot as the built-in Discord sees it: whether it has work left, and its clock.
//! It exists before the host does, and keeps no host alive.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use gearshift_sim::{BotClock, IdleProbe};

use crate::{clock::HostClock, cogs::Cogs, host::Host};

/// The work of the current host, and the clock of this host and the ones after it. Clones share both.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Work {
    cogs: Arc<Mutex<Weak<Cogs>>>,
    clock: HostClock,
}

impl Default for Work {
    /// No host yet; the clock is running.
    fn default() -> Work {
        Work { cogs: Arc::default(), clock: HostClock::movable() }
    }
}

impl Work {
    /// Makes this host the current one.
    pub(super) fn set_host(&self, host: &Host) {
        *self.cogs.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(host.cogs());
    }

    /// The clock for hosts to use.
    pub(in crate::cli) fn clock(&self) -> HostClock {
        self.clock.clone()
    }

    /// The clock for the built-in Discord to move.
    pub(super) fn bot_clock(&self) -> Arc<dyn BotClock> {
        Arc::new(Moved(self.clock.clone()))
    }

    /// Tells whether the bot is idle. Without a host it is not: what was said still waits for it.
    pub(super) fn probe(&self) -> IdleProbe {
        let work = self.clone();
        IdleProbe::new(move || {
            let cogs = work.cogs.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
            // In this order: what is due is handed to a cog before the clock reports that nothing is outstanding.
            !work.clock.is_behind() && cogs.is_some_and(|cogs| cogs.is_idle())
        })
    }
}

#[derive(Debug)]
struct Moved(HostClock);

impl BotClock for Moved {
    fn next_due(&self) -> Option<Duration> {
        self.0.next_due()
    }

    fn advance(&self, by: Duration) {
        self.0.advance(by);
    }

    fn freeze(&self) {
        self.0.freeze();
    }

    fn resume(&self) {
        self.0.resume();
    }
}
