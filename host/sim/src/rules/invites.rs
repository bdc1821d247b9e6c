//! Invites: who may enter a guild by a code, and until when.

use serde_json::json;

use super::dispatch;
use crate::clock::Due;
use crate::sessions::{Payload, intents};
use crate::state::State;

/// Takes an invite away.
pub(crate) fn end(state: &mut State, code: &str) {
    let Some(invite) = state.world.invites.remove(code) else { return };
    let data = json!({ "channel_id": invite.channel_id, "guild_id": invite.guild_id, "code": code });
    dispatch::to_guild(state, invite.guild_id, intents::GUILD_INVITES, Payload::new("INVITE_DELETE", &data));
}

/// Ends an invite when its time has come.
pub(crate) fn watch(state: &State, code: &str) {
    let Some(ends) = state.world.invites.get(code).and_then(|invite| invite.expires_at()) else { return };
    state.world.clock.at(ends, Due::InviteExpires(code.to_owned()));
}
