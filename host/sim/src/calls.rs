//! REST calls that are not answered yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// REST calls under way.
#[derive(Clone, Default)]
pub(crate) struct Calls {
    count: Arc<AtomicUsize>,
}

/// A call until it is dropped.
pub(crate) struct InFlight {
    calls: Calls,
}

impl Calls {
    pub(crate) fn begin(&self) -> InFlight {
        self.count.fetch_add(1, Ordering::AcqRel);
        InFlight { calls: self.clone() }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.calls.count.fetch_sub(1, Ordering::AcqRel);
    }
}
