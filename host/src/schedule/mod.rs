//! The planned tasks of one cog. The host owns them, so they keep their rhythm across reloads and restarts, and end
//! with the cog. The schedule runs nothing: a task that is due becomes an item in the cog's inbox.
//!
//! Who may plan: the serving generation, with immediate effect; and a generation in its setup, on trial: its plans take
//! effect when it takes over ([`Schedule::take_over`]), and are dropped if it does not ([`Schedule::forget`]). At a
//! take-over, repeated tasks that the new generation did not plan again end. Single ones stay: they may have been
//! promised to a user.
//!
//! All times are wall-clock times, in milliseconds since the Unix epoch: a task is due at that time even if the machine
//! was suspended or its clock adjusted in between.

mod due;
mod rhythm;
mod store;
mod task;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::{runtime, sync::Notify, task::AbortHandle, time::Instant};

use self::{
    rhythm::millis,
    store::Marks,
    task::{Planned, Run},
};
pub use self::{
    rhythm::{Rhythm, Times, TimesError},
    store::TaskStore,
};
use crate::{clock::HostClock, lane::Inbox};

/// Maximum number of planned tasks of one cog.
const TASKS_MAX: usize = 10_000;

/// When a task runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When.
    pub when: When,
    /// Whether it also runs when the cog starts to serve, if no generation served before.
    pub runs_at_start: bool,
}

/// Once or repeatedly.
#[derive(Clone, Debug)]
pub enum When {
    /// Once, after this time.
    Once(Duration),
    /// Repeatedly.
    Repeated {
        /// Time until the first run, unless the rhythm is by the wall clock.
        first: Duration,
        /// When it is due.
        rhythm: Rhythm,
    },
}

/// The status of a planned task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskStatus {
    /// Its name.
    pub name: String,
    /// When it runs: `once`, `every 30 s`, or a cron expression and its zone.
    pub when: String,
    /// When it is due next, in milliseconds since the Unix epoch.
    pub next_due_unix_ms: u64,
    /// Seconds until then.
    pub due_in_secs: u64,
    /// Whether a run is queued or under way.
    pub is_running: bool,
    /// How the last run ended: `done`, `failed` or `cancelled`.
    pub last: Option<&'static str>,
    /// How many runs were skipped because the previous one was still under way.
    pub left_out: u64,
}

/// Too many tasks.
#[derive(Debug, thiserror::Error)]
#[error("the cog has {TASKS_MAX} planned tasks, which is the most a cog may have")]
pub struct TooMany;

/// The tasks of one cog.
#[derive(Debug)]
pub struct Schedule {
    cog: Arc<str>,
    inbox: Arc<Inbox>,
    runtime: runtime::Handle,
    clock: HostClock,
    /// `None` without a store.
    store: Option<TaskStore>,
    /// Whether the missing store has been logged.
    warned_no_store: AtomicBool,
    table: Mutex<Table>,
    /// Notified when the next moment may have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    /// The generation that serves; `None` before the first.
    serving: Option<u64>,
    tasks: HashMap<Arc<str>, Planned>,
    /// When something has to be done, and for which task. [`Table::change`] keeps it up to date.
    agenda: BTreeSet<(u64, Arc<str>)>,
    /// What generations in their setup asked for, in order.
    trials: HashMap<u64, Vec<PendingChange>>,
    /// The due times of repeated tasks that no generation has planned again yet.
    marks: Marks,
    /// The last reading of both clocks.
    seen: Option<(Instant, u64)>,
    /// The number of the last run.
    runs: u64,
    driver: Option<AbortHandle>,
}

#[derive(Debug)]
enum PendingChange {
    Plan(Arc<str>, Plan, u64),
    Cancel(String),
}

