//! Who may run which command where: contexts, default permissions, exceptions, membership of the bot.

use crate::commands::Command;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::permissions::permissions_of;
use crate::world::{Channel, Guild, IntegrationOwners, bits};

/// Where a command may be used, <https://discord.com/developers/docs/interactions/application-commands#interaction-contexts>.
const CONTEXT_GUILD: u64 = 0;
const CONTEXT_BOT_DM: u64 = 1;
const CONTEXT_PRIVATE_CHANNEL: u64 = 2;
/// How its application must be installed, <https://discord.com/developers/docs/interactions/application-commands#installation-context>.
const GUILD_INSTALL: u64 = 0;
const USER_INSTALL: u64 = 1;

/// The context that a channel is for an application.
pub(super) fn context_of(channel: &Channel, bot: Snowflake) -> u64 {
    match channel.guild_id {
        Some(_) => CONTEXT_GUILD,
        None if channel.recipients.iter().any(|user| user.id == bot) => CONTEXT_BOT_DM,
        None => CONTEXT_PRIVATE_CHANNEL,
    }
}

/// The commands that exist for a user in a channel; a guild's own commands come first.
pub(crate) fn commands_in<'a>(
    state: &'a State,
    channel: &'a Channel,
    user: Snowflake,
) -> impl Iterator<Item = &'a Command> {
    state.commands.available(channel.guild_id).filter(move |command| {
        fits(command, context_of(channel, command.bot))
            && (is_installed_in(state, channel, command) || is_installed_by(state, user, command))
    })
}

/// Whether a command exists because the application is in the guild, or because this is a direct message with its bot.
fn is_installed_in(state: &State, channel: &Channel, command: &Command) -> bool {
    match state.world.guild_of(channel) {
        Some(guild) => guild.members.contains_key(&command.bot) && is_for(command, GUILD_INSTALL),
        None => context_of(channel, command.bot) == CONTEXT_BOT_DM,
    }
}

/// Whether a command exists because the user installed the application.
fn is_installed_by(state: &State, user: Snowflake, command: &Command) -> bool {
    let bot = state.world.bot(command.bot);
    command.guild.is_none()
        && is_for(command, USER_INSTALL)
        && bot.is_some_and(|bot| bot.users.contains(&user))
}

fn is_for(command: &Command, installation: u64) -> bool {
    command.guild.is_some() || command.body.integration_types.contains(&installation)
}

/// The installations that authorise an interaction in a channel; `command` is the command that is run, if any.
pub(super) fn owners(
    state: &State,
    channel: &Channel,
    user: Snowflake,
    bot: Snowflake,
    command: Option<&Command>,
) -> IntegrationOwners {
    let is_for = |installation| command.is_none_or(|command| is_for(command, installation));
    let guild = match state.world.guild_of(channel) {
        Some(guild) => guild.members.contains_key(&bot).then_some(guild.id),
        // https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object
        None => (context_of(channel, bot) == CONTEXT_BOT_DM).then_some(Snowflake(0)),
    };
    let installed = state.world.bot(bot).is_some_and(|bot| bot.users.contains(&user));
    IntegrationOwners {
        guild: guild.filter(|_| is_for(GUILD_INSTALL)),
        user: Some(user).filter(|_| installed && is_for(USER_INSTALL)),
    }
}

/// Whether a user who sees the channel may run a command that exists there.
pub(crate) fn may_run(state: &State, user: Snowflake, channel: &Channel, command: &Command) -> bool {
    let Some(guild) = state.world.guild_of(channel) else { return true };
    permits(state, guild, Some(channel), user, command)
}

/// The commands that a member may run anywhere in a guild.
pub(crate) fn commands_for_member<'a>(
    state: &'a State,
    guild: &'a Guild,
    user: Snowflake,
) -> impl Iterator<Item = &'a Command> {
    state.commands.available(Some(guild.id)).filter(move |command| {
        let is_there = guild.members.contains_key(&command.bot) && is_for(command, GUILD_INSTALL);
        (is_there || is_installed_by(state, user, command))
            && fits(command, CONTEXT_GUILD)
            && permits(state, guild, None, user, command)
    })
}

/// Administrators and owners have all permissions, and exceptions do not apply to them.
fn permits(
    state: &State,
    guild: &Guild,
    channel: Option<&Channel>,
    user: Snowflake,
    command: &Command,
) -> bool {
    let granted = match channel {
        Some(channel) => state.world.permissions_in(channel, user),
        None => permissions_of(guild, None, user),
    };
    if granted & bits::USE_APPLICATION_COMMANDS == 0 {
        return false;
    }
    if granted & bits::ADMINISTRATOR != 0 {
        return true;
    }
    let verdict = state.commands.exceptions.verdict(guild, channel, user, [command.id, command.bot]);
    verdict.unwrap_or_else(|| granted & needed(command) == needed(command))
}

/// The commands that a user may run in direct messages: with bots in a common guild, and of applications that they
/// installed.
pub(crate) fn commands_for_person(state: &State, user: Snowflake) -> impl Iterator<Item = &Command> {
    state.commands.available(None).filter(move |command| {
        let shares =
            |guild: &Guild| guild.members.contains_key(&user) && guild.members.contains_key(&command.bot);
        let installed = is_installed_by(state, user, command);
        fits(command, CONTEXT_BOT_DM) && (installed || state.world.guilds().any(shares))
            || fits(command, CONTEXT_PRIVATE_CHANNEL) && installed
    })
}

/// Whether a command can be used in this context at all. `contexts` takes precedence over the older `dm_permission`.
fn fits(command: &Command, context: u64) -> bool {
    if command.guild.is_some() {
        return context == CONTEXT_GUILD;
    }
    match &command.body.contexts {
        Some(contexts) => contexts.contains(&context),
        None => context == CONTEXT_GUILD || command.body.dm_permission,
    }
}

/// The permissions that a command requires.
fn needed(command: &Command) -> u64 {
    // Without any bits, only administrators can use the command.
    command
        .body
        .default_member_permissions
        .map_or(0, |bits| if bits == 0 { bits::ADMINISTRATOR } else { bits })
}
