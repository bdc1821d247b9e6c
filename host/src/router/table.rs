//! The routing table: names of events and commands, and who declared them. Made anew whenever a cog comes or goes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use gearshift_cog::manifest::{fits, waiting_cog};

use crate::lane::{Full, Inbox, Item};

/// A cog as the router sees it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The cog's name.
    pub cog: Arc<str>,
    /// Its queue.
    pub inbox: Arc<Inbox>,
}

impl Listener {
    /// Hands an item over. The first items that are dropped are logged, then every doubling.
    ///
    /// # Errors
    /// When the queue is full, or its cog has just gone. The item comes back.
    pub fn push(&self, item: Item) -> Result<(), (Full, Item)> {
        let result = self.inbox.push(item);
        if let Err((Full::Full, _)) = &result {
            let dropped = self.inbox.counts().dropped;
            if dropped.is_power_of_two() {
                let cog = &*self.cog;
                tracing::error!(
                    cog,
                    dropped,
                    "its queue is full (`[limits] lane_queue`): new events are dropped"
                );
            }
        }
        result
    }
}

/// Who hears what.
#[derive(Debug, Default)]
pub struct Table {
    events: HashMap<String, Vec<Listener>>,
    commands: HashMap<String, Listener>,
    ephemeral: HashSet<String>,
    away: HashMap<String, Arc<str>>,
    /// Patterns of components and forms, and who answers them.
    components: Vec<(String, Listener)>,
    components_away: Vec<(String, Arc<str>)>,
    /// Every cog that is there, and those that are not.
    cogs: HashMap<Arc<str>, Listener>,
    cogs_away: HashSet<Arc<str>>,
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
        self.cogs.insert(Arc::clone(&listener.cog), listener.clone());
    }

    /// Adds patterns of components and forms that a cog answers.
    pub fn add_components(&mut self, listener: &Listener, patterns: &[String]) {
        self.components.extend(patterns.iter().map(|pattern| (pattern.clone(), listener.clone())));
    }

    /// Adds commands of a cog that will serve them in a moment: until then whoever serves them has them.
    pub fn add_coming(&mut self, listener: &Listener, commands: &[String]) {
        for name in commands {
            self.commands.entry(name.clone()).or_insert_with(|| listener.clone());
        }
    }

    /// Notes commands whose answers are seen by the caller alone.
    pub fn add_ephemeral(&mut self, commands: impl IntoIterator<Item = String>) {
        self.ephemeral.extend(commands);
    }

    /// Adds commands of a cog that is not there.
    pub fn add_away(&mut self, cog: &Arc<str>, commands: impl IntoIterator<Item = String>) {
        self.away.extend(commands.into_iter().map(|name| (name, Arc::clone(cog))));
        self.cogs_away.insert(Arc::clone(cog));
    }

    /// Adds patterns of components and forms of a cog that is not there.
    pub fn add_components_away(&mut self, cog: &Arc<str>, patterns: &[String]) {
        self.components_away.extend(patterns.iter().map(|pattern| (pattern.clone(), Arc::clone(cog))));
    }

    pub(super) fn listeners(&self, event: &str) -> &[Listener] {
        self.events.get(event).map_or(&[], Vec::as_slice)
    }

    pub(super) fn command(&self, name: &str) -> Option<&Listener> {
        self.commands.get(name)
    }

    pub(super) fn is_ephemeral(&self, command: &str) -> bool {
        self.ephemeral.contains(command)
    }

    pub(super) fn away(&self, name: &str) -> Option<&Arc<str>> {
        self.away.get(name)
    }

    /// Who answers a component or form.
    pub(super) fn component(&self, custom_id: &str) -> Vec<&Listener> {
        if let Some(cog) = waiting_cog(custom_id) {
            return self.cogs.get(cog).into_iter().collect();
        }
        let fitting = self.components.iter().filter(|(pattern, _)| fits(pattern, custom_id));
        let mut found: Vec<&Listener> = Vec::new();
        for (_, listener) in fitting {
            // One that has two such patterns gets it once.
            if !found.iter().any(|other| other.cog == listener.cog) {
                found.push(listener);
            }
        }
        found
    }

    /// The cog that would answer a component or form if it were there.
    pub(super) fn component_away(&self, custom_id: &str) -> Option<&Arc<str>> {
        if let Some(cog) = waiting_cog(custom_id) {
            return self.cogs_away.get(cog);
        }
        let mut all = self.components_away.iter();
        all.find(|(pattern, _)| fits(pattern, custom_id)).map(|(_, cog)| cog)
    }

    pub(super) fn has_commands(&self) -> bool {
        !self.commands.is_empty()
    }
}
