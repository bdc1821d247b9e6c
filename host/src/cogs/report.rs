//! What happened when a cog was loaded, replaced or unloaded: phase by phase, in numbers.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::{duration::ShownSecs, step::Step, text::counted};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No generation served before.
    Loaded,
    /// It replaced a generation.
    Replaced,
    /// The host went back to the previous code.
    WentBack,
    /// The cog was unloaded.
    Unloaded,
}

impl Outcome {
    /// All of them.
    pub(super) const ALL: [Outcome; 4] =
        [Outcome::Loaded, Outcome::Replaced, Outcome::WentBack, Outcome::Unloaded];

    /// Its serialized name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Outcome::Loaded => "loaded",
            Outcome::Replaced => "replaced",
            Outcome::WentBack => "went_back",
            Outcome::Unloaded => "unloaded",
        }
    }
}

/// One phase, and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Which step.
    pub name: Step,
    /// Microseconds.
    #[serde(rename = "micros", serialize_with = "micros")]
    pub took: Duration,
}

/// The outcome of retiring the old generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retirement {
    /// Its library is no longer mapped.
    Unmapped {
        /// Size of its file in bytes.
        bytes: u64,
    },
    /// Its process has ended, and all of its resources with it.
    Ended {
        /// Whether it had to be killed.
        killed: bool,
    },
    /// Its library is still mapped.
    Held {
        /// Why.
        reason: String,
    },
}

/// The report of one operation.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The cog.
    pub cog: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The old generation.
    pub from: Option<u64>,
    /// The cog's own version in the old generation, if known.
    pub from_version: Option<String>,
    /// The new generation.
    pub to: Option<u64>,
    /// If the host went back: the generation whose code serves again.
    pub restored: Option<u64>,
    /// The cog's own version in the new generation.
    pub to_version: Option<String>,
    /// The process of the new generation; `None` if it is on a thread of the host.
    pub process: Option<u32>,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// Time from pausing the old generation until the new one served, if there was an old one.
    #[serde(rename = "pause_micros", serialize_with = "maybe_micros")]
    pub pause: Option<Duration>,
    /// Items in the queue when the new generation started to serve.
    pub buffered: usize,
    /// Handlers that were dropped at their `await` because they did not finish in time.
    pub cancelled: usize,
    /// Size of the state that was handed over.
    pub state_bytes: Option<usize>,
    /// Age of that state; `None` if the old generation had just saved it.
    #[serde(rename = "state_age_ms", serialize_with = "maybe_millis")]
    pub state_age: Option<Duration>,
    /// The outcome of retiring the old generation; `None` while it is not known.
    pub retirement: Option<Retirement>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

impl Report {
    /// An empty report.
    pub(super) fn new(cog: &str, outcome: Outcome) -> Report {
        Report {
            cog: cog.to_owned(),
            outcome,
            from: None,
            from_version: None,
            to: None,
            restored: None,
            to_version: None,
            process: None,
            phases: Vec::new(),
            pause: None,
            buffered: 0,
            cancelled: 0,
            state_bytes: None,
            state_age: None,
            retirement: None,
            notes: Vec::new(),
        }
    }

    /// Logs it, for the new generation, or for the old one if there is no new one.
    pub fn log(&self) {
        let cog = match self.to.or(self.from) {
            Some(number) => format!("{}#{number}", self.cog),
            None => self.cog.clone(),
        };
        match self.outcome {
            Outcome::WentBack => {
                let help = format!("`gearshift cogs reload {}` loads its file anyway", self.cog);
                tracing::warn!(cog, help, "{self}");
            }
            Outcome::Loaded | Outcome::Replaced | Outcome::Unloaded => tracing::info!(cog, "{self}"),
        }
    }

    /// Whether both are about the same operation.
    pub(super) fn is_of_same(&self, other: &Report) -> bool {
        (self.outcome, self.from, self.to) == (other.outcome, other.from, other.to)
    }

