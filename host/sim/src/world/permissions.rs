//! Permissions: Discord's bits, and what a member may do in a channel.

use super::{Channel, Guild};
use crate::ids::Snowflake;

macro_rules! permission_bits {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        $($(#[$doc])* pub const $name: u64 = 1 << $bit;)*
        /// Every permission by Discord's name, lowest bit first.
        pub const NAMES: &[(&str, u64)] = &[$((stringify!($name), $name)),*];
        /// Every bit that has a name.
        pub const ALL: u64 = 0 $(| $name)*;
    };
}

/// Permission bits, <https://discord.com/developers/docs/topics/permissions>.
pub mod bits {
    permission_bits! {
        /// Make invites.
        CREATE_INSTANT_INVITE = 0;
        /// Throw members out.
        KICK_MEMBERS = 1;
        /// Keep members out.
        BAN_MEMBERS = 2;
        /// Passes every check and every overwrite.
        ADMINISTRATOR = 3;
        /// Make, change and remove channels.
        MANAGE_CHANNELS = 4;
        /// Change the guild.
        MANAGE_GUILD = 5;
        /// Put a reaction nobody put before.
        ADD_REACTIONS = 6;
        /// Read who did what.
        VIEW_AUDIT_LOG = 7;
        /// Be heard above others.
        PRIORITY_SPEAKER = 8;
        /// Go live.
        STREAM = 9;
        /// See a channel at all.
        VIEW_CHANNEL = 10;
        /// Post in a channel.
        SEND_MESSAGES = 11;
        /// Post messages that are read aloud.
        SEND_TTS_MESSAGES = 12;
        /// Delete what others wrote.
        MANAGE_MESSAGES = 13;
        /// Links are shown with a preview, and embeds may be sent.
        EMBED_LINKS = 14;
        /// Attach files.
        ATTACH_FILES = 15;
        /// See what was written before.
        READ_MESSAGE_HISTORY = 16;
        /// Mention `@everyone`.
        MENTION_EVERYONE = 17;
        /// Use emojis of other guilds.
        USE_EXTERNAL_EMOJIS = 18;
        /// See statistics.
        VIEW_GUILD_INSIGHTS = 19;
        /// Enter a voice channel.
        CONNECT = 20;
        /// Speak in a voice channel.
        SPEAK = 21;
        /// Mute others.
        MUTE_MEMBERS = 22;
        /// Deafen others.
        DEAFEN_MEMBERS = 23;
        /// Move others between voice channels.
        MOVE_MEMBERS = 24;
        /// Speak without pressing a key.
        USE_VAD = 25;
        /// Change one's own nickname.
        CHANGE_NICKNAME = 26;
        /// Change nicknames of others.
        MANAGE_NICKNAMES = 27;
        /// Make, change, give and take roles below one's own.
        MANAGE_ROLES = 28;
        /// Make, change and remove webhooks.
        MANAGE_WEBHOOKS = 29;
        /// Change and remove emojis and stickers of others.
        MANAGE_GUILD_EXPRESSIONS = 30;
        /// Run application commands.
        USE_APPLICATION_COMMANDS = 31;
        /// Ask to speak on a stage.
        REQUEST_TO_SPEAK = 32;
        /// Change and remove events of others.
        MANAGE_EVENTS = 33;
        /// Change and remove threads, and see private ones.
        MANAGE_THREADS = 34;
        /// Start threads that everybody sees.
        CREATE_PUBLIC_THREADS = 35;
        /// Start threads for those who are invited.
        CREATE_PRIVATE_THREADS = 36;
        /// Use stickers of other guilds.
        USE_EXTERNAL_STICKERS = 37;
        /// Post in threads.
        SEND_MESSAGES_IN_THREADS = 38;
        /// Start activities.
        USE_EMBEDDED_ACTIVITIES = 39;
        /// Time members out.
        MODERATE_MEMBERS = 40;
        /// See what was earned.
        VIEW_CREATOR_MONETIZATION_ANALYTICS = 41;
        /// Play sounds.
        USE_SOUNDBOARD = 42;
        /// Make emojis, and change one's own.
        CREATE_GUILD_EXPRESSIONS = 43;
        /// Make events, and change one's own.
        CREATE_EVENTS = 44;
        /// Play sounds of other guilds.
        USE_EXTERNAL_SOUNDS = 45;
        /// Send voice messages.
        SEND_VOICE_MESSAGES = 46;
        /// Say what goes on in a voice channel.
        SET_VOICE_CHANNEL_STATUS = 48;
        /// Post polls.
        SEND_POLLS = 49;
        /// Answers of applications one brought along are seen by all.
        USE_EXTERNAL_APPS = 50;
        /// Pin messages.
        PIN_MESSAGES = 51;
        /// Slow mode does not hold.
        BYPASS_SLOWMODE = 52;
    }

    /// What a new guild grants `@everyone`: talk, read, react, attach, embed, use commands, speak.
    pub const EVERYONE: u64 = VIEW_CHANNEL
        | SEND_MESSAGES
        | READ_MESSAGE_HISTORY
        | ADD_REACTIONS
        | ATTACH_FILES
        | USE_APPLICATION_COMMANDS
        | CREATE_INSTANT_INVITE
        | EMBED_LINKS
        | USE_EXTERNAL_EMOJIS
        | CONNECT
        | SPEAK
        | USE_VAD
        | CHANGE_NICKNAME
        | CREATE_PUBLIC_THREADS
        | CREATE_PRIVATE_THREADS
        | SEND_MESSAGES_IN_THREADS
        | SET_VOICE_CHANNEL_STATUS
        | SEND_POLLS
        | USE_EXTERNAL_APPS
        | REQUEST_TO_SPEAK;

    /// What is left to a member who is timed out.
    pub const TIMED_OUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

    /// What nobody does who may not post.
    pub(super) const NEEDS_POSTING: u64 = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS;
}

/// What `user` may do in `channel` (or in the guild as a whole), roles and overwrites applied in Discord's order.
/// Nothing for one who is not a member. It knows neither threads nor time; [`super::World::permissions_in`] does.
pub(crate) fn permissions_of(guild: &Guild, channel: Option<&Channel>, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner_id == user { bits::ALL } else { granted(guild, channel, &member.roles, Some(user)) }
}

/// What every member of a guild may do in a channel, whatever roles it has.
pub(crate) fn everyones(guild: &Guild, channel: &Channel) -> u64 {
    granted(guild, Some(channel), &[], None)
}

/// What a member with these roles may do; `user` is whose own overwrite counts.
fn granted(guild: &Guild, channel: Option<&Channel>, roles: &[Snowflake], user: Option<Snowflake>) -> u64 {
    let mut granted = 0;
    for role in &guild.roles {
        if role.id == guild.id || roles.contains(&role.id) {
            granted |= role.permissions;
        }
    }
    if granted & bits::ADMINISTRATOR != 0 {
        return bits::ALL;
    }
    let Some(channel) = channel else { return granted };
    if !channel.overwrites.is_empty() {
        let of = |id| channel.overwrites.iter().find(|overwrite| overwrite.id == id);
        if let Some(everyone) = of(guild.id) {
            granted = granted & !everyone.deny | everyone.allow;
        }
        let (mut allow, mut deny) = (0, 0);
        for overwrite in channel.overwrites.iter().filter(|overwrite| roles.contains(&overwrite.id)) {
            allow |= overwrite.allow;
            deny |= overwrite.deny;
        }
        granted = granted & !deny | allow;
        if let Some(own) = user.and_then(of) {
            granted = granted & !own.deny | own.allow;
        }
    }
    match () {
        () if granted & bits::VIEW_CHANNEL == 0 => 0,
        () if granted & (bits::SEND_MESSAGES | bits::SEND_MESSAGES_IN_THREADS) == 0 => {
            granted & !bits::NEEDS_POSTING
        }
        () => granted,
    }
}
