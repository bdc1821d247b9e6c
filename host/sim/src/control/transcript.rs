//! The transcript over HTTP, as JSON or text, with waiting for what comes; and what bots asked for that is not there.
//! It adds nothing to it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::refusal;
use crate::rest::error::ApiError;
use crate::rest::unknown::Tally;
use crate::rest::{Call, Reply};
use crate::transcript::Entry;

/// Entries in one answer.
const MAX_ENTRIES: usize = 1000;
/// A caller waits at most this long for something to happen.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// `GET /control/transcript?since=&format=&wait_ms=`
pub(super) async fn read(call: &Call) -> Result<Reply, ApiError> {
    let since = number(call, "since")?;
    let wait = Duration::from_millis(number(call, "wait_ms")?).min(MAX_WAIT);
    let as_text = match call.query("format") {
        None | Some("json") => false,
        Some("text") => true,
        Some(other) => return Err(refusal(400, format!("a format is `json` or `text`, not `{other}`"))),
    };
    let transcript = &call.shared.transcript;
    // A number from before a restart would otherwise never be reached.
    let mut reader = transcript.reader_from(since.min(transcript.mark()));
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    if !wait.is_zero() {
        tokio::select! {
            first = timeout(wait, reader.next()) => entries.extend(first),
            () = call.shared.closed() => {}
        }
    }
    entries.extend(std::iter::from_fn(|| reader.try_next()).take(MAX_ENTRIES - entries.len()));
    if as_text {
        let mut text = String::new();
        for entry in &entries {
            let _ = writeln!(text, "{} {} {entry}", entry.number, entry.at);
        }
        return Ok(Reply::raw("text/plain; charset=utf-8".to_owned(), text.into()));
    }
    let next = entries.last().map_or(since.min(transcript.mark()), |last| last.number + 1);
    Ok(Reply::json(&json!({ "entries": entries, "next": next, "missed": reader.missed() })))
}

/// `GET /control/unknown`
pub(super) fn unknown(call: &Call) -> Reply {
    let state = call.shared.state();
    let listed = |tally: &Tally, what: &str| -> Value {
        tally.sorted().into_iter().map(|(name, times)| json!({ what: name, "times": times })).collect()
    };
    Reply::json(&json!({
        "routes": listed(&state.unknown_routes, "route"), "fields": listed(&state.unknown_fields, "field"),
    }))
}

fn number(call: &Call, key: &str) -> Result<u64, ApiError> {
    let text = call.query(key).unwrap_or("0");
    text.parse().map_err(|_| refusal(400, format!("`{key}` is a whole number, not `{text}`")))
}
