//! Sends the `tracing` events of the cog under test to the log of its own test, as several tests run in one process.

use std::{cell::Cell, rc::Rc};

use tracing::{
    Event, Level, Metadata, Subscriber,
    dispatcher::{self, Dispatch},
    level_filters::LevelFilter,
    span,
};

use super::{host, world::World};
use crate::{
    abi,
    export::in_test::{self, forward},
};

thread_local! {
    /// The host of the cog that runs on this thread at the moment.
    static RUNNING: Cell<Option<abi::Host>> = const { Cell::new(None) };
}

/// The subscriber of one generation.
pub(super) struct Log(Dispatch);

impl Log {
    pub(super) fn new() -> Self {
        Self(Dispatch::new(Forward))
    }

    /// Runs code of the cog: its log goes to its host, and a panic becomes a fault.
    pub(super) fn within<T>(&self, world: &Rc<World>, body: impl FnOnce() -> T) -> T {
        let before = RUNNING.replace(Some(host::host(world)));
        let result = dispatcher::with_default(&self.0, || in_test::run(body));
        RUNNING.set(before);
        result
    }
}

struct Forward;

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(host) = RUNNING.get() {
            forward(&host, event);
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
