//! The clock handle: waiting, and the cog's planned tasks.

use std::time::Duration;

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{
    self, HandleError, HandleErrorKind, TASK_LONGEST, TASK_NAME_MAX, TaskPlan, TaskWhen,
};

use super::{
    Lease, error,
    lease::{Backend, Local},
    request::{self, AsyncRequest, Now, Sleep, SyncRequest, Unschedule},
    slot::{self, Work},
};
use crate::schedule::{Plan, Rhythm, Times, When};

pub(super) extern "C" fn sleep(lease: abi::Lease, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
    slot::call(lease, Sleep { millis })
}

impl AsyncRequest for Sleep {
    type Answer = ();
    type Output = ();

    fn work(&self) -> Work {
        Work::Wait
    }

    fn begin(self, local: &Local) -> impl Future<Output = Result<(), HandleError>> + Send + 'static + use<> {
        let clock = local.sessions.clock.clone();
        let moment = clock.now().checked_add(Duration::from_millis(self.millis));
        async move {
            match moment {
                Some(moment) => drop(clock.until(moment).await),
                // Longer than the clock can represent: it never ends.
                None => std::future::pending().await,
            }
            Ok(())
        }
    }
}

pub(super) extern "C" fn now(lease: abi::Lease) -> u64 {
    // Also answered after the generation was retired: what it logs while it is dropped needs a time.
    let lease = Lease::of(lease);
    match lease.backend() {
        Backend::Local(local) => local.sessions.clock.unix_ms(),
        Backend::Remote(remote) => remote.request_sync(Now {}.into()).unwrap_or_default(),
    }
}

impl SyncRequest for Now {
    type Answer = u64;

    fn answer(self, local: &Local) -> Result<u64, HandleError> {
        Ok(local.sessions.clock.unix_ms())
    }
}

pub(super) extern "C" fn schedule(lease: abi::Lease, plan: TaskPlan) -> RResult<(), HandleError> {
    request::answer_sync(Lease::of(lease), plan).into()
}

pub(super) extern "C" fn unschedule(lease: abi::Lease, name: RStr<'_>) -> bool {
    request::answer_sync(Lease::of(lease), Unschedule { name: name.into() }).unwrap_or(false)
}

impl SyncRequest for Unschedule {
    type Answer = bool;

    fn answer(self, local: &Local) -> Result<bool, HandleError> {
        Ok(local.schedule.cancel(local.id.number, &self.name))
    }
}

impl SyncRequest for TaskPlan {
    type Answer = ();

    fn answer(self, local: &Local) -> Result<(), HandleError> {
        planned(local, self)
    }
}

fn planned(local: &Local, plan: TaskPlan) -> Result<(), HandleError> {
    let invalid = |text: String| error(HandleErrorKind::Invalid, text);
    let name = plan.name.into_string();
    if name.is_empty() || name.len() > TASK_NAME_MAX {
        return Err(invalid(format!("a task's name has 1 to {TASK_NAME_MAX} bytes")));
    }
    let span = |millis| match Duration::from_millis(millis) {
        span if span > TASK_LONGEST => {
            Err(invalid(format!("task `{name}` is planned more than a year ahead")))
        }
        span => Ok(span),
    };
    let when = match plan.when {
        TaskWhen::Once { after_ms } => When::Once(span(after_ms)?),
        TaskWhen::Every { first_ms, every_ms } => {
            When::Repeated { first: span(first_ms)?, rhythm: Rhythm::Every(span(every_ms.max(1))?) }
        }
        TaskWhen::Cron { expression, zone } => {
            let now = local.sessions.clock.unix_ms();
            let times = Times::read(&expression, &zone, now)
                .map_err(|why| invalid(format!("cannot plan task `{name}`: {why}")))?;
            When::Repeated { first: Duration::ZERO, rhythm: Rhythm::Times(Box::new(times)) }
        }
    };
    local
        .schedule
        .plan(local.id.number, name, Plan { when, runs_at_start: plan.runs_at_start })
        .map_err(|limit| invalid(limit.to_string()))
}
