//! The planned tasks of one cog. The host owns them, so they keep their rhythm over a reload and end with the cog.
//! It runs nothing: a task that is due becomes an item in the cog's inbox.
//!
//! Who may plan: the generation that serves, at once; one that is being set up, on trial: its plans take effect when it
//! takes over ([`Schedule::take_over`]) and are forgotten when it does not ([`Schedule::forget`]). At a take-over,
//! repeated tasks that the new generation did not plan again end; single ones stay, they were promised to somebody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gearshift_cog::abi::TaskRun;
use tokio::{runtime, task::AbortHandle, time::Instant};

use crate::{
    clock::{Due, HostClock},
    lane::{Call, Inbox},
};

/// Planned tasks of one cog.
const TASKS_MAX: usize = 10_000;

/// When a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Until the first run.
    pub first: Duration,
    /// From start to start; `None`: once.
    pub every: Option<Duration>,
}

/// Too many tasks.
#[derive(Debug, thiserror::Error)]
#[error("the cog has {TASKS_MAX} planned tasks, which is the most a cog may have")]
pub struct TooMany;

/// The tasks of one cog.
#[derive(Debug)]
pub struct Schedule {
    inbox: Arc<Inbox>,
    runtime: runtime::Handle,
    clock: HostClock,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The generation that serves.
    serving: Option<u64>,
    tasks: HashMap<Arc<str>, Planned>,
    /// What generations in their setup asked for, in order.
    trials: HashMap<u64, Vec<Ask>>,
}

#[derive(Debug)]
enum Ask {
    Plan(Arc<str>, Plan, Instant),
    Cancel(String),
}

#[derive(Debug)]
struct Planned {
    plan: Plan,
    /// The generation that planned it last.
    by: u64,
    timer: AbortHandle,
}

impl Drop for Planned {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

impl Schedule {
    /// No tasks yet; due ones, by `clock`, go to `inbox`. Timers run on `runtime`.
    pub fn new(inbox: Arc<Inbox>, runtime: runtime::Handle, clock: HostClock) -> Arc<Schedule> {
        Arc::new(Schedule { inbox, runtime, clock, table: Mutex::default() })
    }

    /// Plans a task, or plans it anew. A repeated task with the same period keeps its rhythm.
    ///
    /// # Errors
    /// When the cog has too many.
    pub fn plan(self: &Arc<Self>, generation: u64, name: String, plan: Plan) -> Result<(), TooMany> {
        let mut table = self.table();
        let (name, asked) = (Arc::from(name), self.clock.now());
        if table.serving == Some(generation) {
            return self.apply(&mut table, generation, name, plan, asked);
        }
        let asks = table.trials.entry(generation).or_default();
        if asks.len() >= TASKS_MAX {
            return Err(TooMany);
        }
        asks.push(Ask::Plan(name, plan, asked));
        Ok(())
    }

    /// Drops a task; whether it was planned.
    pub fn cancel(&self, generation: u64, name: &str) -> bool {
        let mut table = self.table();
        if table.serving == Some(generation) {
            return table.tasks.remove(name).is_some();
        }
        let planned = table.tasks.contains_key(name);
        let asks = table.trials.entry(generation).or_default();
        let before = asks.len();
        asks.retain(|ask| !matches!(ask, Ask::Plan(asked, ..) if **asked == *name));
        let found = planned || asks.len() < before;
        asks.push(Ask::Cancel(name.to_owned()));
        found
    }

    /// From now on `generation` serves: what it planned on trial takes effect.
    pub fn take_over(self: &Arc<Self>, generation: u64) {
        let mut table = self.table();
        table.serving = Some(generation);
        for ask in table.trials.remove(&generation).unwrap_or_default() {
            match ask {
                Ask::Plan(name, plan, asked) => {
                    // Single tasks of the generation before count as well.
                    if let Err(error) = self.apply(&mut table, generation, Arc::clone(&name), plan, asked) {
                        tracing::error!(task = &*name, "a task of a new generation is not planned: {error}");
                    }
                }
                Ask::Cancel(name) => drop(table.tasks.remove(name.as_str())),
            }
        }
        table.tasks.retain(|_, task| task.by == generation || task.plan.every.is_none());
    }

    /// What `generation` planned on trial is void.
    pub fn forget(&self, generation: u64) {
        self.table().trials.remove(&generation);
    }

    /// Ends every task.
    pub fn clear(&self) {
        *self.table() = Table::default();
    }

    /// How many tasks are planned.
    pub fn len(&self) -> usize {
        self.table().tasks.len()
    }

