//! Gateway intents: which bit lets a session hear what.
//! It does not know sessions.

/// <https://discord.com/developers/docs/events/gateway#list-of-intents>
pub(crate) const GUILDS: u64 = 1 << 0;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
pub(crate) const GUILD_MODERATION: u64 = 1 << 2;
pub(crate) const GUILD_EXPRESSIONS: u64 = 1 << 3;
pub(crate) const GUILD_WEBHOOKS: u64 = 1 << 5;
pub(crate) const GUILD_INVITES: u64 = 1 << 6;
pub(crate) const GUILD_VOICE_STATES: u64 = 1 << 7;
pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
pub(crate) const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
pub(crate) const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
pub(crate) const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
pub(crate) const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;

pub(crate) const GUILD_SCHEDULED_EVENTS: u64 = 1 << 16;
pub(crate) const GUILD_MESSAGE_POLLS: u64 = 1 << 24;
pub(crate) const DIRECT_MESSAGE_POLLS: u64 = 1 << 25;

/// Must be granted to the application, or IDENTIFY closes with 4014.
pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;

/// Every bit that exists; others close with 4013.
pub(crate) const KNOWN: u64 = ((1 << 17) - 1) | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/// The bit an event needs in a guild, and the one it needs in a direct message.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) guild: u64,
    pub(crate) dm: u64,
}

pub(crate) const MESSAGES: Needs = Needs { guild: GUILD_MESSAGES, dm: DIRECT_MESSAGES };
pub(crate) const REACTIONS: Needs = Needs { guild: GUILD_MESSAGE_REACTIONS, dm: DIRECT_MESSAGE_REACTIONS };
pub(crate) const TYPING: Needs = Needs { guild: GUILD_MESSAGE_TYPING, dm: DIRECT_MESSAGE_TYPING };
pub(crate) const POLLS: Needs = Needs { guild: GUILD_MESSAGE_POLLS, dm: DIRECT_MESSAGE_POLLS };
/// Channel events: in a direct message only those who hear messages there are told.
pub(crate) const CHANNELS: Needs = Needs { guild: GUILDS, dm: DIRECT_MESSAGES };
