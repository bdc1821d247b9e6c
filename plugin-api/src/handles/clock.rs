//! Waiting, and tasks that the host runs for the cog. The host owns the tasks: they keep their rhythm over a reload,
//! and end with the cog.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use abi_stable::std_types::RStr;

use super::millis;
use crate::abi::{self, HandleError, TaskPlan};

/// Waits, and plans tasks. Durations are rounded up to milliseconds.
#[derive(Clone, Copy)]
pub struct Clock {
    pub(super) host: abi::Host,
}

impl Clock {
    /// The longest delay and period that can be planned: a year. What is due later is planned for then, and once more when
    /// that run comes.
    pub const LONGEST: Duration = abi::TASK_LONGEST;

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
    /// reload does not disturb the rhythm.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub fn every(&self, name: &str, period: Duration) -> Result<(), HandleError> {
        self.plan(name, period, millis(period).max(1))
    }

    /// Runs [`Cog::task`](crate::Cog::task) once, after `delay`. Planning the same name again moves it.
    ///
    /// # Errors
    /// [`Invalid`](abi::HandleErrorKind::Invalid): later than [`LONGEST`](Self::LONGEST), a name that is empty or longer than 256
    /// bytes, more than 10,000 tasks.
    pub fn once(&self, name: &str, delay: Duration) -> Result<(), HandleError> {
        self.plan(name, delay, 0)
    }

    /// Drops a planned task; whether there was one.
    #[must_use = "false means that nothing was planned under that name"]
    pub fn cancel(&self, name: &str) -> bool {
        (self.host.table.unschedule())(self.host.lease, RStr::from(name))
    }

    fn plan(&self, name: &str, first: Duration, every_ms: u64) -> Result<(), HandleError> {
        let plan = TaskPlan { name: name.into(), first_ms: millis(first), every_ms };
        (self.host.table.schedule())(self.host.lease, plan).into_result()
    }
}
