//! Decides who gets what: from Discord's events to the inboxes of cogs. Runs on the gateway's task and never waits: it
//! reads one table, which is replaced atomically, and pushes to queues that reject items when they are full.
//! It knows no generations and runs no cog code.

mod defer;
mod filter;
#[cfg(feature = "fuzz")]
pub(crate) mod fuzz;
mod notice;
mod observer;
mod own;
mod prefix;
mod table;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use abi_stable::std_types::{RArc, RStr, RString};
use arc_swap::ArcSwap;
use gearshift_cog::{
    abi::{Event, Interaction, Invocation, Origin},
    interactions::{AUTOCOMPLETE, COMMAND, COMPONENT, MODAL},
    manifest::waiting_cog,
};
use tokio::{sync::mpsc, time::Instant};

use self::{
    defer::{Completion, Pending},
    filter::CheckedEvent,
    notice::Arrival,
    observer::InteractionObserver,
    prefix::Prefix,
};
pub use self::{
    filter::Filters,
    notice::{Notices, Unanswered},
    own::OwnCommands,
    table::{Away, Listener, Table},
};
use crate::{
    counters::{self, Counters},
    event::{self, LazyMessage},
    facts::Facts,
    lane::{Call, Item, PushError},
    library::SLASH,
};

/// Maximum number of event names that are counted separately. Discord has some 80.
/// <https://discord.com/developers/docs/events/gateway-events#receive-events>
const EVENT_NAMES_MAX: usize = 160;

/// The router.
#[derive(Debug)]
pub struct Router {
    table: Arc<ArcSwap<Table>>,
    /// Locked for reading while an event is being routed, from before the table is loaded; see [`Router::publish`].
    routing: RwLock<()>,
    prefix: Prefix,
    /// Handles the commands that no cog handles.
    own: OwnCommands,
    facts: Arc<Facts>,
    notices: Arc<Notices>,
    /// Interactions to defer if they wait too long.
    due: mpsc::UnboundedSender<Arrival>,
    /// Number of events by Discord's name.
    received: Counters<Box<str>, String>,
    routed: AtomicU64,
    /// Number of events whose payload could not be read.
    unreadable: Counters<Box<str>, String>,
}

impl Router {
    /// A router that knows no cogs yet.
    pub fn new(prefix: String, own: OwnCommands, notices: Notices) -> Router {
        let bot = notices.discord.as_ref().map(|discord| discord.account().user_id);
        let notices = Arc::new(notices);
        let (due, pending) = mpsc::unbounded_channel();
        // The task ends with the router.
        notices.runtime.spawn(Arc::clone(&notices).defer_when_due(pending));
        Router {
            table: Arc::default(),
            routing: RwLock::default(),
            prefix: Prefix { text: prefix, bot },
            own,
            facts: Arc::new(Facts::new(bot)),
            notices,
            due,
            received: Counters::new(EVENT_NAMES_MAX),
            routed: AtomicU64::new(0),
            unreadable: Counters::new(EVENT_NAMES_MAX),
        }
    }

