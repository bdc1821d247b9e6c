//! The clock handle: waiting, and the cog's planned tasks.

use std::time::Duration;

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, TaskPlan};

use super::{Lease, error, slot};
use crate::schedule::Plan;

/// The longest wait or period: a year. Longer ones are mistakes in the unit.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// Bytes of a task's name.
const NAME_MAX: usize = 256;

pub(super) extern "C" fn sleep(lease: abi::Lease, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
    slot::call(lease, |lease| {
        let clock = lease.sessions().clock.clone();
        let moment = clock.now() + Duration::from_millis(millis).min(LONGEST);
        async move {
            drop(clock.until(moment).await);
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
    if name.is_empty() || name.len() > NAME_MAX {
        return Err(error(HandleErrorKind::Invalid, format!("a task's name has 1 to {NAME_MAX} bytes")));
    }
    if first > LONGEST || every > LONGEST {
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
