//! Invites over REST: create, get, delete, and join a guild with one.

use serde_json::{Value, json};

use super::guilds::add_counts;
use super::{Call, Reply};
use crate::form::Result;
use crate::ids::Snowflake;
use crate::rules::access;
use crate::rules::invites::{self, InviteOptions};
use crate::state::State;
use crate::world::wire::{partial_channel, partial_guild};
use crate::world::{Invite, bits};

const DEFAULT_AGE_SECONDS: u32 = 24 * 3600;
const MAX_AGE_SECONDS: u32 = 7 * 24 * 3600;
const MAX_USES: u32 = 100;

/// `POST /channels/{channel}/invites`
pub(super) fn create(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let options = InviteOptions {
        max_age: fields.number_within("max_age", 0..=MAX_AGE_SECONDS).unwrap_or(DEFAULT_AGE_SECONDS),
        max_uses: fields.number_within("max_uses", 0..=MAX_USES).unwrap_or(0),
        temporary: fields.flag("temporary").unwrap_or(false),
    };
    let unique = fields.flag("unique").unwrap_or(false);
    // For a stream or an activity; here it leads to the channel all the same.
    fields.choice("target_type", &[1_u64, 2]);
    fields.ignore(&["target_user_id", "target_application_id"]);
    fields.checked()?;
    let mut state = call.shared.state();
    let invite = invites::create(&mut state, &by, channel, options, unique)?;
    Ok(Reply::json(&json_of(&state, &invite, true)))
}

/// `GET /channels/{channel}/invites`
pub(super) fn of_channel(call: &Call, channel: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    access::guild_channel_with(&state, caller, channel, bits::MANAGE_CHANNELS)?;
    Ok(list(&state, true, |invite| invite.channel_id == channel))
}

/// `GET /guilds/{guild}/invites`
pub(super) fn of_guild(call: &Call, guild: Snowflake) -> Result<Reply> {
    let (caller, state) = call.open()?;
    // Users who may only view the audit log do not see how often an invite was used.
    // https://discord.com/developers/docs/resources/guild#get-guild-invites
    let manages = access::guild_with(&state, caller, guild, bits::MANAGE_GUILD);
    if manages.is_err() {
        access::guild_with(&state, caller, guild, bits::VIEW_AUDIT_LOG)?;
    }
    Ok(list(&state, manages.is_ok(), |invite| invite.guild_id == guild))
}

fn list(state: &State, with_metadata: bool, is_asked: impl Fn(&Invite) -> bool) -> Reply {
    let found = state.world.invites.values().filter(|invite| is_asked(invite));
    Reply::json(&found.map(|invite| json_of(state, invite, with_metadata)).collect::<Vec<_>>())
}

/// `GET /invites/{code}?with_counts=&with_expiration=`
pub(super) fn invite(call: &Call, code: String) -> Result<Reply> {
    let counts = call.query_flag("with_counts");
    call.ignore_query(&["with_expiration", "guild_scheduled_event_id"]);
    let state = call.shared.state();
    let invite = invites::find(&state, &code)?;
    let mut json = json_of(&state, invite, false);
    if counts && let Some(guild) = state.world.guild(invite.guild_id) {
        add_counts(&mut json, guild);
    }
    Ok(Reply::json(&json))
}

/// `POST /invites/{code}`: a user joins. Bots cannot: they are added by users who manage the guild.
pub(super) fn accept(call: &Call, code: String) -> Result<Reply> {
    let person = call.user()?;
    call.fields()?.ignore_all();
    let mut state = call.shared.state();
    let invite = invites::accept(&mut state, &code, person)?;
    Ok(Reply::json(&json_of(&state, &invite, false)))
}

/// `DELETE /invites/{code}`
pub(super) fn delete(call: &Call, code: String) -> Result<Reply> {
    let (by, mut state) = call.act()?;
    let invite = invites::revoke(&mut state, &by, &code)?;
    Ok(Reply::json(&json_of(&state, &invite, false)))
}

fn json_of(state: &State, invite: &Invite, with_metadata: bool) -> Value {
    let mut json = json!({
        "type": 0, "code": invite.code, "guild_id": invite.guild_id, "inviter": &*invite.inviter,
        "guild": state.world.guild(invite.guild_id).map(partial_guild),
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
