//! The bot on the built-in Discord, as that sees it: whether it has work left, and the clock it goes by.
//! It is there before the host is, and keeps none alive.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use gearshift_sim::{BotClock, IdleProbe};

use crate::{clock::HostClock, cogs::Cogs, host::Host};

/// The work of the host that is there now, and the clock of all that come. Clones are the same one.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Work {
    cogs: Arc<Mutex<Weak<Cogs>>>,
    clock: HostClock,
}

impl Default for Work {
    /// No host yet; the clock runs.
    fn default() -> Work {
        Work { cogs: Arc::default(), clock: HostClock::movable() }
    }
}

impl Work {
    /// From now on it is this host's.
    pub(super) fn is_of(&self, host: &Host) {
        *self.cogs.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(host.cogs());
    }

    /// By which hosts go.
    pub(in crate::cli) fn clock(&self) -> HostClock {
        self.clock.clone()
    }

    /// The clock for the built-in Discord to move.
    pub(super) fn bot_clock(&self) -> Arc<dyn BotClock> {
        Arc::new(Moved(self.clock.clone()))
    }

    /// A bot that is not there is not idle either: what is said waits for it.
    pub(super) fn probe(&self) -> IdleProbe {
        let work = self.clone();
        IdleProbe::new(move || {
            let cogs = work.cogs.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
            // In this order: what fell due is handed to a cog before the clock says that nothing is outstanding.
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
