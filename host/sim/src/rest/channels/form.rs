//! The body that makes or changes a channel: read, checked against Discord's limits, kept as a plan.

use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::world::{Channel, ChannelKind, ChannelSettings, DefaultReaction, Overwrite, Tag, World};

/// Bits per second; a guild without boosts.
const BITRATES: std::ops::RangeInclusive<u64> = 8_000..=96_000;
/// Seconds of slow mode.
const MAX_SLOWMODE: u64 = 21_600;
/// Minutes after which a thread is archived.
pub(crate) const ARCHIVE_MINUTES: [u64; 4] = [60, 1440, 4320, 10_080];
const MAX_OVERWRITES: usize = 1000;
const MAX_TAGS: usize = 20;
/// The only flags of a channel that can be set: a forum whose posts need a tag, and media download options hidden.
const SETTABLE_FLAGS: u64 = 1 << 4 | 1 << 15;

/// What a channel is to be like.
pub(crate) struct ChannelPlan {
    pub(crate) kind: ChannelKind,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) position: Option<u32>,
    pub(crate) parent_id: Option<Snowflake>,
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) settings: ChannelSettings,
    /// Whether the body speaks of overwrites at all.
    pub(crate) touches_overwrites: bool,
}

impl ChannelPlan {
    /// An empty one, for a channel that is to be made.
    pub(crate) fn new(kind: ChannelKind) -> Self {
        Self {
            kind,
            name: String::new(),
            topic: None,
            position: None,
            parent_id: None,
            overwrites: Vec::new(),
            settings: ChannelSettings::default(),
            touches_overwrites: false,
        }
    }

    /// A channel as it is.
    pub(crate) fn of(channel: &Channel) -> Self {
        Self {
            kind: channel.kind,
            name: channel.name.to_string(),
            topic: channel.topic.clone(),
            position: None,
            parent_id: channel.parent_id,
            overwrites: channel.overwrites.clone(),
            settings: channel.settings.clone(),
            touches_overwrites: false,
        }
    }

    /// Takes over what a body says.
    pub(crate) fn read(&mut self, fields: &mut Fields, world: &World) {
        if let Some(name) = fields.text_within("name", 1..=100) {
            let spoken = self.kind.is_voice() || self.kind == ChannelKind::Category;
            self.name = if spoken { name } else { name.to_lowercase().replace(' ', "-") };
        }
        if fields.has("topic") {
            let most = if self.kind.is_forum() { 4096 } else { 1024 };
            self.topic = fields.text("topic", most);
        }
        if let Some(position) = fields.number_within("position", 0..=100_000) {
            self.position = Some(position as u32);
        }
        if fields.has("parent_id") {
            self.parent_id = fields.snowflake("parent_id");
        }
        if fields.has("permission_overwrites") {
            self.touches_overwrites = true;
            self.overwrites = overwrites(fields);
        }
        self.read_settings(fields, world);
    }

    fn read_settings(&mut self, fields: &mut Fields, world: &World) {
        let settings = &mut self.settings;
        let minutes = |number: u64| number as u32;
        settings.nsfw = fields.flag("nsfw").unwrap_or(settings.nsfw);
        if let Some(seconds) = fields.number_within("rate_limit_per_user", 0..=MAX_SLOWMODE) {
            settings.slowmode_seconds = seconds as u32;
        }
        if let Some(seconds) = fields.number_within("default_thread_rate_limit_per_user", 0..=MAX_SLOWMODE) {
            settings.default_thread_slowmode_seconds = seconds as u32;
        }
        if fields.has("default_auto_archive_duration") {
            let chosen = fields.choice("default_auto_archive_duration", &ARCHIVE_MINUTES);
            settings.default_auto_archive_minutes = chosen.map(minutes);
        }
        if let Some(bitrate) = fields.number_within("bitrate", BITRATES) {
            settings.bitrate = bitrate as u32;
        }
        let seats = if self.kind == ChannelKind::Stage { 10_000 } else { 99 };
        if let Some(limit) = fields.number_within("user_limit", 0..=seats) {
            settings.user_limit = limit as u32;
        }
        if fields.has("rtc_region") {
            settings.rtc_region = fields.text("rtc_region", 100);
        }
        if let Some(mode) = fields.choice("video_quality_mode", &[1, 2]) {
            settings.video_quality_mode = mode as u8;
        }
        if fields.has("default_sort_order") {
            settings.default_sort_order = fields.choice("default_sort_order", &[0, 1]).map(|one| one as u8);
        }
        if let Some(layout) = fields.choice("default_forum_layout", &[0, 1, 2]) {
            settings.default_forum_layout = layout as u8;
        }
        if fields.has("default_reaction_emoji") {
            let read = |of: &mut Fields| DefaultReaction {
                emoji_id: of.snowflake("emoji_id"),
                emoji_name: of.text("emoji_name", 100),
            };
            settings.default_reaction_emoji = fields.read_object("default_reaction_emoji", read);
        }
        if let Some(tags) = fields.read_objects("available_tags", 0..=MAX_TAGS, |tag| read_tag(tag, world)) {
            settings.tags = tags.into_iter().flatten().collect();
        }
    }

    /// Takes over the flags, which can be set only once there is a channel.
    /// <https://discord.com/developers/docs/resources/channel#modify-channel>
    pub(crate) fn read_flags(&mut self, fields: &mut Fields) {
        if let Some(flags) = fields.number("flags") {
            let other = self.settings.flags & !SETTABLE_FLAGS;
            self.settings.flags = other | flags & SETTABLE_FLAGS;
        }
    }

    /// Whether the category exists and has room.
    pub(crate) fn check_parent(&self, world: &World, guild: Snowflake) -> Result<()> {
        let Some(parent) = self.parent_id else { return Ok(()) };
        let is_category = world
            .channel(parent)
            .is_some_and(|channel| channel.kind == ChannelKind::Category && channel.guild_id == Some(guild));
        if !is_category || self.kind == ChannelKind::Category {
            return Err(ApiError::form("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist"));
        }
        Ok(())
    }
}

fn read_tag(tag: &mut Fields, world: &World) -> Option<Tag> {
    let id = tag.snowflake("id").unwrap_or_else(|| world.next_id());
    let name = tag.text_within("name", 1..=20);
    if name.is_none() && tag.errors.is_empty() {
        tag.missing("name");
    }
    name.map(|name| Tag {
        id,
        name,
        moderated: tag.flag("moderated").unwrap_or(false),
        emoji_id: tag.snowflake("emoji_id"),
        emoji_name: tag.text("emoji_name", 100),
    })
}

fn overwrites(fields: &mut Fields) -> Vec<Overwrite> {
    let read = fields.read_objects("permission_overwrites", 0..=MAX_OVERWRITES, |one| {
        let id = one.snowflake("id");
        if id.is_none() && one.errors.is_empty() {
            one.missing("id");
        }
        overwrite(one, id?)
    });
    read.into_iter().flatten().flatten().collect()
}

/// The overwrite that a body describes. The audit log has the type as a text, and takes numbers so, too.
pub(crate) fn overwrite(fields: &mut Fields, id: Snowflake) -> Option<Overwrite> {
    let kind = match fields.take("type") {
        Some(kind) if kind == 0 || kind == "0" => Some(0),
        Some(kind) if kind == 1 || kind == "1" => Some(1),
        Some(_) => {
            fields.fail("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 1}.");
            None
        }
        None => {
            fields.missing("type");
            None
        }
    };
    let allow = fields.number("allow").unwrap_or(0);
    let deny = fields.number("deny").unwrap_or(0);
    kind.map(|kind| Overwrite { id, kind, allow, deny })
}