    /// What is known about the guilds.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Replaces the table, and waits until no event is being routed by the previous one: routing holds the read lock
    /// from before it loads the table, so that this cannot get the write lock earlier. Once this returns, nothing more
    /// is pushed to an inbox that only the previous table names, and what is queued there can go to another cog.
    pub fn publish(&self, table: Table) {
        self.table.store(Arc::new(table));
        drop(self.routing.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Introduces a cog that has missed what happened so far: `newcomer` gets the facts of these names, to be queued
    /// first, and publishes the table with the cog in it.
    pub fn introduce(&self, names: &[String], newcomer: impl FnOnce(Vec<Event>)) {
        self.facts.introduce(names, newcomer);
    }

    /// How many events of each name arrived.
    pub fn received(&self) -> &Counters<Box<str>, String> {
        &self.received
    }

    /// Events that reached at least one cog, and events whose payload could not be read.
    pub fn counts(&self) -> (u64, u64) {
        let unreadable = self.unreadable.counts().values().sum::<u64>() + self.unreadable.others();
        (self.routed.load(Ordering::Relaxed), unreadable)
    }

    /// No cog answers any more: users who still wait get a message that there was no answer. Returns when all are sent.
    pub async fn close(&self) {
        self.notices.unanswered.close().await;
    }

    /// Routes an event to all cogs that want it. `json` is the event's `d`.
    pub fn route(&self, name: &str, json: &str) {
        self.received.count(name, || (name.into(), name.to_owned()));
        let noted = self.facts.note(name, json);
        let _routing = self.routing.read().unwrap_or_else(PoisonError::into_inner);
        let table = self.table.load();
        drop(noted);
        let listeners = table.listeners(name);
        let routed = match name {
            "MESSAGE_CREATE"
                if listeners.is_empty()
                    && !(self.has_prefix_commands(&table) && self.prefix.may_be_in(json)) =>
            {
                Ok(false)
            }
            "MESSAGE_CREATE" => {
                event::message(json).map(|incoming| self.message(&table, listeners, incoming))
            }
            "INTERACTION_CREATE" => {
                event::interaction(json).map(|it| self.interaction(&table, listeners, it))
            }
            _ if listeners.is_empty() => Ok(false),
            "MESSAGE_UPDATE" => event::message(json)
                .map(|incoming| deliver(listeners, &Event::MessageUpdate(incoming.message()))),
            "MESSAGE_DELETE" => {
                event::deleted(json).map(|message| deliver(listeners, &Event::MessageDelete(message)))
            }
            _ => Ok(deliver(listeners, &event::raw(name, json))),
        };
        match routed {
            Ok(true) => _ = self.routed.fetch_add(1, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => {
                let count = self.unreadable.count(name, || (name.into(), name.to_owned()));
                let raw = deliver(listeners, &event::raw(name, json));
                self.routed.fetch_add(u64::from(raw), Ordering::Relaxed);
                if counters::should_log(count) {
                    let follows = if raw { "; it is passed on as raw JSON" } else { "" };
                    tracing::warn!(
                        event = name,
                        count,
                        "an event does not match Discord's documentation: {error}{follows}"
                    );
                }
            }
        }
    }

    fn message(&self, table: &Table, listeners: &[Listener], incoming: LazyMessage<'_>) -> bool {
        let called = self.prefix.command(&incoming).and_then(|(name, arguments)| {
            let owner = table.prefixed(name);
            (owner.is_some() || self.own.has(name))
                .then(|| (owner, RString::from(name), RString::from(arguments)))
        });
        if called.is_none() && listeners.is_empty() {
            return false;
        }
        let message = incoming.message();
        let is_delivered = deliver(listeners, &Event::MessageCreate(message.clone()));
        let Some((owner, command, arguments)) = called else { return is_delivered };
        let call = Call::Command(Invocation { command, arguments, origin: Origin::Prefix(message) });
        is_delivered
            | match owner {
                Some(owner) => owner.push(call.into()).is_ok(),
                None => self.own.push(call),
            }
    }

    fn has_prefix_commands(&self, table: &Table) -> bool {
        table.has_prefix_commands() || !self.own.is_empty()
    }

    fn interaction(&self, table: &Table, listeners: &[Listener], interaction: RArc<Interaction>) -> bool {
        let (kind, name) = (interaction.command_kind, event::command_name(&interaction).to_owned());
        let is_own = kind == SLASH && self.own.has(&name);
        match (interaction.kind, table.command(kind, &name)) {
            (COMMAND, Some(owner)) => {
                let ephemeral = table.is_ephemeral(kind, &interaction.command);
                self.command(owner, name, ephemeral, interaction)
            }
            (COMMAND, None) if is_own => {
                let origin = Origin::Slash(interaction.clone());
                let (command, arguments) = (name.into(), RString::new());
                if !self.own.push(Call::Command(Invocation { command, arguments, origin })) {
                    self.notices.busy(&interaction);
                }
                true
            }
            (COMMAND, None) => {
                self.notices.unanswered(&interaction, table.away(&interaction));
                true
            }
            (AUTOCOMPLETE, Some(owner)) => owner.push(Item::event(Event::Interaction(interaction))).is_ok(),
            (AUTOCOMPLETE, None) => is_own && self.own.push(Call::Event(Event::Interaction(interaction))),
            (COMPONENT | MODAL, _) => self.component(table, listeners, interaction),
            _ => deliver(listeners, &Event::Interaction(interaction)),
        }
    }

    /// Sends a component's or modal's interaction to the cogs whose patterns match it, and to those that subscribed to
    /// interactions: it may be theirs. One that a handler waits for goes to its cog alone.
    fn component(&self, table: &Table, listeners: &[Listener], interaction: RArc<Interaction>) -> bool {
        let mut takers = table.component(&interaction.custom_id);
        let owners: Vec<Arc<str>> = takers.iter().map(|owner| Arc::clone(&owner.cog)).collect();
        if waiting_cog(&interaction.custom_id).is_none() {
            let event = Event::Interaction(interaction.clone());
            let checked = CheckedEvent::of(&event);
            let others = listeners.iter().filter(|listener| !owners.contains(&listener.cog));
            takers.extend(others.filter(|listener| checked.passes(&listener.filters)));
        }
        // A form may be answered for one user or for everyone; the SDK makes the answer visible to everyone if
        // it should be.
        let pending = self.notices.pending(interaction, true, owners);
        let mut is_full = false;
        // Its own place, so that a cog that is done before the next one has the interaction is not taken for the last.
        let mut queue_place = pending.defer.join_queue();
        for taker in takers {
            let call = Call::Event(Event::Interaction(pending.interaction.clone()));
            let pushed = taker.push(self.followed(call, &pending));
            is_full |= matches!(pushed, Err((PushError::Full, _)));
        }
        match queue_place.leave(false) {
            Completion::Unhandled if is_full => self.notices.busy(&pending.interaction),
            completion => {
                self.schedule_defer(&pending);
                // The cog that took it may have gone in the meantime; then a newer table says so.
                self.notices.complete(completion, pending, &self.table.load());
            }
        }
        true
    }

    fn command(
        &self,
        owner: &Listener,
        name: String,
        ephemeral: bool,
        interaction: RArc<Interaction>,
    ) -> bool {
        let pending = self.notices.pending(interaction, ephemeral, vec![Arc::clone(&owner.cog)]);
        let origin = Origin::Slash(pending.interaction.clone());
        let call =
            Call::Command(Invocation { command: name.into(), arguments: RStr::empty().into(), origin });
        match owner.push(self.followed(call, &pending)) {
            Ok(()) => self.schedule_defer(&pending),
            Err((PushError::Full, _)) => self.notices.busy(&pending.interaction),
            Err((PushError::Closed, item)) => {
                if let Some(observer) = item.observer {
                    observer.decline();
                }
            }
        }
        true
    }

    fn followed(&self, call: Call, pending: &Arc<Pending>) -> Item {
        let (table, notices) = (Arc::clone(&self.table), Arc::clone(&self.notices));
        let observer = InteractionObserver::new(Arc::clone(pending), table, notices);
        Item::followed(call, Box::new(observer))
    }

    fn schedule_defer(&self, pending: &Arc<Pending>) {
        // The receiving task ends only with the router.
        let _ = self.due.send((Instant::now(), Arc::downgrade(pending)));
    }
}

/// Sends one event to all listeners that want it. Returns whether at least one took it.
fn deliver(listeners: &[Listener], event: &Event) -> bool {
    let checked = CheckedEvent::of(event);
    let wanted = listeners.iter().filter(|listener| checked.passes(&listener.filters));
    wanted.filter(|listener| listener.push(Item::event(event.clone())).is_ok()).count() > 0
}
