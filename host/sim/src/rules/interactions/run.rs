//! Running a command: turns the filled-in options, or the target user or message, into an invocation.

use serde_json::{Value, json};

use super::controls::message_for;
use super::named::{Place, resolve};
use super::options::{fill_options, line_of_values};
use super::permitted::{commands_in, may_run};
use super::{Invocation, Invoker};
use crate::commands::{Command, CommandKind};
use crate::ids::Snowflake;
use crate::interactions::Kind;
use crate::state::State;
use crate::world::wire::{MemberJson, MessageJson};
use crate::world::{ActError, Attachment, Channel, bits};

/// A slash command that is run or is still being typed.
pub(crate) struct TypedCommand<'a> {
    /// The subcommands.
    pub(crate) path: &'a [&'a str],
    pub(crate) given: &'a [(String, Value)],
    /// The option that is being typed; `None` when the command is run.
    pub(crate) focused: Option<&'a str>,
    pub(crate) files: &'a [(String, Attachment)],
}

/// The command with this name and type, if the invoker may run it in their channel.
pub(crate) fn command_named<'a>(
    state: &'a State,
    invoker: &Invoker,
    name: &str,
    kind: CommandKind,
) -> Result<&'a Command, ActError> {
    let channel = channel_of(state, invoker)?;
    let there = || commands_in(state, channel, invoker.user.id).filter(move |one| one.kind() == kind);
    let found = there().find(|one| one.name() == name);
    let found = found.ok_or_else(|| ActError::unknown("command", name, there().map(Command::name)))?;
    check_may_run(state, invoker, channel, found)?;
    Ok(found)
}

/// The command with this id, if the invoker may run it in their channel.
pub(crate) fn command_with_id<'a>(
    state: &'a State,
    invoker: &Invoker,
    id: Snowflake,
) -> Result<&'a Command, ActError> {
    let channel = channel_of(state, invoker)?;
    let found = commands_in(state, channel, invoker.user.id).find(|one| one.id == id);
    let found = found.ok_or_else(|| ActError::unknown("command", &id.to_string(), std::iter::empty()))?;
    check_may_run(state, invoker, channel, found)?;
    Ok(found)
}

/// A slash command with its options, checked against what it declares.
pub(crate) fn run(
    state: &State,
    invoker: Invoker,
    command: &Command,
    typed: &TypedCommand<'_>,
) -> Result<Invocation, ActError> {
    let channel = channel_of(state, &invoker)?;
    let guild = state.world.guild_of(channel);
    let place =
        Place { world: &state.world, guild, user: invoker.user.id, bot: command.bot, files: typed.files };
    let filled = fill_options(place, command, typed.path, typed.given, typed.focused)?;
    let mut data = described(command);
    // https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-data-structure
    if !filled.options.is_empty() {
        data["options"] = Value::Array(filled.options);
    }
    if !filled.resolved.is_empty() {
        data["resolved"] = Value::Object(filled.resolved);
    }
    let name = [&[command.name()][..], typed.path].concat().join(" ");
    let line = format!("/{name}{}", line_of_values(typed.given));
    let kind = if typed.focused.is_some() { Kind::Autocomplete } else { Kind::Command };
    let id = Some(command.id);
    Ok(Invocation { name, command: id, ..Invocation::new(invoker, command.bot, kind, line, data) })
}

/// A context menu command, run on a user or a message.
pub(crate) fn run_on(
    state: &State,
    invoker: Invoker,
    command: &Command,
    target: Snowflake,
) -> Result<Invocation, ActError> {
    let channel = channel_of(state, &invoker)?;
    let mut data = described(command);
    data["target_id"] = json!(target);
    let mut resolved = serde_json::Map::new();
    let line = if command.kind() == CommandKind::User {
        let unknown = || ActError::unknown_member(&target.to_string(), &state.world);
        let user = state.world.user(target).ok_or_else(unknown)?;
        resolve(&mut resolved, "users", target, json!(&**user));
        let member = state.world.guild_of(channel).and_then(|guild| guild.members.get(&target));
        if let Some(member) = member {
            let granted = state.world.permissions_in(channel, target);
            resolve(&mut resolved, "members", target, json!(MemberJson::resolved(member, granted)));
        }
        format!("[{} on {}]", command.name(), user.username)
    } else {
        let unknown = ActError::UnknownMessage { message: target };
        let message = message_for(state, invoker.user.id, channel.id, target).ok_or(unknown)?;
        resolve(
            &mut resolved,
            "messages",
            target,
            json!(MessageJson::answer(&message, channel, command.bot)),
        );
        format!("[{} on a message by {}]", command.name(), message.author.username)
    };
    data["resolved"] = Value::Object(resolved);
    let name = command.name().to_owned();
    let id = Some(command.id);
    Ok(Invocation { name, command: id, ..Invocation::new(invoker, command.bot, Kind::Command, line, data) })
}

/// The invoker's channel, if they can see it.
pub(super) fn channel_of<'a>(state: &'a State, invoker: &Invoker) -> Result<&'a Channel, ActError> {
    let channel = state.world.channel(invoker.channel);
    let channel =
        channel.ok_or_else(|| ActError::unknown_channel(&invoker.channel.to_string(), &state.world))?;
    let granted = state.world.permissions_in(channel, invoker.user.id);
    if granted & bits::VIEW_CHANNEL == 0 { Err(invoker.may_not("see", channel)) } else { Ok(channel) }
}

fn check_may_run(
    state: &State,
    invoker: &Invoker,
    channel: &Channel,
    command: &Command,
) -> Result<(), ActError> {
    let granted = state.world.permissions_in(channel, invoker.user.id);
    if granted & bits::USE_APPLICATION_COMMANDS == 0 {
        return Err(invoker.may_not("use commands", channel));
    }
    if !may_run(state, invoker.user.id, channel, command) {
        return Err(invoker.may_not(&format!("run {}", command.name()), channel));
    }
    Ok(())
}

/// The common fields in the data of every command's interaction.
fn described(command: &Command) -> Value {
    let mut data = json!({ "id": command.id, "name": command.name(), "type": command.kind() });
    if let Some(guild) = command.guild {
        data["guild_id"] = json!(guild);
    }
    data
}