impl Schedule {
    /// An empty schedule. Runs that are due by `clock` go to `inbox`. Timers run on `runtime`.
    pub fn new(
        cog: &Arc<str>,
        inbox: Arc<Inbox>,
        runtime: runtime::Handle,
        clock: HostClock,
        store: Option<TaskStore>,
    ) -> Arc<Schedule> {
        Arc::new(Schedule {
            cog: Arc::clone(cog),
            inbox,
            runtime,
            clock,
            store,
            warned_no_store: AtomicBool::new(false),
            table: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Reads the due times that the host's last run kept, before anything is planned. Only the first call reads.
    pub async fn recall(&self) {
        if let Some(store) = &self.store
            && let Some(marks) = store.recall().await
        {
            self.table().marks.extend(marks);
        }
    }

    /// Plans a task, or replans it. A repeated task that is replanned with the same rhythm keeps its next time.
    ///
    /// # Errors
    /// When the cog has too many tasks.
    pub fn plan(self: &Arc<Self>, generation: u64, name: String, plan: Plan) -> Result<(), TooMany> {
        let mut table = self.table();
        let (name, asked) = (Arc::from(name), self.clock.unix_ms());
        if table.serving == Some(generation) {
            self.apply(&mut table, generation, name, plan, asked, false)?;
            self.settled(&mut table);
            return Ok(());
        }
        let asks = table.trials.entry(generation).or_default();
        if asks.len() >= TASKS_MAX {
            return Err(TooMany);
        }
        asks.push(PendingChange::Plan(name, plan, asked));
        Ok(())
    }

    /// Cancels a task; returns whether it was planned.
    pub fn cancel(self: &Arc<Self>, generation: u64, name: &str) -> bool {
        let mut table = self.table();
        if table.serving == Some(generation) {
            let found = table.remove(name);
            self.settled(&mut table);
            return found;
        }
        let planned = table.tasks.contains_key(name);
        let asks = table.trials.entry(generation).or_default();
        let before = asks.len();
        asks.retain(|ask| !matches!(ask, PendingChange::Plan(asked, ..) if **asked == *name));
        let found = planned || asks.len() < before;
        asks.push(PendingChange::Cancel(name.to_owned()));
        found
    }

    /// `generation` serves from now on: what it planned on trial takes effect.
    pub fn take_over(self: &Arc<Self>, generation: u64) {
        let mut table = self.table();
        let begins = table.serving.replace(generation).is_none();
        for ask in table.trials.remove(&generation).unwrap_or_default() {
            match ask {
                PendingChange::Plan(name, plan, asked) => {
                    // Single tasks of the previous generation count towards the limit.
                    if let Err(error) =
                        self.apply(&mut table, generation, Arc::clone(&name), plan, asked, begins)
                    {
                        tracing::error!(
                            cog = &*self.cog,
                            task = &*name,
                            "a task of a new generation is not planned: {error}"
                        );
                    }
                }
                PendingChange::Cancel(name) => _ = table.remove(&name),
            }
        }
        table.tasks.values_mut().for_each(Planned::leave_behind);
        let ends = |task: &Planned| task.by != generation && task.rhythm().is_some();
        let gone: Vec<Arc<str>> =
            table.tasks.iter().filter(|(_, task)| ends(task)).map(|(name, _)| Arc::clone(name)).collect();
        for name in &gone {
            // The new code plans it outside `setup`, or not at all.
            tracing::info!(
                cog = &*self.cog,
                task = &**name,
                "a task ends: the new generation has not planned it in its setup"
            );
            table.remove(name);
        }
        table.marks.clear();
        self.settled(&mut table);
        let is_slow = |task: &Planned| task.rhythm().is_some_and(Rhythm::is_slow);
        if self.store.is_none()
            && table.tasks.values().any(is_slow)
            && !self.warned_no_store.swap(true, Ordering::Relaxed)
        {
            tracing::info!(
                cog = &*self.cog,
                "its tasks keep their schedule across a reload, but not across a restart: there is no `[store]`"
            );
        }
    }

    /// Drops what `generation` planned on trial.
    pub fn forget(&self, generation: u64) {
        self.table().trials.remove(&generation);
    }

    /// Ends every task. The due times of repeated ones are kept for the next generation.
    pub fn clear(&self) {
        let mut table = self.table();
        let marks = match table.serving {
            Some(_) => table.marks(Planned::owed),
            // No generation has served yet: what was recalled still holds.
            None => std::mem::take(&mut table.marks),
        };
        if table.serving.is_some()
            && let Some(store) = &self.store
        {
            store.keep(&marks);
        }
        if let Some(driver) = &table.driver {
            driver.abort();
        }
        *table = Table { marks, runs: table.runs, ..Table::default() };
    }

    /// How many tasks are planned.
    pub fn len(&self) -> usize {
        self.table().tasks.len()
    }

    /// Whether none is planned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `limit` tasks, by name.
    pub fn tasks(&self, limit: usize) -> Vec<TaskStatus> {
        let now = self.clock.unix_ms();
        let table = self.table();
        let mut tasks: Vec<_> = table.tasks.iter().map(|(name, task)| task.status(name, now)).collect();
        tasks.sort_by(|one, other| one.name.cmp(&other.name));
        tasks.truncate(limit);
        tasks
    }

    /// Plans a task that a generation asked for at `asked`. `begins`: no generation served before.
    fn apply(
        self: &Arc<Self>,
        table: &mut Table,
        generation: u64,
        name: Arc<str>,
        plan: Plan,
        asked: u64,
        begins: bool,
    ) -> Result<(), TooMany> {
        if let When::Repeated { rhythm, .. } = &plan.when
            && let Some(task) = table.tasks.get_mut(&name)
            && task.rhythm() == Some(rhythm)
        {
            task.by = generation;
            return Ok(());
        }
        if table.tasks.len() >= TASKS_MAX && !table.tasks.contains_key(&name) {
            return Err(TooMany);
        }
        table.remove(&name);
        let now = self.clock.unix_ms();
        let (next, owed) = match &plan.when {
            When::Once(after) => (asked.saturating_add(millis(*after)), None),
            When::Repeated { first, rhythm } => {
                let mark = table.marks.get(&name).filter(|mark| mark.rhythm == rhythm.key());
                match mark.map(|mark| mark.due_ms) {
                    Some(due) if due <= now => (rhythm.next(due, now), Some(due)),
                    Some(due) => (rhythm.resumed(due, now), None),
                    None => (rhythm.first(*first, asked), None),
                }
            }
        };
        let owed = owed.or((begins && plan.runs_at_start).then_some(now));
        let task = Planned::new(plan.when, generation, next, &self.clock);
        table.insert(&name, task);
        if let Some(due) = owed {
            self.push(table, &name, due, now);
        }
        Ok(())
    }

    /// Something was planned or cancelled: keeps it in the store, and has the driver check the next moment.
    fn settled(self: &Arc<Self>, table: &mut Table) {
        if let Some(store) = &self.store {
            store.keep(&table.marks(|task| task.next));
        }
        if table.driver.is_none() && !table.tasks.is_empty() {
            table.driver = Some(self.runtime.spawn(Arc::clone(self).drive()).abort_handle());
        }
        self.changed.notify_one();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, name: &Arc<str>, task: Planned) {
        self.agenda.extend(task.moments().map(|at| (at, Arc::clone(name))));
        self.tasks.insert(Arc::clone(name), task);
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some((name, task)) = self.tasks.remove_entry(name) else { return false };
        task.moments().for_each(|at| _ = self.agenda.remove(&(at, Arc::clone(&name))));
        true
    }

    /// Changes a task, if it exists, and updates the agenda.
    fn change<T>(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Planned) -> T) -> Option<T> {
        let task = self.tasks.get_mut(name)?;
        task.moments().for_each(|at| _ = self.agenda.remove(&(at, Arc::clone(name))));
        let changed = change(task);
        self.agenda.extend(task.moments().map(|at| (at, Arc::clone(name))));
        Some(changed)
    }

    /// The due times of the repeated tasks.
    fn marks(&self, due: impl Fn(&Planned) -> u64) -> Marks {
        let repeated = |(name, task): (&Arc<str>, &Planned)| {
            let rhythm = task.rhythm()?.key();
            Some((Arc::clone(name), store::Mark { rhythm, due_ms: due(task) }))
        };
        self.tasks.iter().filter_map(repeated).collect()
    }
}
