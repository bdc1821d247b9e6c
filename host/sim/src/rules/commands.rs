//! Application commands: bots register, overwrite, edit and delete them; and who may use them in a guild.

use serde_json::{Value, json};

use super::{access, dispatch};
use crate::commands::{Command, CommandBody};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::transcript::EntryKind;
use crate::world::{CommandPermission, bits};

/// The most commands in a scope: slash commands, user commands, message commands.
const MAX_COMMANDS: [usize; 3] = [100, 15, 15];

/// Whose commands, and in which guild; `None` for global commands.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) bot: Snowflake,
    pub(crate) guild: Option<Snowflake>,
}

impl Scope {
    pub(crate) fn commands(self, state: &State) -> impl Iterator<Item = &Command> {
        state.commands.of(self.bot, self.guild)
    }

    pub(crate) fn find(self, state: &State, id: Snowflake) -> Result<&Command> {
        self.commands(state).find(|command| command.id == id).ok_or(ApiError::unknown_command())
    }
}

/// Creates a command, or replaces the one of the same name and type; returns whether it is new.
pub(crate) fn create(state: &mut State, scope: Scope, body: CommandBody) -> Result<(Value, bool)> {
    let there = scope.commands(state).find(|command| same(&command.body, &body)).map(|command| command.id);
    if there.is_none() {
        check_count(scope.commands(state).map(|command| &command.body).chain([&body]))?;
    }
    let version = state.world.next_id();
    let id = there.unwrap_or_else(|| state.world.next_id());
    let command = Command { id, bot: scope.bot, guild: scope.guild, version, body };
    let json = command.json();
    match state.commands.find_mut(id) {
        Some(there) => *there = command,
        None => state.commands.add(command),
    }
    note(state, scope);
    Ok((json, there.is_none()))
}

/// Commands that are not in the list are deleted. Those that are keep their id, and also their version if they are
/// unchanged.
pub(crate) fn replace_all(state: &mut State, scope: Scope, bodies: Vec<CommandBody>) -> Result<Vec<Value>> {
    check_count(bodies.iter())?;
    let version = state.world.next_id();
    let registered = |body: CommandBody| {
        let there = scope.commands(state).find(|command| same(&command.body, &body));
        let (id, version) = match there {
            Some(command) if command.body == body => (command.id, command.version),
            Some(command) => (command.id, version),
            None => (state.world.next_id(), version),
        };
        Command { id, bot: scope.bot, guild: scope.guild, version, body }
    };
    let commands: Vec<Command> = bodies.into_iter().map(registered).collect();
    let json = commands.iter().map(Command::json).collect();
    state.commands.replace_all(scope.bot, scope.guild, commands);
    note(state, scope);
    Ok(json)
}

pub(crate) fn edit(state: &mut State, scope: Scope, id: Snowflake, body: CommandBody) -> Result<Value> {
    let version = state.world.next_id();
    let command = state.commands.find_mut(id).ok_or(ApiError::unknown_command())?;
    command.body = body;
    command.version = version;
    let json = command.json();
    note(state, scope);
    Ok(json)
}

pub(crate) fn delete(state: &mut State, scope: Scope, id: Snowflake) -> Result<()> {
    scope.find(state, id)?;
    state.commands.remove(id);
    note(state, scope);
    Ok(())
}

fn same(one: &CommandBody, other: &CommandBody) -> bool {
    one.kind == other.kind && one.labels.name == other.labels.name
}

/// Each kind of command has its own limit.
fn check_count<'a>(bodies: impl Iterator<Item = &'a CommandBody>) -> Result<()> {
    let mut counts = [0; MAX_COMMANDS.len()];
    for body in bodies {
        counts[body.kind as usize - 1] += 1;
    }
    for (count, most) in counts.into_iter().zip(MAX_COMMANDS) {
        if count > most {
            return Err(ApiError::too_many_commands(most));
        }
    }
    Ok(())
}

fn note(state: &State, scope: Scope) {
    let names = scope.commands(state).map(|command| command.name().to_owned()).collect();
    let bot = state.world.user(scope.bot).map(|user| user.username.as_str().into()).unwrap_or_default();
    state.transcript.write(EntryKind::Commands { bot, names, guild: scope.guild });
}

/// Sets who may use a command of a bot in a guild (or all its commands, if `id` is the bot's), whatever the command
/// itself says.
/// <https://discord.com/developers/docs/interactions/application-commands#edit-application-command-permissions>
pub(crate) fn permit(
    state: &mut State,
    by: Snowflake,
    bot: Snowflake,
    guild: Snowflake,
    id: Snowflake,
    exceptions: Vec<CommandPermission>,
) -> Result<Value> {
    access::guild_with(state, by, guild, bits::MANAGE_GUILD | bits::MANAGE_ROLES)?;
    check_is_there(state, bot, guild, id)?;
    state.commands.exceptions.set(guild, id, exceptions);
    let json = permissions(state, bot, guild, id);
    dispatch::to_account(state, bot, Some(guild), "APPLICATION_COMMAND_PERMISSIONS_UPDATE", &json);
    Ok(json)
}

/// Checks that `id` is the application itself or one of its commands in the guild.
pub(crate) fn check_is_there(state: &State, bot: Snowflake, guild: Snowflake, id: Snowflake) -> Result<()> {
    let mut commands = state.commands.available(Some(guild));
    let is_there = id == bot && state.world.bot(bot).is_some()
        || commands.any(|command| command.bot == bot && command.id == id);
    if is_there { Ok(()) } else { Err(ApiError::unknown_command()) }
}

pub(crate) fn permissions(state: &State, bot: Snowflake, guild: Snowflake, id: Snowflake) -> Value {
    let permissions = state.commands.exceptions.of(guild, id).unwrap_or_default();
    json!({ "id": id, "application_id": bot, "guild_id": guild, "permissions": permissions })
}
