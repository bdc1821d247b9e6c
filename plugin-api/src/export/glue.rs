//! The functions behind a cog's exported table: from the ABI's types to the [`Cog`] trait and back.
//! They decide nothing; a panic in any of them becomes a fault (module `guard`).
#![allow(unsafe_code, reason = "an instance crosses the boundary as a pointer")]

use std::{cell::RefCell, future::Future, rc::Rc};

use abi_stable::std_types::{RNone, ROption, RResult, RSome};
pub use abi_stable::{
    library::{
        __call_root_module_loader as call_root_module_loader, CheckTypeLayout, LibHeader, RootModuleResult,
    },
    prefix_type::WithMetadata,
};
use async_ffi::LocalFfiFuture;

pub use super::interpose::{
    CVoid, KeyDestructor, Pthread, PthreadAttributes, ThreadStart, key_create, key_delete, thread_create,
};
pub use super::required::{
    NotReadable, Read, default, is_argument, is_form, read_state, returned, suggestions, write_state,
};
use super::{guard, interpose, trace};
pub use crate::abi::{CogModule, CogModuleRef};
use crate::{
    Cog, Context, Error, Host, SettingsError, State,
    abi::{self, ErrorCause, Event, Fault, FaultKind, Instance, Invocation, Outcome, SavedState, TaskRun},
    dispatch,
};

/// The function table of a cog.
#[must_use]
pub const fn module<C: Cog>() -> CogModule {
    CogModule {
        ledger: &interpose::LEDGER,
        create: create::<C>,
        setup: setup::<C>,
        restore: restore::<C>,
        event: event::<C>,
        command: command::<C>,
        task: task::<C>,
        save: save::<C>,
        teardown: teardown::<C>,
        destroy: destroy::<C>,
        pause: pause::<C>,
        #[cfg(feature = "next-minor")]
        next_minor,
    }
}

/// What an [`Instance`] points to. Futures keep it alive, so it may outlast `destroy` for a moment.
struct Cell<C> {
    host: Host,
    cog: RefCell<Option<Rc<C>>>,
}

impl<C: Cog> Cell<C> {
    /// Another owner of the cell behind `instance`.
    fn of(instance: Instance) -> Rc<Self> {
        let pointer = instance.0.cast::<Self>().cast_const();
        // SAFETY: the host passes only what `create::<C>` returned, and never after `destroy`.
        unsafe {
            Rc::increment_strong_count(pointer);
            Rc::from_raw(pointer)
        }
    }

    fn cog(&self) -> Result<Rc<C>, Fault> {
        self.cog.borrow().clone().ok_or_else(|| fault(Error::new("the cog is not set up")))
    }
}

extern "C" fn create<C: Cog>(raw: abi::Host) -> Instance {
    guard::install_hook();
    let host = Host::new(raw, C::EVENTS);
    trace::install(&host);
    instance::<C>(host)
}

/// An instance that owns its handles and nothing else yet.
pub(crate) fn instance<C: Cog>(host: Host) -> Instance {
    Instance(Rc::into_raw(Rc::new(Cell::<C> { host, cog: RefCell::new(None) })).cast_mut().cast())
}

extern "C" fn setup<C: Cog>(instance: Instance) -> LocalFfiFuture<Outcome> {
    let cell = Cell::<C>::of(instance);
    guard::future(async move {
        if let Some(settings) = C::SETTINGS {
            settings.check(cell.host.settings_json()).map_err(unusable)?;
        }
        for task in C::TASKS {
            cell.host.clock().declared(task).map_err(|error| fault(error.into()))?;
        }
        let cog = C::setup(cell.host.clone()).await.map_err(fault)?;
        *cell.cog.borrow_mut() = Some(Rc::new(cog));
        Ok(())
    })
}

extern "C" fn restore<C: Cog>(instance: Instance, state: SavedState) -> LocalFfiFuture<Outcome> {
    let cell = Cell::<C>::of(instance);
    guard::future(async move {
        let state = State { version: state.version, bytes: state.bytes.into_vec() };
        let mut slot = cell.cog.borrow_mut();
        let cog =
            slot.as_mut().and_then(Rc::get_mut).ok_or_else(|| fault(Error::new("the cog is not idle")))?;
        cog.restore(state).map_err(|error| Fault { kind: FaultKind::State, ..fault(error) })
    })
}

