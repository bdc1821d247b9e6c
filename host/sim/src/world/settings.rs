//! Settings of channels and guilds that moderators make.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{Snowflake, Timestamp};

/// Settings of a channel; which of them apply depends on its kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ChannelSettings {
    /// Whether it is age-restricted.
    pub nsfw: bool,
    /// Slow mode: how many seconds a member waits between two messages, 0 to 21,600.
    pub slowmode_seconds: u32,
    /// Bitrate of a voice channel, in bits per second.
    pub bitrate: u32,
    /// User limit of a voice channel; 0 is no limit.
    pub user_limit: u32,
    /// Voice region; `None` is automatic.
    pub rtc_region: Option<String>,
    /// Video quality: 1 automatic, 2 720p.
    pub video_quality_mode: u8,
    /// Minutes of inactivity after which new threads are archived.
    pub default_auto_archive_minutes: Option<u32>,
    /// Slow mode that new threads start with, in seconds.
    pub default_thread_slowmode_seconds: u32,
    /// Channel flags; `1 << 4`: posts in this forum need a tag.
    pub flags: u64,
    /// Tags of a forum.
    pub tags: Vec<Tag>,
    /// The default reaction in a forum.
    pub default_reaction_emoji: Option<DefaultReaction>,
    /// How a forum sorts its posts: 0 by activity, 1 by creation.
    pub default_sort_order: Option<u8>,
    /// How a forum lays out its posts: 0 not set, 1 list, 2 gallery.
    pub default_forum_layout: u8,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            nsfw: false,
            slowmode_seconds: 0,
            bitrate: 64_000,
            user_limit: 0,
            rtc_region: None,
            video_quality_mode: 1,
            default_auto_archive_minutes: None,
            default_thread_slowmode_seconds: 0,
            flags: 0,
            tags: Vec::new(),
            default_reaction_emoji: None,
            default_sort_order: None,
            default_forum_layout: 0,
        }
    }
}

/// The emoji that a forum offers below each post, either custom or Unicode.
/// <https://discord.com/developers/docs/resources/channel#default-reaction-object>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DefaultReaction {
    /// A custom emoji.
    pub emoji_id: Option<Snowflake>,
    /// The Unicode emoji.
    pub emoji_name: Option<String>,
}

/// A tag of a forum.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tag {
    /// Its id.
    pub id: Snowflake,
    /// The name, up to 20 characters.
    pub name: String,
    /// Whether only moderators may apply it.
    pub moderated: bool,
    /// The custom emoji in front of it.
    pub emoji_id: Option<Snowflake>,
    /// The Unicode emoji in front of it.
    pub emoji_name: Option<String>,
}

/// The state of a thread.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Thread {
    /// Who started it.
    pub owner_id: Snowflake,
    /// Whether it is archived. A message unarchives it, unless it is locked.
    pub archived: bool,
    /// Whether only moderators can unarchive it.
    pub locked: bool,
    /// For a private thread: whether non-moderators may add other members.
    pub invitable: bool,
    /// Minutes of inactivity after which it is archived: 60, 1440, 4320 or 10080.
    pub auto_archive_minutes: u32,
    /// When it was last archived or unarchived.
    pub archive_timestamp: Timestamp,
    /// The members and when each joined; at most 1,000.
    pub members: Vec<(Snowflake, Timestamp)>,
    /// Tags of a forum post.
    pub applied_tags: Vec<Snowflake>,
    /// How many messages were ever posted in it, not counting the first one of a forum post.
    pub total_messages: u64,
    /// How many of them were deleted.
    #[serde(default)]
    pub deleted_messages: u64,
}

impl Thread {
    /// Whether a user joined it.
    pub fn has(&self, user: Snowflake) -> bool {
        self.members.iter().any(|(member, _)| *member == user)
    }
}

/// Settings of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildSettings {
    /// The hash of the icon, under which the simulator serves it.
    pub icon: Option<Arc<str>>,
    /// The description.
    pub description: Option<String>,
    /// Verification level, 0 to 4.
    pub verification_level: u8,
    /// Default notifications: 0 all messages, 1 only mentions.
    pub default_message_notifications: u8,
    /// Explicit content filter, 0 to 2.
    pub explicit_content_filter: u8,
    /// The voice channel to which idle members are moved.
    pub afk_channel_id: Option<Snowflake>,
    /// AFK timeout in seconds: 60, 300, 900, 1800 or 3600.
    pub afk_timeout: u32,
    /// The channel in which Discord itself announces joins.
    pub system_channel_id: Option<Snowflake>,
    /// Which announcements are suppressed.
    pub system_channel_flags: u64,
    /// The channel with the rules.
    pub rules_channel_id: Option<Snowflake>,
    /// The channel for Discord's updates to moderators.
    pub public_updates_channel_id: Option<Snowflake>,
    /// The channel for Discord's safety alerts to moderators.
    pub safety_alerts_channel_id: Option<Snowflake>,
    /// The language.
    pub preferred_locale: String,
    /// Features: `COMMUNITY`, `NEWS` and so on.
    pub features: Vec<String>,
    /// Whether the boost progress bar is shown.
    pub premium_progress_bar_enabled: bool,
    /// What moderators have disabled for a while.
    #[serde(default)]
    pub incidents: Incidents,
}

/// What a guild's moderators have disabled during a raid.
/// <https://discord.com/developers/docs/resources/guild#incidents-data-object>
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Incidents {
    /// When invites are enabled again.
    pub invites_disabled_until: Option<Timestamp>,
    /// When direct messages between members are enabled again.
    pub dms_disabled_until: Option<Timestamp>,
}

impl GuildSettings {
    /// Unsets what is set to a channel that no longer exists; false if nothing is.
    pub(crate) fn forget_channel(&mut self, id: Snowflake) -> bool {
        let mut set = [
            &mut self.afk_channel_id,
            &mut self.system_channel_id,
            &mut self.rules_channel_id,
            &mut self.public_updates_channel_id,
            &mut self.safety_alerts_channel_id,
        ];
        let was_set = set.iter().any(|channel| **channel == Some(id));
        set.iter_mut().for_each(|channel| _ = channel.take_if(|channel| *channel == id));
        was_set
    }
}

impl Default for GuildSettings {
    fn default() -> Self {
        Self {
            icon: None,
            description: None,
            verification_level: 0,
            default_message_notifications: 0,
            explicit_content_filter: 0,
            afk_channel_id: None,
            afk_timeout: 300,
            system_channel_id: None,
            system_channel_flags: 0,
            rules_channel_id: None,
            public_updates_channel_id: None,
            safety_alerts_channel_id: None,
            preferred_locale: "en-US".to_owned(),
            features: Vec::new(),
            premium_progress_bar_enabled: false,
            incidents: Incidents::default(),
        }
    }
}
