//! Invites: who may join a guild by a code, and until when.

use serde_json::json;

use super::{Action, Actor, access, audit, dispatch, members};
use crate::clock::Due;
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::state::State;
use crate::world::{ChannelKind, Invite, bits};

/// The most invites of a guild.
const MAX_INVITES: usize = 1000;
/// The length of a code.
const CODE_CHARS: usize = 8;

/// The conditions of an invite.
pub(crate) struct InviteOptions {
    /// Seconds; 0 is forever.
    pub(crate) max_age: u32,
    /// 0 is unlimited.
    pub(crate) max_uses: u32,
    pub(crate) temporary: bool,
}

pub(crate) fn find<'a>(state: &'a State, code: &str) -> Result<&'a Invite> {
    state.world.invites.get(code).ok_or(ApiError::new(404, 10006, "Unknown Invite"))
}

/// Creates an invite, or returns one of the caller's with the same conditions, unless it must be `unique`.
pub(crate) fn create(
    state: &mut State,
    by: &Actor,
    channel_id: Snowflake,
    options: InviteOptions,
    unique: bool,
) -> Result<Invite> {
    let (guild, channel) =
        access::guild_channel_with(state, by.user, channel_id, bits::CREATE_INSTANT_INVITE)?;
    let guild = guild.id;
    if channel.thread.is_some() || channel.kind == ChannelKind::Category {
        return Err(ApiError::wrong_channel_type());
    }
    let InviteOptions { max_age, max_uses, temporary } = options;
    let like = state.world.invites.values().find(|invite| {
        invite.channel_id == channel_id
            && invite.inviter.id == by.user
            && (invite.max_age, invite.max_uses, invite.temporary) == (max_age, max_uses, temporary)
    });
    if let Some(like) = like.filter(|_| !unique) {
        return Ok(like.clone());
    }
    if state.world.invites.values().filter(|invite| invite.guild_id == guild).count() >= MAX_INVITES {
        return Err(ApiError::new(400, 30016, "Maximum number of invites reached (1000)"));
    }
    let mut code = state.interactions.new_token(state.world.next_id());
    code.truncate(CODE_CHARS);
    let invite = Invite {
        code,
        channel_id,
        guild_id: guild,
        inviter: access::account(state, by.user)?,
        created_at: state.world.clock.now(),
        max_age,
        max_uses,
        uses: 0,
        temporary,
    };
    let data = json!({
        "channel_id": channel_id, "guild_id": guild, "code": invite.code, "inviter": &*invite.inviter,
        "created_at": invite.created_at, "max_age": max_age, "max_uses": max_uses, "uses": 0,
        "temporary": temporary, "type": 0, "expires_at": invite.expires_at(),
    });
    state.world.invites.insert(invite.code.clone(), invite.clone());
    let change = json!({ "key": "code", "new_value": invite.code });
    audit::write(state, guild, by, Action::InviteCreate, None, vec![change], None);
    dispatch::to_permitted(state, guild, bits::MANAGE_CHANNELS, "INVITE_CREATE", &data);
    watch(state, &invite.code);
    Ok(invite)
}

/// A user joins with an invite.
pub(crate) fn accept(state: &mut State, code: &str, user: Snowflake) -> Result<Invite> {
    let invite = find(state, code)?.clone();
    let guild = state.world.guild(invite.guild_id);
    if guild.is_some_and(|guild| guild.data.bans.contains_key(&user)) {
        return Err(ApiError::new(403, 40007, "The user is banned from this guild."));
    }
    let account = access::account(state, user)?;
    if members::admit(state, invite.guild_id, &account)
        && let Some(used) = state.world.invites.get_mut(code)
    {
        used.uses += 1;
        if used.max_uses > 0 && used.uses >= used.max_uses {
            end(state, code);
        }
    }
    Ok(invite)
}

/// Revokes an invite, for users who may manage its guild or its channel.
pub(crate) fn revoke(state: &mut State, by: &Actor, code: &str) -> Result<Invite> {
    let invite = find(state, code)?.clone();
    if access::guild_with(state, by.user, invite.guild_id, bits::MANAGE_GUILD).is_err() {
        access::guild_channel_with(state, by.user, invite.channel_id, bits::MANAGE_CHANNELS)?;
    }
    end(state, code);
    let change = json!({ "key": "code", "old_value": code });
    audit::write(state, invite.guild_id, by, Action::InviteDelete, None, vec![change], None);
    Ok(invite)
}

/// Removes an invite that was revoked, was used up or has expired.
pub(crate) fn end(state: &mut State, code: &str) {
    let Some(invite) = state.world.invites.remove(code) else { return };
    let data = json!({ "channel_id": invite.channel_id, "guild_id": invite.guild_id, "code": code });
    dispatch::to_guild(state, invite.guild_id, "INVITE_DELETE", &data);
}

/// Schedules the expiry of an invite.
pub(crate) fn watch(state: &State, code: &str) {
    let Some(ends) = state.world.invites.get(code).and_then(|invite| invite.expires_at()) else { return };
    state.world.clock.at(ends, Due::InviteExpires(code.to_owned()));
}
