//! Invites over REST: make, read, take away, and entering a guild by one.
//! It does not tell members of those who come; `rules` does.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::accounts::Account;
use crate::form::ApiError;
use crate::ids::Snowflake;
use crate::rules::{Action, By, access, audit, dispatch, invites, members};
use crate::sessions::{Payload, intents};
use crate::state::State;
use crate::world::wire::{guild_glimpse, partial_channel};
use crate::world::{Invite, bits};

/// Invites of a guild.
const MAX_INVITES: usize = 1000;
const DEFAULT_AGE_SECONDS: u64 = 24 * 3600;
const MAX_AGE_SECONDS: u64 = 7 * 24 * 3600;
const MAX_USES: u64 = 100;
/// Characters of a code.
const CODE_CHARS: usize = 8;

/// `POST /channels/{channel}/invites`
pub(super) fn create(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut fields = call.fields()?;
    let max_age = fields.number_within("max_age", 0..=MAX_AGE_SECONDS).unwrap_or(DEFAULT_AGE_SECONDS) as u32;
    let max_uses = fields.number_within("max_uses", 0..=MAX_USES).unwrap_or(0) as u32;
    let temporary = fields.flag("temporary").unwrap_or(false);
    let unique = fields.flag("unique").unwrap_or(false);
    fields.ignore(&["target_type", "target_user_id", "target_application_id"]);
    fields.checked()?;
    let mut state = call.shared.state();
    let (guild, home) = access::guild_channel_with(&state, by.user, channel, bits::CREATE_INSTANT_INVITE)?;
    let guild_id = guild.id;
    if home.thread.is_some() || home.kind == crate::world::ChannelKind::Category {
        return Err(ApiError::wrong_channel_type());
    }
    let like = state.world.invites.values().find(|invite| {
        invite.channel_id == channel
            && invite.inviter.id == by.user
            && (invite.max_age, invite.max_uses, invite.temporary) == (max_age, max_uses, temporary)
    });
    if let Some(like) = like.filter(|_| !unique) {
        return Ok(Reply::json(&json_of(&state, like, true)));
    }
    if state.world.invites.values().filter(|invite| invite.guild_id == guild_id).count() >= MAX_INVITES {
        return Err(ApiError::new(400, 30016, "Maximum number of invites reached (1000)"));
    }
    let invite = Invite {
        code: new_code(&mut state),
        channel_id: channel,
        guild_id,
        inviter: access::account(&state, by.user)?,
        created_at: state.world.clock.now(),
        max_age,
        max_uses,
        uses: 0,
        temporary,
    };
    Ok(Reply::json(&add(&mut state, &by, invite)))
}

fn new_code(state: &mut State) -> String {
    let id = state.world.next_id();
    let mut code = state.interactions.new_token(id);
    code.truncate(CODE_CHARS);
    code
}

fn add(state: &mut State, by: &By, invite: Invite) -> Value {
    let (guild, code, ends) = (invite.guild_id, invite.code.clone(), invite.expires_at());
    let json = json_of(state, &invite, true);
    let mut data = json!({
        "channel_id": invite.channel_id, "guild_id": guild, "code": code, "inviter": &*invite.inviter,
        "created_at": invite.created_at, "max_age": invite.max_age, "max_uses": invite.max_uses, "uses": 0,
        "temporary": invite.temporary, "type": 0,
    });
    data["expires_at"] = json!(ends);
    state.world.invites.insert(code.clone(), invite);
    let change = json!({ "key": "code", "new_value": code });
    audit::record(state, guild, by, Action::InviteCreate, None, vec![change], None);
    let payload = Payload::new("INVITE_CREATE", &data);
    dispatch::to_permitted(state, guild, intents::GUILD_INVITES, bits::MANAGE_CHANNELS, payload);
    invites::watch(state, &code);
    json
}

/// `GET /channels/{channel}/invites`
pub(super) fn of_channel(call: &Call, channel: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    access::guild_channel_with(&state, caller, channel, bits::MANAGE_CHANNELS)?;
    Ok(list(&state, |invite| invite.channel_id == channel))
}

