//! Waiting, and tasks that the host runs for the cog. The host owns the tasks: they keep their rhythm over a reload and a
//! restart, and end with the cog.

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
    /// The longest delay and period that can be planned: a year. What is due later is planned for then, and once more when
    /// that run comes.
    pub const LONGEST: Duration = abi::TASK_LONGEST;

    /// What time it is. Under `gearshift play`, `:time` moves it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis((self.host.table.now())(self.host.lease))
    }

    /// Waits, and never less than that. Other handlers of the cog go on meanwhile, and however many wait, none of them takes
    /// a place among the calls in flight.
    pub async fn sleep(&self, time: Duration) {
        let slept = (self.host.table.sleep())(self.host.lease, millis(time)).await;
        if slept.is_err() {
            // The generation was retired, or the host is closing: this is about to be dropped. What stands behind the wait
            // must not begin early because of it.
            pending::<()>().await;
        }
    }

    /// Runs `future` for at most `time`; `None` when it was not done by then. A request in it that changes something (all but
    /// `GET` and `HEAD`, and writes to the store) is carried out all the same once the host has it; what only asks is given
    /// up.
    pub async fn timeout<T>(&self, time: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut sleep = pin!(self.sleep(time));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Runs [`Cog::task`](crate::Cog::task) every `period`, start to start, the first time after one period; a period
    /// below one millisecond is one millisecond. Planning the same name with the same period again changes nothing, so a
    /// reload does not disturb the rhythm; nor does a restart, if the host has a store. What a [`Task`] is beyond that, this
    /// is too: plan it in `setup`, as a generation that has not planned it again there ends it, and the log says so.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub fn every(&self, name: &str, period: Duration) -> Result<(), HandleError> {
        let period = millis(period).max(1);
        self.plan(name, TaskWhen::Every { first_ms: period, every_ms: period }, false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) once a day, as [`Task::daily`] does.
    ///
    /// # Errors
    /// As [`cron`](Self::cron).
    pub fn daily(&self, name: &str, time: &str, zone: &str) -> Result<(), HandleError> {
        self.plan(name, daily(time, zone), false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) when a cron expression says so, as [`Task::cron`] does.
    ///
    /// # Errors
    /// [`Invalid`](abi::HandleErrorKind::Invalid): an expression or a zone that cannot be read, or as [`once`](Self::once).
    pub fn cron(&self, name: &str, expression: &str, zone: &str) -> Result<(), HandleError> {
        self.plan(name, cron(expression, zone), false)
    }

    /// Runs [`Cog::task`](crate::Cog::task) once, after `delay`. Planning the same name again moves it. It is kept over a
    /// reload; what shall happen after a restart, keep in the state or the store, and plan it again in `setup`. A run that
    /// fails is not tried again.
    ///
    /// # Errors
    /// [`Invalid`](abi::HandleErrorKind::Invalid): later than [`LONGEST`](Self::LONGEST), a name that is empty or longer than 256
    /// bytes, more than 10,000 tasks.
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

    /// Drops a planned task; whether there was one.
    #[must_use = "false means that nothing was planned under that name"]
    pub fn cancel(&self, name: &str) -> bool {
        (self.host.table.unschedule())(self.host.lease, RStr::from(name))
    }

    fn plan(&self, name: &str, when: TaskWhen, runs_at_start: bool) -> Result<(), HandleError> {
        let plan = TaskPlan { name: name.into(), when, runs_at_start };
        (self.host.table.schedule())(self.host.lease, plan).into_result()
    }
}

/// `09:30` is minute 30 of hour 9, every day. What is no time of day makes no expression, and the host says so.
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
