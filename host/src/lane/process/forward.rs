//! What the host's own code says in the process of a cog: lines in the host's log.

use std::fmt;

use gearshift_cog::abi::Level;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
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
    let forward = Forward(to_host.clone());
    // The first one of this process.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(level).with(forward));
}

struct Forward(ToHostSender);

impl<S: Subscriber> Layer<S> for Forward {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
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
        self.0.send(&ToHost::News(News::Log(record)));
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
