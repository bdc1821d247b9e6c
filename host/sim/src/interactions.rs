//! Recent interactions, the state of their responses, and the ephemeral messages that belong to them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::ids::{Snowflake, Timestamp};
use crate::transcript::Acknowledgement;
use crate::world::{Choice, IntegrationOwners, InteractionMetadata, Message, Modal, User};

/// How many interactions are kept; the oldest are dropped first.
const MAX_INTERACTIONS: usize = 10_000;
/// How many ephemeral messages are kept; the oldest are dropped first.
const MAX_EPHEMERAL: usize = 10_000;

/// Kinds of interaction, with Discord's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Command = 2,
    Component = 3,
    Autocomplete = 4,
    Modal = 5,
}

/// The user's client that sent the interaction, if one did, and what it recognises the interaction by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) nonce: Option<Value>,
    /// The gateway session that receives forms and choices; without one, all sessions of the user do.
    pub(crate) session: Option<Arc<str>>,
}

/// One interaction and the state of its response.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) id: Snowflake,
    pub(crate) token: String,
    pub(crate) bot: Snowflake,
    pub(crate) kind: Kind,
    pub(crate) channel: Snowflake,
    pub(crate) user: Arc<User>,
    pub(crate) client: Client,
    pub(crate) owners: IntegrationOwners,
    /// The command's name with its subcommands; empty for components and modals.
    pub(crate) name: String,
    /// How it reads: `/ping text:hi`.
    pub(crate) line: Arc<str>,
    pub(crate) created_at: Timestamp,
    pub(crate) acknowledged: Option<Acknowledgement>,
    /// The message that `@original` refers to: the response, or the component's message if that was updated.
    pub(crate) original: Option<Snowflake>,
    /// The message a component or modal belongs to.
    pub(crate) source: Option<Snowflake>,
    /// The choices offered for an option.
    pub(crate) choices: Vec<Choice>,
    /// The form that was opened.
    pub(crate) modal: Option<Modal>,
    /// The interaction that opened the form which this one submits.
    pub(crate) opened_by: Option<Box<InteractionMetadata>>,
}

impl Interaction {
    pub(crate) fn note(&self) -> InteractionMetadata {
        InteractionMetadata {
            id: self.id,
            kind: self.kind as u8,
            name: self.name.clone(),
            user: self.user.clone(),
            owners: self.owners,
            interacted: self.source.filter(|_| self.kind == Kind::Component),
            opened_by: self.opened_by.clone(),
        }
    }
}

/// All interactions that are kept, and the ephemeral messages that belong to them.
#[derive(Default)]
pub(crate) struct Interactions {
    all: HashMap<Snowflake, Interaction>,
    order: VecDeque<Snowflake>,
    by_token: HashMap<String, Snowflake>,
    ephemerals: BTreeMap<Snowflake, Arc<Message>>,
    secret: RandomState,
}

impl Interactions {
    pub(crate) fn keep(&mut self, interaction: Interaction) {
        if self.order.len() >= MAX_INTERACTIONS
            && let Some(oldest) = self.order.pop_front()
            && let Some(oldest) = self.all.remove(&oldest)
        {
            self.by_token.remove(&oldest.token);
        }
        self.order.push_back(interaction.id);
        self.by_token.insert(interaction.token.clone(), interaction.id);
        self.all.insert(interaction.id, interaction);
    }

    /// A token that cannot be guessed from the id.
    pub(crate) fn new_token(&self, id: Snowflake) -> String {
        format!("{:016x}{:016x}", self.secret.hash_one(id.0), self.secret.hash_one(!id.0))
    }

    pub(crate) fn find(&self, id: Snowflake) -> Option<&Interaction> {
        self.all.get(&id)
    }

    pub(crate) fn find_mut(&mut self, id: Snowflake) -> Option<&mut Interaction> {
        self.all.get_mut(&id)
    }

    /// The number of interactions that still wait for their bot: for an acknowledgement within `window`, or for the
    /// message after "thinking …" within `life`; `is_thinking` tells whether that is still missing.
    pub(crate) fn count_pending(
        &self,
        now: Timestamp,
        window: Duration,
        life: Duration,
        is_thinking: impl Fn(&Interaction) -> bool,
    ) -> usize {
        let recent = self.order.iter().rev().filter_map(|id| self.all.get(id));
        let alive = recent.take_while(|one| now.since(one.created_at) < life);
        alive
            .filter(|one| match one.acknowledged {
                None => now.since(one.created_at) < window,
                Some(Acknowledgement::DeferredMessage) => is_thinking(one),
                Some(_) => false,
            })
            .count()
    }

    pub(crate) fn by_token(&self, token: &str) -> Option<&Interaction> {
        self.by_token.get(token).and_then(|id| self.all.get(id))
    }

    /// The interaction that last opened a form for this user.
    pub(crate) fn last_form(&self, user: Snowflake) -> Option<Snowflake> {
        let opened =
            |id: &&Snowflake| self.all.get(id).is_some_and(|one| one.user.id == user && one.modal.is_some());
        self.order.iter().rev().find(opened).copied()
    }

    pub(crate) fn keep_ephemeral(&mut self, message: Arc<Message>) {
        if self.ephemerals.len() >= MAX_EPHEMERAL {
            self.ephemerals.pop_first();
        }
        self.ephemerals.insert(message.id, message);
    }

    pub(crate) fn ephemeral(&self, id: Snowflake) -> Option<&Arc<Message>> {
        self.ephemerals.get(&id)
    }

    pub(crate) fn ephemerals(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.ephemerals.values()
    }

    pub(crate) fn ephemeral_mut(&mut self, id: Snowflake) -> Option<&mut Message> {
        self.ephemerals.get_mut(&id).map(Arc::make_mut)
    }

    pub(crate) fn remove_ephemeral(&mut self, id: Snowflake) -> Option<Arc<Message>> {
        self.ephemerals.remove(&id)
    }
}
