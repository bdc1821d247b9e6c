//! Accounts over REST: the gateway's URL, the caller's account, users, direct messages.

use serde_json::json;

use super::guilds::settings::picture;
use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{access, channels, users};
use crate::world::wire::channel_json_for;

/// The number of guilds for which Discord recommends one more shard.
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
    let (caller, state) = call.open()?;
    let mut user = state.world.own_account(&*access::account(&state, caller)?);
    user["locale"] = json!("en-US");
    Ok(Reply::json(&user))
}

/// `PATCH /users/@me`
pub(super) fn edit(call: &Call) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let mut fields = call.fields()?;
    let username = fields.text_within("username", 2..=32);
    let global_name = fields.nullable("global_name", |of, key| of.text(key, 32));
    let avatar = fields.nullable("avatar", picture);
    fields.ignore(&["banner"]);
    let taken = username.as_ref().is_some_and(|name| {
        state.world.users.values().any(|user| user.id != caller && user.username == *name)
    });
    if taken {
        fields.fail("username", "USERNAME_ALREADY_TAKEN", "Username is already taken.");
    }
    fields.checked()?;
    let user = users::change(&mut state, caller, |user| {
        set(&mut user.username, username);
        set(&mut user.global_name, global_name);
        set(&mut user.avatar, avatar);
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
    let (caller, mut state) = call.open()?;
    let mut fields = call.fields()?;
    let recipient = fields.required("recipient_id", Fields::snowflake);
    fields.checked()?;
    let account = access::account(&state, caller)?;
    let recipient = access::account(&state, recipient)?;
    if recipient.bot && account.bot || recipient.id == caller {
        return Err(ApiError::cannot_message_user());
    }
    let id = channels::open_dm(&mut state, &account, &recipient);
    let channel = state.world.channel(id).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&channel_json_for(channel, caller)))
}
