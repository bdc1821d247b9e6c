//! The routing table: names of events and commands, and which cogs declared them. Rebuilt whenever a cog is
//! added or removed.

use std::{collections::HashMap, sync::Arc};

use gearshift_cog::{
    abi::Interaction,
    interactions::COMMAND,
    manifest::{CommandManifest, Manifest, fits, waiting_cog},
};

use super::filter::Filters;
use crate::{
    event,
    lane::{Inbox, Item, PushError},
    library::prefix_names,
};

/// A cog as the router sees it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The cog's name.
    pub cog: Arc<str>,
    /// Its queue.
    pub inbox: Arc<Inbox>,
    /// Which events of the name it gets. An interaction that is addressed to it alone is not filtered.
    pub filters: Filters,
}

impl Listener {
    /// Pushes an item. The first dropped item is logged, then every doubling of their number.
    ///
    /// # Errors
    /// When the queue is full, or its cog has just gone. The item is returned.
    pub fn push(&self, item: Item) -> Result<(), (PushError, Item)> {
        let result = self.inbox.push(item);
        if let Err((PushError::Full, _)) = &result {
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

/// Whether an absent cog comes back on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// It is tried again automatically.
    ComesBack,
    /// It stays away until a user does something.
    Stays,
}

/// Which cogs get what.
#[derive(Debug, Default)]
pub struct Table {
    events: HashMap<String, Vec<Listener>>,
    registered: Named<Listener>,
    /// Commands of cogs that are not loaded.
    away: Named<Away>,
    /// Paths of commands whose answers only the calling user sees.
    ephemeral: Named<()>,
    /// By what follows the prefix: names and aliases.
    prefixed: HashMap<String, Listener>,
    /// Patterns of components and forms, and the cogs that handle them.
    components: Vec<(String, Listener)>,
    components_away: Vec<(String, Away)>,
    /// Every loaded cog, and those that are not loaded.
    cogs: HashMap<Arc<str>, Listener>,
    cogs_away: HashMap<Arc<str>, Away>,
}

/// By Discord's type of command, and by name: a slash command and a context menu command may have the same name.
type Named<T> = HashMap<u8, HashMap<String, T>>;

impl Table {
    /// Adds a cog that serves, or is about to.
    pub fn add(&mut self, cog: &Arc<str>, inbox: &Arc<Inbox>, manifest: &Manifest) {
        let listener =
            Listener { cog: Arc::clone(cog), inbox: Arc::clone(inbox), filters: Filters::default() };
        for event in &manifest.events {
            let listeners = self.events.entry(event.clone()).or_default();
            // A name that is declared twice is delivered once.
            if !listeners.iter().any(|other| other.cog == listener.cog) {
                let filters = Filters::of(&manifest.filters, event);
                listeners.push(Listener { filters, ..listener.clone() });
            }
        }
        let patterns = manifest.components.iter();
        self.components.extend(patterns.map(|pattern| (pattern.clone(), listener.clone())));
        self.cogs.insert(Arc::clone(cog), listener.clone());
        for command in &manifest.commands {
            self.prefixed.extend(prefix_names(command).map(|name| (name.to_owned(), listener.clone())));
            if command.discord.is_some() {
                let registered = self.registered.entry(command.kind).or_default();
                registered.insert(command.name.clone(), listener.clone());
                self.add_ephemeral(command);
            }
        }
    }

    fn add_ephemeral(&mut self, command: &CommandManifest) {
        let paths = command.ephemeral.iter().map(|path| (path.clone(), ()));
        self.ephemeral.entry(command.kind).or_default().extend(paths);
    }

    /// Adds commands of a cog that is about to serve them: until then they stay with the cog that serves them now.
    /// Called after all serving cogs were added.
    pub fn add_coming(&mut self, cog: &Arc<str>, inbox: &Arc<Inbox>, manifest: &Manifest) {
        let listener =
            Listener { cog: Arc::clone(cog), inbox: Arc::clone(inbox), filters: Filters::default() };
        for command in &manifest.commands {
            for name in prefix_names(command) {
                self.prefixed.entry(name.to_owned()).or_insert_with(|| listener.clone());
            }
            if command.discord.is_some() {
                let registered = self.registered.entry(command.kind).or_default();
                registered.entry(command.name.clone()).or_insert_with(|| listener.clone());
                // A call that is queued until then is handled by the new cog: what that one marks as ephemeral must not
                // be shown to others.
                self.add_ephemeral(command);
            }
        }
    }

    /// Adds the commands and components of a cog that is not loaded.
    pub fn add_away(&mut self, cog: &Arc<str>, manifest: &Manifest, away: Away) {
        for command in manifest.commands.iter().filter(|command| command.discord.is_some()) {
            self.away.entry(command.kind).or_default().insert(command.name.clone(), away);
        }
        let patterns = manifest.components.iter();
        self.components_away.extend(patterns.map(|pattern| (pattern.clone(), away)));
        self.cogs_away.insert(Arc::clone(cog), away);
    }

    pub(super) fn listeners(&self, event: &str) -> &[Listener] {
        self.events.get(event).map_or(&[], Vec::as_slice)
    }

    /// The cog that handles a registered command.
    pub(super) fn command(&self, kind: u8, name: &str) -> Option<&Listener> {
        self.registered.get(&kind)?.get(name)
    }

    /// The cog that handles a name after the prefix.
    pub(super) fn prefixed(&self, name: &str) -> Option<&Listener> {
        self.prefixed.get(name)
    }

    pub(super) fn is_ephemeral(&self, kind: u8, path: &str) -> bool {
        self.ephemeral.get(&kind).is_some_and(|paths| paths.contains_key(path))
    }

    /// The cogs that handle a component or form.
    pub(super) fn component(&self, custom_id: &str) -> Vec<&Listener> {
        if let Some(cog) = waiting_cog(custom_id) {
            return self.cogs.get(cog).into_iter().collect();
        }
        let fitting = self.components.iter().filter(|(pattern, _)| fits(pattern, custom_id));
        let mut found: Vec<&Listener> = Vec::new();
        for (_, listener) in fitting {
            // A cog with two matching patterns gets it once.
            if !found.iter().any(|other| other.cog == listener.cog) {
                found.push(listener);
            }
        }
        found
    }

    /// How the cog is away that would handle an interaction; `None` if there is no such cog.
    pub(super) fn away(&self, to: &Interaction) -> Option<Away> {
        if to.kind == COMMAND {
            return self.away.get(&to.command_kind)?.get(event::command_name(to)).copied();
        }
        if let Some(cog) = waiting_cog(&to.custom_id) {
            return self.cogs_away.get(cog).copied();
        }
        let mut all = self.components_away.iter();
        all.find(|(pattern, _)| fits(pattern, &to.custom_id)).map(|(_, away)| *away)
    }

    pub(super) fn has_prefix_commands(&self) -> bool {
        !self.prefixed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::library::SLASH;

    #[test]
    fn a_call_that_waits_for_a_new_version_is_hidden_if_either_version_hides_it() {
        let version = |ephemeral: &[&str]| Manifest {
            commands: vec![CommandManifest {
                kind: SLASH,
                name: "bank".to_owned(),
                discord: Some(json!({})),
                ephemeral: ephemeral.iter().map(|path| (*path).to_owned()).collect(),
                ..CommandManifest::default()
            }],
            ..Manifest::default()
        };
        let (cog, inbox) = (Arc::from("bank"), Inbox::new(1));
        let mut table = Table::default();
        table.add(&cog, &inbox, &version(&["bank pin"]));
        table.add_coming(&cog, &inbox, &version(&["bank balance"]));
        let hidden = ["bank pin", "bank balance", "bank"].map(|path| table.is_ephemeral(SLASH, path));
        assert_eq!(hidden, [true, true, false]);
    }
}
