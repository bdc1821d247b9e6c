//! Gateway intents: which bits a session needs to receive which events.

/// <https://discord.com/developers/docs/events/gateway#list-of-intents>
pub(crate) const GUILDS: u64 = 1 << 0;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
const GUILD_MODERATION: u64 = 1 << 2;
const GUILD_EXPRESSIONS: u64 = 1 << 3;
const GUILD_WEBHOOKS: u64 = 1 << 5;
const GUILD_INVITES: u64 = 1 << 6;
const GUILD_VOICE_STATES: u64 = 1 << 7;
pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
const DIRECT_MESSAGES: u64 = 1 << 12;
const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;

const GUILD_SCHEDULED_EVENTS: u64 = 1 << 16;
const AUTO_MODERATION_CONFIGURATION: u64 = 1 << 20;
const AUTO_MODERATION_EXECUTION: u64 = 1 << 21;
const GUILD_MESSAGE_POLLS: u64 = 1 << 24;
const DIRECT_MESSAGE_POLLS: u64 = 1 << 25;

/// Intents that must be granted to the application; otherwise IDENTIFY closes with 4014.
pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;

/// All bits that Discord accepts; others close with 4013. Bit 17 is undocumented, but interactions.py sets it.
/// intents are requested.
pub(crate) const KNOWN: u64 = ((1 << 18) - 1) | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/// The intents that an event needs in a guild and in a direct message.
#[derive(Clone, Copy)]
pub(crate) struct RequiredIntents {
    pub(crate) guild: u64,
    pub(crate) dm: u64,
}

const MESSAGES: RequiredIntents = RequiredIntents { guild: GUILD_MESSAGES, dm: DIRECT_MESSAGES };
const REACTIONS: RequiredIntents =
    RequiredIntents { guild: GUILD_MESSAGE_REACTIONS, dm: DIRECT_MESSAGE_REACTIONS };
const TYPING: RequiredIntents = RequiredIntents { guild: GUILD_MESSAGE_TYPING, dm: DIRECT_MESSAGE_TYPING };
const POLLS: RequiredIntents = RequiredIntents { guild: GUILD_MESSAGE_POLLS, dm: DIRECT_MESSAGE_POLLS };
/// Channel events: in direct messages, only for sessions that receive messages there.
const CHANNELS: RequiredIntents = RequiredIntents { guild: GUILDS, dm: DIRECT_MESSAGES };

/// Which events need which intents, by prefix of their names; the first match counts.
const NEEDED: [(&str, RequiredIntents); 21] = [
    ("MESSAGE_REACTION_", REACTIONS),
    ("MESSAGE_POLL_VOTE_", POLLS),
    ("MESSAGE_", MESSAGES),
    ("TYPING_START", TYPING),
    ("CHANNEL_", CHANNELS),
    ("THREAD_", CHANNELS),
    ("GUILD_UPDATE", in_guilds(GUILDS)),
    ("GUILD_ROLE_", in_guilds(GUILDS)),
    ("STAGE_INSTANCE_", in_guilds(GUILDS)),
    ("GUILD_MEMBER_", in_guilds(GUILD_MEMBERS)),
    ("GUILD_AUDIT_LOG_ENTRY_", in_guilds(GUILD_MODERATION)),
    ("GUILD_BAN_", in_guilds(GUILD_MODERATION)),
    ("GUILD_EMOJIS_", in_guilds(GUILD_EXPRESSIONS)),
    ("WEBHOOKS_", in_guilds(GUILD_WEBHOOKS)),
    ("INVITE_", in_guilds(GUILD_INVITES)),
    ("VOICE_STATE_", in_guilds(GUILD_VOICE_STATES)),
    ("VOICE_CHANNEL_ST", in_guilds(GUILDS)),
    ("PRESENCE_", in_guilds(GUILD_PRESENCES)),
    ("GUILD_SCHEDULED_EVENT_", in_guilds(GUILD_SCHEDULED_EVENTS)),
    ("AUTO_MODERATION_RULE_", in_guilds(AUTO_MODERATION_CONFIGURATION)),
    ("AUTO_MODERATION_ACTION_", in_guilds(AUTO_MODERATION_EXECUTION)),
];

const fn in_guilds(guild: u64) -> RequiredIntents {
    RequiredIntents { guild, dm: 0 }
}

/// The intents that an event needs; none for events that an account always receives.
pub(crate) fn needed(event: &str) -> RequiredIntents {
    let found = NEEDED.iter().find(|(beginning, _)| event.starts_with(beginning));
    found.map_or(in_guilds(0), |(_, needs)| *needs)
}
