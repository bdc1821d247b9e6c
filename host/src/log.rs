//! The log: one line an event on stderr, readable by people or as JSON. A cog's lines begin with `name#generation`.
//! It decides nothing about what is logged; the filter does.

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
    let filter = targets(config, filter)?;
    let look = match config.format {
        LogFormat::Json => Look::Json,
        LogFormat::Text if is_coloured() => Look::Coloured,
        LogFormat::Text => Look::Plain,
    };
    let log = registry().with(filter).with(journal).with(LineLayer::new(look));
    log.try_init().map_err(|_| LogError::Twice)
}

/// Whether [`init`] would understand the filter.
///
/// # Errors
/// When it would not.
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

/// Whether the log may hold colours: stderr is a terminal, and nobody said `NO_COLOR`.
fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A text that may have several lines, as an event has it: its message, and what stands below as `output`.
pub fn lines(text: &str) -> (&str, Option<&str>) {
    match text.split_once('\n') {
        Some((first, below)) => (first, Some(below)),
        None => (text, None),
    }
}

/// Writes lines that are no event to where the log goes. What would act on a terminal is escaped.
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
