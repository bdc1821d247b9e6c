//! What the host's own code says in the process of a cog: lines in the host's log.

use std::fmt;

use gearshift_cog::abi::Level;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use super::{child::ToHostSender, wire::ToHost};
use crate::handles::{News, Record};

/// From now on, up to that level: 0 = none, 5 = everything.
pub(super) fn install(to_host: &ToHostSender, level: u8) {
    let level = match level {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // The first one of this process.
    let _ = tracing::subscriber::set_global_default(Forward { to_host: to_host.clone(), level });
}

/// Spans are not looked at: each line says itself whose it is.
struct Forward {
    to_host: ToHostSender,
    level: LevelFilter,
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let metadata = event.metadata();
        let level = match *metadata.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        let record = Record { level, module: metadata.target().to_owned(), text: text.0 };
        self.to_host.send(&ToHost::News(News::Log(record)));
    }
}

/// The message; whose it is, the host knows.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            "cog" => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
