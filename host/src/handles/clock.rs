//! The clock handle: waiting, and the cog's planned tasks.

use std::time::Duration;

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{
    self, HandleError, HandleErrorKind, TASK_LONGEST, TASK_NAME_MAX, TaskPlan, TaskWhen,
};

use super::{
    Lease, error,
    slot::{self, Work},
};
use crate::schedule::{Plan, Rhythm, Times, When};

pub(super) extern "C" fn sleep(lease: abi::Lease, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
    slot::call(lease, Work::Wait, |lease| {
        let clock = lease.sessions().clock.clone();
        let moment = clock.now().checked_add(Duration::from_millis(millis));
        async move {
            match moment {
                Some(moment) => drop(clock.until(moment).await),
                // Longer than the clock can count: it never comes.
                None => std::future::pending().await,
            }
            Ok(())
        }
    })
}

pub(super) extern "C" fn now(lease: abi::Lease) -> u64 {
    Lease::of(lease).sessions().clock.unix_ms()
}

pub(super) extern "C" fn schedule(lease: abi::Lease, plan: TaskPlan) -> RResult<(), HandleError> {
    let lease = Lease::of(lease);
    planned(lease, plan).into()
}

pub(super) extern "C" fn unschedule(lease: abi::Lease, name: RStr<'_>) -> bool {
    let lease = Lease::of(lease);
    lease.check().is_ok() && lease.schedule().cancel(lease.id().number, name.as_str())
}

fn planned(lease: &Lease, plan: TaskPlan) -> Result<(), HandleError> {
    lease.check()?;
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
            let now = lease.sessions().clock.unix_ms();
            let times = Times::read(&expression, &zone, now)
                .map_err(|why| invalid(format!("cannot plan task `{name}`: {why}")))?;
            When::Repeated { first: Duration::ZERO, rhythm: Rhythm::Times(Box::new(times)) }
        }
    };
    lease
        .schedule()
        .plan(lease.id().number, name, Plan { when, runs_at_start: plan.runs_at_start })
        .map_err(|limit| invalid(limit.to_string()))
}
