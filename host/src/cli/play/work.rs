//! Whether the bot on the built-in Discord has work left, for those who wait until everything is settled.
//! It is there before the host is, and keeps none alive.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use gearshift_sim::IdleProbe;

use crate::{cogs::Cogs, host::Host};

/// The work of the host that is there now. Clones are the same one.
#[derive(Clone, Default)]
pub(in crate::cli) struct Work(Arc<Mutex<Weak<Cogs>>>);

impl Work {
    /// From now on it is this host's.
    pub(super) fn is_of(&self, host: &Host) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(host.cogs());
    }

    /// A bot that is not there is not idle either: what is said waits for it.
    pub(super) fn probe(&self) -> IdleProbe {
        let work = self.clone();
        IdleProbe::new(move || {
            let cogs = work.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
            cogs.is_some_and(|cogs| cogs.is_idle())
        })
    }
}
