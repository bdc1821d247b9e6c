//! Discord's JSON error codes that cogs meet: [`Error::discord_code`](crate::Error::discord_code). Any other code of
//! Discord's comes as well. <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>

/// No such channel.
pub const UNKNOWN_CHANNEL: u32 = 10003;
/// No such guild, or the bot is not in it.
pub const UNKNOWN_GUILD: u32 = 10004;
/// No such member: the user is not in the guild.
pub const UNKNOWN_MEMBER: u32 = 10007;
/// The message is gone.
pub const UNKNOWN_MESSAGE: u32 = 10008;
/// No such role.
pub const UNKNOWN_ROLE: u32 = 10011;
/// No such user.
pub const UNKNOWN_USER: u32 = 10013;
/// No such emoji, or one of a guild that the bot is not in.
pub const UNKNOWN_EMOJI: u32 = 10014;
/// No such webhook; for an interaction: it has no answer yet, or its 15 minutes are over.
pub const UNKNOWN_WEBHOOK: u32 = 10015;
/// The user is not banned.
pub const UNKNOWN_BAN: u32 = 10026;
/// The interaction is not known: its 3 s were over before the first answer.
pub const UNKNOWN_INTERACTION: u32 = 10062;
/// The channel writes too fast for its slow mode.
pub const SLOW_MODE: u32 = 20016;
/// The bot is in as many guilds as it may.
pub const MAX_GUILDS: u32 = 30001;
/// A channel has as many pinned messages as it may.
pub const MAX_PINS: u32 = 30003;
/// A message has as many different reactions as it may.
pub const MAX_REACTIONS: u32 = 30010;
/// The files are larger than the guild takes.
pub const REQUEST_TOO_LARGE: u32 = 40005;
/// The interaction has its first answer.
pub const ALREADY_ACKNOWLEDGED: u32 = 40060;
/// The bot may not see that.
pub const MISSING_ACCESS: u32 = 50001;
/// What cannot be done in a direct message.
pub const NOT_IN_DM: u32 = 50003;
/// A message without text, embed, file or anything else.
pub const EMPTY_MESSAGE: u32 = 50006;
/// The user takes no direct messages from the bot.
pub const CANNOT_SEND_TO_USER: u32 = 50007;
/// The bot has not the permission.
pub const MISSING_PERMISSIONS: u32 = 50013;
/// A bulk deletion takes 2 to 100 messages.
pub const BULK_DELETE_COUNT: u32 = 50016;
/// A message of the system, which nobody can edit or delete.
pub const SYSTEM_MESSAGE: u32 = 50021;
/// A message that is too old to be deleted in bulk: older than two weeks.
pub const TOO_OLD_TO_BULK_DELETE: u32 = 50034;
/// A field of the request is not what Discord takes; the error's body names it.
pub const INVALID_FORM_BODY: u32 = 50035;
/// The thread is archived.
pub const THREAD_ARCHIVED: u32 = 50083;
/// The user has blocked the bot, and it cannot react to their message.
pub const REACTION_BLOCKED: u32 = 90001;
/// A reply needs the right to read the history of the channel.
pub const REPLY_NEEDS_HISTORY: u32 = 160_002;
/// The message has a thread already.
pub const THREAD_ALREADY_CREATED: u32 = 160_004;
/// The thread is locked.
pub const THREAD_LOCKED: u32 = 160_005;
/// The guild's AutoMod blocked the message.
pub const BLOCKED_BY_AUTOMOD: u32 = 200_000;
