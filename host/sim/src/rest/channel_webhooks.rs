//! Webhooks of channels over REST: make, read, change, remove, and following an announcement channel.
//! Posting through them is done in `webhook_posts`.

use serde_json::{Value, json};

use super::guild_settings::picture;
use super::{Call, Reply};
use crate::form::{ApiError, Fields};
use crate::ids::Snowflake;
use crate::rules::{Action, By, access, audit, webhooks};
use crate::state::State;
use crate::world::{ChannelKind, Webhook, bits};

/// Webhooks of a channel.
const MAX_WEBHOOKS: usize = 15;
/// Names that Discord keeps for itself.
const RESERVED: [&str; 2] = ["clyde", "discord"];

/// `POST /channels/{channel}/webhooks`
pub(super) fn create(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    fields.require("name");
    let name = name(&mut fields);
    let avatar = fields.has("avatar").then(|| picture(&mut fields, "avatar")).flatten();
    fields.checked()?;
    let mut state = call.shared.state();
    let webhook = new_webhook(&mut state, &by, channel, name.unwrap_or_default(), avatar)?;
    Ok(Reply::json(&add(&mut state, &by, webhook)))
}

/// `POST /channels/{channel}/followers`: from now on what is published there comes to another channel too.
pub(super) fn follow(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    fields.require("webhook_channel_id");
    let target = fields.snowflake("webhook_channel_id").unwrap_or_default();
    fields.checked()?;
    let mut state = call.shared.state();
    let source = access::seen_channel(&state, by.user, channel)?;
    if source.kind != ChannelKind::Announcement {
        return Err(ApiError::wrong_channel_type());
    }
    let guild = source.guild_id.and_then(|guild| state.world.guild(guild));
    let name = format!("{} #{}", guild.map_or("", |guild| guild.name.as_str()), source.name);
    let mut webhook = new_webhook(&mut state, &by, target, name, None)?;
    webhook.follows = Some(channel);
    let json = add(&mut state, &by, webhook);
    Ok(Reply::json(&json!({ "channel_id": channel, "webhook_id": json["id"] })))
}

/// `GET /channels/{channel}/webhooks`
pub(super) fn of_channel(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    access::guild_channel_with(&state, caller, channel, bits::MANAGE_WEBHOOKS)?;
    Ok(list(&state, caller, |webhook| webhook.channel_id == channel))
}

/// `GET /guilds/{guild}/webhooks`
pub(super) fn of_guild(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    access::guild_with(&state, caller, guild, bits::MANAGE_WEBHOOKS)?;
    Ok(list(&state, caller, |webhook| webhook.guild_id == guild))
}

fn list(state: &State, caller: Snowflake, is_asked: impl Fn(&Webhook) -> bool) -> Reply {
    let found = state.world.webhooks.values().filter(|webhook| is_asked(webhook));
    Reply::json(&found.map(|webhook| webhook.json(shows_token(webhook, caller))).collect::<Vec<_>>())
}

/// An application's webhook is nobody else's to use.
fn shows_token(webhook: &Webhook, caller: Snowflake) -> bool {
    webhook.application_id.is_none_or(|application| application == caller)
}

/// `GET /webhooks/{webhook}`
pub(super) fn webhook(call: &Call, id: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let webhook = managed(&state, caller, id)?;
    Ok(Reply::json(&webhook.json(shows_token(webhook, caller))))
}

/// `GET /webhooks/{webhook}/{token}`: without authorization, and without saying who made it.
pub(super) fn with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply, ApiError> {
    let state = call.shared.state();
    let mut json = keyed(&state, id, &token)?.json(true);
    if let Some(json) = json.as_object_mut() {
        json.remove("user");
    }
    Ok(Reply::json(&json))
}

/// `PATCH /webhooks/{webhook}`
pub(super) fn edit(call: &Call, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    managed(&state, by.user, id)?;
    let channel = fields.snowflake("channel_id");
    if let Some(channel) = channel {
        access::guild_channel_with(&state, by.user, channel, bits::MANAGE_WEBHOOKS)?;
    }
    let json = change(&mut state, &by, id, fields, channel)?;
    Ok(Reply::json(&json))
}

/// `PATCH /webhooks/{webhook}/{token}`
pub(super) fn edit_with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply, ApiError> {
    let fields = call.fields()?;
    let mut state = call.shared.state();
    let by = By { user: keyed(&state, id, &token)?.user.id, reason: None };
    let mut json = change(&mut state, &by, id, fields, None)?;
    if let Some(json) = json.as_object_mut() {
        json.remove("user");
    }
    Ok(Reply::json(&json))
}

