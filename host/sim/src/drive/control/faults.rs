//! Faults over HTTP: arms, lists and clears what goes wrong with REST calls.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{body, refusal};
use crate::faults::RestFault;
use crate::form::Result;
use crate::rest::{Call, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    #[serde(default = "any")]
    method: String,
    path: String,
    #[serde(default = "once")]
    times: u64,
    fault: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Status {
        status: u16,
        #[serde(default)]
        code: u32,
        message: Option<String>,
    },
    RateLimit {
        retry_after_ms: u64,
        #[serde(default)]
        global: bool,
    },
    Delay {
        ms: u64,
    },
    Drop,
    DropAnswer,
}

fn any() -> String {
    "*".to_owned()
}

fn once() -> u64 {
    1
}

/// `GET /control/faults`
pub(super) fn list(call: &Call) -> Reply {
    Reply::json(&json!({ "armed": call.shared.faults.armed() }))
}

/// `POST /control/faults`
pub(super) fn arm(call: &Call) -> Result<Reply> {
    let NewFault { method, path, times, fault } = body(call)?;
    if !path.starts_with(['/', '*']) {
        return Err(refusal(
            400,
            format!("the path must start with `/` or `*`, like `/channels/*/messages`, not `{path}`"),
        ));
    }
    let fault = match fault {
        Kind::Status { status: status @ 400..=599, code, message } => {
            RestFault::on_demand(status, code, message)
        }
        Kind::Status { status, .. } => {
            return Err(refusal(400, format!("the status must be from 400 to 599, not {status}")));
        }
        Kind::RateLimit { retry_after_ms, global } => {
            RestFault::RateLimit { retry_after: Duration::from_millis(retry_after_ms), global }
        }
        Kind::Delay { ms } => RestFault::Delay(Duration::from_millis(ms)),
        Kind::Drop => RestFault::Drop,
        Kind::DropAnswer => RestFault::DropAnswer,
    };
    call.shared.faults.rest(&method, &path, times, fault);
    Ok(Reply::json_with(201, &json!({ "armed": call.shared.faults.armed() })))
}

/// `DELETE /control/faults`
pub(super) fn clear(call: &Call) -> Reply {
    call.shared.faults.clear();
    Reply::nothing()
}
