//! The latest lines of the log for each cog, kept in memory to be read back and followed.
//! It writes nothing to disk or to stderr; the log itself does.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::sync::watch;
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};

use super::line::Parts;

/// Maximum number of lines kept for each cog, and for the host itself.
const LINES_PER_COG: usize = 300;
/// Maximum number of cogs whose lines are kept separately; further ones share the host's space.
const COGS: usize = 128;
/// The longest line, in bytes; longer ones are truncated.
const LINE_MAX_BYTES: usize = 4096;

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its number, higher than that of every earlier line.
    pub number: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// `info`, `warn` …
    pub level: &'static str,
    /// The generation that it comes from, such as `ping#3`; `None` for the host.
    pub cog: Option<Arc<str>>,
    /// Its text, including fields.
    pub text: Arc<str>,
}

/// The journal. Clones share the lines.
#[derive(Clone, Debug)]
pub struct Journal {
    lines: Arc<Mutex<BTreeMap<String, VecDeque<Line>>>>,
    newest: watch::Sender<u64>,
}

impl Default for Journal {
    fn default() -> Self {
        Journal { lines: Arc::default(), newest: watch::Sender::new(0) }
    }
}

impl Journal {
    /// The number of the newest line; it changes with each line.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The kept lines after `number`, in order.
    pub fn since(&self, number: u64) -> Vec<Line> {
        let lines = self.lines();
        let after = |lines: &VecDeque<Line>| lines.partition_point(|line| line.number <= number);
        let mut found: Vec<Line> =
            lines.values().flat_map(|lines| lines.iter().skip(after(lines)).cloned()).collect();
        found.sort_by_key(|line| line.number);
        found
    }

    fn keep(&self, level: &'static str, cog: Option<String>, mut text: String) {
        let end = (0..=LINE_MAX_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let mut lines = self.lines();
        let name = cog.as_deref().and_then(|id| id.split('#').next()).unwrap_or_default();
        let place = if lines.len() < COGS || lines.contains_key(name) { name } else { "" };
        let of_cog = lines.entry(place.to_owned()).or_default();
        if of_cog.len() >= LINES_PER_COG {
            of_cog.pop_front();
        }
        let number = *self.newest.borrow() + 1;
        of_cog.push_back(Line { number, at, level, cog: cog.map(Arc::from), text: text.into() });
        self.newest.send_replace(number);
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut parts = Parts::default();
        event.record(&mut parts as &mut dyn Visit);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warn",
            tracing::Level::INFO => "info",
            tracing::Level::DEBUG => "debug",
            tracing::Level::TRACE => "trace",
        };
        let mut text = parts.message + &parts.others;
        if !parts.below.is_empty() {
            text.push('\n');
            text.push_str(parts.below.trim_end());
        }
        self.keep(level, parts.cog, text);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cog {
            Some(cog) => write!(out, "{cog}: {}", self.text),
            None => out.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(journal: &Journal, cog: Option<&str>, text: &str) {
        journal.keep("info", cog.map(str::to_owned), text.to_owned());
    }

    #[test]
    fn a_cog_that_talks_much_takes_no_lines_from_another() {
        let journal = Journal::default();
        say(&journal, Some("quiet#1"), "only once");
        for number in 0..LINES_PER_COG * 2 {
            say(&journal, Some("loud#1"), &number.to_string());
        }
        let lines = journal.since(0);
        assert_eq!(lines.len(), LINES_PER_COG + 1);
        assert_eq!(lines[0].to_string(), "quiet#1: only once");
    }

    #[test]
    fn generations_of_a_cog_share_a_place_and_lines_come_in_order() {
        let journal = Journal::default();
        say(&journal, Some("ping#1"), "one");
        say(&journal, None, "host");
        say(&journal, Some("ping#2"), "two");
        let said: Vec<String> = journal.since(1).iter().map(Line::to_string).collect();
        assert_eq!(said, ["host", "ping#2: two"]);
        assert_eq!(*journal.newest().borrow(), 3);
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let journal = Journal::default();
        say(&journal, None, &"ä".repeat(LINE_MAX_BYTES));
        assert_eq!(journal.since(0)[0].text.len(), LINE_MAX_BYTES);
    }
}
