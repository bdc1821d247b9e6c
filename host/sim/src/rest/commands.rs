//! Application commands over REST, global and per guild: list, register, replace, edit, delete.
//! It does not run them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::routes::{Part, Path};
use super::{Call, Reply};
use crate::commands::{Command, validated};
use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::rules::access;
use crate::state::State;
use crate::transcript::What;

/// Slash commands, and context menus of users and of messages, in a scope.
const MAX_COMMANDS: [usize; 3] = [100, 15, 15];

/// Whose commands, and where.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    bot: Snowflake,
    guild: Option<Snowflake>,
}

impl Scope {
    /// The bot that calls must own the application, and be in the guild.
    fn check(self, call: &Call) -> Result<std::sync::MutexGuard<'_, State>, ApiError> {
        if call.bot()? != self.bot {
            return Err(ApiError::not_your_application());
        }
        let state = call.shared.state();
        if let Some(guild) = self.guild {
            access::own_guild(&state, self.bot, guild).map_err(|_| ApiError::missing_access())?;
        }
        Ok(state)
    }
}

impl Part for Scope {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self, ApiError> {
        let guild = at.has("guild_id").then(|| Snowflake::read(at, "guild_id")).transpose()?;
        Ok(Self { bot: Snowflake::read(at, name)?, guild })
    }
}

/// `GET …/commands`: with all translations only if they are asked for.
/// <https://discord.com/developers/docs/interactions/application-commands#get-global-application-commands>
pub(super) fn list(call: &Call, scope: Scope) -> Result<Reply, ApiError> {
    let is_translated = call.query("with_localizations") == Some("true");
    let state = scope.check(call)?;
    let mut all: Vec<Value> = state.commands.of(scope.bot, scope.guild).map(Command::json).collect();
    if !is_translated {
        all.iter_mut().for_each(leave_translations_out);
    }
    Ok(Reply::json(&all))
}

fn leave_translations_out(of: &mut Value) {
    let Value::Object(fields) = of else { return };
    fields.retain(|key, _| !matches!(key.as_str(), "name_localizations" | "description_localizations"));
    for key in ["options", "choices"] {
        fields
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(leave_translations_out);
    }
}

/// `GET …/commands/{command}`
pub(super) fn command(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply, ApiError> {
    let state = scope.check(call)?;
    let command = state.commands.of(scope.bot, scope.guild).find(|command| command.id == id);
    command.map(|command| Reply::json(&command.json())).ok_or(ApiError::unknown_command())
}

/// `POST …/commands`: 201 for a new one, 200 when one of the same name and type was replaced.
pub(super) fn create(call: &Call, scope: Scope) -> Result<Reply, ApiError> {
    let body = validated(call.fields()?);
    let mut state = scope.check(call)?;
    let body = body.into_kept()?;
    let version = state.world.next_id();
    let there = state.commands.of(scope.bot, scope.guild).find(|command| same(&command.body, &body));
    let (id, status) = match there {
        Some(command) => (command.id, 200),
        None => {
            let others = state.commands.of(scope.bot, scope.guild).map(|command| &command.body);
            check_count(others.chain([&body]))?;
            (state.world.next_id(), 201)
        }
    };
    let command = Command { id, bot: scope.bot, guild: scope.guild, version, body };
    let json = command.json();
    match state.commands.find_mut(id) {
        Some(there) => *there = command,
        None => state.commands.add(command),
    }
    note(&state, scope);
    Ok(Reply::json_with(status, &json))
}

/// `PUT …/commands`: what is not in the list is gone; what stays keeps its id.
pub(super) fn replace_all(call: &Call, scope: Scope) -> Result<Reply, ApiError> {
    let (mut whole, list) = call.fields_of_list()?;
    let (mut bodies, mut seen) = (Vec::with_capacity(list.len()), HashSet::new());
    for body in list {
        let mut body = validated(body);
        if !seen.insert((body.kept_number("type"), body.kept_text("name").map(str::to_owned))) {
            let message = "Application command names must be unique";
            body.fail_here("APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        if let Value::Object(body) = whole.absorb(body) {
            bodies.push(body);
        }
    }
    let mut state = scope.check(call)?;
    whole.checked()?;
    check_count(bodies.iter())?;
    let version = state.world.next_id();
    let mut commands = Vec::with_capacity(bodies.len());
    for body in bodies {
        let there = state.commands.of(scope.bot, scope.guild).find(|command| same(&command.body, &body));
        let (id, version) = match there {
            Some(command) if command.body == body => (command.id, command.version),
            Some(command) => (command.id, version),
            None => (state.world.next_id(), version),
        };
        commands.push(Command { id, bot: scope.bot, guild: scope.guild, version, body });
    }
    let json: Vec<Value> = commands.iter().map(Command::json).collect();
    state.commands.replace_all(scope.bot, scope.guild, commands);
    note(&state, scope);
    Ok(Reply::json(&json))
}

/// `PATCH …/commands/{command}`
pub(super) fn edit(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply, ApiError> {
    let change = call.fields()?;
    let mut state = scope.check(call)?;
    let there = state.commands.of(scope.bot, scope.guild).find(|command| command.id == id);
    let body = there.ok_or(ApiError::unknown_command())?.body.clone();
    let body = validated(change.over(body)).into_kept()?;
    let version = state.world.next_id();
    let command = state.commands.find_mut(id).ok_or(ApiError::unknown_command())?;
    command.body = body;
    command.version = version;
    let json = command.json();
    note(&state, scope);
    Ok(Reply::json(&json))
}

/// `DELETE …/commands/{command}`
pub(super) fn delete(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply, ApiError> {
    let mut state = scope.check(call)?;
    if !state.commands.of(scope.bot, scope.guild).any(|command| command.id == id) {
        return Err(ApiError::unknown_command());
    }
    state.commands.remove(id);
    note(&state, scope);
    Ok(Reply::nothing())
}

fn same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    ["name", "type"].iter().all(|key| one.get(*key) == other.get(*key))
}

/// Each kind of command has its own limit.
fn check_count<'a>(bodies: impl Iterator<Item = &'a Map<String, Value>>) -> Result<(), ApiError> {
    let mut counts = [0; MAX_COMMANDS.len()];
    for body in bodies {
        let kind = body.get("type").and_then(Value::as_u64).unwrap_or(1) as usize;
        if let Some(count) = counts.get_mut(kind - 1) {
            *count += 1;
        }
    }
    for (count, most) in counts.into_iter().zip(MAX_COMMANDS) {
        if count > most {
            return Err(ApiError::too_many_commands(most));
        }
    }
    Ok(())
}

fn note(state: &State, scope: Scope) {
    let names = state.commands.of(scope.bot, scope.guild).map(|command| command.name().to_owned()).collect();
    let bot = state.world.user(scope.bot).map(|user| user.username.as_str().into()).unwrap_or_default();
    state.transcript.write(What::Commands { bot, names, guild: scope.guild });
}
