//! People: who there is, with the tokens of their clients; new ones; coming, going, roles.
//! It does not speak for them; `act` does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::refusal;
use crate::actors::ActError;
use crate::rest::error::ApiError;
use crate::rest::{Call, Reply};
use crate::shared::State;
use crate::world::{User, World};

/// `GET /control/people`
pub(super) fn list(call: &Call) -> Reply {
    let state = call.shared.state();
    let mut people: Vec<&Arc<User>> = state.world.users.values().filter(|user| !user.bot).collect();
    people.sort_by(|one, other| one.username.cmp(&other.username));
    let people: Vec<Value> = people.into_iter().map(|user| described(call, &state.world, user)).collect();
    Reply::json(&people)
}

fn described(call: &Call, world: &World, user: &User) -> Value {
    let guilds = world.guilds().filter(|guild| guild.members.contains_key(&user.id));
    json!({
        "user": user, "token": call.shared.person_tokens.token(user.id),
        "guild_ids": guilds.map(|guild| guild.id).collect::<Vec<_>>(),
    })
}

pub(super) fn person(state: &State, name: &str) -> Result<Arc<User>, ApiError> {
    let person = state.world.user_named(name).filter(|user| !user.bot);
    person.cloned().ok_or_else(|| refusal(404, ActError::unknown_member(name, &state.world).to_string()))
}
