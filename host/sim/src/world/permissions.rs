//! Permissions: Discord's bits, and what a member may do in a channel.
//! It does not refuse anything; those who ask do.

use super::{Channel, Guild};
use crate::snowflake::Snowflake;

/// Permission bits, <https://discord.com/developers/docs/topics/permissions>.
pub mod bits {
    /// Passes every check and every overwrite.
    pub const ADMINISTRATOR: u64 = 1 << 3;
    /// Put a reaction nobody put before.
    pub const ADD_REACTIONS: u64 = 1 << 6;
    /// See a channel at all.
    pub const VIEW_CHANNEL: u64 = 1 << 10;
    /// Post in a channel.
    pub const SEND_MESSAGES: u64 = 1 << 11;
    /// Delete and pin what others wrote.
    pub const MANAGE_MESSAGES: u64 = 1 << 13;
    /// Attach files.
    pub const ATTACH_FILES: u64 = 1 << 15;
    /// See what was written before.
    pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    /// Mention `@everyone`.
    pub const MENTION_EVERYONE: u64 = 1 << 17;
    /// Run application commands.
    pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
    /// Pin messages.
    pub const PIN_MESSAGES: u64 = 1 << 51;
    /// Every bit.
    pub const ALL: u64 = (1 << 53) - 1;
    /// What a new guild grants `@everyone`: talk, read, react, attach, embed, use commands, speak.
    pub const EVERYONE: u64 = VIEW_CHANNEL
        | SEND_MESSAGES
        | READ_MESSAGE_HISTORY
        | ADD_REACTIONS
        | ATTACH_FILES
        | USE_APPLICATION_COMMANDS
        | 1 << 0   // CREATE_INSTANT_INVITE
        | 1 << 14  // EMBED_LINKS
        | 1 << 18  // USE_EXTERNAL_EMOJIS
        | 1 << 20  // CONNECT
        | 1 << 21  // SPEAK
        | 1 << 25  // USE_VAD
        | 1 << 26  // CHANGE_NICKNAME
        | 1 << 35  // CREATE_PUBLIC_THREADS
        | 1 << 38; // SEND_MESSAGES_IN_THREADS
}

/// What `user` may do in `channel` (or in the guild as a whole), roles and overwrites applied in Discord's order.
/// Nothing for one who is not a member.
pub(crate) fn permissions_of(guild: &Guild, channel: Option<&Channel>, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner_id == user {
        return bits::ALL;
    }
    let mut granted = 0;
    for role in &guild.roles {
        if role.id == guild.id || member.roles.contains(&role.id) {
            granted |= role.permissions;
        }
    }
    if granted & bits::ADMINISTRATOR != 0 {
        return bits::ALL;
    }
    let Some(channel) = channel else { return granted };
    if channel.overwrites.is_empty() {
        return granted;
    }
    let of = |id| channel.overwrites.iter().find(|overwrite| overwrite.id == id);
    if let Some(everyone) = of(guild.id) {
        granted = granted & !everyone.deny | everyone.allow;
    }
    let (mut allow, mut deny) = (0, 0);
    for overwrite in channel.overwrites.iter().filter(|overwrite| member.roles.contains(&overwrite.id)) {
        allow |= overwrite.allow;
        deny |= overwrite.deny;
    }
    granted = granted & !deny | allow;
    if let Some(own) = of(user) {
        granted = granted & !own.deny | own.allow;
    }
    granted
}
