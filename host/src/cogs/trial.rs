//! A trial: everything that happens to a cog short of serving, step by step, and everything undone at the end.
//! The cog is never in the table: it hears nothing, and what serves is not touched.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    CogError, Cogs, Retirement,
    generation::Generation,
    report::{Outcome, Report},
};
use crate::{
    error::chain,
    lane::OrderError,
    library::{OpenError, Refusal},
};

/// What happens to a cog, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The file is complete.
    Settle,
    /// A private copy is made.
    Copy,
    /// What it says about itself is something this host can serve.
    Verify,
    /// The dynamic loader maps it.
    Open,
    /// Its types are those of the host.
    Layout,
    /// Its instance is made.
    Create,
    /// It sets itself up.
    Setup,
    /// It gives its state.
    Save,
    /// It says goodbye.
    Teardown,
    /// Its thread ends and its library is unmapped.
    Retire,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Step::Settle => "settle",
            Step::Copy => "copy",
            Step::Verify => "verify",
            Step::Open => "open",
            Step::Layout => "layout",
            Step::Create => "create",
            Step::Setup => "setup",
            Step::Save => "save",
            Step::Teardown => "teardown",
            Step::Retire => "retire",
        })
    }
}

/// What a trial tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum TrialNews {
    /// A step begins; if nothing more is told, it was the one that ended the process.
    Begins {
        /// Which.
        step: Step,
    },
    /// A step is done.
    Passed {
        /// Which.
        step: Step,
        /// How long it took; none for steps that are measured with the one after them.
        micros: Option<u64>,
        /// What came of it; may be empty.
        note: String,
    },
}

/// The step at which a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialFailure {
    /// Which.
    pub step: Step,
    /// Why.
    pub text: String,
    /// What the reader can do.
    pub help: Option<String>,
}

impl Cogs {
    /// Tries the library `file`: opens it, sets its cog up, takes it apart again. `tell` hears of each step.
    ///
    /// # Errors
    /// The step that failed, and why. A cog whose library stays mapped has failed, unless this system never unmaps it.
    pub async fn try_out(
        self: &Arc<Self>,
        file: &Path,
        mut tell: impl FnMut(TrialNews),
    ) -> Result<(), TrialFailure> {
        let limits = &self.parts.limits;
        tell(TrialNews::Begins { step: Step::Settle });
        let prepared = match self.prepare(file).await {
            Ok(prepared) => prepared,
            Err(error) => return Err(stopped(&mut tell, Step::Settle, failed_file_step(&error), error)),
        };
        let manifest = &prepared.manifest;
        let about = format!("{} {}, {} bytes", manifest.name, manifest.version, prepared.copy.length());
        let never_unmapped = prepared.notes.iter().any(|note| note.is_never_unmapped());
        passed(&mut tell, Step::Settle, Step::Verify, prepared.took, about);

        tell(TrialNews::Begins { step: Step::Open });
        let cog = self.new_cog(&Arc::from(&*manifest.name));
        let mut report = Report::new(&cog.name, Outcome::Loaded);
        let since = Instant::now();
        let generation = match self.open_up(&cog, file, prepared, &mut report).await {
            Ok(generation) => generation,
            Err(error) => return Err(stopped(&mut tell, Step::Open, failed_open_step(&error), error)),
        };
        passed(&mut tell, Step::Open, Step::Create, since.elapsed(), report.notes.join("; "));

        let mut steps = Lived { tell: &mut tell, generation: &generation };
        let lived = async {
            let lane = &generation.lane;
            steps
                .run(Step::Setup, async || lane.setup(limits.setup_timeout).await, |()| String::new())
                .await?;
            let save = async || lane.save(limits.state_timeout).await;
            steps
                .run(Step::Save, save, |state| match state {
                    Some(state) => format!("{} bytes of version {}", state.bytes.len(), state.version),
                    None => "no state".to_owned(),
                })
                .await?;
            let teardown = async || lane.teardown(limits.state_timeout).await;
            steps.run(Step::Teardown, teardown, |()| String::new()).await
        };
        let lived = lived.await;
        // Taken apart in any case; what failed before goes before what fails here.
        let retired = {
            cog.schedule.forget(generation.id.number);
            tell(TrialNews::Begins { step: Step::Retire });
            let since = Instant::now();
            let retirement = self.reaper.retire(generation.into_remains(), self.deadline()).await;
            let failure = |text| TrialFailure { step: Step::Retire, text, help: None };
            match retirement {
                Ok(Retirement::Unmapped { bytes }) => {
                    Ok((since.elapsed(), format!("{bytes} bytes unmapped")))
                }
                Ok(Retirement::Held { reason }) if never_unmapped => Ok((since.elapsed(), reason)),
                Ok(Retirement::Held { reason }) => {
                    Err(failure(format!("its library stays mapped: {reason}")))
                }
                Err(_) => Err(failure("the host failed: its reaper has ended".to_owned())),
            }
        };
        lived?;
        let (took, note) = retired?;
        passed(&mut tell, Step::Retire, Step::Retire, took, note);
        Ok(())
    }
}

