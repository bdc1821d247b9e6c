//! Direct messages: the channel between two accounts.

use std::sync::Arc;

use super::dispatch;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::User;
use crate::world::wire::channel_json_for;

/// The channel between two accounts, made on first use. Persons are told of a new one; bots hear of it by its messages,
/// as Discord has it.
pub(crate) fn open(state: &mut State, one: &Arc<User>, other: &Arc<User>) -> Snowflake {
    let (person, partner) = if one.bot { (other, one) } else { (one, other) };
    let (id, new) = state.world.dm_channel(person, partner);
    if new {
        for user in [person, partner].into_iter().filter(|user| !user.bot) {
            let channel = state.world.channel(id).map(|channel| channel_json_for(channel, user.id));
            dispatch::to_account(state, user.id, None, "CHANNEL_CREATE", &channel);
        }
    }
    id
}
