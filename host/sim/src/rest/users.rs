//! Who is who over REST: the gateway's address, the caller's account, users, direct messages.

use serde_json::json;

use super::guilds::settings::picture;
use super::{Call, Reply};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::rules::{access, channels, users};
use crate::world::wire::channel_json_for;

/// For so many guilds Discord recommends one more shard.
const GUILDS_PER_SHARD: usize = 1000;

/// `GET /gateway`
pub(super) fn gateway(call: &Call) -> Result<Reply> {
    Ok(Reply::json(&json!({ "url": call.shared.gateway_url() })))
}

/// `GET /gateway/bot`
pub(super) fn gateway_bot(call: &Call) -> Result<Reply> {
    let bot = call.bot()?;
    let state = call.shared.state();
    let guilds = state.world.guilds.values().filter(|guild| guild.members.contains_key(&bot)).count();
    let concurrency = call.shared.options.max_concurrency;
    Ok(Reply::json(&json!({
        "url": call.shared.gateway_url(), "shards": guilds.div_ceil(GUILDS_PER_SHARD).max(1),
        "session_start_limit": state.starts.json(bot, concurrency, call.shared.clock.now()),
    })))
}

/// `GET /users/@me`
pub(super) fn me(call: &Call) -> Result<Reply> {
    let caller = call.caller()?;
    let state = call.shared.state();
    let mut user = state.world.own_account(&*access::account(&state, caller)?);
    user["locale"] = json!("en-US");
    Ok(Reply::json(&user))
}

/// `PATCH /users/@me`
pub(super) fn edit(call: &Call) -> Result<Reply> {
    let caller = call.caller()?;
    let mut fields = call.fields()?;
    let username = fields.text_within("username", 2..=32);
    let global_name = fields.has("global_name").then(|| fields.text("global_name", 32));
    let avatar = fields.has("avatar").then(|| picture(&mut fields, "avatar"));
    fields.ignore(&["banner"]);
    let mut state = call.shared.state();
    let taken = username.as_ref().is_some_and(|name| {
        state.world.users.values().any(|user| user.id != caller && user.username == *name)
    });
    if taken {
        fields.fail("username", "USERNAME_ALREADY_TAKEN", "Username is already taken.");
    }
    fields.checked()?;
    let user = users::change(&mut state, caller, |user| {
        user.username = username.unwrap_or_else(|| std::mem::take(&mut user.username));
        user.global_name = global_name.unwrap_or_else(|| user.global_name.take());
        user.avatar = avatar.unwrap_or_else(|| user.avatar.take());
    });
    drop(state);
    user.ok_or(ApiError::unknown_user())?;
    me(call)
}

/// `GET /users/{user}`
pub(super) fn user(call: &Call, user: Snowflake) -> Result<Reply> {
    call.caller()?;
    let state = call.shared.state();
    let user = state.world.user(user).ok_or(ApiError::unknown_user())?;
    Ok(Reply::json(&**user))
}

/// `POST /users/@me/channels`
pub(super) fn open_dm(call: &Call) -> Result<Reply> {
    let caller = call.caller()?;
    let mut fields = call.fields()?;
    let recipient = fields.snowflake("recipient_id");
    if recipient.is_none() && fields.errors.is_empty() {
        fields.fail("recipient_id", "BASE_TYPE_REQUIRED", "This field is required");
    }
    fields.checked()?;
    let mut state = call.shared.state();
    let account = access::account(&state, caller)?;
    let recipient = recipient.and_then(|id| state.world.user(id).cloned()).ok_or(ApiError::unknown_user())?;
    if recipient.bot && account.bot || recipient.id == caller {
        return Err(ApiError::cannot_message_user());
    }
    let id = channels::open_dm(&mut state, &account, &recipient);
    let channel = state.world.channel(id).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&channel_json_for(channel, caller)))
}
