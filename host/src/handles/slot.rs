//! Where a call's answer waits for the cog. The work runs on the host's runtime and holds only the slot; the cog's
//! waker is in the slot and nowhere else. Completing calls the waker *while the slot is locked*, and dropping the cog's
//! future clears the slot under the same lock. So after that drop no waker of the cog exists or is being called,
//! however long the work still takes: each session bounds it in time.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use abi_stable::std_types::RResult;
use async_ffi::{FutureExt, LocalFfiFuture};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, Method};
use tokio::task::AbortHandle;

use super::{
    lease::{Backend, CallPermit, Lease},
    remote::Remote,
    request::AsyncRequest,
};

enum State<T> {
    /// Not done; with the waker of the cog's task, if the future was polled.
    Waiting(Option<Waker>),
    /// Done.
    Done(Result<T, HandleError>),
    /// Taken, or no longer wanted.
    Closed,
}

struct Slot<T> {
    state: Mutex<State<T>>,
    /// `None` for a call that only waits.
    _permit: Option<CallPermit>,
}

/// What a call does, which decides what happens to it when the cog drops its future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// It waits. It is given up, and takes no place among the calls in flight, as it uses no resources.
    Wait,
    /// It reads something. It is given up.
    Read,
    /// It changes something. It is carried out all the same: the cog has handed it over, and may be replaced by then.
    Write,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by the work.
    fn complete(&self, result: Result<T, HandleError>) {
        let mut state = self.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Done(result);
            // Under the lock: until this has returned, the cog's future is not dropped, and so its code not unmapped.
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Work {
    /// What a request with that method does.
    pub(super) fn of(method: Method) -> Work {
        match method {
            Method::Get | Method::Head => Work::Read,
            Method::Post | Method::Put | Method::Patch | Method::Delete => Work::Write,
        }
    }
}

/// Has a request answered by the host's runtime or process, and returns a future of the answer to the cog.
pub(super) fn call<A: AsyncRequest>(
    raw: abi::Lease,
    request: A,
) -> LocalFfiFuture<RResult<A::Output, HandleError>> {
    let lease: &'static Lease = Lease::of(raw);
    let kind = request.work();
    let permit = lease.check().and_then(|()| {
        if let Backend::Local(local) = lease.backend() {
            local.authorize(&request)?;
        }
        match kind {
            Work::Wait => Ok(None),
            Work::Read | Work::Write => Lease::call_permit(raw).map(Some),
        }
    });
    let permit = match permit {
        Ok(permit) => permit,
        Err(error) => return std::future::ready(RResult::RErr(error)).into_local_ffi(),
    };
    lease.enter();
    let slot = Arc::new(Slot { state: Mutex::new(State::Waiting(None)), _permit: permit });
    let finish = Finish(Arc::clone(&slot));
    let task = match lease.backend() {
        Backend::Local(local) => {
            let work = request.begin(local);
            let work = async move {
                let result = work.await;
                finish.0.complete(result);
            };
            Task::Local(local.work.spawn_on(work, &local.runtime).abort_handle())
        }
        Backend::Remote(remote) => {
            let number = remote.request(request.into(), move |result| finish.0.complete(result));
            Task::Remote(Arc::clone(remote), number)
        }
    };
    Answer::<A> { slot, lease, task: (kind != Work::Write).then_some(task) }.into_local_ffi()
}

/// What computes the answer.
enum Task {
    Local(AbortHandle),
    Remote(Arc<Remote>, u64),
}

impl Task {
    fn cancel(&self) {
        match self {
            Task::Local(task) => task.abort(),
            Task::Remote(remote, number) => remote.cancel(*number),
        }
    }
}

/// Completes the slot even if the work panics or is dropped with its runtime.
struct Finish<T>(Arc<Slot<T>>);

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        self.0.complete(Err(super::error(HandleErrorKind::Internal, "the host gave this call up")));
    }
}

/// The cog's side of a slot. Lives on the lane's thread.
struct Answer<A: AsyncRequest> {
    slot: Arc<Slot<A::Answer>>,
    lease: &'static Lease,
    /// The work, if it is given up with the answer.
    task: Option<Task>,
}

impl<A: AsyncRequest> Future for Answer<A> {
    type Output = RResult<A::Output, HandleError>;

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
                State::Done(result) => Poll::Ready(result.map(Into::into).into()),
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

impl<A: AsyncRequest> Drop for Answer<A> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.cancel();
        }
        // Drops the waker under the lock.
        *self.slot.lock() = State::Closed;
        self.lease.leave();
    }
}

