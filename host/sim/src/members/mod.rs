//! Members: people who act in the world through the same rules as in a Discord client.

mod commands;
mod components;
mod guilds;
mod handle;
mod messages;
mod onboarding;

use std::sync::Arc;

use serde_json::Value;

pub use commands::NO_OPTIONS;
pub(crate) use guilds::{guild_named, member_and_role};
pub use handle::{Answer, InteractionHandle};

use crate::ids::Snowflake;
use crate::rules::channels;
use crate::state::{Shared, State};
use crate::world::{ActError, Channel, ChannelKind, User, bits};

/// A user who acts. Each act returns once its events are queued for the gateway's sessions.
#[derive(Clone)]
pub struct Member {
    pub(crate) shared: Arc<Shared>,
    pub(crate) user: Arc<User>,
    /// The channel in which slash commands are typed, and whose guild comes first when names are looked up.
    pub(crate) here: Option<Snowflake>,
}

impl Member {
    pub(crate) fn named(shared: Arc<Shared>, name: &str) -> Result<Self, ActError> {
        let (user, here) = {
            let state = shared.state();
            let person = state.world.user_named(name).filter(|user| !user.bot);
            let user = person.ok_or_else(|| ActError::unknown_member(name, &state.world))?.clone();
            let here = first_channel(&state, &user);
            (user, here)
        };
        Ok(Self { shared, user, here })
    }

    /// The username, which is unique.
    pub fn name(&self) -> &str {
        &self.user.username
    }

    /// The user's id.
    pub fn id(&self) -> Snowflake {
        self.user.id
    }

    /// The token with which a client can act as this member over REST and the gateway: without the prefix `Bot `.
    pub fn token(&self) -> String {
        self.shared.user_tokens.token(self.user.id)
    }

    /// The member's channel: the first one that they can see, until changed with [`Member::at`].
    pub fn channel(&self) -> Option<Snowflake> {
        self.here
    }

    /// The same member in another channel: an id, `general`, `#general`, `Workshop/general`, or `@bot` for a direct
    /// message with a bot or another member.
    ///
    /// # Errors
    /// If there is no such channel, or the member cannot see it.
    pub fn at(&self, channel: &str) -> Result<Self, ActError> {
        let here = Some(self.find(&mut self.shared.state(), channel)?);
        Ok(Self { here, ..self.clone() })
    }

    /// Finds a channel that the member can see; for `@bot` or `@alice` it opens the direct message.
    pub(crate) fn find(&self, state: &mut State, name: &str) -> Result<Snowflake, ActError> {
        if let Some(other) = name.strip_prefix('@') {
            let bot = state.world.bots.iter().find(|one| one.user.username == other);
            let other = bot.map(|bot| &bot.user).or_else(|| state.world.user_named(other));
            let other = other.filter(|other| other.id != self.user.id).cloned();
            let other = other.ok_or_else(|| ActError::unknown_bot(name, &state.world))?;
            return Ok(channels::open_dm(state, &self.user, &other));
        }
        let near = self.here.and_then(|here| state.world.channel(here)).and_then(|channel| channel.guild_id);
        let channel = state.world.channel_named(name, near);
        let channel = channel.ok_or_else(|| ActError::unknown_channel(name, &state.world))?;
        if state.world.permissions_in(channel, self.user.id) & bits::VIEW_CHANNEL == 0 {
            return Err(self.forbidden(channel, "read messages"));
        }
        Ok(channel.id)
    }

    pub(crate) fn allowed(
        &self,
        state: &State,
        channel_id: Snowflake,
        bit: u64,
        verb: &'static str,
    ) -> Result<(), ActError> {
        let Some(channel) = state.world.channel(channel_id) else { return Ok(()) };
        let granted = state.world.permissions_in(channel, self.user.id);
        if granted & bit == 0 { Err(self.forbidden(channel, verb)) } else { Ok(()) }
    }

    fn forbidden(&self, channel: &Channel, verb: &'static str) -> ActError {
        let (member, channel) = (self.user.username.clone(), channel.name.to_string());
        ActError::Forbidden { member, verb: verb.to_owned(), channel }
    }

    /// The channel of a message that the member can see, including ephemeral responses to the member's own
    /// interactions.
    pub(crate) fn place_of(&self, state: &State, message: Snowflake) -> Result<Snowflake, ActError> {
        let seen = |channel: &&Channel| {
            channel.message(message).is_some()
                && state.world.permissions_in(channel, self.user.id) & bits::VIEW_CHANNEL != 0
        };
        // Most acts are about the current channel.
        if let Some(channel) = self.here.and_then(|here| state.world.channel(here)).filter(seen) {
            return Ok(channel.id);
        }
        if let Some(channel) = state.world.channels.values().find(seen) {
            return Ok(channel.id);
        }
        let ephemeral = state.interactions.ephemeral(message);
        let own =
            ephemeral.filter(|one| one.interaction.as_ref().is_some_and(|note| note.user.id == self.user.id));
        own.map(|one| one.channel_id).ok_or(ActError::UnknownMessage { message })
    }
}

/// The first text channel that a user can see.
fn first_channel(state: &State, user: &User) -> Option<Snowflake> {
    let mut channels = state
        .world
        .guilds()
        .flat_map(|guild| guild.channels.iter())
        .filter_map(|id| state.world.channel(*id));
    channels
        .find(|channel| {
            channel.kind == ChannelKind::Text
                && state.world.permissions_in(channel, user.id) & bits::VIEW_CHANNEL != 0
        })
        .map(|channel| channel.id)
}

pub(crate) fn owned_options<K: AsRef<str>, V: Into<Value>>(
    options: impl IntoIterator<Item = (K, V)>,
) -> Vec<(String, Value)> {
    options.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value.into())).collect()
}
