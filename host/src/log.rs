//! The log: one line per event on stderr, as text or as JSON. A cog's lines begin with `name#generation`.
//! It does not decide what is logged; the filter does.

mod journal;
mod line;
mod writer;

use std::io::{self, IsTerminal};

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, registry, util::SubscriberInitExt};

use self::line::{LineLayer, Look};
pub use self::{
    journal::{Journal, Line as JournalLine},
    writer::{flush, redirect, to_stderr},
};
use crate::{
    config::{Log, LogFormat, log_targets},
    text::Lines,
};

/// The environment variable that takes precedence over `[log] filter`.
const VARIABLE: &str = "RUST_LOG";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not valid.
    #[error("cannot use the log filter `{filter}` from {origin}: {why}")]
    Filter {
        /// The filter.
        filter: String,
        /// Where it was set.
        origin: &'static str,
        /// What is wrong.
        why: String,
    },
    /// There is a log already.
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

/// Starts the log, and sends it to `journal` as well if there is one. `filter` takes precedence over the variable
/// `RUST_LOG`, and that over `[log] filter`.
///
/// # Errors
/// The filter is not valid, or there is a log already.
pub fn init(config: &Log, filter: Option<&str>, journal: Option<Journal>) -> Result<(), LogError> {
    let filter = targets(config, filter)?;
    let look = match config.format {
        LogFormat::Json => Look::Json,
        LogFormat::Text if is_coloured() => Look::Coloured,
        LogFormat::Text => Look::Plain,
    };
    let log = registry().with(filter).with(journal).with(LineLayer::new(look));
    log.try_init().map_err(|_| LogError::Twice)
}

/// Whether [`init`] would accept the filter.
///
/// # Errors
/// It would not.
pub fn check(config: &Log, filter: Option<&str>) -> Result<(), LogError> {
    targets(config, filter).map(drop)
}

fn targets(config: &Log, filter: Option<&str>) -> Result<Targets, LogError> {
    let variable = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let (text, origin) = match (filter, &variable) {
        (Some(filter), _) => (filter, "--log"),
        (None, Some(filter)) => (filter.as_str(), VARIABLE),
        (None, None) => (config.filter.as_str(), "`[log] filter`"),
    };
    log_targets(text).map_err(|why| LogError::Filter { filter: text.to_owned(), origin, why })
}

/// Whether the log may be coloured: stderr is a terminal, and `NO_COLOR` is not set.
fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Splits a text of several lines for an event: its message, and the lines below it as `output`.
pub fn lines(text: &str) -> (&str, Option<&str>) {
    match text.split_once('\n') {
        Some((first, below)) => (first, Some(below)),
        None => (text, None),
    }
}

/// Writes lines that are not events to the destination of the log. Control characters are escaped.
pub fn write(text: &str) {
    writer::queue(Lines(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

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
