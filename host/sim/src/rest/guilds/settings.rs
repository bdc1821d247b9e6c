//! A guild itself over REST: its settings, preview and audit log, and leaving it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde_json::json;

use crate::commands::locale;
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rest::{Call, Reply};
use crate::rules::{access, guilds, members};
use crate::world::wire::guild_json;
use crate::world::{AuditEntry, GuildSettings, Incidents, User, bits};

/// The most audit log entries in a page.
const MAX_AUDIT_PAGE: usize = 100;
const DEFAULT_AUDIT_PAGE: usize = 50;
const MAX_DESCRIPTION_CHARS: usize = 300;
const MAX_INCIDENT: Duration = Duration::from_secs(24 * 3600);

/// `PATCH /guilds/{guild}`
pub(crate) fn edit(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let name = fields.text_within("name", 2..=100);
    let owner = fields.snowflake("owner_id");
    let mut state = call.shared.state();
    let guild = access::guild_with(&state, by.user, guild_id, bits::MANAGE_GUILD)?;
    if let Some(owner) = owner
        && (guild.owner_id != by.user || !guild.members.contains_key(&owner))
    {
        return Err(ApiError::missing_permissions());
    }
    let mut settings = guild.settings.clone();
    read(&mut fields, &mut settings);
    let channels = [
        ("afk_channel_id", settings.afk_channel_id),
        ("system_channel_id", settings.system_channel_id),
        ("rules_channel_id", settings.rules_channel_id),
        ("public_updates_channel_id", settings.public_updates_channel_id),
        ("safety_alerts_channel_id", settings.safety_alerts_channel_id),
    ];
    for (key, channel) in channels {
        if channel.is_some_and(|channel| !guild.channels.contains(&channel)) {
            fields.fail(key, "CHANNEL_UNKNOWN", "Unknown channel");
        }
    }
    fields.checked()?;
    guilds::change(&mut state, guild_id, &by, |guild| {
        guild.settings = settings;
        set(&mut guild.owner_id, owner);
        set(&mut guild.name, name);
    });
    Ok(Reply::json(&guild_json(access::own_guild(&state, by.user, guild_id)?)))
}

fn read(fields: &mut Fields, settings: &mut GuildSettings) {
    for (key, most, level) in [
        ("verification_level", 4, &mut settings.verification_level),
        ("default_message_notifications", 1, &mut settings.default_message_notifications),
        ("explicit_content_filter", 2, &mut settings.explicit_content_filter),
    ] {
        let given = fields.nullable(key, |of, key| of.number_within(key, 0..=most));
        set(level, given.map(Option::unwrap_or_default));
    }
    for (key, channel) in [
        ("afk_channel_id", &mut settings.afk_channel_id),
        ("system_channel_id", &mut settings.system_channel_id),
        ("rules_channel_id", &mut settings.rules_channel_id),
        ("public_updates_channel_id", &mut settings.public_updates_channel_id),
        ("safety_alerts_channel_id", &mut settings.safety_alerts_channel_id),
    ] {
        set(channel, fields.nullable(key, Fields::snowflake));
    }
    set(&mut settings.afk_timeout, fields.choice("afk_timeout", &[60, 300, 900, 1800, 3600]));
    set(&mut settings.system_channel_flags, fields.number("system_channel_flags"));
    let description = fields.nullable("description", |of, key| of.text(key, MAX_DESCRIPTION_CHARS));
    set(&mut settings.description, description);
    if fields.has("preferred_locale") {
        settings.preferred_locale = locale(fields, "preferred_locale");
    }
    set(&mut settings.features, fields.texts("features", 100, &(0..=100)));
    set(&mut settings.icon, fields.nullable("icon", |of, key| picture(of, key).map(Into::into)));
    set(&mut settings.premium_progress_bar_enabled, fields.flag("premium_progress_bar_enabled"));
    fields.ignore(&["region", "splash", "discovery_splash", "banner"]);
}

/// `PUT /guilds/{guild}/incident-actions`: absent fields are enabled again.
/// <https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions>
pub(crate) fn set_incident_actions(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    let latest = state.world.clock.now() + MAX_INCIDENT;
    let mut until = |key: &str| {
        let until = fields.moment(key);
        if until.is_some_and(|until| until > latest) {
            fields.fail(key, "DATE_TIME_TYPE_MAX", "It must be at most 24 hours in the future.");
        }
        until
    };
    let incidents = Incidents {
        invites_disabled_until: until("invites_disabled_until"),
        dms_disabled_until: until("dms_disabled_until"),
    };
    fields.checked()?;
    access::guild_with(&state, by.user, guild, bits::MANAGE_GUILD)?;
    let answer = Reply::json(&incidents);
    guilds::change(&mut state, guild, &by, |guild| guild.settings.incidents = incidents);
    Ok(answer)
}