    /// Whether none is planned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn apply(
        self: &Arc<Self>,
        table: &mut Table,
        generation: u64,
        name: Arc<str>,
        plan: Plan,
        asked: Instant,
    ) -> Result<(), TooMany> {
        if let Some(task) = table.tasks.get_mut(&name)
            && plan.every.is_some()
            && task.plan.every == plan.every
        {
            task.by = generation;
            return Ok(());
        }
        if table.tasks.len() >= TASKS_MAX && !table.tasks.contains_key(&name) {
            return Err(TooMany);
        }
        let due = asked + plan.first;
        let wait = self.clock.until(due);
        let timer = self.runtime.spawn(Arc::clone(self).run(Arc::clone(&name), plan, due, wait));
        table.tasks.insert(name, Planned { plan, by: generation, timer: timer.abort_handle() });
        Ok(())
    }

    /// The timer of one task, which is due when `wait` is over.
    async fn run(
        self: Arc<Self>,
        name: Arc<str>,
        plan: Plan,
        mut due: Instant,
        wait: impl Future<Output = Due>,
    ) {
        let mut moment = wait.await;
        loop {
            self.fire(&name, due);
            let Some(every) = plan.every else { break };
            // Start to start; runs that were missed altogether are not caught up.
            due += every;
            let now = self.clock.now();
            if due < now {
                let missed = (now - due).as_millis() / every.as_millis().max(1);
                due += every * u32::try_from(missed).unwrap_or(u32::MAX);
            }
            let next = self.clock.until(due);
            drop(moment);
            moment = next.await;
        }
        // A task may have been planned anew under the same name meanwhile: that one has a timer of its own.
        let mut table = self.table();
        if table
            .tasks
            .get(&name)
            .is_some_and(|task| task.timer.is_finished() || tokio::task::try_id() == Some(task.timer.id()))
        {
            table.tasks.remove(&name);
        }
    }

    fn fire(&self, name: &Arc<str>, due: Instant) {
        let late = self.clock.now().saturating_duration_since(due);
        let due_unix_ms =
            self.clock.unix_ms().saturating_sub(u64::try_from(late.as_millis()).unwrap_or(u64::MAX));
        if self.inbox.push(Call::Task(TaskRun { name: (&**name).into(), due_unix_ms }).into()).is_err() {
            tracing::warn!(task = &**name, "a task is due, but the queue of its cog is full");
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Plan = Plan { first: Duration::from_secs(3600), every: Some(Duration::from_secs(3600)) };
    const SOON: Plan = Plan { first: Duration::from_secs(10), every: None };

    fn schedule() -> (Arc<Schedule>, Arc<Inbox>) {
        let inbox = Inbox::new(100);
        inbox.open();
        (Schedule::new(Arc::clone(&inbox), runtime::Handle::current(), HostClock::default()), inbox)
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_task_keeps_its_rhythm_over_a_reload() {
        let (schedule, inbox) = schedule();
        schedule.take_over(1);
        schedule.plan(1, "digest".into(), HOUR).expect("planned");
        tokio::time::sleep(Duration::from_secs(3000)).await;
        schedule.plan(2, "digest".into(), HOUR).expect("planned");
        schedule.take_over(2);
        tokio::time::sleep(Duration::from_secs(601)).await;
        assert_eq!(inbox.len(), 1);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(inbox.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_new_code_does_not_repeat_ends_and_single_runs_stay() {
        let (schedule, inbox) = schedule();
        schedule.take_over(1);
        schedule.plan(1, "digest".into(), HOUR).expect("planned");
        schedule.plan(1, "tea".into(), SOON).expect("planned");
        schedule.take_over(2);
        tokio::time::sleep(Duration::from_secs(4000)).await;
        assert_eq!((inbox.len(), schedule.len()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_task_runs_at_each_of_its_moments_by_the_clock_it_was_given() {
        let (inbox, clock) = (Inbox::new(100), HostClock::movable());
        clock.freeze();
        inbox.open();
        let schedule = Schedule::new(Arc::clone(&inbox), runtime::Handle::current(), clock.clone());
        schedule.take_over(1);
        schedule.plan(1, "digest".into(), HOUR).expect("planned");
        for runs in 1..=24 {
            assert_eq!(clock.next_due(), Some(Duration::from_secs(3600)));
            clock.advance(Duration::from_secs(3600));
            // Paused time goes on only when every task waits.
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(inbox.len(), runs);
        }
        schedule.clear();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(clock.next_due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn plans_of_a_generation_that_never_serves_are_void() {
        let (schedule, inbox) = schedule();
        schedule.take_over(1);
        schedule.plan(1, "tea".into(), SOON).expect("planned");
        assert!(schedule.cancel(2, "tea"));
        schedule.plan(2, "other".into(), SOON).expect("planned");
        schedule.forget(2);
        tokio::time::sleep(Duration::from_secs(11)).await;
        assert_eq!(inbox.len(), 1);
    }
}
