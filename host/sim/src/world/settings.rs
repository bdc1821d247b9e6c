//! What moderators set for channels and guilds, beside what everybody needs to know of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{Snowflake, Timestamp};

/// Settings of a channel; which of them mean something depends on its kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ChannelSettings {
    /// Marked as not for everybody's eyes.
    pub nsfw: bool,
    /// Seconds a member waits between two messages, 0 to 21,600.
    pub slowmode_seconds: u32,
    /// Of a voice channel, in bits per second.
    pub bitrate: u32,
    /// Of a voice channel; 0 is no limit.
    pub user_limit: u32,
    /// Voice region; none is automatic.
    pub rtc_region: Option<String>,
    /// 1 automatic, 2 720p.
    pub video_quality_mode: u8,
    /// Minutes after which new threads are archived.
    pub default_auto_archive_minutes: Option<u32>,
    /// Slow mode that new threads start with, in seconds.
    pub default_thread_slowmode_seconds: u32,
    /// Channel flags; `1 << 4`: a forum whose posts need a tag.
    pub flags: u64,
    /// Tags of a forum.
    pub tags: Vec<Tag>,
    /// A forum's reaction button.
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

/// The emoji that a forum offers under each post: a custom one or a Unicode one.
/// <https://discord.com/developers/docs/resources/channel#default-reaction-object>
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DefaultReaction {
    /// A custom emoji.
    pub emoji_id: Option<Snowflake>,
    /// The characters of a Unicode one.
    pub emoji_name: Option<String>,
}

/// A tag of a forum.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tag {
    /// Its id.
    pub id: Snowflake,
    /// Up to 20 characters.
    pub name: String,
    /// Only moderators may put it.
    pub moderated: bool,
    /// A custom emoji in front of it.
    pub emoji_id: Option<Snowflake>,
    /// A Unicode emoji in front of it.
    pub emoji_name: Option<String>,
}

/// What makes a channel a thread.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Thread {
    /// Who started it.
    pub owner_id: Snowflake,
    /// Nobody writes until it is opened again; writing opens it unless it is locked.
    pub archived: bool,
    /// Only moderators open it.
    pub locked: bool,
    /// Of a private thread: whether those who are not moderators may add others.
    pub invitable: bool,
    /// Minutes without activity after which it is archived: 60, 1440, 4320 or 10080.
    pub auto_archive_minutes: u32,
    /// When it was last archived or opened.
    pub archive_timestamp: Timestamp,
    /// Those who joined, since when; at most 1,000.
    pub members: Vec<(Snowflake, Timestamp)>,
    /// Tags of a forum post.
    pub applied_tags: Vec<Snowflake>,
    /// Messages ever written in it, the first one of a forum post not counted.
    pub total_messages: u64,
}

impl Thread {
    /// Whether somebody joined it.
    pub fn has(&self, user: Snowflake) -> bool {
        self.members.iter().any(|(member, _)| *member == user)
    }
}

/// Settings of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct GuildSettings {
    /// The hash of its picture, under which the simulator serves it.
    pub icon: Option<Arc<str>>,
    /// What it is about.
    pub description: Option<String>,
    /// 0 to 4.
    pub verification_level: u8,
    /// 0 all messages, 1 only mentions.
    pub default_message_notifications: u8,
    /// 0 to 2.
    pub explicit_content_filter: u8,
    /// Where those who are silent in voice are moved.
    pub afk_channel_id: Option<Snowflake>,
    /// Seconds: 60, 300, 900, 1800 or 3600.
    pub afk_timeout: u32,
    /// Where Discord itself announces joins.
    pub system_channel_id: Option<Snowflake>,
    /// Which announcements are left out.
    pub system_channel_flags: u64,
    /// Where the rules are.
    pub rules_channel_id: Option<Snowflake>,
    /// Where Discord tells moderators of news.
    pub public_updates_channel_id: Option<Snowflake>,
    /// Where Discord warns moderators.
    pub safety_alerts_channel_id: Option<Snowflake>,
    /// Language.
    pub preferred_locale: String,
    /// `COMMUNITY`, `NEWS` and so on.
    pub features: Vec<String>,
    /// Whether boosts are shown.
    pub premium_progress_bar_enabled: bool,
    /// What moderators hold back for a while.
    #[serde(default)]
    pub incidents: Incidents,
}

/// What moderators of a guild hold back during a raid.
/// <https://discord.com/developers/docs/resources/guild#incidents-data-object>
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Incidents {
    /// When invites are enabled again.
    pub invites_disabled_until: Option<Timestamp>,
    /// When direct messages between members are enabled again.
    pub dms_disabled_until: Option<Timestamp>,
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
