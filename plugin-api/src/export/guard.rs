//! Catches panics inside the cog: around every call, every poll and every drop of a future.
//! A panic that crossed into the host would end the process, so none leaves this module.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    future::Future,
    mem,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    pin::Pin,
    task::{Context, Poll},
};

use abi_stable::std_types::{RResult, RString};
use async_ffi::{FutureExt, LocalFfiFuture};

use crate::abi::{ErrorCause, Fault, FaultKind};

/// tokio's panic message without a runtime, and what to do instead.
const NO_REACTOR: &str = "there is no reactor running";
const INSTEAD: &str = "a cog's thread has none: wait with `host.clock()` and send with the handles; \
                       for a crate that needs tokio, enable the feature `tokio` of gearshift-cog \
                       and await it in `gearshift_cog::tokio::run(…)`";

thread_local! {
    /// Where this thread last panicked.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether this is the cog's own thread: a panic there becomes a fault.
    static IS_LANE: Cell<bool> = const { Cell::new(false) };
    /// The number of the last pause of its generation that the handler being polled knows of.
    static PAUSE: Cell<u64> = const { Cell::new(0) };
}

/// Whether the handler being polled begins its first wait since a pause of its generation.
pub(crate) fn is_first_wait_since(pause: u64) -> bool {
    PAUSE.replace(pause) != pause
}

/// Records where a panic happened instead of printing it. On a thread that the cog started itself, where nobody reads
/// the record, the panic is logged. Takes no backtrace: resolving one would leave behind a mapping of the library's
/// file that nobody removes.
pub(super) fn install_hook() {
    IS_LANE.set(true);
    panic::set_hook(Box::new(note_place));
}

/// The same as [`install_hook`] in a process of tests: a panic outside of [`run_in_test`] is left to the previous hook.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn share_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| if IS_LANE.get() { note_place(info) } else { before(info) }));
    });
}

/// Runs a function of a cog on the thread of its test.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn run_in_test<T>(body: impl FnOnce() -> T) -> T {
    let before = IS_LANE.replace(true);
    let result = body();
    IS_LANE.set(before);
    result
}

fn note_place(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    if !IS_LANE.get() {
        let text = info.payload_as_str().unwrap_or("a panic without text");
        tracing::error!(place, "a thread that the cog started panicked: {text}");
        return;
    }
    // A panic inside a thread-local destructor finds the slot already destroyed; the place is then unknown.
    let _ = PLACE.try_with(|slot| *slot.borrow_mut() = place);
}

/// Calls `body`; a panic becomes a fault.
pub(super) fn call<T>(body: impl FnOnce() -> Result<T, Fault>) -> RResult<T, Fault> {
    caught(body).unwrap_or_else(|payload| Err(panicked(payload))).into()
}

/// Turns a future into one that crosses the boundary; a panic in a poll or in its drop becomes a fault.
pub(crate) fn future<T: 'static>(
    future: impl Future<Output = Result<T, Fault>> + 'static,
) -> LocalFfiFuture<RResult<T, Fault>> {
    Guarded { handler: Some(Box::pin(future)), pause: 0 }.into_local_ffi()
}

struct Guarded<T> {
    /// `None` once it is done: it is dropped at once, and only once. Boxed, so that all handlers of all cogs share this
    /// code instead of each having its own.
    handler: Option<Handler<T>>,
    /// See [`PAUSE`].
    pause: u64,
}

type Handler<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

impl<T> Guarded<T> {
    fn finish(&mut self) -> Result<(), Fault> {
        let done = self.handler.take();
        caught(|| drop(done)).map_err(panicked)
    }
}

impl<T> Future for Guarded<T> {
    type Output = RResult<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let before = PAUSE.replace(self.pause);
        let future = self.handler.as_mut().expect("a future is not polled after it is done");
        let polled = caught(|| future.as_mut().poll(cx));
        self.pause = PAUSE.replace(before);
        let output = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => output,
            Err(payload) => Err(panicked(payload)),
        };
        let dropped = self.finish();
        Poll::Ready(output.and_then(|value| dropped.map(|()| value)).into())
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Err(fault) = self.finish() {
            let place = fault.place.as_ref().map_or("", |place| place.as_str());
            tracing::error!(place, "panicked while a cancelled handler was dropped: {}", fault.text);
        }
    }
}

/// Runs `body`; returns the payload if it panics.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    panic::catch_unwind(AssertUnwindSafe(body))
}

/// The message of a panic.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without text").to_owned()
}

/// The payload of a panic, as data.
fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let text = text_of(&*payload);
    if !payload.is::<&str>() && !payload.is::<String>() {
        // A payload of another type may panic again when it is dropped.
        mem::forget(payload);
    }
    let text = match text.contains(NO_REACTOR) {
        true => format!("{text} ({INSTEAD})"),
        false => text,
    };
    let place = PLACE.try_with(|slot| slot.borrow_mut().take()).unwrap_or_default();
    Fault {
        kind: FaultKind::Panic,
        cause: ErrorCause::OWN,
        text: text.into(),
        place: place.map(RString::from).into(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    fn outcome<T: 'static>(it: impl Future<Output = Result<T, Fault>> + 'static) -> Result<T, Fault> {
        future(it).now_or_never().expect("ready at once").into_result()
    }

    #[test]
    fn a_panic_is_a_fault_with_its_text_and_place() {
        install_hook();
        let fault = outcome::<()>(async { panic!("boom {}", 1) }).expect_err("it panics");
        assert_eq!((fault.kind, fault.text.as_str()), (FaultKind::Panic, "boom 1"));
        assert!(fault.place.into_option().expect("a place").contains("guard.rs"));
    }

    #[test]
    fn a_panic_without_a_runtime_says_what_to_use_instead() {
        install_hook();
        let tokio = "there is no reactor running, must be called from the context of a Tokio 1.x runtime";
        let fault = outcome::<()>(async move { panic!("{tokio}") }).expect_err("it panics");
        assert!(fault.text.starts_with(tokio) && fault.text.contains("`host.clock()`"), "{}", fault.text);
        assert!(fault.text.contains("the feature `tokio`"), "{}", fault.text);
    }

    #[test]
    fn a_panic_in_a_drop_does_not_leave_the_guard() {
        install_hook();
        let fault = outcome(async {
            let _local = PanicsWhenDropped;
            Ok(())
        });
        assert_eq!(fault.expect_err("it panics").text, "in drop");
        drop(future::<()>(async {
            let _local = PanicsWhenDropped;
            std::future::pending::<()>().await;
            Ok(())
        }));
        let mut cancelled = future::<()>(async {
            let _local = PanicsWhenDropped;
            std::future::pending::<()>().await;
            Ok(())
        });
        assert!((&mut cancelled).now_or_never().is_none());
        drop(cancelled);
    }
}
