//! Forwards what the host's own code logs in a cog's process to the host's log.

use std::fmt;

use gearshift_cog::abi::Level;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use super::{child::ToHostSender, wire::ToHost};
use crate::handles::{self, Notification, Record};

/// Installs the subscriber, for records up to `level`.
pub(super) fn install(to_host: &ToHostSender, level: Option<Level>) {
    // If there is one already, it stays.
    let _ = tracing::subscriber::set_global_default(Forward { to_host: to_host.clone(), level });
}

/// Spans are ignored: the host knows which cog each line belongs to.
struct Forward {
    to_host: ToHostSender,
    level: Option<Level>,
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.level.is_some_and(|level| handles::level_of(*metadata.level()) <= level)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.level {
            None => LevelFilter::OFF,
            Some(Level::Error) => LevelFilter::ERROR,
            Some(Level::Warn) => LevelFilter::WARN,
            Some(Level::Info) => LevelFilter::INFO,
            Some(Level::Debug) => LevelFilter::DEBUG,
            Some(Level::Trace) => LevelFilter::TRACE,
        })
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
        let level = handles::level_of(*metadata.level());
        let record = Record { level, module: metadata.target().to_owned(), text: text.0 };
        self.to_host.send(&ToHost::Notification(Notification::Log(record)));
    }
}

/// The text of the message; the host adds the cog.
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
