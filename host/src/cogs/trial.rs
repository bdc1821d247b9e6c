//! A trial: everything that happens to a cog except serving, step by step, and undone at the end. Nothing is routed to
//! the cog, and what serves is not touched.

use std::{path::Path, sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{CogError, Cogs, Retirement, generation::prepare, lifecycle::Lifecycle};
use crate::{
    error::chain,
    lane::{OrderError, State},
    step::Step,
};

/// The progress of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum TrialEvent {
    /// A step begins; if no other message follows, this step ended the process.
    Begins {
        /// Which.
        step: Step,
    },
    /// A step is done.
    Passed {
        /// Which.
        step: Step,
        /// How long it took, in microseconds.
        micros: u64,
        /// Its result; may be empty.
        note: String,
    },
    /// The cog would serve, but its operator has something to fix.
    Warned {
        /// What.
        text: String,
    },
    /// A step failed. The trial ends with the first failure, whatever happens when the cog is taken apart afterwards.
    Failed(TrialFailure),
}

/// The step at which a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialFailure {
    /// Which.
    pub step: Step,
    /// Why.
    pub text: String,
    /// What the operator can do about it.
    pub help: Option<String>,
}

impl Cogs {
    /// Tries the library `file`: opens it, sets its cog up, takes it apart again. `report` receives each step.
    ///
    /// # Errors
    /// The step that failed, and why. It is a failure if the library stays mapped, unless this system never unmaps it.
    pub async fn try_out(
        self: &Arc<Self>,
        file: &Path,
        mut report: impl FnMut(TrialEvent),
    ) -> Result<(), TrialFailure> {
        let mut steps = Steps { report: &mut report };
        let prepared = prepare(&self.parts, file);
        let candidate = steps.run(Step::Prepare, prepared, |candidate| {
            let manifest = &candidate.manifest;
            format!("{} {}, {} bytes", manifest.name, manifest.version, candidate.library.length())
        });
        let candidate = candidate.await?;
        let name: Arc<str> = Arc::from(&*candidate.manifest.name);
        let (owner, _faults) = mpsc::unbounded_channel();
        let lanes = self.lanes(&name, &owner);
        let never_unmapped = candidate.never_unmapped;
        let (notes, missing_intents) = (candidate.notes.join("; "), candidate.missing_intents.clone());
        let settings = &self.parts.settings;
        let odd = [settings.unused(&candidate.manifest), settings.not_allowed(&candidate.manifest)];
        let new = steps.run(Step::Open, lanes.open(1, candidate), |_| notes).await?;

        let lived = async {
            let failed = |error: OrderError| format!("`{name}` failed: {}", chain(&error));
            let setup = async { lanes.setup(&new).await.map_err(failed) };
            steps.run(Step::Setup, setup, |()| String::new()).await?;
            let save = async { lanes.save(&new).await.map_err(failed) };
            let note = |state: &Option<State>| match state {
                Some(state) => format!("{} bytes of version {}", state.bytes.len(), state.version),
                None => "no state".to_owned(),
            };
            steps.run(Step::Save, save, note).await.map(drop)
        };
        let lived = lived.await;
        // It is taken apart in any case; the first failure is the one that is reported.
        let retire = async {
            // `teardown` is not called if the cog did not get that far.
            let torn_down = match lived {
                Ok(()) => lanes.teardown(&new).await,
                Err(_) => Ok(()),
            };
            let torn_down =
                torn_down.map_err(|error| format!("`{name}` failed in `teardown`: {}", chain(&error)));
            let retired = match lanes.retire(new).await {
                Ok(Retirement::Unmapped { bytes }) => Ok(format!("{bytes} bytes unmapped")),
                Ok(Retirement::Ended { killed: false }) => Ok("its process has ended".to_owned()),
                Ok(Retirement::Ended { killed: true }) => Err("its process had to be killed".to_owned()),
                Ok(Retirement::Held { reason }) if never_unmapped => Ok(reason),
                Ok(Retirement::Held { reason }) => Err(format!("its library stays mapped: {reason}")),
                Err(_) => Err("the host failed: its reaper has ended".to_owned()),
            };
            torn_down.and(retired)
        };
        if lived.is_err() {
            let _ = retire.await;
            return lived;
        }
        let retired = steps.run(Step::Retire, retire, String::clone).await;
        for missing in missing_intents {
            (steps.report)(TrialEvent::Warned { text: missing.to_string() });
        }
        for text in odd.into_iter().flatten() {
            (steps.report)(TrialEvent::Warned { text });
        }
        retired.map(drop)
    }
}

/// Why a step failed, and what the operator can do about it.
struct Why(String, Option<String>);

impl From<CogError> for Why {
    fn from(error: CogError) -> Why {
        Why(chain(&error), error.help())
    }
}

impl From<String> for Why {
    fn from(text: String) -> Why {
        Why(text, None)
    }
}

struct Steps<'a, T> {
    report: &'a mut T,
}

impl<T: FnMut(TrialEvent)> Steps<'_, T> {
    async fn run<V, E: Into<Why>>(
        &mut self,
        step: Step,
        work: impl Future<Output = Result<V, E>>,
        note: impl FnOnce(&V) -> String,
    ) -> Result<V, TrialFailure> {
        (self.report)(TrialEvent::Begins { step });
        let since = Instant::now();
        match work.await {
            Ok(value) => {
                let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                (self.report)(TrialEvent::Passed { step, micros, note: note(&value) });
                Ok(value)
            }
            Err(error) => {
                let Why(text, help) = error.into();
                let failure = TrialFailure { step, text, help };
                (self.report)(TrialEvent::Failed(failure.clone()));
                Err(failure)
            }
        }
    }
}
