//! Numbers of what a cog has done since the host was opened, over all of its generations.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{CogError, Outcome, Report, message::Lost};
use crate::{
    counters::{Times, TimesSeen},
    fault::FaultKind,
    step::Step,
};

/// Kinds of faults for generations that were given up.
const HANG: &str = "hang";
const CRASH: &str = "crash";
/// An operation that failed.
const FAILED: &str = "failed";

/// The numbers of one cog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Failures of the cog itself: `error`, `panic`, `state`, and `hang` and `crash` for a generation that
    /// was given up.
    pub faults: BTreeMap<&'static str, u64>,
    /// Handlers that ended for reasons that are not the cog's fault: `refused`, `input`, `settings`.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Operations by outcome: `loaded`, `replaced`, `went_back`, `unloaded`, `failed`.
    pub operations: BTreeMap<&'static str, u64>,
}

impl Default for Totals {
    fn default() -> Totals {
        let zeros = |names: &[&'static str]| names.iter().map(|name| (*name, 0)).collect();
        let outcomes = Outcome::ALL.map(Outcome::name);
        let mut totals = Totals {
            faults: zeros(&[HANG, CRASH]),
            refusals: BTreeMap::new(),
            operations: zeros(&[&outcomes[..], &[FAILED]].concat()),
        };
        for kind in FaultKind::ALL {
            totals.kind(kind).insert(kind.name(), 0);
        }
        totals
    }
}

impl Totals {
    /// The number of all failures of the cog itself.
    pub fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// The number of all failures that are not the cog's fault.
    pub fn all_refusals(&self) -> u64 {
        self.refusals.values().sum()
    }

    /// Counts a failed handler.
    pub(super) fn failed(&mut self, kind: FaultKind) {
        *self.kind(kind).entry(kind.name()).or_default() += 1;
    }

    /// Counts a generation that is given up.
    pub(super) fn lost(&mut self, how: Lost) {
        let kind = match how {
            Lost::Hang => HANG,
            Lost::Crash => CRASH,
        };
        *self.faults.entry(kind).or_default() += 1;
    }

    fn kind(&mut self, kind: FaultKind) -> &mut BTreeMap<&'static str, u64> {
        if kind.is_fault() { &mut self.faults } else { &mut self.refusals }
    }

    /// Counts a finished operation; one that had nothing to do is not counted.
    pub(super) fn ended(&mut self, outcome: Result<Outcome, &CogError>) {
        let name = match outcome {
            Ok(outcome) => outcome.name(),
            Err(CogError::NotLoaded { .. }) => return,
            Err(_) => FAILED,
        };
        *self.operations.entry(name).or_default() += 1;
    }
}

/// The durations of operations on all cogs.
#[derive(Debug, Default)]
pub(super) struct Durations {
    phases: [Times; Step::ALL.len()],
    pauses: Times,
}

/// The durations of operations on all cogs, at one moment.
#[derive(Clone, Debug)]
pub struct DurationsSeen {
    /// Each phase.
    pub phases: Vec<(Step, TimesSeen)>,
    /// Time from pausing an old generation until the new one served.
    pub pauses: TimesSeen,
}

impl Durations {
    pub(super) fn count(&self, report: &Report) {
        for phase in &report.phases {
            self.phases[phase.name as usize].count(phase.took);
        }
        if let Some(pause) = report.pause {
            self.pauses.count(pause);
        }
    }

    /// Counts the time it took to retire a generation.
    pub(super) fn retired(&self, took: Duration) {
        self.phases[Step::Retire as usize].count(took);
    }

    pub(super) fn seen(&self) -> DurationsSeen {
        let phases = Step::ALL.iter().map(|step| (*step, self.phases[*step as usize].seen())).collect();
        DurationsSeen { phases, pauses: self.pauses.seen() }
    }
}
