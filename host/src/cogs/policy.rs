//! What follows from a fault: it is logged and counted, and a generation that fails repeatedly in its probation is
//! replaced by the one before.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{Cog, CogError, Cogs, Outcome, Report, generation::Generation};
use crate::{config::Limits, error::chain, fault::FaultReport, lane::State};

/// What can be gone back to for a while.
#[derive(Debug)]
pub(super) struct Probation {
    /// The generation on probation replaced this one.
    before: String,
    /// Its private copy, unmapped.
    file: PathBuf,
    /// The state it handed over.
    state: Option<State>,
}

/// How many faults a generation may have until when, before the host goes back. Counted without waiting for operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    number: u64,
    until: Instant,
    faults: u32,
}

impl Patience {
    /// Begins when the generation `number` takes over, if the configuration wants it.
    pub(super) fn begin(limits: &Limits, number: u64) -> Option<Patience> {
        let (faults, until) = (limits.probation_faults, Instant::now() + limits.probation);
        (faults > 0).then_some(Patience { number, until, faults })
    }

    /// Counts a fault of the generation `number`; whether it was one too many.
    fn count(&mut self, number: u64) -> bool {
        if self.number != number || self.faults == 0 || Instant::now() >= self.until {
            return false;
        }
        self.faults -= 1;
        self.faults == 0
    }
}

impl Probation {
    /// Begins it, if the configuration wants one.
    pub(super) fn begin(limits: &Limits, before: &Generation, state: Option<State>) -> Option<Probation> {
        if limits.probation_faults == 0 {
            return None;
        }
        // A second name: the first goes when the library is unmapped.
        let copy = before.copy.path();
        let file = copy.with_file_name(format!(".before-{}", copy.file_name()?.to_string_lossy()));
        match fs::hard_link(copy, &file) {
            Ok(()) => Some(Probation { before: before.id.to_string(), file, state }),
            Err(error) => {
                tracing::warn!(cog = %before.id, "it cannot be gone back to: {error}");
                None
            }
        }
    }

    /// It is over: the old file is not needed any more.
    pub(super) fn end(self) {
        if let Err(error) = fs::remove_file(&self.file) {
            tracing::debug!(file = %self.file.display(), "an old copy stays: {error}");
        }
    }
}

impl Cogs {
    /// Watches over the cogs until they are dropped: faults, and lanes that do not come back.
    pub async fn watch_over(cogs: Weak<Cogs>, mut faults: mpsc::UnboundedReceiver<FaultReport>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        let mut looks = super::watchdog::Looks::default();
        loop {
            tokio::select! {
                report = faults.recv() => match (report, cogs.upgrade()) {
                    (Some(report), Some(cogs)) => cogs.fault(&report),
                    _ => return,
                },
                _ = ticks.tick() => match cogs.upgrade() {
                    Some(cogs) => cogs.look(&mut looks),
                    None => return,
                },
            }
        }
    }

    fn fault(self: &Arc<Self>, report: &FaultReport) {
        let FaultReport { id, what, fault } = report;
        tracing::error!(cog = %id, what = &**what, "a handler failed: {fault}");
        let Some(cog) = self.cog(&id.cog) else { return };
        let mut exceeded = false;
        cog.change_view(|view| {
            view.faults += 1;
            view.last_fault = Some(format!("{what}: {fault}"));
            exceeded = view.patience.as_mut().is_some_and(|patience| patience.count(id.number));
        });
        if exceeded {
            let (cogs, failing) = (Arc::clone(self), id.number);
            tokio::spawn(async move {
                match cogs.go_back(&cog, failing).await {
                    Ok(None) => {}
                    Ok(Some(report)) => tracing::warn!(cog = &*cog.name, "{report}"),
                    Err(error) => tracing::error!(cog = &*cog.name, "failed to go back: {}", chain(&error)),
                }
            });
        }
    }

    /// Replaces the generation `number`, on probation, by the one before; `None` if it went meanwhile.
    async fn go_back(self: &Arc<Self>, cog: &Arc<Cog>, number: u64) -> Result<Option<Report>, CogError> {
        let mut slot = cog.slot.lock().await;
        // While this waited for its turn, another generation may have come, with a probation of its own.
        let Some(failing) = slot.serving.take_if(|serving| serving.id.number == number) else {
            return Ok(None);
        };
        let Some(probation) = slot.probation.take() else {
            slot.serving = Some(failing);
            return Ok(None);
        };
        let mut report = Report::new(&cog.name, Outcome::WentBack);
        report.from = Some(failing.id.number);
        report.notes.push(format!("it failed repeatedly right after it replaced `{}`", probation.before));
        match self.put_back(cog, &failing, &probation, &mut report).await {
            Ok(generation) => {
                self.claims.settle(&cog.name, Some(&generation.manifest));
                slot.serving = Some(generation);
                drop(self.reaper.retire(failing.into_remains(), self.deadline()));
                probation.end();
                cog.change_view(|view| view.last_report = Some(report.clone()));
                Ok(Some(report))
            }
            Err(error) => {
                self.claims.settle(&cog.name, Some(&failing.manifest));
                failing.lane.serve();
                slot.serving = Some(failing);
                probation.end();
                Err(error)
            }
        }
    }

    async fn put_back(
        self: &Arc<Self>,
        cog: &Arc<Cog>,
        failing: &Generation,
        probation: &Probation,
        report: &mut Report,
    ) -> Result<Generation, CogError> {
        let prepared = self.prepare(&probation.file).await?;
        let source = cog.view().source;
        // A command that the failing code gave up may be another cog's by now.
        self.claims.claim_back(&source, &prepared.manifest)?;
        let again = self.bring_up(cog, &probation.file, prepared, report).await?;
        let paused = Instant::now();
        report.cancelled = self.drain(failing).await.unwrap_or(0);
        // What the failing code saved is newer; what it was given is surely readable.
        let newer = self.saved(failing).await.ok().flatten();
        let given = probation.state.clone();
        let states =
            [newer.filter(|newer| given.as_ref().is_none_or(|given| given.version == newer.version)), given];
        for state in states.into_iter().flatten() {
            report.state_bytes = Some(state.bytes.len());
            match again.lane.restore(state, self.parts.limits.state_timeout).await {
                Ok(()) => break,
                Err(error) => report.notes.push(format!("a state was refused: {error}")),
            }
        }
        self.serve(cog, &again, &again.misses(failing), report);
        self.seen(cog, &source, &again);
        report.pause = Some(paused.elapsed());
        Ok(again)
    }
}
