//! Application commands over REST, global and per guild: list, register, replace, edit, delete.
//! It does not run them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::{ApiError, FormErrors};
use super::routes::{Part, Path};
use super::{Call, Reply};
use crate::interactions::{Command, validated};
use crate::shared::State;
use crate::snowflake::Snowflake;
use crate::transcript::What;

/// Slash commands in a scope.
const MAX_SLASH_COMMANDS: usize = 100;

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
            return Err(ApiError::new(
                403,
                20012,
                "You are not authorized to perform this action on this application",
            ));
        }
        let state = call.shared.state();
        if let Some(guild) = self.guild {
            state.own_guild(self.bot, guild).map_err(|_| ApiError::missing_access())?;
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

/// `GET …/commands`
pub(super) fn list(call: &Call, scope: Scope) -> Result<Reply, ApiError> {
    let state = scope.check(call)?;
    let all: Vec<Value> = state.commands.of(scope.bot, scope.guild).map(Command::json).collect();
    Ok(Reply::json(&all))
}

/// `GET …/commands/{command}`
pub(super) fn command(call: &Call, scope: Scope, id: Snowflake) -> Result<Reply, ApiError> {
    let state = scope.check(call)?;
    let command = state.commands.of(scope.bot, scope.guild).find(|command| command.id == id);
    command.map(|command| Reply::json(&command.json())).ok_or(ApiError::unknown_command())
}

/// `POST …/commands`: 201 for a new one, 200 when one of the same name and type was replaced.
pub(super) fn create(call: &Call, scope: Scope) -> Result<Reply, ApiError> {
    let body = object(call)?;
    let mut errors = FormErrors::default();
    let body = validated(body, "", &mut errors);
    let mut state = scope.check(call)?;
    errors.into_result()?;
    let version = state.world.next_id();
    let there = state.commands.of(scope.bot, scope.guild).find(|command| same(&command.body, &body));
    let (id, status) = match there {
        Some(command) => (command.id, 200),
        None if slash_count(state.commands.of(scope.bot, scope.guild).map(|command| &command.body))
            >= MAX_SLASH_COMMANDS =>
        {
            return Err(ApiError::too_many_commands());
        }
        None => (state.world.next_id(), 201),
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
    let Ok(Value::Array(list)) = serde_json::from_slice(call.body()) else {
        return Err(match serde_json::from_slice::<Value>(call.body()) {
            Ok(_) => ApiError::form("_misc", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
            Err(_) => ApiError::invalid_json(),
        });
    };
    let mut errors = FormErrors::default();
    let (mut bodies, mut seen) = (Vec::with_capacity(list.len()), HashSet::new());
    for (at, body) in list.into_iter().enumerate() {
        let Value::Object(body) = body else {
            errors.add(&at.to_string(), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
            continue;
        };
        let body = validated(body, &format!("{at}."), &mut errors);
        if !seen.insert((body["type"].as_u64(), body.get("name").cloned())) {
            let message = "Application command names must be unique";
            errors.add(&at.to_string(), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        bodies.push(body);
    }
    let mut state = scope.check(call)?;
    errors.into_result()?;
    if slash_count(bodies.iter()) > MAX_SLASH_COMMANDS {
        return Err(ApiError::too_many_commands());
    }
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
    let change = object(call)?;
    let mut state = scope.check(call)?;
    let there = state.commands.of(scope.bot, scope.guild).find(|command| command.id == id);
    let mut body = there.ok_or(ApiError::unknown_command())?.body.clone();
    body.extend(change);
    let mut errors = FormErrors::default();
    let body = validated(body, "", &mut errors);
    errors.into_result()?;
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

fn object(call: &Call) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(call.body()) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => {
            Err(ApiError::form("_misc", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"))
        }
        Err(_) => Err(ApiError::invalid_json()),
    }
}

fn same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    ["name", "type"].iter().all(|key| one.get(*key) == other.get(*key))
}

fn slash_count<'a>(bodies: impl Iterator<Item = &'a Map<String, Value>>) -> usize {
    bodies.filter(|body| body.get("type").and_then(Value::as_u64) == Some(1)).count()
}

fn note(state: &State, scope: Scope) {
    let names = state.commands.of(scope.bot, scope.guild).map(|command| command.name().to_owned()).collect();
    let bot = state.world.user(scope.bot).map(|user| user.username.as_str().into()).unwrap_or_default();
    state.transcript.write(What::Commands { bot, names, guild: scope.guild });
}
