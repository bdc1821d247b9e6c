//! The transcript over HTTP, as JSON or text, with waiting for new entries; and the unknown routes and fields.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::refusal;
use crate::form::{Result, Tally};
use crate::rest::{Call, Reply};
use crate::transcript::{Entry, Topic};

/// The most entries in one answer.
const MAX_ENTRIES: usize = 1000;
/// The longest that a caller waits for something to happen.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// `GET /control/transcript?since=&topics=&format=&wait_ms=`
pub(super) async fn read(call: &Call) -> Result<Reply> {
    let since = number(call, "since")?;
    let deadline = Instant::now() + Duration::from_millis(number(call, "wait_ms")?).min(MAX_WAIT);
    let topics = topics(call)?;
    let as_text = match call.query("format") {
        None | Some("json") => false,
        Some("text") => true,
        Some(other) => return Err(refusal(400, format!("`format` must be `json` or `text`, not `{other}`"))),
    };
    let transcript = &call.shared.transcript;
    // A number from before a restart would otherwise never be reached.
    let mut next = since.min(transcript.mark());
    let mut reader = transcript.reader_from(next);
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    while entries.len() < MAX_ENTRIES {
        let entry = match reader.try_next() {
            Some(entry) => entry,
            None if !entries.is_empty() => break,
            None => tokio::select! {
                entry = timeout_at(deadline.into(), reader.next()) => match entry {
                    Ok(entry) => entry,
                    Err(_) => break,
                },
                () = call.shared.closed() => break,
            },
        };
        next = entry.number + 1;
        if topics.is_empty() || topics.contains(&entry.kind.topic()) {
            entries.push(entry);
        }
    }
    if as_text {
        let mut text = String::new();
        for entry in &entries {
            let _ = writeln!(text, "{} {} {entry}", entry.number, entry.at);
        }
        return Ok(Reply::raw("text/plain; charset=utf-8".to_owned(), text.into()));
    }
    Ok(Reply::json(&json!({ "entries": entries, "next": next, "missed": reader.missed() })))
}

/// The topics asked for, separated by commas; none means all.
fn topics(call: &Call) -> Result<Vec<Topic>> {
    let named = call.query("topics").unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let read = |name: &str| {
        let topic =
            Topic::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name));
        topic.map_err(|error| refusal(400, format!("`topics`: {error}")))
    };
    named.map(read).collect()
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

fn number(call: &Call, key: &str) -> Result<u64> {
    let text = call.query(key).unwrap_or("0");
    text.parse().map_err(|_| refusal(400, format!("`{key}` must be a whole number, not `{text}`")))
}
