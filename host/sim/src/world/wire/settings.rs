//! Channels, threads, guilds and voice states on the wire: the fields that depend on kind and settings.

use serde_json::{Value, json};

use super::MemberJson;
use crate::ids::{Snowflake, Timestamp};
use crate::world::{Channel, ChannelKind, Guild, Incidents, Message, Thread, User, VoiceState};

/// The highest member count that Discord still gives exactly.
const MAX_COUNTED: u64 = 50;

/// Adds the fields of a guild channel of its kind.
pub(super) fn add(json: &mut Value, channel: &Channel) {
    let settings = &channel.settings;
    if channel.kind == ChannelKind::Category {
        return;
    }
    json["rate_limit_per_user"] = json!(settings.slowmode_seconds);
    json["last_message_id"] = json!(channel.last_message_id);
    if channel.kind.is_voice() {
        json["bitrate"] = json!(settings.bitrate);
        json["user_limit"] = json!(settings.user_limit);
        json["rtc_region"] = json!(settings.rtc_region);
        json["video_quality_mode"] = json!(settings.video_quality_mode);
    } else {
        json["topic"] = json!(channel.topic);
        if let Some(minutes) = settings.default_auto_archive_minutes {
            json["default_auto_archive_duration"] = json!(minutes);
        }
        json["default_thread_rate_limit_per_user"] = json!(settings.default_thread_slowmode_seconds);
    }
    if channel.kind.is_forum() {
        json["available_tags"] = json!(settings.tags);
        json["default_reaction_emoji"] = json!(settings.default_reaction_emoji);
        json["default_sort_order"] = json!(settings.default_sort_order);
        json["default_forum_layout"] = json!(settings.default_forum_layout);
    }
}

/// A thread on the wire.
pub(super) fn thread(channel: &Channel, thread: &Thread) -> Value {
    let sent = thread.total_messages;
    let mut json = json!({
        "id": channel.id, "type": channel.kind as u8, "guild_id": channel.guild_id, "name": &*channel.name,
        "parent_id": channel.parent_id, "owner_id": thread.owner_id, "last_message_id": channel.last_message_id,
        "rate_limit_per_user": channel.settings.slowmode_seconds, "flags": channel.settings.flags,
        "message_count": sent.saturating_sub(thread.deleted_messages), "member_count": (thread.members.len() as u64).min(MAX_COUNTED),
        "total_message_sent": sent, "bitrate": 64_000, "user_limit": 0, "rtc_region": null,
        "thread_metadata": {
            "archived": thread.archived, "auto_archive_duration": thread.auto_archive_minutes,
            "archive_timestamp": thread.archive_timestamp, "locked": thread.locked,
            "create_timestamp": Timestamp(channel.id.unix_ms()),
        },
    });
    if channel.kind == ChannelKind::PrivateThread {
        json["thread_metadata"]["invitable"] = json!(thread.invitable);
    }
    if !thread.applied_tags.is_empty() {
        json["applied_tags"] = json!(thread.applied_tags);
    }
    json
}

/// A thread with the viewer's own membership, if any.
pub(crate) fn thread_json_for(channel: &Channel, viewer: Snowflake) -> Value {
    let Some(inner) = &channel.thread else { return Value::Null };
    let mut json = thread(channel, inner);
    if let Some((_, since)) = inner.members.iter().find(|(member, _)| *member == viewer) {
        json["member"] = thread_member(channel.id, viewer, *since);
    }
    json
}

pub(crate) fn thread_member(thread: Snowflake, user: Snowflake, since: Timestamp) -> Value {
    json!({ "id": thread, "user_id": user, "join_timestamp": since, "flags": 0 })
}

/// A user's voice state; `alone` if it is not part of a guild object, and so includes the guild's id and the member.
pub(crate) fn voice_json(guild: &Guild, user: Snowflake, state: &VoiceState, alone: bool) -> Value {
    let member = guild.members.get(&user);
    let mut json = json!({
        "channel_id": state.channel_id, "user_id": user, "session_id": state.session_id,
        "deaf": member.is_some_and(|member| member.deaf), "mute": member.is_some_and(|member| member.mute),
        "self_deaf": state.self_deaf, "self_mute": state.self_mute, "self_stream": false, "self_video": false,
        "suppress": state.suppress, "request_to_speak_timestamp": state.request_to_speak,
    });
    if alone {
        json["guild_id"] = json!(guild.id);
        json["member"] = json!(member.map(MemberJson::full));
    }
    json
}

/// The guild's own fields, as in `GET /guilds/{id}`.
pub(crate) fn guild_json(guild: &Guild) -> Value {
    let settings = &guild.settings;
    let incidents = Some(&settings.incidents).filter(|data| **data != Incidents::default());
    json!({
        "id": guild.id, "name": guild.name, "icon": settings.icon, "home_header": null, "splash": null,
        "discovery_splash": null, "owner_id": guild.owner_id, "region": "local",
        "afk_channel_id": settings.afk_channel_id, "afk_timeout": settings.afk_timeout, "widget_enabled": false,
        "widget_channel_id": null, "verification_level": settings.verification_level,
        "default_message_notifications": settings.default_message_notifications,
        "explicit_content_filter": settings.explicit_content_filter, "roles": guild.roles,
        "emojis": guild.data.emojis.iter().map(|emoji| emoji.json()).collect::<Vec<_>>(),
        "features": settings.features, "mfa_level": 0, "application_id": null,
        "system_channel_id": settings.system_channel_id, "system_channel_flags": settings.system_channel_flags,
        "rules_channel_id": settings.rules_channel_id, "max_presences": null, "max_members": 500_000,
        "vanity_url_code": null, "description": settings.description, "banner": null, "premium_tier": 0,
        "premium_subscription_count": 0, "preferred_locale": settings.preferred_locale,
        "public_updates_channel_id": settings.public_updates_channel_id, "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50, "nsfw": false, "nsfw_level": 0, "stickers": [],
        "premium_progress_bar_enabled": settings.premium_progress_bar_enabled,
        "safety_alerts_channel_id": settings.safety_alerts_channel_id, "incidents_data": incidents,
    })
}

/// The part of a guild that invites show to non-members.
pub(crate) fn partial_guild(guild: &Guild) -> Value {
    json!({
        "id": guild.id, "name": guild.name, "icon": guild.settings.icon, "splash": null, "banner": null,
        "description": guild.settings.description, "features": guild.settings.features,
        "verification_level": guild.settings.verification_level, "vanity_url_code": null, "nsfw": false,
        "nsfw_level": 0, "premium_subscription_count": 0,
    })
}

/// A channel as invites show it.
pub(crate) fn partial_channel(channel: &Channel) -> Value {
    json!({ "id": channel.id, "name": &*channel.name, "type": channel.kind as u8 })
}

/// A thread member, with its guild member.
pub(crate) fn thread_member_with(guild: &Guild, thread: Snowflake, user: &User, since: Timestamp) -> Value {
    let mut json = thread_member(thread, user.id, since);
    json["member"] = json!(guild.members.get(&user.id).map(MemberJson::full));
    json
}

/// What a forwarded message shows of the original.
pub(super) fn snapshot(message: &Message) -> Value {
    json!({ "message": {
        "type": message.kind as u8, "content": message.content, "embeds": message.embeds,
        "attachments": message.attachments, "timestamp": message.timestamp, "edited_timestamp": message.edited,
        "flags": message.flags, "mentions": message.mentions.iter().map(|user| &**user).collect::<Vec<_>>(),
        "mention_roles": message.mention_roles, "components": message.components,
    } })
}
