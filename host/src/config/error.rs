//! Errors of the config: each names the file, the line and the field.
//! They contain no secrets; a problem quotes keys and numbers.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::locate::syntax;
use crate::{error::denied, text::OneLine};

/// Why a config was rejected.
#[derive(Debug)]
pub enum ConfigError {
    /// The file could not be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file was read, but has problems.
    Invalid {
        /// The file.
        file: PathBuf,
        /// The problems, in order of lines; never empty.
        problems: Vec<Problem>,
    },
}

/// A problem in a config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; 0 if the value is not in the file.
    pub line: usize,
    /// The field with its section, such as `limits.lane_queue`; empty for a syntax error.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

impl Problem {
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Problem {
        let (line, field, mut what) = syntax(text, error);
        if what.contains("escape") {
            what.push_str("; a backslash begins an escape in \"…\", but not in '…'");
        }
        Problem { line: line.unwrap_or(0), field, what }
    }
}

/// What serde expected, in the terms of the file instead of Rust's.
pub(super) fn in_words(message: &str) -> String {
    let Some((got, expected)) = message.rsplit_once(", expected ") else {
        return match message {
            "invalid socket address syntax" => "must be an IP address and a port, as \"192.0.2.1:53\"",
            message => message,
        }
        .to_owned();
    };
    let expected = match expected {
        "usize" | "u64" => "a whole number, 0 or more",
        "u32" => "a whole number from 0 to 4294967295",
        "u16" => "a whole number from 0 to 65535",
        "u8" => "a whole number from 0 to 255",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" => "a text",
        "a sequence" => "a list",
        "a map" => "a section",
        expected if expected.starts_with("struct ") => "a section",
        expected => expected,
    };
    format!("{got}, expected {expected}")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and words in the file may contain escapes; the characters they stand for must not reach a terminal.
        let (field, what) = (OneLine(&self.field), OneLine(&self.what));
        if self.field.is_empty() || self.what.starts_with("unknown key") {
            return what.fmt(f);
        }
        write!(f, "`{field}`: {what}")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable { file, source } => {
                write!(f, "cannot read the config file `{}`{}", file.display(), denied(file, source))
            }
            ConfigError::Invalid { file, problems } => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{}", file.display())?;
                    if problem.line > 0 {
                        write!(f, ":{}", problem.line)?;
                    }
                    write!(f, ": {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl ConfigError {
    /// What the reader can do, if the problem does not say so already.
    pub fn help(&self) -> Option<&'static str> {
        let ConfigError::Unreadable { source, .. } = self else { return None };
        match source.kind() {
            ErrorKind::NotFound => Some(
                "create it with `[cogs]`, `folder = \"cogs\"` and `[discord]` on three lines, or name another with --config",
            ),
            ErrorKind::PermissionDenied => Some(
                "let this user read it and enter its folder (`chmod`, `chown`), or name another with --config",
            ),
            _ => None,
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConfigError::Unreadable { source, .. } => Some(source),
            ConfigError::Invalid { .. } => None,
        }
    }
}
