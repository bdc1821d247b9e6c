//! Forwards the cog's `tracing` events to the host's log. Spans are accepted and not forwarded.
//! The subscriber lives in the cog: sharing the host's would leave pointers into the cog behind.
#![allow(unsafe_code, reason = "shares the host's function table between threads")]

use std::{
    fmt::{self, Write},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use abi_stable::std_types::{RSlice, RStr};
use tracing::{
    Event, Metadata, Subscriber,
    dispatcher::{self, Dispatch},
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::{
    Host,
    abi::{self, Level, LogRecord},
};

/// Where this library's log goes.
static HOST: OnceLock<Shared> = OnceLock::new();
/// Ids of spans.
static SPANS: AtomicU64 = AtomicU64::new(0);

/// Sends what this library logs to `host`.
pub(super) fn install(host: &Host) {
    let _ = HOST.set(Shared(host.raw()));
    // Fails only if the cog's author has already installed a subscriber, which then stays.
    let _ = dispatcher::set_global_default(Dispatch::new(Forward));
}

/// The host's table, used from any thread of the cog.
struct Shared(abi::Host);

// SAFETY: the host's log functions may be called from any thread; nothing else is used here.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Has no data: `tracing` never frees the global subscriber, so each generation leaks the little that this takes.
struct Forward;

fn host() -> Option<&'static abi::Host> {
    HOST.get().map(|shared| &shared.0)
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.max_level_hint().is_some_and(|most| *metadata.level() <= most)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let host = host()?;
        Some((host.table.log_level())(host.lease).map_or(LevelFilter::OFF, |level| match level {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        }))
    }

    fn event(&self, event: &Event<'_>) {
        if let Some(host) = host() {
            forward(host, event);
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(SPANS.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Sends an event to the log of `host`.
pub(crate) fn forward(host: &abi::Host, event: &Event<'_>) {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let pairs: Vec<abi::Field<'_>> = fields
        .others
        .iter()
        .map(|(name, value)| abi::Field { name: (*name).into(), value: RStr::from(&**value) })
        .collect();
    let metadata = event.metadata();
    let record = LogRecord {
        level: level(*metadata.level()),
        target: metadata.target().into(),
        message: RStr::from(&*fields.message),
        fields: RSlice::from_slice(&pairs),
    };
    (host.table.log())(host.lease, &record);
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

/// An event's fields as text.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.others.push((field.name(), format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.others.push((field.name(), value.to_owned()));
        }
    }
}
