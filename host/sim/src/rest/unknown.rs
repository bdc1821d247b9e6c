//! Reports what this Discord was sent and does not know: routes, fields of bodies, keys of queries.

use super::Call;
use crate::transcript::What;

/// Counts a route that does not exist, and says so: once to the log, each time to the transcript.
pub(super) fn report_route(call: &Call) {
    let times = call.shared.state().unknown_routes.count(&call.shape());
    if times == 1 {
        tracing::warn!(route = %call.shape(), "a bot called a route that this Discord does not have");
    }
    let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
    call.shared.transcript.write(What::UnknownRoute { method, path, times });
}

/// What no handler read of one call.
#[derive(Default)]
pub(super) struct Unknown {
    /// Fields of the body, by their place in it.
    pub(super) fields: Vec<String>,
    /// Keys of the query.
    pub(super) keys: Vec<String>,
}

/// The same for fields of the body, and, if the call went well, for keys of the query that nobody looked at: a call that
/// was refused may not have come so far.
pub(super) fn report(call: &Call, went_well: bool) -> Unknown {
    let fields = call.unread.take();
    let keys = if went_well { call.unread_query() } else { Vec::new() };
    for field in fields.iter().cloned().chain(keys.iter().map(|key| format!("?{key}"))) {
        let route = call.shape();
        let times = call.shared.state().unknown_fields.count(&format!("{route} {field}"));
        if times == 1 {
            tracing::warn!(%route, %field, "a bot sent a field that this Discord does not know");
        }
        let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
        call.shared.transcript.write(What::UnknownField { method, path, field, times });
    }
    Unknown { fields, keys }
}
