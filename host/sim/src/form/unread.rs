//! What this Discord received and does not know, counted by name; and the fields of one body that no handler read.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many names are counted, so that a scanner cannot fill the memory.
const MAX_NAMES: usize = 1000;
/// How many unknown fields of one body are reported; a body of megabytes could have any number.
const MAX_FIELDS: usize = 100;

/// How often each name was seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    times: HashMap<String, u64>,
}

impl Tally {
    /// Counts a name and returns how often it was seen so far.
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

    /// All names, the most frequent first.
    pub(crate) fn sorted(&self) -> Vec<(String, u64)> {
        let mut all: Vec<_> = self.times.iter().map(|(name, times)| (name.clone(), *times)).collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        all
    }
}

/// The fields of one call's body that no handler read.
#[derive(Debug, Default)]
pub(crate) struct UnreadFields {
    fields: Mutex<Vec<String>>,
    strict: bool,
}

impl UnreadFields {
    /// A body with unknown fields is refused.
    pub(crate) fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }

    pub(crate) fn refused(&self) -> bool {
        self.strict
    }

    pub(crate) fn note(&self, field: String) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if fields.len() < MAX_FIELDS {
            fields.push(field);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.fields.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
