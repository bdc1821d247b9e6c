//! The log: one line an event on stderr, readable by people or as JSON. A cog's lines begin with `name#generation`.
//! It decides nothing about what is logged; the filter does.

mod journal;

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{ParseError, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer, layer},
    layer::SubscriberExt,
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

pub use self::journal::{Journal, Line as JournalLine};
use crate::config::{Log, LogFormat};

/// The variable that goes before `[log] filter`.
const VARIABLE: &str = "RUST_LOG";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not understood.
    #[error("cannot use the log filter `{filter}` from {origin}: {why}")]
    Filter {
        /// The filter.
        filter: String,
        /// Where it came from.
        origin: &'static str,
        /// What is wrong.
        why: String,
    },
    /// There is one already.
    #[error("the log is set up already")]
    Twice,
}

impl LogError {
    /// What the reader can do.
    pub fn help(&self) -> Option<String> {
        match self {
            LogError::Filter { .. } => Some(
                "a level (error, warn, info, debug, trace), or levels by target: info,cog=debug,gearshift_host::gateway=trace"
                    .to_owned(),
            ),
            LogError::Twice => None,
        }
    }
}

/// Begins to log, also into `journal` if somebody looks there. `filter` goes before the variable `RUST_LOG`, and that
/// before `[log] filter`.
///
/// # Errors
/// When the filter is not understood, or there is a log already.
pub fn init(config: &Log, filter: Option<&str>, journal: Option<Journal>) -> Result<(), LogError> {
    let variable = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let (text, origin) = match (filter, &variable) {
        (Some(filter), _) => (filter, "--log"),
        (None, Some(filter)) => (filter.as_str(), VARIABLE),
        (None, None) => (config.filter.as_str(), "`[log] filter`"),
    };
    let filter: Targets = text.parse().map_err(|error: ParseError| LogError::Filter {
        filter: text.to_owned(),
        origin,
        why: error.to_string(),
    })?;
    let (log, lines) = (registry().with(filter).with(journal), layer().with_writer(Lines));
    let done = match config.format {
        LogFormat::Json => log.with(lines.json().flatten_event(true).with_current_span(false)).try_init(),
        LogFormat::Text => log.with(lines.event_format(Text { colour: is_coloured() })).try_init(),
    };
    done.map_err(|_| LogError::Twice)
}

/// Whether the log may hold colours: stderr is a terminal, and nobody said `NO_COLOR`.
pub fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Takes lines, each with its line end.
type Taker = Box<dyn FnMut(&str) + Send>;

/// Who takes the lines instead of stderr: a prompt or a progress line must not be written over.
static TAKER: Mutex<Option<Taker>> = Mutex::new(None);

/// Gives the lines to `taker` instead of stderr, from now on.
pub fn redirect(taker: impl FnMut(&str) + Send + 'static) {
    *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(taker));
}

/// Gives the lines to stderr again.
pub fn to_stderr() {
    TAKER.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// Writes a text that is no event to where the log goes, for instance a compiler's own words.
pub fn write(text: &str) {
    let mut taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *taker {
        Some(take) => take(text),
        // A log that cannot be written has nowhere to say so.
        None => _ = io::stderr().lock().write_all(text.as_bytes()),
    }
}

/// Makes one writer an event; the event is written as a whole when it is dropped.
struct Lines;

struct Line(Vec<u8>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::with_capacity(128))
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            write(&String::from_utf8_lossy(&self.0));
        }
    }
}

/// `17:09:20.123Z INFO  ping#3: text key=value`.
struct Text {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut parts = Parts::default();
        event.record(&mut parts);
        let level = event.metadata().level();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.colour {
            write!(out, "\x1b[2m{}\x1b[0m {}{level:<5}\x1b[0m ", clock(now), colour_of(*level))?;
        } else {
            write!(out, "{} {level:<5} ", clock(now))?;
        }
        if let Some(cog) = &parts.cog {
            match self.colour {
                true => write!(out, "\x1b[1m{cog}\x1b[0m: ")?,
                false => write!(out, "{cog}: ")?,
            }
        }
        writeln!(out, "{}{}", parts.message, parts.others)
    }
}

/// Time of day, UTC: a log is read beside others, and days change the zone.
fn clock(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs() % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}Z", seconds % 60, since_epoch.subsec_millis())
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

/// An event's fields, by what a line does with them.
#[derive(Default)]
struct Parts {
    message: String,
    cog: Option<String>,
    others: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "cog" => self.cog = Some(value.to_owned()),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "cog" => {
                self.cog = Some(format!("{value:?}"));
                Ok(())
            }
            // Where in the cog's source: for the JSON format and the filter.
            "module" => Ok(()),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_read_from_the_clock() {
        assert_eq!(clock(Duration::from_millis(86_400_000 * 3 + 3_723_045)), "01:02:03.045Z");
    }

    #[test]
    fn a_wrong_filter_is_named_with_where_it_came_from() {
        let log = Log { filter: "info".to_owned(), format: LogFormat::Text };
        let error = init(&log, Some("cog=lots"), None).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot use the log filter `cog=lots` from --log: "),
            "{error}"
        );
        assert!(error.help().is_some());
    }
}