/// Steps of a cog that exists.
struct Lived<'a, T> {
    tell: &'a mut T,
    generation: &'a Generation,
}

impl<T: FnMut(TrialNews)> Lived<'_, T> {
    async fn run<V>(
        &mut self,
        step: Step,
        order: impl AsyncFnOnce() -> Result<V, OrderError>,
        note: impl FnOnce(V) -> String,
    ) -> Result<(), TrialFailure> {
        (self.tell)(TrialNews::Begins { step });
        let since = Instant::now();
        match order().await {
            Ok(value) => {
                passed(self.tell, step, step, since.elapsed(), note(value));
                Ok(())
            }
            Err(error) => {
                let text = format!("`{}` failed: {}", self.generation.id.cog, chain(&error));
                Err(TrialFailure { step, text, help: None })
            }
        }
    }
}

const ALL: [Step; 10] = [
    Step::Settle,
    Step::Copy,
    Step::Verify,
    Step::Open,
    Step::Layout,
    Step::Create,
    Step::Setup,
    Step::Save,
    Step::Teardown,
    Step::Retire,
];

/// Steps `first` to `last` are done; the last carries the time of all.
fn passed(tell: &mut impl FnMut(TrialNews), first: Step, last: Step, took: Duration, note: String) {
    for step in ALL.into_iter().filter(|step| (first..last).contains(step)) {
        tell(TrialNews::Passed { step, micros: None, note: String::new() });
    }
    let micros = Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    tell(TrialNews::Passed { step: last, micros, note });
}

/// Step `at` failed, and those from `first` on before it did not.
fn stopped(tell: &mut impl FnMut(TrialNews), first: Step, at: Step, error: CogError) -> TrialFailure {
    for step in ALL.into_iter().filter(|step| (first..at).contains(step)) {
        tell(TrialNews::Passed { step, micros: None, note: String::new() });
    }
    TrialFailure { step: at, text: chain(&error), help: error.help() }
}

fn failed_file_step(error: &CogError) -> Step {
    match error {
        CogError::File(refused) => match refused.why {
            Refusal::Look(_) | Refusal::Incomplete { .. } | Refusal::NotALibrary(_) => Step::Settle,
            Refusal::Copy(_) => Step::Copy,
            Refusal::Read(_) | Refusal::Mismatch(_) => Step::Verify,
        },
        _ => Step::Settle,
    }
}

fn failed_open_step(error: &CogError) -> Step {
    match error {
        CogError::Open { source: OpenError::Header(_) | OpenError::Layout(_), .. } => Step::Layout,
        CogError::Open { source: OpenError::Table(_), .. } => Step::Create,
        _ => Step::Open,
    }
}