/// `GET /guilds/{guild}/invites`
pub(super) fn of_guild(call: &Call, guild: Snowflake) -> Result<Reply, ApiError> {
    let caller = call.caller()?;
    let state = call.shared.state();
    access::guild_with(&state, caller, guild, bits::MANAGE_GUILD)?;
    Ok(list(&state, |invite| invite.guild_id == guild))
}

fn list(state: &State, is_asked: impl Fn(&Invite) -> bool) -> Reply {
    let found = state.world.invites.values().filter(|invite| is_asked(invite));
    Reply::json(&found.map(|invite| json_of(state, invite, true)).collect::<Vec<_>>())
}

/// `GET /invites/{code}?with_counts=&with_expiration=`
pub(super) fn invite(call: &Call, code: String) -> Result<Reply, ApiError> {
    let counts = call.query_flag("with_counts");
    call.ignore_query(&["with_expiration", "guild_scheduled_event_id"]);
    let state = call.shared.state();
    let invite = state.world.invites.get(&code).ok_or(unknown())?;
    let mut json = json_of(&state, invite, false);
    if counts && let Some(guild) = state.world.guild(invite.guild_id) {
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.members.len());
    }
    Ok(Reply::json(&json))
}

/// `POST /invites/{code}`: a person enters; bots are added by those who manage a guild.
pub(super) fn accept(call: &Call, code: String) -> Result<Reply, ApiError> {
    let Account::Person(person) = call.account()? else {
        return Err(ApiError::new(403, 20001, "Bots cannot use this endpoint"));
    };
    call.fields()?.ignore_all();
    let mut state = call.shared.state();
    let invite = state.world.invites.get(&code).ok_or(unknown())?;
    let (guild, json) = (invite.guild_id, json_of(&state, invite, false));
    if state.world.guild(guild).is_some_and(|home| home.belongings.bans.contains_key(&person)) {
        return Err(ApiError::new(403, 40007, "The user is banned from this guild."));
    }
    let account = access::account(&state, person)?;
    if members::admit(&mut state, guild, &account)
        && let Some(invite) = state.world.invites.get_mut(&code)
    {
        invite.uses += 1;
        if invite.max_uses > 0 && invite.uses >= invite.max_uses {
            invites::end(&mut state, &code);
        }
    }
    Ok(Reply::json(&json))
}

/// `DELETE /invites/{code}`
pub(super) fn delete(call: &Call, code: String) -> Result<Reply, ApiError> {
    let by = call.by()?;
    let mut state = call.shared.state();
    let invite = state.world.invites.get(&code).ok_or(unknown())?;
    let (guild, json) = (invite.guild_id, json_of(&state, invite, false));
    if access::guild_with(&state, by.user, guild, bits::MANAGE_GUILD).is_err() {
        access::guild_channel_with(&state, by.user, invite.channel_id, bits::MANAGE_CHANNELS)?;
    }
    invites::end(&mut state, &code);
    let change = json!({ "key": "code", "old_value": code });
    audit::record(&mut state, guild, &by, Action::InviteDelete, None, vec![change], None);
    Ok(Reply::json(&json))
}

fn json_of(state: &State, invite: &Invite, with_metadata: bool) -> Value {
    let mut json = json!({
        "type": 0, "code": invite.code, "guild_id": invite.guild_id, "inviter": &*invite.inviter,
        "guild": state.world.guild(invite.guild_id).map(guild_glimpse),
        "channel": state.world.channel(invite.channel_id).map(partial_channel),
        "expires_at": invite.expires_at(),
    });
    if with_metadata {
        json["uses"] = json!(invite.uses);
        json["max_uses"] = json!(invite.max_uses);
        json["max_age"] = json!(invite.max_age);
        json["temporary"] = json!(invite.temporary);
        json["created_at"] = json!(invite.created_at);
    }
    json
}

fn unknown() -> ApiError {
    ApiError::new(404, 10006, "Unknown Invite")
}
