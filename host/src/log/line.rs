//! Formats an event as one line: as text, or as JSON.
//!
//! ```text
//! 2026-07-29T17:09:20.123456Z INFO  ping#3: text key=value
//! ```
//!
//! The fields `help` and `output`, which only the host's own events use, become further lines below it, indented.

use std::{
    fmt::{self, Write},
    sync::OnceLock,
};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    fmt::{
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::Context,
};

use super::writer;
use crate::text::{Lines, OneLine};

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Coloured,
    Json,
}

/// The format of this process's log, once it is set.
static LOOK: OnceLock<Look> = OnceLock::new();

/// Queues every event as a line.
pub(super) struct LineLayer(Look);

impl LineLayer {
    pub(super) fn new(look: Look) -> LineLayer {
        LineLayer(*LOOK.get_or_init(|| look))
    }
}

impl<S: Subscriber> Layer<S> for LineLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        writer::queue(match self.0 {
            Look::Json => {
                let mut fields = Fields::default();
                event.record(&mut fields);
                json_line(level, event.metadata().target(), fields.0)
            }
            look => {
                let mut parts = Parts::default();
                event.record(&mut parts);
                text_line(level, &parts, look == Look::Coloured)
            }
        });
    }
}

/// A warning about the log itself, which cannot go through the log.
pub(super) fn notice(text: &str) -> String {
    match LOOK.get().unwrap_or(&Look::Plain) {
        Look::Json => {
            json_line(Level::WARN, module_path!(), Map::from_iter([("message".to_owned(), json!(text))]))
        }
        look => {
            let parts = Parts { message: text.to_owned(), ..Parts::default() };
            text_line(Level::WARN, &parts, *look == Look::Coloured)
        }
    }
}

fn text_line(level: Level, parts: &Parts, is_coloured: bool) -> String {
    let colour = |code: &'static str| if is_coloured { code } else { "" };
    let (dim, bold, end) = (colour("\x1b[2m"), colour("\x1b[1m"), colour("\x1b[0m"));
    let mut line = format!("{dim}{}{end} {}{level:<5}{end} ", now(), colour(colour_of(level)));
    // Writing to a string does not fail.
    if let Some(cog) = &parts.cog {
        let _ = write!(line, "{bold}{}{end}: ", OneLine(cog));
    }
    let _ = writeln!(line, "{}{}", OneLine(&parts.message), OneLine(&parts.others));
    for below in parts.below.lines() {
        let _ = writeln!(line, "    {}", Lines(below));
    }
    line
}

fn json_line(level: Level, target: &str, mut fields: Map<String, Value>) -> String {
    if let Some((cog, generation)) =
        fields.get("cog").and_then(Value::as_str).and_then(|id| id.split_once('#'))
        && let Ok(generation) = generation.parse::<u64>()
    {
        let cog = json!(cog);
        fields.insert("cog".to_owned(), cog);
        fields.insert("generation".to_owned(), json!(generation));
    }
    let mut line = Map::from_iter([
        ("timestamp".to_owned(), json!(now())),
        ("level".to_owned(), json!(level.as_str())),
        ("target".to_owned(), json!(target)),
    ]);
    line.append(&mut fields);
    format!("{}\n", Value::Object(line))
}

/// Date and time of day in UTC (RFC 3339): logs are compared with others, and the local offset changes during the year.
fn now() -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// An event's fields, grouped by their place in a text line.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) message: String,
    pub(super) cog: Option<String>,
    pub(super) others: String,
    /// Lines of their own below it.
    pub(super) below: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" | "cog" | "help" | "output" => self.record_debug(field, &format_args!("{value}")),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "cog" => {
                self.cog = Some(format!("{value:?}"));
                Ok(())
            }
            "help" => writeln!(self.below, "help: {value:?}"),
            "output" => writeln!(self.below, "{value:?}"),
            // The position in the cog's source: for the JSON format and the filter.
            "module" => Ok(()),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

/// An event's fields for JSON.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// The line of an event, as text and as JSON.
    fn lines(log: impl FnOnce()) -> (String, Value) {
        struct Capture(Arc<Mutex<(String, String)>>);
        impl<S: Subscriber> Layer<S> for Capture {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                let (mut parts, mut fields) = (Parts::default(), Fields::default());
                event.record(&mut parts);
                event.record(&mut fields);
                let level = *event.metadata().level();
                *self.0.lock().unwrap() =
                    (text_line(level, &parts, false), json_line(level, event.metadata().target(), fields.0));
            }
        }
        let kept = Arc::new(Mutex::default());
        let subscriber = tracing_subscriber::registry().with(Capture(Arc::clone(&kept)));
        tracing::subscriber::with_default(subscriber, log);
        let (text, json) = kept.lock().unwrap().clone();
        (text, serde_json::from_str(&json).unwrap())
    }

    /// The line without date and time.
    fn after_time(line: &str) -> &str {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == "2026-07-29T17:09:20.123456Z".len() && time.ends_with('Z'), "{time}");
        rest
    }

    #[test]
    fn a_line_cannot_be_forged_by_what_is_logged() {
        let bad = "a\n00:00:00 ERROR x\x1b[2J";
        let (text, json) = lines(|| {
            tracing::info!(target: "cog", cog = %"ping#3", raw = %bad, quoted = bad, debug = ?bad, "{bad}");
        });
        assert_eq!(
            after_time(&text),
            "INFO  ping#3: a\\n00:00:00 ERROR x\\u{1b}[2J raw=a\\n00:00:00 ERROR x\\u{1b}[2J \
             quoted=\"a\\n00:00:00 ERROR x\\u{1b}[2J\" debug=\"a\\n00:00:00 ERROR x\\u{1b}[2J\"\n"
        );
        assert_eq!((&json["message"], &json["raw"]), (&json!(bad), &json!(bad)));
    }

    #[test]
    fn the_hosts_further_lines_stand_indented_below() {
        let (text, json) = lines(|| {
            tracing::error!(output = %"error: x\n --> \x1b[1mlib.rs", help = "do\nit", count = 3, "cannot");
        });
        assert_eq!(
            after_time(&text),
            "ERROR cannot count=3\n    error: x\n     --> \\u{1b}[1mlib.rs\n    help: do\n    it\n"
        );
        assert_eq!((json["help"].as_str(), json["count"].as_u64()), (Some("do\nit"), Some(3)));
    }

    #[test]
    fn json_has_cog_and_generation_as_fields() {
        let (_, json) = lines(|| tracing::warn!(target: "cog", cog = %"my#cog#12", "late"));
        assert_eq!(json["cog"], "my#cog#12", "no name of a cog, so it is left as it is");
        let (_, json) = lines(|| tracing::warn!(target: "cog", cog = %"ping#12", "late"));
        assert_eq!((json["cog"].as_str(), json["generation"].as_u64()), (Some("ping"), Some(12)));
        assert_eq!((json["level"].as_str(), json["target"].as_str()), (Some("WARN"), Some("cog")));
    }
}
