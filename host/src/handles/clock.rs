//! The clock handle: waiting, and the cog's planned tasks.

use std::time::Duration;

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, TASK_LONGEST, TASK_NAME_MAX, TaskPlan};

use super::{
    Lease, error,
    slot::{self, Work},
};
use crate::schedule::Plan;

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
    let name = plan.name.into_string();
    let (first, every) = (Duration::from_millis(plan.first_ms), Duration::from_millis(plan.every_ms));
    if name.is_empty() || name.len() > TASK_NAME_MAX {
        return Err(error(HandleErrorKind::Invalid, format!("a task's name has 1 to {TASK_NAME_MAX} bytes")));
    }
    if first > TASK_LONGEST || every > TASK_LONGEST {
        return Err(error(
            HandleErrorKind::Invalid,
            format!("task `{name}` is planned more than a year ahead"),
        ));
    }
    lease
        .schedule()
        .plan(lease.id().number, name, Plan { first, every: (!every.is_zero()).then_some(every) })
        .map_err(|limit| error(HandleErrorKind::Invalid, limit.to_string()))
}
