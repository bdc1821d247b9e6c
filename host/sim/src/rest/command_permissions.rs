//! Who may use a command in a guild, beyond what the command says: read by its bot, written by those who run the guild.
//! It does not weigh them; `interactions` does.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::accounts::Account;
use crate::commands::Exception;
use crate::form::{ApiError, Fields};
use crate::ids::Snowflake;
use crate::rules::{access, dispatch};
use crate::sessions::Payload;
use crate::state::State;
use crate::world::bits;

/// Exceptions of one command.
const MAX_EXCEPTIONS: usize = 100;

/// `GET /applications/{app}/guilds/{guild}/commands/permissions`
pub(super) fn list(call: &Call, app: Snowflake, guild: Snowflake) -> Result<Reply, ApiError> {
    let state = readable(call, app, guild)?;
    let commands = state.commands.available(Some(guild)).filter(|command| command.bot == app);
    let ids = commands.map(|command| command.id).chain([app]);
    let there = ids.filter(|id| state.commands.exceptions.of(guild, *id).is_some());
    Ok(Reply::json(&there.map(|id| described(&state, app, guild, id)).collect::<Vec<Value>>()))
}

/// `GET …/commands/{command}/permissions`
pub(super) fn one(call: &Call, app: Snowflake, guild: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let state = readable(call, app, guild)?;
    check_is_there(&state, app, guild, id)?;
    if state.commands.exceptions.of(guild, id).is_none() {
        return Err(ApiError::unknown_command_permissions());
    }
    Ok(Reply::json(&described(&state, app, guild, id)))
}

/// `PUT …/commands/{command}/permissions`: by a person who manages guild and roles, never by a bot.
pub(super) fn replace(
    call: &Call,
    app: Snowflake,
    guild: Snowflake,
    id: Snowflake,
) -> Result<Reply, ApiError> {
    let Account::Person(person) = call.account()? else { return Err(ApiError::persons_only()) };
    let mut fields = call.fields()?;
    let there = fields.require("permissions");
    let list = there.then(|| fields.objects("permissions", 0..=MAX_EXCEPTIONS)).flatten().unwrap_or_default();
    let exceptions = list.into_iter().filter_map(|one| exception(one, &mut fields)).collect();
    fields.checked()?;
    let mut state = call.shared.state();
    access::guild_with(&state, person, guild, bits::MANAGE_GUILD | bits::MANAGE_ROLES)?;
    check_is_there(&state, app, guild, id)?;
    state.commands.exceptions.set(guild, id, exceptions);
    let json = described(&state, app, guild, id);
    let name = "APPLICATION_COMMAND_PERMISSIONS_UPDATE";
    dispatch::to_account(&mut state, app, Some(guild), |_| Some(Payload::new(name, &json)));
    Ok(Reply::json(&json))
}

fn exception(mut one: Fields, whole: &mut Fields) -> Option<Exception> {
    for key in ["id", "type", "permission"] {
        one.require(key);
    }
    let (id, kind, permission) =
        (one.snowflake("id"), one.choice("type", &[1, 2, 3]), one.flag("permission"));
    whole.absorb(one);
    Some(Exception { id: id?, kind: kind? as u8, permission: permission? })
}

fn readable(
    call: &Call,
    app: Snowflake,
    guild: Snowflake,
) -> Result<std::sync::MutexGuard<'_, State>, ApiError> {
    if call.bot()? != app {
        return Err(ApiError::not_your_application());
    }
    let state = call.shared.state();
    access::own_guild(&state, app, guild)?;
    Ok(state)
}

/// The application itself, or a command of it that the guild has.
fn check_is_there(state: &State, app: Snowflake, guild: Snowflake, id: Snowflake) -> Result<(), ApiError> {
    let mut commands = state.commands.available(Some(guild));
    let is_there = id == app && state.world.bot(app).is_some()
        || commands.any(|command| command.bot == app && command.id == id);
    if is_there { Ok(()) } else { Err(ApiError::unknown_command()) }
}

fn described(state: &State, app: Snowflake, guild: Snowflake, id: Snowflake) -> Value {
    let permissions = state.commands.exceptions.of(guild, id).unwrap_or_default();
    json!({ "id": id, "application_id": app, "guild_id": guild, "permissions": permissions })
}