extern "C" fn event<C: Cog>(instance: Instance, event: Event) -> LocalFfiFuture<Outcome> {
    serve::<C, _>(instance, move |cog, host| async move { dispatch::event(&*cog, host, event).await })
}

extern "C" fn command<C: Cog>(instance: Instance, invocation: Invocation) -> LocalFfiFuture<Outcome> {
    serve::<C, _>(instance, move |cog, host| async move { dispatch::command(&*cog, host, invocation).await })
}

extern "C" fn task<C: Cog>(instance: Instance, run: TaskRun) -> LocalFfiFuture<Outcome> {
    serve::<C, _>(instance, move |cog, host| async move { cog.task(&Context::of_task(host), run).await })
}

extern "C" fn teardown<C: Cog>(instance: Instance) -> LocalFfiFuture<Outcome> {
    serve::<C, _>(instance, move |cog, _| async move { cog.teardown().await })
}

extern "C" fn pause<C: Cog>(instance: Instance) -> Outcome {
    let cell = Cell::<C>::of(instance);
    guard::call(|| {
        cell.host.waits().pause();
        Ok(())
    })
}

extern "C" fn save<C: Cog>(instance: Instance) -> LocalFfiFuture<RResult<ROption<SavedState>, Fault>> {
    let cell = Cell::<C>::of(instance);
    guard::future(async move {
        Ok(match cell.cog()?.save().map_err(fault)? {
            Some(state) => RSome(SavedState { version: state.version, bytes: state.bytes.into() }),
            None => RNone,
        })
    })
}

extern "C" fn destroy<C: Cog>(instance: Instance) -> Outcome {
    guard::call(|| {
        // SAFETY: `create::<C>` made it, and the host calls `destroy` once, as the last function.
        let cell = unsafe { Rc::from_raw(instance.0.cast::<Cell<C>>().cast_const()) };
        // Dropped last, even if the cog's own drop panics.
        #[cfg(feature = "tokio")]
        let _runtime = crate::tokio::EndsWithThis;
        let cog = cell.cog.borrow_mut().take();
        drop(cog);
        Ok(())
    })
}

#[cfg(feature = "next-minor")]
extern "C" fn next_minor(_: Instance, fault: Fault) -> LocalFfiFuture<Outcome> {
    guard::future(std::future::ready(Err(fault)))
}

/// A future that a handler spawned, which may outlive the handler.
pub(crate) fn spawned(future: impl Future<Output = crate::Result<()>> + 'static) -> LocalFfiFuture<Outcome> {
    guard::future(async move { future.await.map_err(fault) })
}

/// Runs a handler of the cog.
fn serve<C: Cog, F>(
    instance: Instance,
    handler: impl FnOnce(Rc<C>, Host) -> F + 'static,
) -> LocalFfiFuture<Outcome>
where
    F: Future<Output = crate::Result<()>>,
{
    let cell = Cell::<C>::of(instance);
    guard::future(async move {
        let cog = cell.cog()?;
        cell.host.waits().resume();
        handler(cog, cell.host.clone()).await.map_err(fault)
    })
}

fn unusable(error: SettingsError) -> Fault {
    let SettingsError { key, text } = error;
    Fault { kind: FaultKind::Settings, cause: ErrorCause::OWN, text: text.into(), place: RSome(key.into()) }
}

fn fault(error: Error) -> Fault {
    Fault { kind: FaultKind::Error, cause: error.cause(), text: error.to_string().into(), place: RNone }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_fault_has_the_cause_of_its_own_error() {
        let fails =
            |error: Error| spawned(async move { Err(error) }).now_or_never().expect("it fails at once");
        // Both errors exist before either is read.
        let [first, second] = [fails(Error::input("no")), fails(Error::new("broken"))];
        let cause = |outcome: Outcome| outcome.into_result().expect_err("it failed").cause;
        assert_eq!((cause(first), cause(second)), (ErrorCause::INPUT, ErrorCause::OWN));
    }
}
