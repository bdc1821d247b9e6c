//! A bot's application over REST: its description of itself, and its role connection metadata.

use serde_json::{Value, json};
use std::ops::RangeInclusive;

use super::guilds::settings::picture;
use super::messages::embeds::{Link, url};
use super::{Call, Reply};
use crate::commands::translations;
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::users;
use crate::state::State;
use crate::world::{Application, Bot, InstallConfig, InstallParams, RoleConnectionMetadata};

const MAX_DESCRIPTION_CHARS: usize = 400;
const MAX_TAGS: usize = 5;
const TAG_CHARS: RangeInclusive<usize> = 0..=20;
/// The scopes with which an application can be installed.
const SCOPES: [&str; 2] = ["applications.commands", "bot"];
/// The most role connection metadata records.
const MAX_METADATA: usize = 5;

/// `GET /applications/@me` and `GET /oauth2/applications/@me`
pub(super) fn own(call: &Call) -> Result<Reply> {
    let id = call.bot()?;
    Ok(Reply::json(&json_of(&call.shared.state(), id)?))
}

/// `PATCH /applications/@me`
pub(super) fn edit(call: &Call) -> Result<Reply> {
    let id = call.bot()?;
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    let mut application = bot_of(&state, id)?.application.clone();
    read(&mut fields, &mut application);
    fields.checked()?;
    users::change_application(&mut state, id, |there| *there = application)?;
    Ok(Reply::json(&json_of(&state, id)?))
}

/// `GET /applications/{application}/role-connections/metadata`
pub(super) fn metadata(call: &Call, id: Snowflake) -> Result<Reply> {
    let state = call.own_application(id)?;
    Ok(Reply::json(&bot_of(&state, id)?.application.metadata))
}

/// `PUT /applications/{application}/role-connections/metadata`: replaces all records.
pub(super) fn set_metadata(call: &Call, id: Snowflake) -> Result<Reply> {
    drop(call.own_application(id)?);
    let (mut whole, entries) = call.fields_of_list()?;
    if entries.len() > MAX_METADATA {
        let message = format!("Must be {MAX_METADATA} or fewer in length.");
        return Err(ApiError::form("_misc", "BASE_TYPE_MAX_LENGTH", &message));
    }
    let mut kept = Vec::with_capacity(entries.len());
    for mut entry in entries {
        kept.push(RoleConnectionMetadata {
            kind: entry.required("type", |of, key| of.number_within(key, 1..=8)),
            key: entry.required_text("key", 1..=50),
            name: entry.required_text("name", 1..=100),
            name_localizations: translations(&mut entry, "name_localizations", 100, |_| true),
            description: entry.required_text("description", 1..=200),
            description_localizations: translations(&mut entry, "description_localizations", 200, |_| true),
        });
        whole.absorb(entry);
    }
    whole.checked()?;
    let reply = Reply::json(&kept);
    users::change_application(&mut call.shared.state(), id, |application| application.metadata = kept)?;
    Ok(reply)
}

fn read(fields: &mut Fields, application: &mut Application) {
    if fields.has("description") {
        application.description = fields.text("description", MAX_DESCRIPTION_CHARS).unwrap_or_default();
    }
    set(&mut application.icon, fields.nullable("icon", picture));
    set(&mut application.tags, fields.texts("tags", MAX_TAGS, &TAG_CHARS));
    let links = &mut application.links;
    for (key, link) in [
        ("custom_install_url", &mut links.custom_install_url),
        ("role_connections_verification_url", &mut links.role_connections_verification_url),
        ("interactions_endpoint_url", &mut links.interactions_endpoint_url),
    ] {
        set(link, fields.nullable(key, |of, key| url(of, key, Link::Web)));
    }
    links.install_params =
        fields.read_object("install_params", install_params).or(links.install_params.take());
    let config = fields.read_object("integration_types_config", |all| {
        let read = |kind: &str| {
            let config = all.read_object(kind, |one| InstallConfig {
                oauth2_install_params: one.read_object("oauth2_install_params", install_params),
            });
            config.map(|config| (kind.to_owned(), config))
        };
        ["0", "1"].into_iter().filter_map(read).collect()
    });
    links.integration_types_config = config.or(links.integration_types_config.take());
    fields.ignore(&[
        "cover_image",
        "flags",
        "event_webhooks_url",
        "event_webhooks_status",
        "event_webhooks_types",
    ]);
}

fn install_params(of: &mut Fields) -> InstallParams {
    InstallParams {
        scopes: of.words("scopes", &SCOPES).unwrap_or_default(),
        permissions: of.number("permissions").unwrap_or_default().to_string(),
    }
}

fn json_of(state: &State, id: Snowflake) -> Result<Value> {
    let bot = bot_of(state, id)?;
    let guilds = state.world.guilds.values().filter(|guild| guild.members.contains_key(&id)).count();
    let application = &bot.application;
    let mut json = json!({
        "id": id, "name": bot.user.username, "icon": application.icon, "description": application.description,
        "type": null, "bot_public": true, "bot_require_code_grant": false, "verify_key": "0".repeat(64),
        "flags": bot.flags(), "flags_new": bot.flags().to_string(), "team": null, "owner": &*bot.owner,
        "bot": &*bot.user, "approximate_guild_count": guilds, "approximate_user_install_count": bot.users.len(),
        "approximate_user_authorization_count": bot.users.len(), "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
        "redirect_uris": [], "interactions_endpoint_url": null, "role_connections_verification_url": null,
        "tags": application.tags, "summary": "", "integration_types_config": { "0": {}, "1": {} }, "rpc_origins": [],
    });
    if let (Some(json), Value::Object(links)) = (json.as_object_mut(), json!(application.links)) {
        json.extend(links);
    }
    Ok(json)
}

fn bot_of(state: &State, id: Snowflake) -> Result<&Bot> {
    state.world.bot(id).ok_or(ApiError::unknown_application())
}
