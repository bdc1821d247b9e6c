//! Webhooks of channels over REST: create, get, change, delete, and following an announcement channel.

pub(crate) mod posts;

use serde_json::json;

use super::guilds::settings::picture;
use super::{Call, Reply};
use crate::form::{Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{Actor, access, webhooks};
use crate::state::State;
use crate::world::{Webhook, bits};

/// Names that Discord reserves.
const RESERVED: [&str; 2] = ["clyde", "discord"];

/// `POST /channels/{channel}/webhooks`
pub(crate) fn create(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let name = fields.required("name", name);
    let avatar = picture(&mut fields, "avatar");
    fields.checked()?;
    let mut state = call.shared.state();
    let webhook = webhooks::create(&mut state, &by, channel, name, avatar)?;
    Ok(Reply::json(&webhook.json(true)))
}

/// `POST /channels/{channel}/followers`: makes another channel follow this one.
pub(crate) fn follow(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let target = fields.required("webhook_channel_id", Fields::snowflake);
    fields.checked()?;
    let webhook = webhooks::follow(&mut call.shared.state(), &by, channel, target)?;
    Ok(Reply::json(&json!({ "channel_id": channel, "webhook_id": webhook.id })))
}

/// `GET /channels/{channel}/webhooks`
pub(crate) fn of_channel(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    access::guild_channel_with(&state, caller, channel, bits::MANAGE_WEBHOOKS)?;
    Ok(list(&state, caller, |webhook| webhook.channel_id == channel))
}

/// `GET /guilds/{guild}/webhooks`
pub(crate) fn of_guild(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    access::guild_with(&state, caller, guild, bits::MANAGE_WEBHOOKS)?;
    Ok(list(&state, caller, |webhook| webhook.guild_id == guild))
}

fn list(state: &State, caller: Snowflake, is_asked: impl Fn(&Webhook) -> bool) -> Reply {
    let found = state.world.webhooks.values().filter(|webhook| is_asked(webhook));
    Reply::json(&found.map(|webhook| webhook.json(shows_token(webhook, caller))).collect::<Vec<_>>())
}

/// Only the application that owns a webhook may use it.
fn shows_token(webhook: &Webhook, caller: Snowflake) -> bool {
    webhook.application_id.is_none_or(|application| application == caller)
}

/// `GET /webhooks/{webhook}`
pub(crate) fn webhook(call: &Call, id: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    let webhook = webhooks::managed(&state, caller, id)?;
    Ok(Reply::json(&webhook.json(shows_token(webhook, caller))))
}

/// `GET /webhooks/{webhook}/{token}`: without authorization, and without the user who created it.
pub(crate) fn with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply> {
    let state = call.shared.state();
    Ok(without_user(webhooks::with_token(&state, id, &token)?))
}

/// `PATCH /webhooks/{webhook}`
pub(crate) fn edit(call: &Call, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let mut state = call.shared.state();
    webhooks::managed(&state, by.user, id)?;
    let channel = fields.snowflake("channel_id");
    if let Some(channel) = channel {
        access::guild_channel_with(&state, by.user, channel, bits::MANAGE_WEBHOOKS)?;
    }
    Ok(Reply::json(&change(&mut state, &by, id, fields, channel)?.json(true)))
}

/// `PATCH /webhooks/{webhook}/{token}`
pub(crate) fn edit_with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply> {
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let by = Actor { user: webhooks::with_token(&state, id, &token)?.user.id, reason: None };
    Ok(without_user(&change(&mut state, &by, id, fields, None)?))
}

/// `DELETE /webhooks/{webhook}`
pub(crate) fn delete(call: &Call, id: Snowflake) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    webhooks::managed(&state, by.user, id)?;
    webhooks::delete(&mut state, &by, id);
    Ok(Reply::nothing())
}

/// `DELETE /webhooks/{webhook}/{token}`
pub(crate) fn delete_with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply> {
    let mut state = call.shared.state();
    let by = Actor { user: webhooks::with_token(&state, id, &token)?.user.id, reason: None };
    webhooks::delete(&mut state, &by, id);
    Ok(Reply::nothing())
}

/// A name for a webhook or its messages.
/// <https://discord.com/developers/docs/resources/webhook#create-webhook>
fn name(fields: &mut Fields, key: &str) -> Option<String> {
    let name = fields.text_within(key, 1..=80)?;
    if RESERVED.iter().any(|word| name.to_lowercase().contains(word)) {
        fields.fail(key, "USERNAME_INVALID_CONTAINS", "Username cannot contain \"clyde\" or \"discord\"");
        return None;
    }
    Some(name)
}

fn change(
    state: &mut State,
    by: &Actor,
    id: Snowflake,
    mut fields: Fields,
    channel: Option<Snowflake>,
) -> Result<Webhook> {
    let name = name(&mut fields, "name");
    let avatar = fields.nullable("avatar", |of, key| picture(of, key).map(Into::into));
    fields.checked()?;
    webhooks::change(state, by, id, |webhook| {
        set(&mut webhook.name, name);
        set(&mut webhook.avatar, avatar);
        set(&mut webhook.channel_id, channel);
    })
}

/// With only the token, callers do not see who created the webhook.
fn without_user(webhook: &Webhook) -> Reply {
    let mut json = webhook.json(true);
    if let Some(json) = json.as_object_mut() {
        json.remove("user");
    }
    Reply::json(&json)
}
