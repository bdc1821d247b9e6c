//! Guild templates on the wire, and the snapshots in them.

use serde_json::{Value, json};

use super::guild_json;
use crate::ids::Snowflake;
use crate::world::{Channel, ChannelKind, ChannelSettings, Guild, GuildTemplate, Overwrite, Role, World};

/// A guild's template. Whether the guild has changed since the snapshot is found by comparing.
pub(crate) fn template_json(world: &World, guild: &Guild, template: &GuildTemplate) -> Value {
    let is_dirty = (template.snapshot != snapshot(world, guild)).then_some(true);
    json!({
        "code": template.code, "name": template.name, "description": template.description, "usage_count": 0,
        "creator_id": template.creator.id, "creator": &*template.creator, "created_at": template.created_at,
        "updated_at": template.synced_at, "source_guild_id": guild.id,
        "serialized_source_guild": template.snapshot, "is_dirty": is_dirty,
    })
}

/// The guild without what cannot be part of a template: members, messages, bots' roles, emojis. Ids are placeholders,
/// written as integers: 0 is `@everyone`.
pub(crate) fn snapshot(world: &World, guild: &Guild) -> Value {
    let kept = SnapshotPart::of(world, guild);
    let mut json = json!({
        "icon_hash": guild.settings.icon, "roles": kept.roles.iter().map(|role| kept.role(role)).collect::<Vec<_>>(),
        "channels": kept.channels.iter().map(|channel| kept.channel(channel)).collect::<Vec<_>>(),
        "afk_channel_id": guild.settings.afk_channel_id.and_then(|id| kept.channel_number(id)),
        "system_channel_id": guild.settings.system_channel_id.and_then(|id| kept.channel_number(id)),
    });
    let mut full = guild_json(guild);
    for key in [
        "name",
        "description",
        "region",
        "verification_level",
        "default_message_notifications",
        "explicit_content_filter",
        "preferred_locale",
        "afk_timeout",
        "system_channel_flags",
    ] {
        json[key] = full[key].take();
    }
    json
}

/// The part of a guild that is in a snapshot; an object's index in these lists is its placeholder id.
struct SnapshotPart<'a> {
    /// Sorted by position, `@everyone` first.
    roles: Vec<&'a Role>,
    /// Categories before the channels in them.
    channels: Vec<&'a Channel>,
}

impl<'a> SnapshotPart<'a> {
    fn of(world: &'a World, guild: &'a Guild) -> Self {
        let mut roles: Vec<&Role> = guild.roles.iter().filter(|role| role.bot.is_none()).collect();
        roles.sort_by_key(|role| (role.id != guild.id, role.position));
        let mut channels: Vec<&Channel> = guild.channels.iter().filter_map(|id| world.channel(*id)).collect();
        channels.sort_by_key(|channel| channel.parent_id.is_some());
        Self { roles, channels }
    }

    fn role_number(&self, id: Snowflake) -> Option<usize> {
        self.roles.iter().position(|role| role.id == id)
    }

    fn channel_number(&self, id: Snowflake) -> Option<usize> {
        self.channels.iter().position(|channel| channel.id == id).map(|at| at + 1)
    }

    fn role(&self, role: &Role) -> Value {
        let mut full = json!(role);
        let mut json = json!({ "id": self.role_number(role.id) });
        for key in ["name", "permissions", "color", "colors", "hoist", "mentionable", "icon", "unicode_emoji"]
        {
            json[key] = full[key].take();
        }
        json
    }

    fn channel(&self, channel: &Channel) -> Value {
        let settings = &channel.settings;
        let forum = channel.kind.is_forum().then_some(settings);
        json!({
            "id": self.channel_number(channel.id), "type": kind(channel.kind), "name": &*channel.name,
            "position": channel.position, "topic": channel.topic, "bitrate": settings.bitrate,
            "user_limit": settings.user_limit, "nsfw": settings.nsfw,
            "rate_limit_per_user": settings.slowmode_seconds,
            "parent_id": channel.parent_id.and_then(|id| self.channel_number(id)),
            "permission_overwrites": self.overwrites(&channel.overwrites),
            "default_auto_archive_duration": settings.default_auto_archive_minutes,
            "default_thread_rate_limit_per_user": settings.default_thread_slowmode_seconds,
            "available_tags": forum.map(tags),
            "default_reaction_emoji": forum.and_then(|forum| forum.default_reaction_emoji.as_ref()),
            "default_sort_order": forum.and_then(|forum| forum.default_sort_order),
            "default_forum_layout": forum.map(|forum| forum.default_forum_layout),
            "default_tag_setting": null, "theme_color": null, "template": "",
        })
    }

    /// Overwrites for members are left out, as the members are.
    fn overwrites(&self, overwrites: &[Overwrite]) -> Vec<Value> {
        let of_roles = overwrites.iter().filter_map(|overwrite| {
            let mut json = json!(overwrite);
            json["id"] = json!(self.role_number(overwrite.id)?);
            Some(json)
        });
        of_roles.collect()
    }
}

fn tags(forum: &ChannelSettings) -> Vec<Value> {
    let numbered = forum.tags.iter().enumerate().map(|(number, tag)| {
        let mut json = json!(tag);
        json["id"] = json!(number);
        json
    });
    numbered.collect()
}

/// Templates have four kinds of channel according to Discord's OpenAPI document; the others need a community, which a
/// new guild is not. <https://github.com/discord/discord-api-spec>
fn kind(kind: ChannelKind) -> u8 {
    let plain = match kind {
        ChannelKind::Announcement => ChannelKind::Text,
        ChannelKind::Stage => ChannelKind::Voice,
        ChannelKind::Media => ChannelKind::Forum,
        other => other,
    };
    plain as u8
}
