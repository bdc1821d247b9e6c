//! What this Discord was sent and does not know: routes, fields of bodies, keys of queries. Counted and reported.
//! It decides nothing about the answer, except that a strict one refuses.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Call;
use crate::transcript::What;

/// Names that are counted apart, so that a scanner cannot fill the memory.
const MAX_NAMES: usize = 1000;
/// Unknown fields of one body that are reported; a body of megabytes could have any number.
const MAX_FIELDS: usize = 100;

/// How often each name was met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    times: HashMap<String, u64>,
}

impl Tally {
    /// Counts a name and returns how often it was met by now.
    pub(crate) fn count(&mut self, name: &str) -> u64 {
        if let Some(times) = self.times.get_mut(name) {
            *times += 1;
            return *times;
        }
        if self.times.len() < MAX_NAMES {
            self.times.insert(name.to_owned(), 1);
        }
        1
    }

    /// All names, those met most often first.
    pub(crate) fn sorted(&self) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self.times.iter().map(|(name, times)| (name.clone(), *times)).collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        all
    }
}

/// The fields of one call's body that nobody read.
#[derive(Debug, Default)]
pub(super) struct Unread {
    fields: Mutex<Vec<String>>,
    strict: bool,
}

impl Unread {
    /// Unknown fields make the body a bad one.
    pub(super) fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }

    pub(super) fn refused(&self) -> bool {
        self.strict
    }

    pub(super) fn note(&self, field: String) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if fields.len() < MAX_FIELDS {
            fields.push(field);
        }
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.fields.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts a route that does not exist, and says so: once to the log, each time to the transcript.
pub(super) fn report_route(call: &Call) {
    let times = call.shared.state().unknown_routes.count(&call.shape());
    if times == 1 {
        tracing::warn!(route = %call.shape(), "a bot called a route that this Discord does not have");
    }
    let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
    call.shared.transcript.write(What::UnknownRoute { method, path, times });
}

/// The same for fields of the body, and, if the call went well, for keys of the query that nobody looked at: a call that
/// was refused may not have come so far. Returns the first such key.
pub(super) fn report_fields(call: &Call, went_well: bool) -> Option<String> {
    let fields = call.unread.take();
    let keys = if went_well { call.unread_query() } else { Vec::new() };
    let first = keys.first().cloned();
    for field in fields.into_iter().chain(keys.into_iter().map(|key| format!("?{key}"))) {
        let route = call.shape();
        let times = call.shared.state().unknown_fields.count(&format!("{route} {field}"));
        if times == 1 {
            tracing::warn!(%route, %field, "a bot sent a field that this Discord does not know");
        }
        let (method, path) = (call.method().to_owned(), call.shown_path().into_owned());
        call.shared.transcript.write(What::UnknownField { method, path, field, times });
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_and_bounded() {
        let mut tally = Tally::default();
        for number in 0..MAX_NAMES + 10 {
            tally.count(&number.to_string());
        }
        assert_eq!(tally.count("5"), 2);
        assert_eq!((tally.sorted().len(), tally.sorted()[0].clone()), (MAX_NAMES, ("5".to_owned(), 2)));
    }
}