#[cfg(test)]
pub(super) use self::tests::lease;

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::atomic::{AtomicBool, AtomicUsize, Ordering},
        task::Wake,
        time::Duration,
    };

    use super::super::{
        lease::Local,
        permit::Needs,
        request::{Request, Sleep},
    };
    use super::*;
    use crate::{
        clock::HostClock,
        config::{Allowed, Config, Permission},
        cooldowns::Cooldowns,
        handles::LeaseParts,
        identity::GenerationId,
        lane::Inbox,
        schedule::Schedule,
        sessions::Sessions,
    };
    use tokio::sync::oneshot;
    use tokio_util::task::TaskTracker;

    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(in crate::handles) async fn lease() -> Arc<Lease> {
        let config = Config::parse("[cogs]\nfolder = \"cogs\"\n", Path::new("gearshift.toml")).unwrap();
        let (runtime, clock) = (tokio::runtime::Handle::current(), HostClock::default());
        Lease::new(LeaseParts {
            id: GenerationId { cog: "music".into(), number: 7 },
            sessions: Arc::new(Sessions::open(&config).await.unwrap()),
            settings: "{}".to_owned(),
            allowed: Allowed::Everything,
            schedule: Schedule::new(&Arc::from("music"), Inbox::new(1), runtime.clone(), clock.clone(), None),
            cooldowns: Cooldowns::new("music", None, clock),
            facts: Arc::default(),
            runtime,
            work: TaskTracker::new(),
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
        assert_eq!(error.text, "`music#7` was retired; its handles no longer work");
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

    /// Records whether the slot was locked when it was woken.
    struct LooksAtLock(Arc<Slot<()>>, AtomicBool);

    impl Wake for LooksAtLock {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.state.try_lock().is_err(), Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn a_cog_cannot_be_dropped_while_an_answer_wakes_it() {
        let lease = lease().await;
        let slot = Arc::new(Slot { state: Mutex::new(State::Waiting(None)), _permit: None });
        lease.enter();
        let lent = Lease::of(Lease::lend(&lease));
        let mut answer = Answer::<Waits> { slot: Arc::clone(&slot), lease: lent, task: None };
        let waker = Arc::new(LooksAtLock(Arc::clone(&slot), AtomicBool::new(false)));
        assert!(Pin::new(&mut answer).poll(&mut Context::from_waker(&waker.clone().into())).is_pending());
        slot.complete(Ok(()));
        // Dropping the answer takes the same lock, so it waits until the cog's waker has returned.
        assert!(waker.1.load(Ordering::SeqCst));
    }

    /// A call that waits for a message, with its sender and the receiver of its outcome.
    fn waiting(
        lease: &Arc<Lease>,
        kind: Work,
    ) -> (LocalFfiFuture<RResult<(), HandleError>>, oneshot::Sender<()>, oneshot::Receiver<()>) {
        let ((word, wait), (done, outcome)) = (oneshot::channel(), oneshot::channel());
        (call(Lease::lend(lease), Waits { kind, wait, done }), word, outcome)
    }

    /// Waits for a message.
    struct Waits {
        kind: Work,
        wait: oneshot::Receiver<()>,
        done: oneshot::Sender<()>,
    }

    impl From<Waits> for Request {
        fn from(_: Waits) -> Request {
            Sleep { millis: 0 }.into()
        }
    }

    impl Needs for Waits {
        fn needs(&self) -> Option<Permission> {
            None
        }
    }

    impl AsyncRequest for Waits {
        type Answer = ();
        type Output = ();

        fn work(&self) -> Work {
            self.kind
        }

        fn begin(self, _: &Local) -> impl Future<Output = Result<(), HandleError>> + Send + 'static + use<> {
            async move {
                let _ = self.wait.await;
                let _ = self.done.send(());
                Ok(())
            }
        }
    }

    fn work(lease: &Lease) -> &TaskTracker {
        match lease.backend() {
            Backend::Local(local) => &local.work,
            Backend::Remote(_) => unreachable!("it is a lease of the host's"),
        }
    }

    #[tokio::test]
    async fn more_calls_than_allowed_are_refused_until_their_work_is_done() {
        let lease = lease().await;
        let (_one, _word, _) = waiting(&lease, Work::Read);
        let (two, word, outcome) = waiting(&lease, Work::Write);
        drop(two);
        let (mut refused, ..) = waiting(&lease, Work::Read);
        let Poll::Ready(RResult::RErr(error)) = poll(&mut refused, Waker::noop()) else {
            panic!("it must be refused at once");
        };
        assert!(error.text.contains("calls_in_flight"), "{}", error.text);
        assert_eq!(lease.slots(), 1);
        word.send(()).unwrap();
        // The work ends in the same poll in which it reports that, on this thread.
        outcome.await.unwrap();
        assert_eq!(work(&lease).len(), 1);
        let (mut call, ..) = waiting(&lease, Work::Read);
        assert!(poll(&mut call, Waker::noop()).is_pending());
    }

    #[tokio::test]
    async fn what_changes_something_is_carried_out_though_its_cog_does_not_wait_and_what_asks_is_given_up() {
        let lease = lease().await;
        for (kind, carried_out) in [(Work::Wait, false), (Work::Read, false), (Work::Write, true)] {
            let (mut call, word, outcome) = waiting(&lease, kind);
            assert!(poll(&mut call, Waker::noop()).is_pending());
            drop(call);
            let _ = word.send(());
            assert_eq!(outcome.await.is_ok(), carried_out, "{kind:?}");
        }
        work(&lease).close();
        tokio::time::timeout(Duration::from_secs(20), work(&lease).wait()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_is_never_over_early_however_many_calls_are_in_flight() {
        let lease = lease().await;
        let _busy = [waiting(&lease, Work::Read), waiting(&lease, Work::Read)];
        let began = tokio::time::Instant::now();
        let sleeps: Vec<_> = (0..2000).map(|_| sleep(&lease, 60_000)).collect();
        for slept in futures_util::future::join_all(sleeps).await {
            slept.into_result().unwrap();
        }
        assert!(began.elapsed() >= Duration::from_secs(60));
    }
}
