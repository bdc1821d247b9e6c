//! Waiting, and tasks that the host runs for the cog. The host owns the tasks: they keep their rhythm across reloads
//! and restarts, and end with the cog.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use abi_stable::std_types::RStr;

use super::millis;
use crate::{
    abi::{self, HandleError, TaskPlan, TaskWhen},
    manifest::{Task, When},
};

/// Waits, and plans tasks. Durations are rounded up to milliseconds.
#[derive(Clone, Copy)]
pub struct Clock {
    pub(super) host: abi::Host,
}

impl Clock {
    /// The longest delay and period that can be planned: a year. For anything later, plan a run after a year, and plan
    /// again when that run comes.
    pub const LONGEST: Duration = abi::TASK_LONGEST;

    /// The current time. Under `gearshift play`, `:time` moves it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis((self.host.table.now())(self.host.lease))
    }

    /// Waits at least this long. Other handlers of the cog run meanwhile, and handlers that wait do not take up places
    /// among the calls in flight.
    pub async fn sleep(&self, time: Duration) {
        let slept = (self.host.table.sleep())(self.host.lease, millis(time)).await;
        if slept.is_err() {
            // The generation was retired, or the host is closing: this is about to be dropped. The code after the wait
            // must not run early because of that.
            pending::<()>().await;
        }
    }

    /// Runs `future` for at most `time`; `None` if it was not done by then. A request in it that changes something (all
    /// but `GET` and `HEAD`, and writes to the store) is still carried out once the host has it; a request that only
    /// reads is abandoned.
    pub async fn timeout<T>(&self, time: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut sleep = pin!(self.sleep(time));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Runs [`Cog::task`](crate::Cog::task) every `period`, start to start, for the first time after one period. A
    /// period below one millisecond is one millisecond. Planning the same name with the same period again changes
    /// nothing, so a reload does not disturb the rhythm; neither does a restart, if the host has a store. Otherwise it
    /// works like a declared [`Task`]. Plan it in `setup`: a generation that does not plan it again there ends it,
    /// which is logged.
    ///
    /// # Errors
    /// The same as [`once`](Self::once).
    pub fn every(&self, name: &str, period: Duration) -> Result<(), HandleError> {
        let period = millis(period).max(1);
        self.plan(name, TaskWhen::Every { first_ms: period, every_ms: period }, false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) once a day, as [`Task::daily`] does.
    ///
    /// # Errors
    /// The same as [`cron`](Self::cron).
    pub fn daily(&self, name: &str, time: &str, zone: &str) -> Result<(), HandleError> {
        self.plan(name, daily(time, zone), false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) according to a cron expression, as [`Task::cron`] does.
    ///
    /// # Errors
    /// [`Invalid`](abi::HandleErrorKind::Invalid) if the expression or the zone cannot be read; or the same as
    /// [`once`](Self::once).
    pub fn cron(&self, name: &str, expression: &str, zone: &str) -> Result<(), HandleError> {
        self.plan(name, cron(expression, zone), false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) once, after `delay`. Planning the same name again moves it. It survives a
    /// reload, but not a restart: for that, keep it in the state or the store, and plan it again in `setup`. A run that
    /// fails is not retried.
    ///
    /// # Errors
    /// [`Invalid`](abi::HandleErrorKind::Invalid) if the delay is longer than [`LONGEST`](Self::LONGEST), if the name
    /// is empty or longer than 256 bytes, or if there are more than 10,000 tasks.
    pub fn once(&self, name: &str, delay: Duration) -> Result<(), HandleError> {
        self.plan(name, TaskWhen::Once { after_ms: millis(delay) }, false)
    }

    /// Plans a task that the cog declares.
    pub(crate) fn declared(&self, task: &Task) -> Result<(), HandleError> {
        let when = match task.when {
            When::Every(period) => TaskWhen::Every { first_ms: millis(period), every_ms: millis(period) },
            When::Daily(time, zone) => daily(time, zone),
            When::Cron(expression, zone) => cron(expression, zone),
        };
        self.plan(task.name, when, task.runs_at_start)
    }

    /// Cancels a planned task; returns whether there was one.
    #[must_use = "false means that nothing was planned under that name"]
    pub fn cancel(&self, name: &str) -> bool {
        (self.host.table.unschedule())(self.host.lease, RStr::from(name))
    }

    fn plan(&self, name: &str, when: TaskWhen, runs_at_start: bool) -> Result<(), HandleError> {
        let plan = TaskPlan { name: name.into(), when, runs_at_start };
        (self.host.table.schedule())(self.host.lease, plan).into_result()
    }
}

/// `09:30` becomes minute 30 of hour 9, every day. Anything else becomes an invalid expression, which the host reports.
fn daily(time: &str, zone: &str) -> TaskWhen {
    let (hour, minute) = time.split_once(':').unwrap_or((time, ""));
    let bare =
        |digits: &str| digits.parse().map_or_else(|_| digits.to_owned(), |number: u8| number.to_string());
    let (hour, minute) = (bare(hour), bare(minute));
    cron(&format!("{minute} {hour} * * *"), zone)
}

fn cron(expression: &str, zone: &str) -> TaskWhen {
    TaskWhen::Cron { expression: expression.into(), zone: zone.into() }
}
