//! The simulator's clock, settling, and the present state of the world, over HTTP.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{body, refusal};
use crate::drive::advance::advance;
use crate::drive::settle::settle as settled;
use crate::form::Result;
use crate::rest::{Call, Reply};

/// What to do to the clock, in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    #[serde(default)]
    freeze: bool,
    advance_ms: Option<u64>,
    #[serde(default)]
    resume: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleRequest {
    #[serde(default = "default_within_ms")]
    within_ms: u64,
}

fn default_within_ms() -> u64 {
    5000
}

/// The longest that a call waits.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The furthest that one call moves the clock: a year.
const MAX_ADVANCE: Duration = Duration::from_secs(366 * 24 * 3600);

/// `GET /control/clock`
pub(super) fn clock(call: &Call) -> Reply {
    let clock = &call.shared.clock;
    Reply::json(&json!({ "now": clock.now(), "frozen": clock.is_frozen() }))
}

/// `POST /control/clock`
pub(super) async fn turn(call: &Call) -> Result<Reply> {
    let ClockRequest { freeze, advance_ms, resume } = body(call)?;
    let by = Duration::from_millis(advance_ms.unwrap_or_default());
    if by > MAX_ADVANCE {
        return Err(refusal(400, "the clock can advance by at most 366 days".to_owned()));
    }
    if freeze {
        call.shared.clock.freeze();
    }
    if !by.is_zero() {
        advance(&call.shared, by).await;
    }
    if resume {
        call.shared.clock.resume();
    }
    Ok(clock(call))
}

/// `POST /control/settle`
pub(super) async fn settle(call: &Call) -> Result<Reply> {
    let SettleRequest { within_ms } = body(call)?;
    let within = Duration::from_millis(within_ms).min(MAX_WAIT);
    let pending = settled(&call.shared, within).await.err().map(|error| error.pending);
    let busy_with = pending.as_ref().map(|pending| {
        json!({
            "calls": pending.calls, "events": pending.events, "interactions": pending.interactions,
            "working": pending.bot_busy,
        })
    });
    Ok(Reply::json(&json!({ "settled": pending.is_none(), "busy": busy_with })))
}

/// `GET /control/world`
pub(super) fn world(call: &Call) -> Reply {
    let text = call.shared.state().world.write();
    Reply::raw("application/toml".to_owned(), text.into())
}
