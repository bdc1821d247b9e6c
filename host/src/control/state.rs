//! The saved states of cogs, for `gearshift state`: listing, export, import and deletion. A running host does it on
//! request; if none is running, the command works on the store's file directly, which nobody else can have open then.

use std::{
    fmt,
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{protocol::Answer, table::aligned};
use crate::{
    duration::Shown,
    sessions::{
        Store,
        store::{SavedState, StateInfo, StoreError},
    },
};

/// The only format of [`ExportedState`] that this host reads and writes.
const FORM: u32 = 1;

/// A request about saved states: `{"do":"state","what":"export","cog":"counter"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum StateRequest {
    /// List them.
    List,
    /// Copy one.
    Export {
        /// The cog's name.
        cog: String,
    },
    /// Replace the saved state with this one.
    Import {
        /// The name of the cog that gets it.
        cog: String,
        /// The state.
        state: ExportedState,
    },
    /// Delete one.
    Drop {
        /// The cog's name.
        cog: String,
    },
}

/// A saved state outside the store: one JSON object, in a file and on the control socket alike.
///
/// ```json
/// {"gearshift_state":1,"cog":"counter","version":1,"saved_at_ms":1750000000000,"bytes":"eyJ0b3RhbCI6M30="}
/// ```
///
/// `version` is the cog's own schema version; `bytes` is what it saved, in base64 (RFC 4648, with padding).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedState {
    /// The version of this format.
    #[serde(deserialize_with = "known_form")]
    gearshift_state: u32,
    /// The cog that it was exported from.
    pub cog: String,
    version: u32,
    saved_at_ms: u64,
    bytes: Bytes,
}

/// Bytes that are base64 in JSON, and never printed.
#[derive(Clone, PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl ExportedState {
    /// Parses the output of [`export`](StateRequest::Export).
    ///
    /// # Errors
    /// Which field is wrong, and why.
    pub fn parse(text: &str) -> Result<ExportedState, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let state = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            match error.path().to_string().as_str() {
                "." => error.inner().to_string(),
                field => format!("`{field}`: {}", error.inner()),
            }
        })?;
        json.end().map_err(|error| error.to_string())?;
        Ok(state)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{} bytes]", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        let bytes =
            STANDARD.decode(text).map_err(|error| de::Error::custom(format!("not base64: {error}")))?;
        Ok(Bytes(bytes))
    }
}

fn known_form<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        FORM => Ok(FORM),
        other => Err(de::Error::custom(format!(
            "it has format {other}, and this gearshift reads only format {FORM}"
        ))),
    }
}

impl fmt::Display for StateRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateRequest::List => out.write_str("list"),
            StateRequest::Export { cog } => write!(out, "export {cog}"),
            StateRequest::Import { cog, .. } => write!(out, "import {cog}"),
            StateRequest::Drop { cog } => write!(out, "drop {cog}"),
        }
    }
}

/// Why the saved state of a cog cannot be changed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    /// The cog is being loaded.
    Loads,
    /// The generation with this number is serving and would overwrite the state.
    Serves(u64),
    /// The cog is not loaded, but its last state has not been written to the store yet.
    Unsaved,
}

impl InUse {
    fn refusal(self, cog: &str) -> Answer {
        let unload = || format!("`gearshift cogs unload {cog}` first; its file stays");
        let (why, help) = match self {
            InUse::Loads => ("it is being loaded".to_owned(), unload()),
            InUse::Serves(number) => (format!("`{cog}#{number}` serves, and would save over it"), unload()),
            InUse::Unsaved => (
                "its last state is not stored yet".to_owned(),
                "the host keeps trying to store it, and its log says why it fails (such as a full disk); try \
                 this again when it is stored"
                    .to_owned(),
            ),
        };
        Answer::refused(format!("cannot change the saved state of `{cog}`: {why}"), Some(help))
    }
}

/// Carries out a request. `in_use` says why a cog's saved state cannot be changed now; `None` if it can.
pub async fn answer_state(
    store: &Store,
    request: StateRequest,
    in_use: impl Fn(&str) -> Option<InUse>,
) -> Answer {
    let asked = request.to_string();
    let changed = match &request {
        StateRequest::Import { cog, .. } | StateRequest::Drop { cog } => Some(cog),
        StateRequest::List | StateRequest::Export { .. } => None,
    };
    if let Some(cog) = changed
        && let Some(in_use) = in_use(cog)
    {
        return in_use.refusal(cog);
    }
    let done = match request {
        StateRequest::List => list(store).await,
        StateRequest::Export { cog } => export(store, cog).await,
        StateRequest::Import { cog, state } => import(store, &cog, state).await,
        StateRequest::Drop { cog } => drop_state(store, &cog).await,
    };
    done.unwrap_or_else(|error| {
        let help = matches!(error, StoreError::TooLarge { .. }).then(|| {
            "raise the limit, or import a smaller one; what was saved before is still there".to_owned()
        });
        Answer::refused(format!("failed to {}: {error}", verb(&asked)), help)
    })
}

async fn list(store: &Store) -> Result<Answer, StoreError> {
    let states = store.states().await?;
    let rows: Vec<_> = states
        .iter()
        .map(|StateInfo { cog, version, size, saved_at_ms }| {
            serde_json::json!({ "cog": cog, "version": version, "bytes": size, "saved_at_ms": saved_at_ms })
        })
        .collect();
    let mut table = vec![["COG", "VERSION", "BYTES", "SAVED"].map(str::to_owned)];
    table.extend(states.into_iter().map(|StateInfo { cog, version, size, saved_at_ms }| {
        [cog, version.to_string(), size.to_string(), ago(saved_at_ms)]
    }));
    let mut text = if rows.is_empty() { "no state is saved".to_owned() } else { aligned(&table) };
    text.truncate(text.trim_end().len());
    Ok(Answer::done(text, &rows))
}

