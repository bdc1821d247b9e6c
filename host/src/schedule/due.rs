//! What happens when a task is due: a run is pushed to the queue, and its outcome is followed.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use gearshift_cog::abi::TaskRun;

use super::{Planned, Run, Schedule, Table, millis};
use crate::lane::{Begin, Call, Ended, Item, Observer, PushError};

/// A wall clock that was set back by more than this was wrong before: tasks are planned again by the new time. After a
/// smaller change, those that run at certain times keep them, so that nothing runs twice.
pub(super) const SET_BACK: Duration = Duration::from_secs(60 * 60);
/// Less than this is the tolerance of the two clocks, and shorter than any interval.
const SET_BACK_MIN: Duration = Duration::from_secs(1);
/// How long after its queue was full a cog is offered the run again.
const FULL_RETRY: Duration = Duration::from_secs(5);

/// Follows one run through the cog.
#[derive(Debug)]
struct RunObserver {
    schedule: Weak<Schedule>,
    name: Arc<str>,
    number: u64,
}

impl Schedule {
    /// Pushes runs as they fall due, until the schedule is cleared.
    pub(super) async fn drive(self: Arc<Self>) {
        loop {
            match self.push_due() {
                Some(at) => tokio::select! {
                    () = self.clock.wait_until_about(at) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// Pushes every run that is due. Returns the next moment at which something is.
    fn push_due(self: &Arc<Self>) -> Option<u64> {
        let (span, now) = (self.clock.now(), self.clock.unix_ms());
        let mut table = self.table();
        let table = &mut *table;
        let before = table.seen.replace((span, now));
        let by = before.map_or(0, |(then, was)| {
            let expected = was + millis(span.saturating_duration_since(then));
            expected.saturating_sub(now)
        });
        let is_set_back = by >= millis(SET_BACK_MIN);
        if is_set_back {
            if by > millis(SET_BACK) {
                tracing::info!(
                    cog = &*self.cog,
                    "the wall clock was set back: its tasks are planned by the new time"
                );
            }
            let names: Vec<_> = table.tasks.keys().cloned().collect();
            names
                .iter()
                .for_each(|name| _ = table.change(name, |task| task.shift_back(by, now, &self.clock)));
        }
        let mut is_to_keep = is_set_back;
        while let Some((at, name)) = table.agenda.first().filter(|(at, _)| *at <= now).cloned() {
            is_to_keep |= self.reach(table, &name, at, now);
        }
        if is_to_keep && let Some(store) = &self.store {
            store.keep(&table.marks(|task| task.next));
        }
        table.agenda.first().map(|(at, _)| *at)
    }

    /// A task has reached one of its moments. Returns whether its rhythm is slow enough to be written to the
    /// store at once.
    fn reach(self: &Arc<Self>, table: &mut Table, name: &Arc<str>, at: u64, now: u64) -> bool {
        let Some((due, over)) = table.change(name, |task| task.reach(at, now, &self.clock)) else {
            return false;
        };
        match due {
            Some(due) => self.push(table, name, due, now),
            None => {
                let left_out = table.tasks.get(name).map_or(0, Planned::left_out);
                tracing::debug!(
                    cog = &*self.cog,
                    task = &**name,
                    left_out,
                    "a run is skipped: the previous one is still under way"
                );
            }
        }
        // Dropped only now: a task waiting for the clock to catch up would otherwise see neither the moment nor its
        // run.
        drop(over);
        table.tasks.get(name).and_then(Planned::rhythm).is_some_and(super::Rhythm::is_slow)
    }

    /// Pushes a run to the queue.
    pub(super) fn push(self: &Arc<Self>, table: &mut Table, name: &Arc<str>, due: u64, now: u64) {
        table.runs += 1;
        let number = table.runs;
        let follow = RunObserver { schedule: Arc::downgrade(self), name: Arc::clone(name), number };
        let call = Call::Task(TaskRun { name: (&**name).into(), due_unix_ms: due });
        let item = Item::followed(call, Box::new(follow));
        let is_single = table.tasks.get(name).is_some_and(|task| task.rhythm().is_none());
        match self.inbox.push(item) {
            Ok(()) if is_single => _ = table.remove(name),
            Ok(()) => _ = table.change(name, |task| task.run = Run::Waiting { number, due }),
            Err((PushError::Full, _)) => {
                tracing::warn!(
                    cog = &*self.cog,
                    task = &**name,
                    "a task is due, but the queue of its cog is full; it is tried again"
                );
                table.change(name, |task| match is_single {
                    true => drop(task.plan_next(now + millis(FULL_RETRY), &self.clock)),
                    false => task.fail(due, now, &self.clock),
                });
            }
            // The cog is leaving, and the schedule is about to be cleared.
            Err((PushError::Closed, _)) if is_single => _ = table.remove(name),
            Err((PushError::Closed, _)) => _ = table.change(name, |task| task.run = Run::Missed { due }),
        }
    }

    fn follow(&self, name: &Arc<str>, news: impl FnOnce(&mut Planned, u64)) {
        let now = self.clock.unix_ms();
        self.table().change(name, |task| news(task, now));
        self.changed.notify_one();
    }
}

impl RunObserver {
    fn ended(&self, ended: Option<Ended>) {
        if let Some(schedule) = self.schedule.upgrade() {
            schedule.follow(&self.name, |task, now| task.ended(self.number, ended, now, &schedule.clock));
        }
    }
}

impl Observer for RunObserver {
    fn begin(&mut self, call: Call) -> Begin {
        if let Some(schedule) = self.schedule.upgrade() {
            schedule.table().change(&self.name, |task| task.begun(self.number));
        }
        Begin::Now(call)
    }

    fn end(self: Box<Self>, ended: Ended) {
        self.ended(Some(ended));
    }

    /// It would not end the next time either.
    fn abandon(self: Box<Self>) {}

    fn decline(self: Box<Self>) {
        self.ended(None);
    }
}
