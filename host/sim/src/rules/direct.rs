//! Direct messages: the channel between two accounts, and news for one account alone.
//! It does not check who may write to whom; REST and members do that first.

use std::sync::Arc;

use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload};
use crate::state::State;
use crate::transcript::What;
use crate::world::User;
use crate::world::wire::channel_json_for;

impl State {
    /// The channel between two accounts, made on first use. Persons are told of a new one; bots hear of it by its messages,
    /// as Discord has it.
    pub(crate) fn open_dm(&mut self, one: &Arc<User>, other: &Arc<User>) -> Snowflake {
        let (person, partner) = if one.bot { (other, one) } else { (one, other) };
        let (id, new) = self.world.dm_channel(person, partner);
        if new {
            for user in [person, partner].into_iter().filter(|user| !user.bot) {
                self.tell_account(user.id, None, |state| {
                    let channel = channel_json_for(state.world.channel(id)?, user.id);
                    Some(Payload::new("CHANNEL_CREATE", &channel))
                });
            }
        }
        id
    }

    /// Hands an event to all sessions of one account; it is not even written if there are none.
    pub(crate) fn tell_account(
        &mut self,
        user: Snowflake,
        guild: Option<Snowflake>,
        event: impl FnOnce(&Self) -> Option<Payload>,
    ) {
        if !self.sessions.any_of(user) {
            return;
        }
        let Some(payload) = event(self).map(Arc::new) else { return };
        let name = payload.name;
        let sessions = self.sessions.publish(&self.world, Audience::Account { user, guild }, &payload);
        self.transcript.write(What::Dispatched { name, sessions });
    }
}
