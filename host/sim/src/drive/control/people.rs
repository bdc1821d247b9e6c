//! People: lists them with their clients' tokens, adds new ones, and changes their guilds and roles. None of this needs
//! a permission in the world.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, refusal};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::members::{guild_named, member_and_role};
use crate::rest::{Call, Reply};
use crate::rules::{Actor, members, users};
use crate::state::State;
use crate::world::{ActError, User, World};

/// How many characters a user's name may have.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    name: String,
    #[serde(default)]
    guilds: Vec<String>,
}

/// `GET /control/people`
pub(super) fn list(call: &Call) -> Reply {
    let state = call.shared.state();
    let mut people: Vec<&Arc<User>> = state.world.users.values().filter(|user| !user.bot).collect();
    people.sort_by_key(|user| &user.username);
    let people: Vec<Value> = people.into_iter().map(|user| described(call, &state.world, user)).collect();
    Reply::json(&people)
}

/// `POST /control/people`
pub(super) fn add(call: &Call) -> Result<Reply> {
    let NewPerson { name, guilds } = body(call)?;
    checked_name(&name)?;
    let mut state = call.shared.state();
    if state.world.user_named(&name).is_some() {
        return Err(refusal(409, format!("the name `{name}` is taken")));
    }
    let guilds: Vec<Snowflake> = guilds
        .iter()
        .map(|name| guild_named(&state, name).map(|guild| guild.id))
        .collect::<Result<_, _>>()
        .map_err(missing)?;
    let user = users::add(&mut state, &name);
    for guild in guilds {
        members::admit(&mut state, guild, &user);
    }
    Ok(Reply::json_with(201, &described(call, &state.world, &user)))
}

/// Checks a user's name.
pub(super) fn checked_name(name: &str) -> Result<()> {
    let is_unfit = |sign: char| {
        // The last two change the text direction.
        sign.is_whitespace()
            || sign.is_control()
            || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if NAME_CHARS.contains(&name.chars().count()) && !name.chars().any(is_unfit) {
        return Ok(());
    }
    Err(refusal(
        400,
        "a name must have 2 to 32 characters, without spaces or invisible characters".to_owned(),
    ))
}

/// `PUT /control/people/{person}/guilds/{guild}`; this also lifts a ban.
pub(super) fn join(call: &Call, name: &str, guild: &str) -> Result<Reply> {
    let mut state = call.shared.state();
    let user = person(&state, name)?;
    let (guild, by) = place(&state, guild)?;
    // Most users who join are not banned.
    let _ = members::unban(&mut state, &by, guild, user.id);
    members::admit(&mut state, guild, &user);
    Ok(Reply::nothing())
}

/// `DELETE /control/people/{person}/guilds/{guild}`
pub(super) fn leave(call: &Call, name: &str, guild: &str) -> Result<Reply> {
    let mut state = call.shared.state();
    let user = person(&state, name)?;
    let (guild, by) = place(&state, guild)?;
    if by.user == user.id {
        return Err(refusal(422, format!("{name} owns the guild and cannot leave")));
    }
    members::remove(&mut state, guild, user.id);
    Ok(Reply::nothing())
}

/// `PUT` and `DELETE /control/people/{person}/guilds/{guild}/roles/{role}`
pub(super) fn role(call: &Call, name: &str, guild: &str, role: &str, given: bool) -> Result<Reply> {
    let mut state = call.shared.state();
    person(&state, name)?;
    let (guild_id, by) = place(&state, guild)?;
    let Some(guild) = state.world.guild(guild_id) else { return Err(ApiError::unknown_guild()) };
    let (user, role) = member_and_role(&state, guild, name, role).map_err(missing)?;
    members::set_role(&mut state, guild_id, &by, user, role, given);
    Ok(Reply::nothing())
}

pub(super) fn person(state: &State, name: &str) -> Result<Arc<User>> {
    let person = state.world.user_named(name).filter(|user| !user.bot);
    person.cloned().ok_or_else(|| missing(ActError::unknown_member(name, &state.world)))
}

/// The guild, and its owner, on whose behalf things are done there.
fn place(state: &State, name: &str) -> Result<(Snowflake, Actor)> {
    let guild = guild_named(state, name).map_err(missing)?;
    Ok((guild.id, Actor { user: guild.owner_id, reason: None }))
}

pub(super) fn missing(error: ActError) -> ApiError {
    refusal(404, error.to_string())
}

fn described(call: &Call, world: &World, user: &User) -> Value {
    let guilds = world.guilds().filter(|guild| guild.members.contains_key(&user.id));
    json!({
        "user": user, "token": call.shared.user_tokens.token(user.id),
        "guild_ids": guilds.map(|guild| guild.id).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_word() {
        for name in ["alice", "günther", "名前", "<b>x"] {
            assert!(checked_name(name).is_ok(), "{name}");
        }
        for name in ["", "x", "a b", "a\nb", "a\u{7}b", "a\u{202e}b", &"x".repeat(33)] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
    }
}
