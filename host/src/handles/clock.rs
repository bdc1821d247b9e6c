//! The clock handle: waiting, and the cog's planned tasks.

use std::time::Duration;

use abi_stable::std_types::{RResult, RStr};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{
    self, HandleError, HandleErrorKind, TASK_LONGEST, TASK_NAME_MAX, TaskPlan, TaskWhen,
};

use super::{
    Lease,
    ask::{self, Ask, AskNow, Now, Sleep, Unschedule},
    error,
    lease::{Here, Serves},
    slot::{self, Work},
};
use crate::schedule::{Plan, Rhythm, Times, When};

pub(super) extern "C" fn sleep(lease: abi::Lease, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
    slot::call(lease, Sleep { millis })
}

impl Ask for Sleep {
    type Answer = ();
    type Given = ();

    fn work(&self) -> Work {
        Work::Wait
    }

    fn begin(self, here: &Here) -> impl Future<Output = Result<(), HandleError>> + Send + 'static + use<> {
        let clock = here.sessions.clock.clone();
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
    match lease.serves() {
        Serves::Here(here) => here.sessions.clock.unix_ms(),
        Serves::Host(host) => host.ask_now(Now {}.into()).unwrap_or_default(),
    }
}

impl AskNow for Now {
    type Answer = u64;

    fn answer(self, here: &Here) -> Result<u64, HandleError> {
        Ok(here.sessions.clock.unix_ms())
    }
}

pub(super) extern "C" fn schedule(lease: abi::Lease, plan: TaskPlan) -> RResult<(), HandleError> {
    ask::now(Lease::of(lease), plan).into()
}

pub(super) extern "C" fn unschedule(lease: abi::Lease, name: RStr<'_>) -> bool {
    ask::now(Lease::of(lease), Unschedule { name: name.into() }).unwrap_or(false)
}

impl AskNow for Unschedule {
    type Answer = bool;

    fn answer(self, here: &Here) -> Result<bool, HandleError> {
        Ok(here.schedule.cancel(here.id.number, &self.name))
    }
}

impl AskNow for TaskPlan {
    type Answer = ();

    fn answer(self, here: &Here) -> Result<(), HandleError> {
        planned(here, self)
    }
}

fn planned(here: &Here, plan: TaskPlan) -> Result<(), HandleError> {
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
            let now = here.sessions.clock.unix_ms();
            let times = Times::read(&expression, &zone, now)
                .map_err(|why| invalid(format!("cannot plan task `{name}`: {why}")))?;
            When::Repeated { first: Duration::ZERO, rhythm: Rhythm::Times(Box::new(times)) }
        }
    };
    here.schedule
        .plan(here.id.number, name, Plan { when, runs_at_start: plan.runs_at_start })
        .map_err(|limit| invalid(limit.to_string()))
}
