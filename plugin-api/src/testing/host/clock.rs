//! The clock handle: virtual time, and the planned tasks.

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;

use super::later;
use crate::{
    abi::{HandleError, HandleErrorKind, Lease, TASK_LONGEST, TASK_NAME_MAX, TaskPlan, TaskWhen},
    testing::{clock::until, world::World},
};

pub(super) extern "C" fn sleep(lease: Lease, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
    let world = World::of(lease);
    let moment = world.clock.unix_ms().saturating_add(millis);
    later(async move {
        until(world, moment).await;
        Ok(())
    })
}

pub(super) extern "C" fn now(lease: Lease) -> u64 {
    World::of(lease).clock.unix_ms()
}

pub(super) extern "C" fn schedule(lease: Lease, plan: TaskPlan) -> RResult<(), HandleError> {
    let world = World::of(lease);
    world.authorize("schedule").and_then(|()| planned(&world, &plan)).into()
}

pub(super) extern "C" fn unschedule(lease: Lease, name: RStr<'_>) -> bool {
    let world = World::of(lease);
    world.authorize("schedule").is_ok() && world.tasks.borrow_mut().cancel(name.as_str())
}

fn planned(world: &World, plan: &TaskPlan) -> Result<(), HandleError> {
    let invalid = |text: String| HandleError::new(HandleErrorKind::Invalid, text);
    if plan.name.is_empty() || plan.name.len() > TASK_NAME_MAX {
        return Err(invalid(format!("a task's name has 1 to {TASK_NAME_MAX} bytes")));
    }
    let longest = match plan.when {
        TaskWhen::Once { after_ms } => after_ms,
        TaskWhen::Every { first_ms, every_ms } => first_ms.max(every_ms),
        TaskWhen::Cron { .. } => 0,
    };
    if u128::from(longest) > TASK_LONGEST.as_millis() {
        return Err(invalid(format!("task `{}` is planned more than a year ahead", plan.name)));
    }
    let planned = world.tasks.borrow_mut().plan(plan, world.clock.unix_ms());
    planned.map_err(|why| invalid(format!("cannot plan task `{}`: {why}", plan.name)))
}
