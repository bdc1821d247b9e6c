//! The body that creates or changes a channel: read and validated against Discord's limits, into a plan.

use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::world::{Channel, ChannelKind, DefaultReaction, Overwrite, Tag, World};

/// Bitrates in bits per second, for a guild without boosts.
const BITRATES: std::ops::RangeInclusive<u32> = 8_000..=96_000;
/// The longest slow mode, in seconds.
pub(crate) const MAX_SLOWMODE: u32 = 21_600;
/// Minutes of inactivity after which a thread can be archived.
pub(crate) const ARCHIVE_MINUTES: [u32; 4] = [60, 1440, 4320, 10_080];
const MAX_OVERWRITES: usize = 1000;
const MAX_TAGS: usize = 20;
/// The only channel flags that can be set: posts in a forum need a tag, and media download options are hidden.
const SETTABLE_FLAGS: u64 = 1 << 4 | 1 << 15;

/// The planned state of a channel, without its messages.
pub(crate) struct ChannelPlan {
    pub(crate) channel: Channel,
    /// Whether the body has overwrites.
    pub(crate) touches_overwrites: bool,
}

impl ChannelPlan {
    /// The plan for a new channel of a guild.
    pub(crate) fn new(world: &World, guild: Snowflake, kind: ChannelKind) -> Self {
        let channel = Channel::new(world.next_id(), kind, "", world.history_limit);
        Self { channel: Channel { guild_id: Some(guild), ..channel }, touches_overwrites: false }
    }

    /// The present state of a channel.
    pub(crate) fn of(channel: &Channel) -> Self {
        let Channel { id, kind, name, topic, position, parent_id, overwrites, settings, .. } = channel;
        let plan = Channel {
            topic: topic.clone(),
            position: *position,
            parent_id: *parent_id,
            overwrites: overwrites.clone(),
            settings: settings.clone(),
            ..Channel::new(*id, *kind, name, channel.history_limit)
        };
        Self { channel: plan, touches_overwrites: false }
    }

    /// Applies the plan to a channel.
    pub(crate) fn apply(self, there: &mut Channel) {
        let Channel { kind, name, topic, position, parent_id, overwrites, settings, .. } = self.channel;
        (there.kind, there.name, there.topic, there.position) = (kind, name, topic, position);
        (there.parent_id, there.overwrites, there.settings) = (parent_id, overwrites, settings);
    }

    /// Applies a body to the plan.
    pub(crate) fn read(&mut self, fields: &mut Fields, world: &World) {
        let channel = &mut self.channel;
        if let Some(name) = fields.text_within("name", 1..=100) {
            let spoken = channel.kind.is_voice() || channel.kind == ChannelKind::Category;
            channel.name = if spoken { name } else { name.to_lowercase().replace(' ', "-") }.into();
        }
        let most = if channel.kind.is_forum() { 4096 } else { 1024 };
        set(&mut channel.topic, fields.nullable("topic", |of, key| of.text(key, most)));
        set(&mut channel.position, fields.number_within("position", 0..=100_000));
        set(&mut channel.parent_id, fields.nullable("parent_id", Fields::snowflake));
        if fields.has("permission_overwrites") {
            self.touches_overwrites = true;
            channel.overwrites = overwrites(fields);
        }
        self.read_settings(fields, world);
    }

    fn read_settings(&mut self, fields: &mut Fields, world: &World) {
        let settings = &mut self.channel.settings;
        let seconds = |of: &mut Fields, key: &str| of.number_within(key, 0..=MAX_SLOWMODE);
        set(&mut settings.nsfw, fields.flag("nsfw"));
        set(&mut settings.slowmode_seconds, seconds(fields, "rate_limit_per_user"));
        let of_threads = seconds(fields, "default_thread_rate_limit_per_user");
        set(&mut settings.default_thread_slowmode_seconds, of_threads);
        let minutes = |of: &mut Fields, key: &str| of.choice(key, &ARCHIVE_MINUTES);
        let minutes = fields.nullable("default_auto_archive_duration", minutes);
        set(&mut settings.default_auto_archive_minutes, minutes);
        set(&mut settings.bitrate, fields.number_within("bitrate", BITRATES));
        let seats = if self.channel.kind == ChannelKind::Stage { 10_000 } else { 99 };
        set(&mut settings.user_limit, fields.number_within("user_limit", 0..=seats));
        set(&mut settings.rtc_region, fields.nullable("rtc_region", |of, key| of.text(key, 100)));
        set(&mut settings.video_quality_mode, fields.choice("video_quality_mode", &[1, 2]));
        let order = fields.nullable("default_sort_order", |of, key| of.choice(key, &[0, 1]));
        set(&mut settings.default_sort_order, order);
        set(&mut settings.default_forum_layout, fields.choice("default_forum_layout", &[0, 1, 2]));
        let emoji = |of: &mut Fields| DefaultReaction {
            emoji_id: of.snowflake("emoji_id"),
            emoji_name: of.text("emoji_name", 100),
        };
        let emoji = fields.nullable("default_reaction_emoji", |of, key| of.read_object(key, emoji));
        set(&mut settings.default_reaction_emoji, emoji);
        set(
            &mut settings.tags,
            fields.read_objects("available_tags", 0..=MAX_TAGS, |tag| read_tag(tag, world)),
        );
    }

    /// Applies the flags in a body, which can be set only on an existing channel.
    /// <https://discord.com/developers/docs/resources/channel#modify-channel>
    pub(crate) fn read_flags(&mut self, fields: &mut Fields) {
        if let Some(flags) = fields.number("flags") {
            let there = &mut self.channel.settings.flags;
            *there = *there & !SETTABLE_FLAGS | flags & SETTABLE_FLAGS;
        }
    }

    /// Checks that the category exists and has room.
    pub(crate) fn check_parent(&self, world: &World, guild: Snowflake) -> Result<()> {
        let Some(parent) = self.channel.parent_id else { return Ok(()) };
        let is_category = world
            .channel(parent)
            .is_some_and(|channel| channel.kind == ChannelKind::Category && channel.guild_id == Some(guild));
        if !is_category || self.channel.kind == ChannelKind::Category {
            return Err(ApiError::form("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist"));
        }
        Ok(())
    }
}

fn read_tag(tag: &mut Fields, world: &World) -> Tag {
    Tag {
        id: tag.snowflake("id").unwrap_or_else(|| world.next_id()),
        name: tag.required_text("name", 1..=20),
        moderated: tag.flag("moderated").unwrap_or(false),
        emoji_id: tag.snowflake("emoji_id"),
        emoji_name: tag.text("emoji_name", 100),
    }
}

fn overwrites(fields: &mut Fields) -> Vec<Overwrite> {
    let read = fields.read_objects("permission_overwrites", 0..=MAX_OVERWRITES, |one| {
        let id = one.required("id", Fields::snowflake);
        overwrite(one, id)
    });
    read.unwrap_or_default()
}

/// The overwrite that a body describes. Its type is a text in the audit log, and is accepted as one here, too.
pub(crate) fn overwrite(fields: &mut Fields, id: Snowflake) -> Overwrite {
    let kind = fields.required("type", |of, key| of.choice(key, &[0, 1]));
    let [allow, deny] = ["allow", "deny"].map(|key| fields.number(key).unwrap_or(0));
    Overwrite { id, kind, allow, deny }
}
