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
        /// Create invites.
        CREATE_INSTANT_INVITE = 0;
        /// Kick members.
        KICK_MEMBERS = 1;
        /// Ban members.
        BAN_MEMBERS = 2;
        /// Overrides all checks and overwrites.
        ADMINISTRATOR = 3;
        /// Create, change and delete channels.
        MANAGE_CHANNELS = 4;
        /// Change the guild.
        MANAGE_GUILD = 5;
        /// Add a reaction with a new emoji.
        ADD_REACTIONS = 6;
        /// View the audit log.
        VIEW_AUDIT_LOG = 7;
        /// Use priority speaker.
        PRIORITY_SPEAKER = 8;
        /// Go live in a voice channel.
        STREAM = 9;
        /// See a channel.
        VIEW_CHANNEL = 10;
        /// Post in a channel.
        SEND_MESSAGES = 11;
        /// Post messages that are read aloud.
        SEND_TTS_MESSAGES = 12;
        /// Delete other members' messages.
        MANAGE_MESSAGES = 13;
        /// Links get a preview, and embeds may be sent.
        EMBED_LINKS = 14;
        /// Attach files.
        ATTACH_FILES = 15;
        /// Read older messages.
        READ_MESSAGE_HISTORY = 16;
        /// Mention `@everyone`.
        MENTION_EVERYONE = 17;
        /// Use emojis of other guilds.
        USE_EXTERNAL_EMOJIS = 18;
        /// View server insights.
        VIEW_GUILD_INSIGHTS = 19;
        /// Join a voice channel.
        CONNECT = 20;
        /// Speak in a voice channel.
        SPEAK = 21;
        /// Mute other members.
        MUTE_MEMBERS = 22;
        /// Deafen other members.
        DEAFEN_MEMBERS = 23;
        /// Move other members between voice channels.
        MOVE_MEMBERS = 24;
        /// Use voice activity instead of push-to-talk.
        USE_VAD = 25;
        /// Change one's own nickname.
        CHANGE_NICKNAME = 26;
        /// Change other members' nicknames.
        MANAGE_NICKNAMES = 27;
        /// Create, change, assign and remove roles below one's own.
        MANAGE_ROLES = 28;
        /// Create, change and delete webhooks.
        MANAGE_WEBHOOKS = 29;
        /// Change and delete other members' emojis and stickers.
        MANAGE_GUILD_EXPRESSIONS = 30;
        /// Run application commands.
        USE_APPLICATION_COMMANDS = 31;
        /// Request to speak on a stage.
        REQUEST_TO_SPEAK = 32;
        /// Change and delete other members' events.
        MANAGE_EVENTS = 33;
        /// Change and delete threads, and see private ones.
        MANAGE_THREADS = 34;
        /// Start threads that everybody sees.
        CREATE_PUBLIC_THREADS = 35;
        /// Start threads for invited members only.
        CREATE_PRIVATE_THREADS = 36;
        /// Use stickers of other guilds.
        USE_EXTERNAL_STICKERS = 37;
        /// Post in threads.
        SEND_MESSAGES_IN_THREADS = 38;
        /// Start activities.
        USE_EMBEDDED_ACTIVITIES = 39;
        /// Time members out.
        MODERATE_MEMBERS = 40;
        /// View monetization analytics.
        VIEW_CREATOR_MONETIZATION_ANALYTICS = 41;
        /// Use the soundboard.
        USE_SOUNDBOARD = 42;
        /// Create emojis, and change one's own.
        CREATE_GUILD_EXPRESSIONS = 43;
        /// Create events, and change one's own.
        CREATE_EVENTS = 44;
        /// Use sounds of other guilds.
        USE_EXTERNAL_SOUNDS = 45;
        /// Send voice messages.
        SEND_VOICE_MESSAGES = 46;
        /// Set the status of a voice channel.
        SET_VOICE_CHANNEL_STATUS = 48;
        /// Create polls.
        SEND_POLLS = 49;
        /// Responses of user-installed applications are visible to all.
        USE_EXTERNAL_APPS = 50;
        /// Pin messages.
        PIN_MESSAGES = 51;
        /// Ignore slow mode.
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

    /// What both participants of a direct message may do there; neither can moderate the other, and there are no threads.
    pub const DIRECT_MESSAGES: u64 = ALL
        & !(SEND_TTS_MESSAGES
            | MANAGE_MESSAGES
            | MANAGE_THREADS
            | CREATE_PUBLIC_THREADS
            | CREATE_PRIVATE_THREADS
            | SEND_MESSAGES_IN_THREADS);

    /// The permissions that a timed-out member keeps.
    pub const TIMED_OUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

    /// Permissions that have no effect without permission to post.
    pub(super) const NEEDS_POSTING: u64 = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS;

    /// Permissions that have no effect in a voice channel without permission to connect to it.
    /// <https://discord.com/developers/docs/topics/permissions#implicit-permissions>
    pub(super) const NEEDS_CONNECTING: u64 = MANAGE_CHANNELS
        | MANAGE_ROLES
        | PRIORITY_SPEAKER
        | STREAM
        | SPEAK
        | MUTE_MEMBERS
        | DEAFEN_MEMBERS
        | MOVE_MEMBERS
        | USE_VAD
        | REQUEST_TO_SPEAK
        | USE_EMBEDDED_ACTIVITIES
        | USE_SOUNDBOARD
        | USE_EXTERNAL_SOUNDS
        | SET_VOICE_CHANNEL_STATUS;
}

/// The permissions of `user` in `channel` (or in the guild as a whole), with roles and overwrites applied in Discord's
/// order; none if they are not a member. Threads and timeouts are not considered here, but in
/// [`super::World::permissions_in`].
pub(crate) fn permissions_of(guild: &Guild, channel: Option<&Channel>, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner_id == user { bits::ALL } else { granted(guild, channel, &member.roles, Some(user)) }
}

/// The permissions that every member of a guild has in a channel, whatever their roles.
pub(crate) fn everyone_permissions(guild: &Guild, channel: &Channel) -> u64 {
    granted(guild, Some(channel), &[], None)
}

/// The permissions of a member with these roles; `user` selects the member's own overwrite.
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
    if granted & bits::VIEW_CHANNEL == 0 {
        return 0;
    }
    if granted & (bits::SEND_MESSAGES | bits::SEND_MESSAGES_IN_THREADS) == 0 {
        granted &= !bits::NEEDS_POSTING;
    }
    if channel.kind.is_voice() && granted & bits::CONNECT == 0 {
        granted &= !bits::NEEDS_CONNECTING;
    }
    granted
}
