//! The planned tasks of the cog, as the host runs them: a rhythm survives a reload, a run is skipped if the previous
//! one is still under way, and a failed run is retried.

use std::collections::BTreeMap;

use crate::{
    abi::{TaskPlan, TaskRun, TaskWhen},
    times::Times,
};

/// After how many milliseconds a failed run is retried; see [`Task`](crate::manifest::Task).
const TRIES: [u64; 3] = [5_000, 30_000, 180_000];

/// All tasks.
#[derive(Default)]
pub(super) struct Tasks {
    planned: BTreeMap<String, Planned>,
    trial: Option<Trial>,
    /// Whether a generation has served yet.
    has_served: bool,
}

/// What a generation planned and cancelled in its setup, in order.
pub(super) type Trial = Vec<TaskChange>;

pub(super) enum TaskChange {
    Plan(String, Plan),
    Cancel(String),
}

struct Planned {
    rhythm: Rhythm,
    /// When it is due next, in milliseconds since the Unix epoch.
    due: u64,
    /// When an extra run begins, and when that run was due: a retry, or the run at the start.
    again: Option<(u64, u64)>,
    /// The time at which the run under way was due.
    running_due: Option<u64>,
    failures: usize,
    /// Whether the generation that takes over has planned the task as well.
    is_kept: bool,
}

/// What the cog planned.
pub(super) struct Plan {
    rhythm: Rhythm,
    /// When the first run is due.
    first: u64,
    runs_at_start: bool,
}

/// When a task runs.
#[derive(Clone, PartialEq)]
enum Rhythm {
    Once,
    /// Milliseconds from start to start.
    Every(u64),
    /// At times of the wall clock.
    Times(Box<Times>),
}

impl Rhythm {
    /// When the run after `due` is due; `NEVER` if there is none.
    fn next(&self, due: u64) -> u64 {
        match self {
            Self::Once => NEVER,
            Self::Every(period) => due.saturating_add(*period),
            Self::Times(times) => times.after(due).unwrap_or(NEVER),
        }
    }
}

const NEVER: u64 = u64::MAX;

impl Tasks {
    /// Plans a task, or replaces its plan.
    ///
    /// # Errors
    /// A cron expression or a time zone that cannot be parsed.
    pub(super) fn plan(&mut self, plan: &TaskPlan, now: u64) -> Result<(), String> {
        let (rhythm, first) = match &plan.when {
            TaskWhen::Once { after_ms } => (Rhythm::Once, now.saturating_add(*after_ms)),
            TaskWhen::Every { first_ms, every_ms } => {
                (Rhythm::Every((*every_ms).max(1)), now.saturating_add(*first_ms))
            }
            TaskWhen::Cron { expression, zone } => {
                let times = Times::read(expression, zone, now).map_err(|error| error.to_string())?;
                let first = times.after(now).unwrap_or(NEVER);
                (Rhythm::Times(Box::new(times)), first)
            }
        };
        let (name, plan) = (plan.name.to_string(), Plan { rhythm, first, runs_at_start: plan.runs_at_start });
        match &mut self.trial {
            Some(asks) => asks.push(TaskChange::Plan(name, plan)),
            None => self.apply(name, plan),
        }
        Ok(())
    }

    /// Cancels a task. Returns whether it was planned.
    pub(super) fn cancel(&mut self, name: &str) -> bool {
        let Some(asks) = &mut self.trial else { return self.planned.remove(name).is_some() };
        let before = asks.len();
        asks.retain(|ask| !matches!(ask, TaskChange::Plan(asked, ..) if asked == name));
        let is_found = self.planned.contains_key(name) || asks.len() < before;
        asks.push(TaskChange::Cancel(name.to_owned()));
        is_found
    }

    /// Begins the setup of a generation: what it plans takes effect when the generation takes over.
    pub(super) fn begin_trial(&mut self) {
        self.trial = Some(Vec::new());
    }

    /// Until the trial is resumed, another generation plans: what it plans takes effect at once.
    pub(super) fn suspend_trial(&mut self) -> Option<Trial> {
        self.trial.take()
    }

    pub(super) fn resume_trial(&mut self, trial: Option<Trial>) {
        self.trial = trial;
    }

    /// The setup failed: drops what the generation planned.
    pub(super) fn forget(&mut self) {
        self.trial = None;
    }

    /// The generation takes over from its setup. Returns the repeating tasks that end because it has not planned them.
    pub(super) fn take_over(&mut self, now: u64) -> Vec<String> {
        let is_first = !std::mem::replace(&mut self.has_served, true);
        self.planned.values_mut().for_each(|task| task.is_kept = task.rhythm == Rhythm::Once);
        for ask in self.trial.take().unwrap_or_default() {
            match ask {
                TaskChange::Plan(name, plan) => {
                    let runs_now = is_first && plan.runs_at_start;
                    self.apply(name.clone(), plan);
                    if let Some(task) = self.planned.get_mut(&name).filter(|_| runs_now) {
                        task.again = Some((now, now));
                    }
                }
                TaskChange::Cancel(name) => drop(self.planned.remove(&name)),
            }
        }
        self.planned.extract_if(.., |_, task| !task.is_kept).map(|(name, _)| name).collect()
    }

    /// Cancels all tasks.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn apply(&mut self, name: String, Plan { rhythm, first, .. }: Plan) {
        if let Some(task) = self.planned.get_mut(&name)
            && rhythm != Rhythm::Once
            && task.rhythm == rhythm
        {
            task.is_kept = true;
            return;
        }
        let task = Planned { rhythm, due: first, again: None, running_due: None, failures: 0, is_kept: true };
        self.planned.insert(name, task);
    }

    /// The next moment at which a run begins.
    pub(super) fn next(&self) -> Option<u64> {
        self.planned.values().map(Planned::next).filter(|at| *at < NEVER).min()
    }

    /// The runs that begin now, in the order in which they were due.
    pub(super) fn due(&mut self, now: u64) -> Vec<TaskRun> {
        let mut runs = Vec::new();
        for (name, task) in &mut self.planned {
            if let Some(due) = task.reach(now) {
                runs.push(TaskRun { name: name.as_str().into(), due_unix_ms: due });
            }
        }
        // A single task is over with its run: it can be planned again meanwhile, and no longer be cancelled.
        self.planned.retain(|_, task| task.rhythm != Rhythm::Once || task.due != NEVER);
        runs.sort_by_key(|run| run.due_unix_ms);
        runs
    }

    /// Records that a run has ended.
    pub(super) fn ended(&mut self, name: &str, has_failed: bool, now: u64) {
        let Some(task) = self.planned.get_mut(name) else { return };
        // It may have been planned again during the run.
        let Some(due) = task.running_due.take() else { return };
        let wait = has_failed.then(|| TRIES.get(task.failures)).flatten();
        task.failures = if wait.is_some() { task.failures + 1 } else { 0 };
        task.again = wait.map(|wait| (now + wait, due)).filter(|(at, _)| *at < task.due);
    }
}

impl Planned {
    fn next(&self) -> u64 {
        self.again.map_or(self.due, |(again, _)| again.min(self.due))
    }

    /// If a run begins now: the time at which it was due.
    fn reach(&mut self, now: u64) -> Option<u64> {
        if let Some((_, due)) = self.again.take_if(|(at, _)| *at <= now) {
            self.running_due = Some(due);
            return Some(due);
        }
        if self.due > now {
            return None;
        }
        let due = self.due;
        self.due = self.rhythm.next(due);
        if self.running_due.is_some() {
            return None;
        }
        (self.again, self.failures, self.running_due) = (None, 0, Some(due));
        Some(due)
    }
}
