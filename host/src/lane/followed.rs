//! The observers of the handlers that a lane runs. Its thread ends them; if that never returns, the host does.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Observer;

/// The observers of running handlers, by number.
#[derive(Debug, Default)]
pub(crate) struct Followed(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    last: u64,
    observers: HashMap<u64, Box<dyn Observer>>,
}

impl Followed {
    /// Adds the observer of a handler that starts. Returns its number.
    pub(super) fn add(&self, observer: Box<dyn Observer>) -> u64 {
        let mut running = self.running();
        running.last += 1;
        let number = running.last;
        running.observers.insert(number, observer);
        number
    }

    /// Takes the observer of a handler that has ended; `None` if the host has given the handler up.
    pub(super) fn take(&self, number: u64) -> Option<Box<dyn Observer>> {
        self.running().observers.remove(&number)
    }

    /// The lane's thread does not return: its handlers will not end.
    pub(crate) fn abandon(&self) {
        let observers = mem::take(&mut self.running().observers);
        observers.into_values().for_each(Observer::abandon);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
