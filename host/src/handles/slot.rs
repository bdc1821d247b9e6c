//! Where a call's answer waits for the cog. The work runs on the host's runtime and knows only the slot; the cog's
//! waker is in the slot and nowhere else. Completing wakes *under* the lock and dropping clears *under* the lock, so
//! after the drop nothing of the cog is left, however long the work still takes.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use abi_stable::std_types::RResult;
use async_ffi::{FutureExt, LocalFfiFuture};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind};
use tokio::task::AbortHandle;

use super::lease::Lease;

enum State<T> {
    /// Not done; the waker of the cog's task, if it was polled.
    Waiting(Option<Waker>),
    /// Done.
    Done(Result<T, HandleError>),
    /// Taken, or no longer wanted.
    Closed,
}

struct Slot<T>(Mutex<State<T>>);

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by the work.
    fn complete(&self, result: Result<T, HandleError>) {
        let mut state = self.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Done(result);
            // Under the lock: the cog cannot be dropped, and so not be unmapped, before this has returned.
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Runs `work` on the host's runtime and gives the cog a future of its answer. Dropping the future gives the work up.
pub(super) fn call<T, F>(
    raw: abi::Lease,
    work: impl FnOnce(&'static Lease) -> F,
) -> LocalFfiFuture<RResult<T, HandleError>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, HandleError>> + Send + 'static,
{
    let lease: &'static Lease = Lease::of(raw);
    if let Err(error) = lease.enter() {
        return std::future::ready(RResult::RErr(error)).into_local_ffi();
    }
    let slot = Arc::new(Slot(Mutex::new(State::Waiting(None))));
    let work = work(lease);
    let finish = Finish(Arc::clone(&slot));
    let task = lease.runtime().spawn(async move {
        let result = work.await;
        finish.0.complete(result);
    });
    Answer { slot, lease, task: task.abort_handle() }.into_local_ffi()
}

/// Completes the slot even if the work panics or is dropped with its runtime.
struct Finish<T>(Arc<Slot<T>>);

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        self.0.complete(Err(super::error(HandleErrorKind::Internal, "the host gave this call up")));
    }
}

/// The cog's side of a slot. Lives on the lane's thread.
struct Answer<T> {
    slot: Arc<Slot<T>>,
    lease: &'static Lease,
    task: AbortHandle,
}

impl<T> Future for Answer<T> {
    type Output = RResult<T, HandleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.lock();
        match &mut *state {
            State::Waiting(waker) => {
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
            State::Done(_) => match std::mem::replace(&mut *state, State::Closed) {
                State::Done(result) => Poll::Ready(result.into()),
                State::Waiting(_) | State::Closed => {
                    unreachable!("it was done a line above, under the same lock")
                }
            },
            State::Closed => Poll::Ready(RResult::RErr(super::error(
                HandleErrorKind::Internal,
                "asked again after its answer",
            ))),
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.task.abort();
        // Drops the waker under the lock.
        *self.slot.lock() = State::Closed;
        self.lease.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;
    use crate::{
        clock::HostClock, config::Config, handles::LeaseParts, identity::GenerationId, lane::Inbox,
        schedule::Schedule, sessions::Sessions,
    };

    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn lease() -> Arc<Lease> {
        let config = Config::parse("[cogs]\nfolder = \"cogs\"\n", Path::new("gearshift.toml")).unwrap();
        let runtime = tokio::runtime::Handle::current();
        Lease::new(LeaseParts {
            id: GenerationId { cog: "music".into(), number: 7 },
            sessions: Arc::new(Sessions::open(&config).await.unwrap()),
            schedule: Schedule::new(Inbox::new(1), runtime.clone(), HostClock::default()),
            runtime,
            calls_in_flight: 2,
        })
    }

    fn sleep(lease: &Arc<Lease>, millis: u64) -> LocalFfiFuture<RResult<(), HandleError>> {
        (crate::handles::table().sleep())(Lease::lend(lease), millis)
    }

    fn poll<T>(future: &mut LocalFfiFuture<T>, waker: &Waker) -> Poll<T> {
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }

    #[tokio::test]
    async fn a_handle_of_a_retired_generation_answers_an_error() {
        let lease = lease().await;
        lease.retire();
        let Poll::Ready(RResult::RErr(error)) = poll(&mut sleep(&lease, 0), Waker::noop()) else {
            panic!("it must answer an error at once");
        };
        assert_eq!(error.kind, HandleErrorKind::Retired);
        assert_eq!(error.text, "`music#7` was retired; its handles serve no more");
    }

    #[tokio::test]
    async fn a_dropped_call_leaves_no_waker_behind_and_is_counted_out() {
        let lease = lease().await;
        let counted = Arc::new(Counted(AtomicUsize::new(0)));
        let mut call = sleep(&lease, 3_600_000);
        assert!(poll(&mut call, &Waker::from(Arc::clone(&counted))).is_pending());
        assert_eq!((lease.slots(), Arc::strong_count(&counted)), (1, 2));
        drop(call);
        assert_eq!((lease.slots(), Arc::strong_count(&counted)), (0, 1));
        tokio::task::yield_now().await;
        assert_eq!(counted.0.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn more_calls_than_allowed_are_refused() {
        let lease = lease().await;
        let (_one, _two) = (sleep(&lease, 1000), sleep(&lease, 1000));
        let Poll::Ready(RResult::RErr(error)) = poll(&mut sleep(&lease, 0), Waker::noop()) else {
            panic!("it must be refused at once");
        };
        assert!(error.text.contains("calls_in_flight"), "{}", error.text);
        assert_eq!(lease.slots(), 2);
    }
}