async fn export(store: &Store, cog: String) -> Result<Answer, StoreError> {
    let Some(SavedState { version, bytes, saved_at_ms }) = store.load_state(&cog).await? else {
        return none(store, &cog).await;
    };
    let text = format!(
        "exported the state of `{cog}`: {} bytes of version {version}, saved {}",
        bytes.len(),
        ago(saved_at_ms)
    );
    let state = ExportedState { gearshift_state: FORM, cog, version, saved_at_ms, bytes: Bytes(bytes) };
    Ok(Answer::done(text, &state))
}

async fn import(store: &Store, cog: &str, state: ExportedState) -> Result<Answer, StoreError> {
    let before = store.load_state(cog).await?;
    let ExportedState { cog: from, version, saved_at_ms, bytes: Bytes(bytes), .. } = state;
    let data = serde_json::json!({
        "cog": cog, "from": from, "version": version, "bytes": bytes.len(), "saved_at_ms": saved_at_ms,
        "replaced": before.is_some(),
    });
    let mut text = format!("imported the state of `{from}`");
    // Writing to a string does not fail.
    if from != cog {
        let _ = write!(text, " for `{cog}`");
    }
    let _ = write!(text, ": {} bytes of version {version}, saved {}", bytes.len(), ago(saved_at_ms));
    if let Some(before) = before {
        let (size, version, saved) = (before.bytes.len(), before.version, ago(before.saved_at_ms));
        let _ = write!(text, "; it replaces {size} bytes of version {version}, saved {saved}");
    }
    store.put_state(cog, SavedState { version, bytes, saved_at_ms }).await?;
    Ok(Answer::done(text, &data))
}

async fn drop_state(store: &Store, cog: &str) -> Result<Answer, StoreError> {
    let Some(SavedState { version, bytes, saved_at_ms }) = store.load_state(cog).await? else {
        return none(store, cog).await;
    };
    store.delete_state(cog).await?;
    let size = bytes.len();
    let data =
        serde_json::json!({ "cog": cog, "version": version, "bytes": size, "saved_at_ms": saved_at_ms });
    let saved = ago(saved_at_ms);
    Ok(Answer::done(
        format!("dropped the state of `{cog}`: {size} bytes of version {version}, saved {saved}"),
        &data,
    ))
}

async fn none(store: &Store, cog: &str) -> Result<Answer, StoreError> {
    let saved: Vec<String> = store.states().await?.into_iter().map(|state| state.cog).collect();
    let help = match saved.is_empty() {
        true => "no state is saved".to_owned(),
        false => format!("states are saved of: {}", saved.join(", ")),
    };
    Ok(Answer::refused(format!("no state of `{cog}` is saved"), Some(help)))
}

/// How long ago a time was, in milliseconds since 1970.
fn ago(at_ms: u64) -> String {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at_ms));
    match at.and_then(|at| SystemTime::now().duration_since(at).ok()) {
        Some(passed) => format!("{} ago", Shown(passed)),
        None => "in the future".to_owned(),
    }
}

/// `list` and `export counter` as they are written after `failed to`.
fn verb(asked: &str) -> String {
    match asked.split_once(' ') {
        Some((verb, cog)) => format!("{verb} the state of `{cog}`"),
        None => format!("{asked} the saved states"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(bytes: &[u8]) -> ExportedState {
        let bytes = Bytes(bytes.to_vec());
        ExportedState { gearshift_state: FORM, cog: "counter".to_owned(), version: 3, saved_at_ms: 7, bytes }
    }

    #[test]
    fn a_state_of_any_bytes_is_read_back_as_it_was_and_never_printed() {
        for bytes in [&b""[..], b"{}", &[0, 255, 10, 13, 34], &[7; 1000]] {
            let text = serde_json::to_string(&state(bytes)).unwrap();
            assert_eq!(ExportedState::parse(&text).unwrap(), state(bytes));
        }
        assert!(format!("{:?}", state(b"what a user said")).contains("[16 bytes]"));
    }

    #[test]
    fn who_may_not_change_a_state_learns_what_to_do_and_not_what_is_done() {
        for in_use in [InUse::Loads, InUse::Serves(7), InUse::Unsaved] {
            let refused = in_use.refusal("counter");
            let help = refused.help.expect("there is something to do");
            assert!(!refused.ok && refused.text.contains("`counter`"), "{}", refused.text);
            // It is not loaded, so it cannot be unloaded.
            assert_eq!(help.contains("cogs unload counter"), in_use != InUse::Unsaved, "{help}");
        }
    }

    #[test]
    fn what_is_no_exported_state_is_refused_with_the_field() {
        let good = serde_json::to_string(&state(b"{}")).unwrap();
        for (from, to, why) in [
            ("\"gearshift_state\":1", "\"gearshift_state\":2", "`gearshift_state`: it has format 2"),
            ("\"version\":3", "\"version\":-3", "`version`: invalid value"),
            ("\"version\":3,", "", "missing field `version`"),
            ("\"e30=\"", "\"e30\"", "`bytes`: not base64"),
            ("\"e30=\"", "\"§\"", "`bytes`: not base64"),
            ("}", "", "EOF while parsing"),
            ("}", "}}", "trailing characters"),
        ] {
            let error = ExportedState::parse(&good.replace(from, to)).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
    }
}
