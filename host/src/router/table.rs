//! The routing table: names of events and commands, and who declared them. Made anew whenever a cog comes or goes.

use std::{collections::HashMap, sync::Arc};

use crate::lane::{Inbox, Item};

/// A cog as the router sees it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The cog's name.
    pub cog: Arc<str>,
    /// Its queue.
    pub inbox: Arc<Inbox>,
}

impl Listener {
    /// Hands an item over; false when the queue is full. The first items turned away are logged, then every doubling.
    pub fn push(&self, item: Item) -> bool {
        if self.inbox.push(item).is_ok() {
            return true;
        }
        let lost = self.inbox.counts().turned_away;
        if lost.is_power_of_two() {
            let cog = &*self.cog;
            tracing::error!(
                cog,
                lost,
                "its queue is full (`[limits] lane_queue`): new events are turned away"
            );
        }
        false
    }
}

/// Who hears what.
#[derive(Debug, Default)]
pub struct Table {
    events: HashMap<String, Vec<Listener>>,
    commands: HashMap<String, Listener>,
    away: HashMap<String, Arc<str>>,
}

impl Table {
    /// Adds a cog that serves, or will in a moment.
    pub fn add(
        &mut self,
        listener: &Listener,
        events: &[String],
        commands: impl IntoIterator<Item = String>,
    ) {
        for event in events {
            let listeners = self.events.entry(event.clone()).or_default();
            // A name that is declared twice is heard once.
            if !listeners.iter().any(|other| other.cog == listener.cog) {
                listeners.push(listener.clone());
            }
        }
        self.commands.extend(commands.into_iter().map(|name| (name, listener.clone())));
    }

    /// Adds commands of a cog that is not there.
    pub fn add_away(&mut self, cog: &Arc<str>, commands: impl IntoIterator<Item = String>) {
        self.away.extend(commands.into_iter().map(|name| (name, Arc::clone(cog))));
    }

    pub(super) fn listeners(&self, event: &str) -> &[Listener] {
        self.events.get(event).map_or(&[], Vec::as_slice)
    }

    pub(super) fn command(&self, name: &str) -> Option<&Listener> {
        self.commands.get(name)
    }

    pub(super) fn away(&self, name: &str) -> Option<&Arc<str>> {
        self.away.get(name)
    }

    pub(super) fn has_commands(&self) -> bool {
        !self.commands.is_empty()
    }
}
