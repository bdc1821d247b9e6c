//! The gateway's part of the discord handle: presence, members, shards, and who the bot is.

use abi_stable::std_types::{RResult, RStr, RString};
use serde_json::{Value, json};

use crate::{
    abi::{HandleError, HandleErrorKind, Lease},
    testing::world::World,
};

pub(super) extern "C" fn ask(lease: Lease, request: RStr<'_>) -> RResult<RString, HandleError> {
    answer(&World::of(lease), request.as_str()).map(|answer| answer.to_string().into()).into()
}

fn answer(world: &World, request: &str) -> Result<Value, HandleError> {
    let request: Value = serde_json::from_str(request).map_err(|cause| {
        HandleError::new(HandleErrorKind::Invalid, format!("the gateway cannot read the request: {cause}"))
    })?;
    // Whether a user is an owner is a condition of commands, and so always allowed.
    if request["do"] != "application" {
        world.authorize("gateway")?;
    }
    match request["do"].as_str() {
        Some("presence") => {
            world.note(format!("presence: {}", request["presence"]));
            world.discord.borrow_mut().presence = request["presence"].clone();
            Ok(Value::Null)
        }
        Some("members") => {
            let chunk = world.discord.borrow().members_chunk(&request);
            world.note("gateway: members are requested".to_owned());
            world.emit("GUILD_MEMBERS_CHUNK", chunk);
            Ok(Value::Null)
        }
        Some("shards") => Ok(json!([{
            "shard": 0, "state": "ready", "latency_ms": 40.0, "session_ms": world.clock.elapsed_ms(), "resumes": 0
        }])),
        Some("application") => Ok(world.discord.borrow().application()),
        _ => Err(HandleError::new(HandleErrorKind::Invalid, "the gateway does not know this request")),
    }
}
