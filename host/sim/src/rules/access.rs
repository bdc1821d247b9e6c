//! What a caller, bot or user, may access: channels they see, permissions they have, messages that exist.

use std::sync::Arc;

use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::sessions::intents;
use crate::state::State;
use crate::world::{Bot, Channel, Guild, Message, Role, User, bits};

/// The channel, if the caller can see it.
pub(crate) fn seen_channel(state: &State, caller: Snowflake, channel: Snowflake) -> Result<&Channel> {
    channel_with(state, caller, channel, bits::VIEW_CHANNEL)
}

/// The channel, if the caller can see it and has all `needed` permissions there.
pub(crate) fn channel_with(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    needed: u64,
) -> Result<&Channel> {
    let channel = state.world.channels.get(&channel).ok_or(ApiError::unknown_channel())?;
    let granted = state.world.permissions_in(channel, caller);
    if granted & bits::VIEW_CHANNEL == 0 {
        return Err(ApiError::missing_access());
    }
    match granted & needed == needed {
        true => Ok(channel),
        false if channel.guild_id.is_none() => Err(ApiError::direct_message()),
        false => Err(ApiError::missing_permissions()),
    }
}

/// The same, for a channel that holds messages.
pub(crate) fn text_channel_with(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    needed: u64,
) -> Result<&Channel> {
    let thread = state.world.channels.get(&channel).is_some_and(|channel| channel.thread.is_some());
    // Posting in a thread has its own permission.
    let needed = match thread && needed & bits::SEND_MESSAGES != 0 {
        true => needed & !bits::SEND_MESSAGES | bits::SEND_MESSAGES_IN_THREADS,
        false => needed,
    };
    let channel = channel_with(state, caller, channel, needed)?;
    if !channel.kind.holds_messages() { Err(ApiError::not_in_this_channel()) } else { Ok(channel) }
}

/// A message that may be changed; in an archived thread there is none.
pub(crate) fn open_message(
    state: &State,
    caller: Snowflake,
    channel_id: Snowflake,
    id: Snowflake,
) -> Result<(&Channel, &Arc<Message>)> {
    let (channel, message) = seen_message(state, caller, channel_id, id)?;
    match &channel.thread {
        Some(thread) if thread.archived => Err(ApiError::thread_archived()),
        _ => Ok((channel, message)),
    }
}

pub(crate) fn seen_message(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    id: Snowflake,
) -> Result<(&Channel, &Arc<Message>)> {
    let channel = seen_channel(state, caller, channel)?;
    channel.message(id).map(|message| (channel, message)).ok_or(ApiError::unknown_message())
}

/// Whether the caller sees the content of a message: a bot must have been granted MESSAGE_CONTENT, whatever its sessions
/// ask for, unless the message is from a direct message or concerns it.
/// <https://discord.com/developers/docs/events/gateway#http-restrictions>
pub(crate) fn reads_content(state: &State, caller: Snowflake, channel: &Channel, message: &Message) -> bool {
    let is_granted = |bot: &Bot| bot.granted_intents & intents::MESSAGE_CONTENT != 0;
    channel.guild_id.is_none() || message.concerns(caller) || state.world.bot(caller).is_none_or(is_granted)
}

/// Whether a custom emoji exists in one of the caller's guilds, or belongs to the caller's application.
pub(crate) fn knows_emoji(state: &State, caller: Snowflake, id: Snowflake) -> bool {
    let own = state.world.application_emojis.get(&caller).into_iter().flatten();
    let guilds = state.world.guilds.values().filter(|guild| guild.members.contains_key(&caller));
    guilds.flat_map(|guild| &guild.data.emojis).chain(own).any(|emoji| emoji.id == id)
}

/// Whether a member is timed out and can only read.
pub(crate) fn is_timed_out(state: &State, user: Snowflake, channel: Snowflake) -> bool {
    let guild = state.world.guild_id_of(channel);
    let member = guild.and_then(|guild| state.world.guild(guild)).and_then(|guild| guild.members.get(&user));
    let until = member.and_then(|member| member.timed_out_until);
    until.is_some_and(|until| until > state.world.clock.now())
}

/// The guild, if the caller is in it.
pub(crate) fn own_guild(state: &State, caller: Snowflake, guild: Snowflake) -> Result<&Guild> {
    let guild = state.world.guilds.get(&guild).ok_or(ApiError::unknown_guild())?;
    if guild.members.contains_key(&caller) { Ok(guild) } else { Err(ApiError::missing_access()) }
}

/// The guild, if the caller is in it and has all `needed` permissions there.
pub(crate) fn guild_with(state: &State, caller: Snowflake, guild: Snowflake, needed: u64) -> Result<&Guild> {
    let guild = own_guild(state, caller, guild)?;
    let granted = state.world.permissions_at(guild, caller);
    if granted & needed == needed { Ok(guild) } else { Err(ApiError::missing_permissions()) }
}

/// The guild and the channel, if it is a guild's channel and the caller has all `needed` permissions there.
pub(crate) fn guild_channel_with(
    state: &State,
    caller: Snowflake,
    channel: Snowflake,
    needed: u64,
) -> Result<(&Guild, &Channel)> {
    let channel = channel_with(state, caller, channel, needed)?;
    let guild = state.world.guild_of(channel);
    guild.map(|guild| (guild, channel)).ok_or(ApiError::wrong_channel_type())
}

pub(crate) fn account(state: &State, caller: Snowflake) -> Result<Arc<User>> {
    state.world.user(caller).cloned().ok_or(ApiError::unknown_user())
}

/// Nobody can act on members whose highest role is as high as their own or higher.
pub(crate) fn check_outranks(guild: &Guild, caller: Snowflake, target: Snowflake) -> Result<()> {
    if guild.rank_of(caller) > guild.rank_of(target) { Ok(()) } else { Err(ApiError::missing_permissions()) }
}

/// The role, if it is below the caller's highest role.
pub(crate) fn role_below(guild: &Guild, caller: Snowflake, role: Snowflake) -> Result<&Role> {
    let role = guild.role(role).ok_or(ApiError::unknown_role())?;
    // `@everyone` is below everyone who manages roles.
    if role.id == guild.id || role.position < guild.rank_of(caller) {
        Ok(role)
    } else {
        Err(ApiError::missing_permissions())
    }
}
