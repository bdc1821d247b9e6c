//! Command permissions over REST: read by the command's bot, written by users who manage the guild.

use std::sync::MutexGuard;

use serde_json::Value;

use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rest::{Call, Reply};
use crate::rules::{access, commands};
use crate::state::State;
use crate::world::CommandPermission;

/// The most exceptions for a command.
const MAX_EXCEPTIONS: usize = 100;

/// `GET /applications/{app}/guilds/{guild}/commands/permissions`
pub(crate) fn list(call: &Call, app: Snowflake, guild: Snowflake) -> Result<Reply> {
    let state = readable(call, app, guild)?;
    let commands = state.commands.available(Some(guild)).filter(|command| command.bot == app);
    let ids = commands.map(|command| command.id).chain([app]);
    let there = ids.filter(|id| state.commands.exceptions.of(guild, *id).is_some());
    Ok(Reply::json(&there.map(|id| commands::permissions(&state, app, guild, id)).collect::<Vec<Value>>()))
}

/// `GET …/commands/{command}/permissions`
pub(crate) fn one(call: &Call, app: Snowflake, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let state = readable(call, app, guild)?;
    commands::check_is_there(&state, app, guild, id)?;
    if state.commands.exceptions.of(guild, id).is_none() {
        return Err(ApiError::unknown_command_permissions());
    }
    Ok(Reply::json(&commands::permissions(&state, app, guild, id)))
}

/// `PUT …/commands/{command}/permissions`: only by a user who manages the guild and its roles, never by a bot.
pub(crate) fn replace(call: &Call, app: Snowflake, guild: Snowflake, id: Snowflake) -> Result<Reply> {
    let person = call.user()?;
    let mut fields = call.fields()?;
    let exceptions =
        fields.required("permissions", |of, key| of.read_objects(key, 0..=MAX_EXCEPTIONS, exception));
    fields.checked()?;
    let mut state = call.shared.state();
    Ok(Reply::json(&commands::permit(&mut state, person, app, guild, id, exceptions)?))
}

fn exception(one: &mut Fields) -> CommandPermission {
    CommandPermission {
        id: one.required("id", Fields::snowflake),
        kind: one.required("type", |of, key| of.choice(key, &[1, 2, 3])),
        permission: one.required("permission", Fields::flag),
    }
}

fn readable(call: &Call, app: Snowflake, guild: Snowflake) -> Result<MutexGuard<'_, State>> {
    let state = call.own_application(app)?;
    access::own_guild(&state, app, guild)?;
    Ok(state)
}