/// `DELETE /webhooks/{webhook}`
pub(super) fn delete(call: &Call, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    managed(&state, by.user, id)?;
    remove(&mut state, &by, id);
    Ok(Reply::nothing())
}

/// `DELETE /webhooks/{webhook}/{token}`
pub(super) fn delete_with_token(call: &Call, id: Snowflake, token: String) -> Result<Reply, ApiError> {
    let mut state = call.shared.state();
    let by = By { user: keyed(&state, id, &token)?.user.id, reason: None };
    remove(&mut state, &by, id);
    Ok(Reply::nothing())
}

/// The webhook, if the token is its own.
pub(super) fn keyed<'a>(state: &'a State, id: Snowflake, token: &str) -> Result<&'a Webhook, ApiError> {
    let webhook = state.world.webhooks.get(&id).ok_or(ApiError::unknown_webhook())?;
    if webhook.token == token && webhook.follows.is_none() {
        Ok(webhook)
    } else {
        Err(ApiError::expired_token())
    }
}

fn managed(state: &State, caller: Snowflake, id: Snowflake) -> Result<&Webhook, ApiError> {
    let webhook = state.world.webhooks.get(&id).ok_or(ApiError::unknown_webhook())?;
    access::guild_channel_with(state, caller, webhook.channel_id, bits::MANAGE_WEBHOOKS)?;
    Ok(webhook)
}

fn name(fields: &mut Fields) -> Option<String> {
    let name = fields.text_within("name", 1..=80)?;
    if RESERVED.iter().any(|word| name.to_lowercase().contains(word)) {
        fields.fail("name", "USERNAME_INVALID_CONTAINS", "Username cannot contain \"clyde\" or \"discord\"");
        return None;
    }
    Some(name)
}

fn new_webhook(
    state: &mut State,
    by: &By,
    channel: Snowflake,
    name: String,
    avatar: Option<String>,
) -> Result<Webhook, ApiError> {
    let (guild, home) = access::guild_channel_with(state, by.user, channel, bits::MANAGE_WEBHOOKS)?;
    let (guild_id, kind) = (guild.id, home.kind);
    if kind == ChannelKind::Category || kind.is_thread() {
        return Err(ApiError::wrong_channel_type());
    }
    if state.world.webhooks.values().filter(|webhook| webhook.channel_id == channel).count() >= MAX_WEBHOOKS {
        return Err(ApiError::new(400, 30007, "Maximum number of webhooks reached (15)"));
    }
    let (id, user) = (state.world.next_id(), access::account(state, by.user)?);
    let token = format!("{}{}", state.interactions.new_token(id), state.interactions.new_token(channel));
    let application_id = user.bot.then_some(user.id);
    let avatar = avatar.map(Into::into);
    Ok(Webhook {
        id,
        token,
        channel_id: channel,
        guild_id,
        name,
        avatar,
        user,
        application_id,
        follows: None,
    })
}

fn add(state: &mut State, by: &By, webhook: Webhook) -> Value {
    let (json, guild, channel) = (webhook.json(true), webhook.guild_id, webhook.channel_id);
    audit::record_change(
        state,
        guild,
        by,
        Action::WebhookCreate,
        webhook.id,
        &Value::Null,
        &webhook.json(false),
    );
    state.world.webhooks.insert(webhook.id, webhook);
    webhooks::announce(state, guild, channel);
    json
}

fn change(
    state: &mut State,
    by: &By,
    id: Snowflake,
    mut fields: Fields,
    channel: Option<Snowflake>,
) -> Result<Value, ApiError> {
    let name = name(&mut fields);
    let avatar = fields.has("avatar").then(|| picture(&mut fields, "avatar"));
    fields.checked()?;
    let webhook = state.world.webhooks.get_mut(&id).ok_or(ApiError::unknown_webhook())?;
    let before = webhook.json(false);
    webhook.name = name.unwrap_or_else(|| std::mem::take(&mut webhook.name));
    if let Some(avatar) = avatar {
        webhook.avatar = avatar.map(Into::into);
    }
    webhook.channel_id = channel.unwrap_or(webhook.channel_id);
    let (after, json) = (webhook.json(false), webhook.json(true));
    let (guild, home) = (webhook.guild_id, webhook.channel_id);
    audit::record_change(state, guild, by, Action::WebhookUpdate, id, &before, &after);
    webhooks::announce(state, guild, home);
    Ok(json)
}

fn remove(state: &mut State, by: &By, id: Snowflake) {
    let Some(webhook) = state.world.webhooks.remove(&id) else { return };
    let guild = webhook.guild_id;
    audit::record_change(state, guild, by, Action::WebhookDelete, id, &webhook.json(false), &Value::Null);
    webhooks::announce(state, guild, webhook.channel_id);
}
