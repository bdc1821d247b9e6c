//! Who receives an event.

use crate::ids::Snowflake;
use crate::world::{Channel, Guild};

/// Who receives an event.
#[derive(Clone, Copy)]
pub(crate) enum Audience<'a> {
    /// Sessions that can see the channel and have the intent.
    Channel { channel: &'a Channel, guild: Option<&'a Guild> },
    /// Members of a guild who have the intent and the permission there; 0 requires no permission.
    Guild { guild: &'a Guild, permission: u64 },
    /// Bots in a guild that have the intent, or `only` one of them.
    Bots { guild: &'a Guild, only: Option<Snowflake> },
    /// Members of a guild who have the intent, and always the member that the event is about.
    Member { guild: &'a Guild, user: Snowflake },
    /// Sessions that can see a thread and have GUILD_MEMBERS, and always the users who join or leave.
    ThreadMembers { thread: &'a Channel, guild: &'a Guild, users: &'a [Snowflake] },
    /// One account, whatever its intents: for interactions and for events that only this user may see.
    Account { user: Snowflake, guild: Option<Snowflake> },
}

impl Audience<'_> {
    /// The guild that the event is about.
    pub(super) fn guild(&self) -> Option<Snowflake> {
        match *self {
            Self::Channel { channel, .. } => channel.guild_id,
            Self::Account { guild, .. } => guild,
            Self::Guild { guild, .. }
            | Self::Bots { guild, .. }
            | Self::Member { guild, .. }
            | Self::ThreadMembers { guild, .. } => Some(guild.id),
        }
    }
}
