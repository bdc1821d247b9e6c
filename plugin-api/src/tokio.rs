//! A tokio runtime for crates that need one: a worker thread that belongs to this generation. It is started on first
//! use, and has ended before the library is unmapped. Nothing else in a cog needs it.

use std::{
    future::Future,
    mem::{self, ManuallyDrop},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use ::tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};

use crate::{Error, Result};

/// Maximum number of threads for blocking work, such as name lookups: the ledger of a cog's threads has 64 slots.
const BLOCKING_MAX: usize = 16;
/// How long blocking work may take when the cog ends. Work that takes longer keeps its library mapped until it is done.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Statics are one per loaded library, and so one per generation.
static RUNTIME: Mutex<State> = Mutex::new(State::Unused);

enum State {
    Unused,
    Running(Runtime),
    /// The generation is ending.
    Ended,
}

/// Runs `future` on the runtime's worker, whether or not the returned future is polled. If `future` panics, the result
/// is an error. Dropping the returned future cancels it.
///
/// ```
/// # async fn fetch() -> u64 { 1 }
/// # async fn example() -> gearshift_cog::Result {
/// let number = gearshift_cog::tokio::spawn(async { fetch().await }).await?;
/// # Ok(())
/// # }
/// ```
pub fn spawn<F>(future: F) -> Spawned<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    Spawned(handle().map(|handle| handle.spawn(future)))
}

/// Polls `future` in place, on the cog's own thread, in the context of the runtime: its sockets, its timers and the
/// tasks it spawns belong to the runtime. It need not be `Send`, and may borrow.
///
/// Anything that needs the runtime when it is created, such as a timer, must be created in an `async` block: an
/// argument is created before it is in the context of the runtime.
///
/// ```
/// # use std::time::Duration;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// gearshift_cog::tokio::run(async { tokio::time::sleep(Duration::from_millis(1)).await }).await;
/// # });
/// ```
///
/// # Panics
/// If the cog is ending.
pub fn run<F: Future>(future: F) -> Run<F> {
    Run { future: ManuallyDrop::new(Box::pin(future)) }
}

/// A future on the runtime; see [`spawn`].
#[must_use = "it is cancelled when this is dropped"]
pub struct Spawned<T>(Result<JoinHandle<T>>);

/// A future in the context of the runtime; see [`run`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Run<F: Future> {
    /// Dropped in the context of the runtime.
    future: ManuallyDrop<Pin<Box<F>>>,
}

impl<T> Future for Spawned<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let task = match &mut self.0 {
            Ok(task) => task,
            Err(error) => return Poll::Ready(Err(Error::new(&*error))),
        };
        Pin::new(task).poll(cx).map_err(|error| match error.try_into_panic() {
            Ok(payload) => {
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                Error::new(format!("a task panicked: {}", text.unwrap_or("a panic without text")))
            }
            Err(_) => Error::new("a task was cancelled: the cog is ending"),
        })
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        if let Ok(task) = &self.0 {
            task.abort();
        }
    }
}

impl<F: Future> Future for Run<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let handle = handle().unwrap_or_else(|error| panic!("{error}"));
        let _entered = handle.enter();
        self.future.as_mut().poll(cx)
    }
}

impl<F: Future> Drop for Run<F> {
    #[allow(unsafe_code, reason = "drops a field early")]
    fn drop(&mut self) {
        let handle = handle();
        let _entered = handle.as_ref().map(Handle::enter);
        // SAFETY: it is dropped here and nowhere else, and not used any more.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

/// The runtime, started if necessary.
fn handle() -> Result<Handle> {
    let mut state = state();
    if let State::Unused = *state {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(BLOCKING_MAX).thread_name("cog-tokio").enable_all();
        *state = State::Running(builder.build()?);
    }
    match &*state {
        State::Running(runtime) => Ok(runtime.handle().clone()),
        State::Unused | State::Ended => Err(Error::new("the cog is ending, and its tokio runtime has ended")),
    }
}

fn state() -> MutexGuard<'static, State> {
    RUNTIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the runtime when it is dropped, with everything on it, and joins its threads: after the instance is gone, and
/// before the host checks the ledger of threads.
pub(crate) struct EndsWithThis;

impl Drop for EndsWithThis {
    fn drop(&mut self) {
        let state = mem::replace(&mut *state(), State::Ended);
        if let State::Running(runtime) = state {
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}