    /// Records a finished step that began at `since`.
    pub(super) fn passed(&mut self, name: Step, since: Instant) {
        self.phases.push(Phase { name, took: since.elapsed() });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cog = &self.cog;
        match (self.outcome, self.from, self.to) {
            (Outcome::Replaced, Some(from), Some(to)) => {
                write!(out, "`{cog}#{from}` was replaced by `{cog}#{to}`")?
            }
            (Outcome::WentBack, Some(from), Some(to)) => {
                write!(out, "went back from `{cog}#{from}`")?;
                if let Some(before) = self.restored {
                    write!(out, " to the code of `{cog}#{before}`, which is `{cog}#{to}` now")?;
                }
            }
            (Outcome::Unloaded, Some(from), _) => write!(out, "`{cog}#{from}` was unloaded")?,
            (Outcome::Unloaded, None, _) => {
                write!(out, "`{cog}` was given up; no generation of it was serving")?
            }
            (_, _, Some(to)) => write!(out, "`{cog}#{to}` was loaded")?,
            (_, _, None) => write!(out, "`{cog}`")?,
        }
        match (&self.from_version, &self.to_version) {
            (Some(from), Some(to)) if from != to => write!(out, " ({from} → {to})")?,
            (None, Some(version)) => write!(out, " ({version})")?,
            _ => {}
        }
        let total: Duration = self.phases.iter().map(|phase| phase.took).sum();
        write!(out, " in {:.1} ms", total.as_secs_f64() * 1000.0)?;
        if let Some(pause) = self.pause {
            write!(out, " (paused {:.2} ms, {} waiting", pause.as_secs_f64() * 1000.0, self.buffered)?;
            if let Some(bytes) = self.state_bytes {
                write!(out, ", {bytes} B of state")?;
            }
            if self.cancelled > 0 {
                write!(out, ", {} cancelled", counted(self.cancelled, "handler"))?;
            }
            out.write_str(")")?;
        }
        if let (Some(age), Some(bytes)) = (self.state_age, self.state_bytes) {
            write!(out, " with the state of {} ago ({bytes} B)", ShownSecs(age.as_secs()))?;
        }
        if let Some(process) = self.process {
            write!(out, "; process {process}")?;
        }
        match &self.retirement {
            Some(Retirement::Held { reason }) => write!(out, "; its old library is held: {reason}"),
            _ => Ok(()),
        }?;
        self.notes.iter().try_for_each(|note| write!(out, "; {note}"))
    }
}

fn micros<S: Serializer>(took: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u64(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
}

fn maybe_millis<S: Serializer>(age: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)).serialize(out)
}

fn maybe_micros<S: Serializer>(took: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    match took {
        Some(took) => micros(took, out),
        None => out.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_said_where_they_changed_and_where_there_was_none() {
        let report = |outcome, from: Option<&str>, to: Option<&str>| Report {
            from: from.map(|_| 2),
            to: to.map(|_| 3),
            restored: (outcome == Outcome::WentBack).then_some(1),
            from_version: from.map(str::to_owned),
            to_version: to.map(str::to_owned),
            ..Report::new("welcome", outcome)
        };
        for (report, text) in [
            (report(Outcome::Loaded, None, Some("0.1.0")), "`welcome#3` was loaded (0.1.0) in 0.0 ms"),
            (
                report(Outcome::Replaced, Some("0.1.0"), Some("0.2.0")),
                "`welcome#2` was replaced by `welcome#3` (0.1.0 → 0.2.0) in 0.0 ms",
            ),
            (
                report(Outcome::Replaced, Some("0.2.0"), Some("0.2.0")),
                "`welcome#2` was replaced by `welcome#3` in 0.0 ms",
            ),
            (
                report(Outcome::WentBack, Some("0.2.0"), Some("0.1.0")),
                "went back from `welcome#2` to the code of `welcome#1`, which is `welcome#3` now (0.2.0 → 0.1.0) in 0.0 ms",
            ),
            (report(Outcome::Unloaded, Some("0.1.0"), None), "`welcome#2` was unloaded in 0.0 ms"),
            (
                Report { process: Some(4711), ..report(Outcome::Loaded, None, None) },
                "`welcome` in 0.0 ms; process 4711",
            ),
            (
                Report {
                    state_bytes: Some(47),
                    state_age: Some(Duration::from_millis(12_400)),
                    ..report(Outcome::Loaded, None, Some("0.1.0"))
                },
                "`welcome#3` was loaded (0.1.0) in 0.0 ms with the state of 12 s ago (47 B)",
            ),
        ] {
            assert_eq!(report.to_string(), text);
        }
    }
}
