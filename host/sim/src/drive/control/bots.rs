//! Bots: lists them with their tokens, adds new ones, and drives their gateway from outside.

use serde::Deserialize;
use serde_json::{Value, json};

use super::people::{checked_name, missing};
use super::{body, refusal};
use crate::drive::gateway::Gateway;
use crate::form::Result;
use crate::rest::{Call, Reply};
use crate::rules::users;
use crate::world::{Bot, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBot {
    name: String,
}

/// What to do to the bots' sessions.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum GatewayAction {
    /// Cut every connection without a close frame.
    Drop,
    /// Send op 7 (reconnect).
    Reconnect,
    /// Send op 9 (invalid session).
    Invalidate {
        #[serde(default)]
        resumable: bool,
    },
    /// Close every connection.
    Close { code: u16 },
    /// Stop acknowledging heartbeats, or acknowledge them again.
    Silence { on: bool },
    /// Refuse new connections, or accept them again.
    Refuse { on: bool },
    /// Refuse connections to the address for resuming, or accept them again.
    RefuseResumes { on: bool },
    /// Make a guild unavailable, or available again.
    Outage { guild: String, on: bool },
}

/// `GET /control/bots`
pub(super) fn list(call: &Call) -> Reply {
    let state = call.shared.state();
    let connected = |bot: &Bot| {
        state.sessions.iter().filter(|session| session.user() == bot.id() && session.is_connected()).count()
    };
    let bots = state.world.bots().iter().map(|bot| described(&state.world, bot, connected(bot)));
    Reply::json(&bots.collect::<Vec<_>>())
}

/// `POST /control/bots`
pub(super) fn add(call: &Call) -> Result<Reply> {
    let NewBot { name } = body(call)?;
    checked_name(&name)?;
    let mut state = call.shared.state();
    if state.world.bots().iter().any(|bot| bot.user.username == name) {
        return Err(refusal(409, format!("a bot called `{name}` already exists")));
    }
    let bot = users::add_bot(&mut state, &name);
    Ok(Reply::json_with(201, &described(&state.world, &bot, 0)))
}

/// `GET /control/gateway`
pub(super) fn gateway(call: &Call) -> Reply {
    let gateway = Gateway::new(call.shared.clone());
    Reply::json(&json!({ "sessions": gateway.sessions(), "connected": gateway.connected() }))
}

/// `POST /control/gateway`
pub(super) fn drive(call: &Call) -> Result<Reply> {
    let gateway = Gateway::new(call.shared.clone());
    let sessions = match body(call)? {
        GatewayAction::Drop => gateway.drop_sockets(),
        GatewayAction::Reconnect => gateway.ask_reconnect(),
        GatewayAction::Invalidate { resumable } => gateway.invalidate(resumable),
        GatewayAction::Close { code: code @ 1000..=4999 } => gateway.close_sockets(code),
        GatewayAction::Close { code } => {
            return Err(refusal(400, format!("the close code must be from 1000 to 4999, not {code}")));
        }
        GatewayAction::Silence { on } => {
            gateway.ignore_heartbeats(on);
            gateway.connected()
        }
        GatewayAction::Refuse { on } => {
            gateway.refuse_connections(on);
            gateway.connected()
        }
        GatewayAction::RefuseResumes { on } => {
            gateway.refuse_resumes(on);
            gateway.connected()
        }
        GatewayAction::Outage { guild, on } => {
            let outage = if on { gateway.begin_outage(&guild) } else { gateway.end_outage(&guild) };
            outage.map_err(missing)?
        }
    };
    Ok(Reply::json(&json!({ "sessions": sessions })))
}

fn described(world: &World, bot: &Bot, connected: usize) -> Value {
    let guilds = world.guilds().filter(|guild| guild.members.contains_key(&bot.id()));
    json!({
        "user": &*bot.user, "token": bot.token, "sessions": connected,
        "guild_ids": guilds.map(|guild| guild.id).collect::<Vec<_>>(),
    })
}
