//! Reports what this Discord received and does not know: routes, fields of bodies, query keys.

use super::Call;
use crate::transcript::EntryKind;

/// Counts and reports a route that does not exist: in the log the first time, in the transcript every time.
pub(super) fn report_route(call: &Call) {
    let times = call.shared.state().unknown_routes.count(&call.shape());
    if times == 1 {
        tracing::warn!(route = %call.shape(), "a bot called a route that the built-in Discord does not have");
    }
    let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
    call.shared.transcript.write(EntryKind::UnknownRoute { method, path, times });
}

/// What no handler read of a call.
#[derive(Default)]
pub(super) struct Unknown {
    /// Paths of fields in the body.
    pub(super) fields: Vec<String>,
    /// Query keys.
    pub(super) keys: Vec<String>,
}

/// The same for fields of the body, and, if the call succeeded, for query keys that no handler read: a call that was
/// refused may not have got far enough to read them.
pub(super) fn report(call: &Call, went_well: bool) -> Unknown {
    let fields = call.unread.take();
    let keys = if went_well { call.unread_query() } else { Vec::new() };
    for field in fields.iter().cloned().chain(keys.iter().map(|key| format!("?{key}"))) {
        let route = call.shape();
        let times = call.shared.state().unknown_fields.count(&format!("{route} {field}"));
        if times == 1 {
            tracing::warn!(%route, %field, "a bot sent a field that the built-in Discord does not know");
        }
        let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
        call.shared.transcript.write(EntryKind::UnknownField { method, path, field, times });
    }
    Unknown { fields, keys }
}
