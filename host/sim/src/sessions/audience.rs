//! Who is to receive an event.

use crate::ids::Snowflake;
use crate::world::{Channel, Guild};

/// Who is to receive an event.
#[derive(Clone, Copy)]
pub(crate) enum Audience<'a> {
    /// Those who see the channel and asked for it.
    Channel { channel: &'a Channel, guild: Option<&'a Guild> },
    /// Members of a guild who asked for it and have the permission there; 0 for none in particular.
    Guild { guild: &'a Guild, permission: u64 },
    /// Bots of a guild that asked for it.
    Bots { guild: &'a Guild },
    /// Members of a guild who asked for it, and in any case the one it is about.
    Member { guild: &'a Guild, user: Snowflake },
    /// Those who see a thread and know all members, and in any case those who come or go.
    ThreadMembers { thread: &'a Channel, guild: &'a Guild, users: &'a [Snowflake] },
    /// One account, without any intent: interactions, and what is for one user's eyes.
    Account { user: Snowflake, guild: Option<Snowflake> },
}

impl Audience<'_> {
    /// The guild that the event is about.
    pub(super) fn guild(&self) -> Option<Snowflake> {
        match *self {
            Self::Channel { channel, .. } => channel.guild_id,
            Self::Account { guild, .. } => guild,
            Self::Guild { guild, .. }
            | Self::Bots { guild }
            | Self::Member { guild, .. }
            | Self::ThreadMembers { guild, .. } => Some(guild.id),
        }
    }
}
