//! Findings, and how they are printed: a line of text with a help below it, or a line of JSON.

use std::io::{self, Write, stdout};

use serde::Serialize;

use super::super::exit::Failure;
use crate::text::Lines;

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Ok,
    /// A host starts, but something may differ from what is intended.
    Warning,
    /// A host does not start, or does not do what the config says.
    Failed,
}

#[derive(Serialize)]
struct Finding<'a> {
    check: &'a str,
    level: Level,
    text: &'a str,
    /// What the user can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// Prints findings as they are made.
pub(super) struct Report {
    json: bool,
    failed: usize,
}

impl Report {
    pub(super) fn new(json: bool) -> Report {
        Report { json, failed: 0 }
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    pub(super) fn ok(&mut self, check: &str, text: impl Into<String>) -> io::Result<()> {
        self.add(check, Level::Ok, text.into(), None)
    }

    pub(super) fn warn(&mut self, check: &str, text: impl Into<String>, help: &str) -> io::Result<()> {
        self.add(check, Level::Warning, text.into(), Some(help.to_owned()))
    }

    pub(super) fn fail(&mut self, check: &str, text: impl Into<String>, help: &str) -> io::Result<()> {
        self.add(check, Level::Failed, text.into(), Some(help.to_owned()))
    }

    /// Adds the failure that a start would end with.
    pub(super) fn failure(&mut self, check: &str, failure: Failure) -> io::Result<()> {
        let (text, help) = failure.into_parts();
        self.add(check, Level::Failed, text, help)
    }

    pub(super) fn add(
        &mut self,
        check: &str,
        level: Level,
        text: String,
        help: Option<String>,
    ) -> io::Result<()> {
        self.failed += usize::from(level == Level::Failed);
        let help = help.as_deref();
        if self.json {
            let line = serde_json::to_string(&Finding { check, level, text: &text, help })?;
            return writeln!(stdout(), "{line}");
        }
        let level = match level {
            Level::Ok => "ok",
            Level::Warning => "WARNING",
            Level::Failed => "FAILED",
        };
        // A file with several problems gives several lines.
        let below = format!("\n{:18}", "");
        let lines = |text: &str| Lines(text).to_string().replace('\n', &below);
        writeln!(stdout(), "{level:<8}{check:<10}{}", lines(&text))?;
        help.map_or(Ok(()), |help| writeln!(stdout(), "{:18}help: {}", "", lines(help)))
    }
}
