//! Who may run which command where: contexts, default permissions, exceptions, the bot's presence.

use serde_json::Value;

use crate::commands::Command;
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::permissions::permissions_of;
use crate::world::{Channel, Guild, bits};

/// Where a command may be used, <https://discord.com/developers/docs/interactions/application-commands#interaction-contexts>.
const CONTEXT_GUILD: u64 = 0;
const CONTEXT_BOT_DM: u64 = 1;

/// The commands that exist in a channel, for all users; a guild's own come first.
pub(crate) fn commands_in<'a>(state: &'a State, channel: &'a Channel) -> impl Iterator<Item = &'a Command> {
    state.commands.available(channel.guild_id).filter(|command| match state.world.guild_of(channel) {
        Some(guild) => guild.members.contains_key(&command.bot) && fits(command, CONTEXT_GUILD),
        None => channel.recipients.iter().any(|user| user.id == command.bot) && fits(command, CONTEXT_BOT_DM),
    })
}

/// Whether a user who sees the channel may run a command that exists there.
pub(crate) fn may_run(state: &State, user: Snowflake, channel: &Channel, command: &Command) -> bool {
    let Some(guild) = state.world.guild_of(channel) else { return true };
    permits(state, guild, Some(channel), user, command)
}

/// The commands that a member may run somewhere in a guild.
pub(crate) fn commands_for_member<'a>(
    state: &'a State,
    guild: &'a Guild,
    user: Snowflake,
) -> impl Iterator<Item = &'a Command> {
    state.commands.available(Some(guild.id)).filter(move |command| {
        guild.members.contains_key(&command.bot)
            && fits(command, CONTEXT_GUILD)
            && permits(state, guild, None, user, command)
    })
}

/// Administrators and owners have every bit, and no exception is made of them.
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

/// The commands that a user may run in direct messages with bots it shares a guild with.
pub(crate) fn commands_for_person(state: &State, user: Snowflake) -> impl Iterator<Item = &Command> {
    state.commands.available(None).filter(move |command| {
        fits(command, CONTEXT_BOT_DM)
            && state
                .world
                .guilds()
                .any(|guild| guild.members.contains_key(&user) && guild.members.contains_key(&command.bot))
    })
}

/// Whether a command can be used in such a context at all. `contexts` overrules the older `dm_permission`.
fn fits(command: &Command, context: u64) -> bool {
    if command.guild.is_some() {
        return context == CONTEXT_GUILD;
    }
    match command.body.get("contexts").and_then(Value::as_array) {
        Some(contexts) => contexts.iter().any(|one| one.as_u64() == Some(context)),
        None => context == CONTEXT_GUILD || command.body.get("dm_permission") != Some(&Value::Bool(false)),
    }
}

/// The permissions that a command asks of members.
fn needed(command: &Command) -> u64 {
    let named = command.body.get("default_member_permissions").filter(|needed| !needed.is_null());
    named.map_or(0, |needed| {
        let bits = needed.as_str().and_then(|text| text.parse().ok()).or(needed.as_u64());
        // No bit named leaves the command to administrators.
        bits.filter(|bits| *bits != 0).unwrap_or(bits::ADMINISTRATOR)
    })
}