/// Whether a text is an image as a data URI. Discord looks at the image itself, because discord.js declares all as
/// `image/jpg`.
/// <https://discord.com/developers/docs/reference#image-data>
pub(crate) fn is_picture(uri: &str) -> bool {
    uri.starts_with("data:image/") && uri.contains(";base64,")
}

/// The hash of an uploaded image, which is a data URI.
pub(crate) fn picture(fields: &mut Fields, key: &str) -> Option<String> {
    let uri = fields.text(key, usize::MAX)?;
    if !is_picture(&uri) {
        fields.fail(key, "IMAGE_INVALID", "Invalid image data");
        return None;
    }
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &uri).hash(&mut hasher);
        hasher.finish()
    };
    Some(format!("{:016x}{:016x}", half(0), half(1)))
}

/// `GET /guilds/{guild}/preview`
pub(crate) fn preview(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let guild = access::own_guild(&state, caller, guild).map_err(|_| ApiError::unknown_guild())?;
    let (settings, emojis) = (&guild.settings, &guild.data.emojis);
    // https://discord.com/developers/docs/resources/guild#guild-preview-object
    Ok(Reply::json(&json!({
        "id": guild.id, "name": guild.name, "icon": settings.icon, "description": settings.description,
        "home_header": null, "splash": null, "discovery_splash": null, "features": settings.features,
        "emojis": emojis.iter().map(|emoji| emoji.json()).collect::<Vec<_>>(), "stickers": [],
        "approximate_member_count": guild.members.len(), "approximate_presence_count": guild.members.len(),
    })))
}

/// `DELETE /users/@me/guilds/{guild}`
pub(crate) fn leave(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    if access::own_guild(&state, caller, guild)?.owner_id == caller {
        return Err(ApiError::new(400, 50055, "Invalid Guild"));
    }
    members::remove(&mut state, guild, caller);
    Ok(Reply::nothing())
}

/// `GET /guilds/{guild}/audit-logs?user_id=&target_id=&action_type=&before=&after=&limit=`
pub(crate) fn audit_log(call: &Call, guild_id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let limit = call.query_limit(DEFAULT_AUDIT_PAGE, MAX_AUDIT_PAGE)?;
    let (user, target) = (call.query_id("user_id")?, call.query_id("target_id")?);
    let action = call.query_field("action_type", Fields::number)?;
    let (before, after) = (call.query_id("before")?, call.query_id("after")?);
    let guild = access::guild_with(&state, caller, guild_id, bits::VIEW_AUDIT_LOG)?;
    let fits = |entry: &&AuditEntry| {
        user.is_none_or(|user| entry.user_id == user)
            && target.is_none_or(|target| entry.target_id == Some(target))
            && action.is_none_or(|action| u64::from(entry.action_type) == action)
            && before.is_none_or(|before| entry.id < before)
            && after.is_none_or(|after| entry.id > after)
    };
    // With only `after`, Discord lists in ascending order from there.
    let entries: Vec<&AuditEntry> = match (before, after) {
        (None, Some(_)) => guild.data.audit.iter().filter(fits).take(limit).collect(),
        _ => guild.data.audit.iter().rev().filter(fits).take(limit).collect(),
    };
    let mut people: Vec<Snowflake> =
        entries.iter().flat_map(|entry| [Some(entry.user_id), entry.target_id]).flatten().collect();
    people.sort_unstable();
    people.dedup();
    let users: Vec<&User> =
        people.iter().filter_map(|id| state.world.user(*id)).map(|user| &**user).collect();
    Ok(Reply::json(&json!({
        "audit_log_entries": entries, "users": users, "webhooks": [], "threads": [], "integrations": [],
        "guild_scheduled_events": [], "auto_moderation_rules": [], "application_commands": [],
    })))
}

/// `GET /voice/regions`
pub(crate) fn regions(call: &Call) -> Result<Reply> {
    call.bot()?;
    let regions = ["rotterdam", "us-east", "singapore"].map(|id| {
        json!({ "id": id, "name": id, "optimal": id == "rotterdam", "deprecated": false, "custom": false })
    });
    Ok(Reply::json(&regions))
}

/// `GET /guilds/{guild}/regions`
pub(crate) fn guild_regions(call: &Call, guild: Snowflake) -> Result<Reply> {
    let caller = call.caller()?;
    access::own_guild(&call.shared.state(), caller, guild)?;
    regions(call)
}
