//! JSON error codes of Discord's that cogs often meet, to compare with
//! [`Error::discord_code`](crate::Error::discord_code). Other codes occur as well.
//! <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>

/// No such channel.
pub const UNKNOWN_CHANNEL: u32 = 10003;
/// No such guild, or the bot is not in it.
pub const UNKNOWN_GUILD: u32 = 10004;
/// No such member: the user is not in the guild.
pub const UNKNOWN_MEMBER: u32 = 10007;
/// No such message, for example because it was deleted.
pub const UNKNOWN_MESSAGE: u32 = 10008;
/// No such role.
pub const UNKNOWN_ROLE: u32 = 10011;
/// No such user.
pub const UNKNOWN_USER: u32 = 10013;
/// No such emoji, or the bot is not in its guild.
pub const UNKNOWN_EMOJI: u32 = 10014;
/// No such webhook. For an interaction: it has no answer yet, or its 15 minutes are over.
pub const UNKNOWN_WEBHOOK: u32 = 10015;
/// The user is not banned.
pub const UNKNOWN_BAN: u32 = 10026;
/// No such interaction: its 3 s passed before the first answer.
pub const UNKNOWN_INTERACTION: u32 = 10062;
/// The channel's slow mode does not allow another message yet.
pub const SLOW_MODE: u32 = 20016;
/// The bot is in the maximum number of guilds.
pub const MAX_GUILDS: u32 = 30001;
/// The channel has the maximum number of pinned messages.
pub const MAX_PINS: u32 = 30003;
/// The message has the maximum number of different reactions.
pub const MAX_REACTIONS: u32 = 30010;
/// The files are larger than the guild allows.
pub const REQUEST_TOO_LARGE: u32 = 40005;
/// The interaction already has its first answer.
pub const ALREADY_ACKNOWLEDGED: u32 = 40060;
/// The bot has no access to it.
pub const MISSING_ACCESS: u32 = 50001;
/// Not possible in a direct message.
pub const NOT_IN_DM: u32 = 50003;
/// The message has no text, embed, file or anything else.
pub const EMPTY_MESSAGE: u32 = 50006;
/// The user does not accept direct messages from the bot.
pub const CANNOT_SEND_TO_USER: u32 = 50007;
/// The bot lacks a permission.
pub const MISSING_PERMISSIONS: u32 = 50013;
/// A bulk deletion takes 2 to 100 messages.
pub const BULK_DELETE_COUNT: u32 = 50016;
/// A system message, which cannot be edited or deleted.
pub const SYSTEM_MESSAGE: u32 = 50021;
/// The message is too old to be deleted in bulk: older than two weeks.
pub const TOO_OLD_TO_BULK_DELETE: u32 = 50034;
/// A field of the request is invalid; the error's body names it.
pub const INVALID_FORM_BODY: u32 = 50035;
/// The thread is archived.
pub const THREAD_ARCHIVED: u32 = 50083;
/// The user has blocked the bot, so it cannot react to their message.
pub const REACTION_BLOCKED: u32 = 90001;
/// A reply needs the permission to read the channel's message history.
pub const REPLY_NEEDS_HISTORY: u32 = 160_002;
/// The message already has a thread.
pub const THREAD_ALREADY_CREATED: u32 = 160_004;
/// The thread is locked.
pub const THREAD_LOCKED: u32 = 160_005;
/// The guild's AutoMod blocked the message.
pub const BLOCKED_BY_AUTOMOD: u32 = 200_000;
