//! Step 7 of a replacement: takes a retired generation's remains apart, in an order in which none of its code or data
//! is used after it is unmapped. Its thread must have ended, with its thread-local destructors; the threads that it
//! started must have ended; no slot may be alive. Then the host restores the signal dispositions that the library has
//! changed, closes it (`dlclose`, which runs its destructors), checks in `/proc/self/maps` that it is unmapped, and
//! deletes its pthread keys. What cannot be finished is held: it stays mapped, is counted, and is reported by name. A
//! leak is better than a crash.
//!
//! One thread does this for all cogs and waits for none of them: a thread is joined only once the kernel no longer
//! lists it, and a library, whose destructors are the cog's code, is closed on a thread of its own.
#![allow(unsafe_code, reason = "gives back pthread keys and unmaps libraries")]

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use gearshift_cog::abi::Ledger;
use serde::Serialize;
use tokio::sync::oneshot;

use super::report::Retirement;
use crate::{
    handles::Lease,
    identity::GenerationId,
    lane::{Pulse, panic_text},
    library::{Mapping, OpenLibrary, PrivateCopy},
};

/// How often a held generation is checked again.
const RECHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How often a pending retirement is checked.
const TICK: Duration = Duration::from_micros(200);

/// What is left of a generation.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) id: GenerationId,
    pub(super) thread: Option<JoinHandle<()>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) library: Option<OpenLibrary>,
    pub(super) copy: PrivateCopy,
    pub(super) lease: Arc<Lease>,
    /// Whether an instance was created, and so a reference to the lease was lent to it.
    pub(super) was_lent: bool,
}

/// A retired generation that is still mapped.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The generation, such as `name#7`.
    pub generation: String,
    /// Everything that keeps it mapped.
    pub reason: String,
}

/// The thread that retires generations, and the list of those that it could not unmap.
#[derive(Debug)]
pub(super) struct Reaper {
    work: mpsc::Sender<Work>,
    tally: Arc<Tally>,
    held_max: usize,
}

/// The outcomes of retirements.
#[derive(Debug, Default)]
struct Tally {
    held: Mutex<Vec<(GenerationId, String)>>,
    unmapped: AtomicUsize,
}

#[derive(Debug)]
struct Work {
    remains: Remains,
    closing: Option<Closing>,
    until: Instant,
    /// Taken once the library is unmapped or held.
    done: Option<oneshot::Sender<Retirement>>,
}

/// A library that is being closed, or has been.
#[derive(Debug)]
struct Closing {
    /// The dynamic loader's result, received once.
    closed: mpsc::Receiver<Result<(), String>>,
    is_closed: bool,
    keys: Vec<libc::pthread_key_t>,
}

impl Reaper {
    /// Starts the thread, which ends when the reaper is dropped.
    pub(super) fn new(held_max: usize) -> Reaper {
        let (work, orders) = mpsc::channel();
        let tally = Arc::new(Tally::default());
        let of_thread = Arc::clone(&tally);
        std::thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || run(&orders, &of_thread))
            .expect("the host has few threads when it starts");
        Reaper { work, tally, held_max }
    }

    /// Retires what is left of a generation. If that takes longer than `deadline`, it is held.
    pub(super) fn retire(&self, remains: Remains, deadline: Duration) -> oneshot::Receiver<Retirement> {
        let (done, retired) = oneshot::channel();
        let until = Instant::now() + deadline;
        // The receiving thread lives as long as `work`.
        let _ = self.work.send(Work { remains, closing: None, until, done: Some(done) });
        retired
    }

    /// Adds a generation to the held ones of which nothing can be reclaimed.
    pub(super) fn hold(&self, id: &GenerationId, reason: &str) {
        self.tally.held().push((id.clone(), reason.to_owned()));
    }

    /// The held generations.
    pub(super) fn held(&self) -> Vec<Held> {
        let held = self.tally.held();
        held.iter().map(|(id, reason)| Held { generation: id.to_string(), reason: reason.clone() }).collect()
    }

    /// The number of held generations, if no other generation of this cog may be opened. A cog without held generations
    /// may always open one: otherwise one cog could keep all others from being loaded.
    pub(super) fn is_full_for(&self, cog: &str) -> Option<usize> {
        let held = self.tally.held();
        let is_own = held.iter().any(|(id, _)| *id.cog == *cog);
        (is_own && held.len() >= self.held_max).then_some(held.len())
    }

    /// How many libraries have been unmapped.
    pub(super) fn unmapped(&self) -> usize {
        self.tally.unmapped.load(Ordering::Relaxed)
    }
}

impl Tally {
    fn held(&self) -> MutexGuard<'_, Vec<(GenerationId, String)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(orders: &mpsc::Receiver<Work>, tally: &Tally) {
    let mut pending: Vec<Work> = Vec::new();
    let mut waiting: Vec<Work> = Vec::new();
    let mut checked_at = Instant::now();
    loop {
        let patience = if pending.is_empty() { RECHECK_INTERVAL } else { TICK };
        match orders.recv_timeout(patience) {
            Ok(work) => pending.push(work),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                // Whatever is still mapped keeps its file, and with it the lock of the folder, until the process ends.
                std::mem::forget((pending, waiting));
                return;
            }
        }
        for mut work in std::mem::take(&mut pending) {
            match advance(&mut work) {
                Ok(bytes) => finish(&mut work, bytes, tally),
                Err(_) if Instant::now() < work.until => pending.push(work),
                Err(reason) => {
                    tracing::warn!(cog = %work.remains.id, "its library is held: {reason}");
                    tally.held().push((work.remains.id.clone(), reason.clone()));
                    work.remains.pulse.followed().abandon();
                    work.report(Retirement::Held { reason });
                    waiting.push(work);
                }
            }
        }
        if checked_at.elapsed() >= RECHECK_INTERVAL {
            checked_at = Instant::now();
            waiting.retain_mut(|work| recheck(work, tally));
        }
    }
}

/// Does what is possible without waiting. Returns the number of unmapped bytes, or everything that keeps the library.
fn advance(work: &mut Work) -> Result<u64, String> {
    if work.closing.is_none() {
        let reasons = reasons_to_wait(&work.remains);
        if !reasons.is_empty() {
            return Err(reasons.join("; "));
        }
        // The kernel no longer lists the thread: its thread-local destructors have run, and joining returns at once.
        if let Some(Err(panic)) = work.remains.thread.take().map(JoinHandle::join) {
            tracing::error!(cog = %work.remains.id, "its lane panicked: {}", panic_text(&*panic));
        }
        restore_signals(&work.remains)?;
        let Some(library) = work.remains.library.take() else { return Ok(0) };
        work.closing = Some(Closing::begin(library)?);
    }
    let Some(closing) = &mut work.closing else { return Ok(0) };
    closing.check()?;
    match is_mapped(work.remains.copy.path()) {
        Ok(false) => {
            closing.delete_keys();
            Ok(work.remains.copy.length())
        }
        Ok(true) => Err("the dynamic loader keeps it mapped".to_owned()),
        Err(error) => Err(format!("cannot tell whether it is unmapped: {error}")),
    }
}

/// Everything that may still use the library.
fn reasons_to_wait(remains: &Remains) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(thread) = &remains.thread {
        // `is_finished` only means that the thread's function has returned. Destructors of thread-local values, which
        // may be the cog's code, run after it, and joining would wait for them:
        // https://doc.rust-lang.org/std/thread/struct.JoinHandle.html#method.is_finished
        if !thread.is_finished() {
            reasons.push("its thread has not ended".to_owned());
        } else if remains.pulse.thread().is_some_and(is_alive) {
            reasons.push("destructors of its thread-local values have not ended".to_owned());
        }
    }
    if let Some(ledger) = remains.library.as_ref().and_then(OpenLibrary::ledger) {
        let threads = ledger.living(is_alive);
        if !threads.is_empty() {
            reasons.push(format!("threads it started still run: {threads:?}"));
        }
        if ledger.overflow() > 0 {
            reasons.push("it took more threads or pthread keys than its ledger can hold".to_owned());
        }
    }
    match remains.lease.slots() {
        0 => {}
        slots => reasons.push(format!("{slots} of its calls were never dropped")),
    }
    reasons
}

/// The last step before unmapping: from here on no code of the cog is left that could install a handler.
fn restore_signals(remains: &Remains) -> Result<(), String> {
    let Some(library) = &remains.library else { return Ok(()) };
    match library.restore_signals() {
        Ok(signals) if signals.is_empty() => Ok(()),
        Ok(signals) => {
            tracing::warn!(cog = %remains.id, "it left signal handlers, which were removed: {signals:?}");
            Ok(())
        }
        Err(error) => Err(format!("it may have left signal handlers: {error}")),
    }
}

impl Closing {
    fn begin(library: OpenLibrary) -> Result<Closing, String> {
        let keys = library.ledger().map(Ledger::take_keys).unwrap_or_default();
        let (done, closed) = mpsc::channel();
        let close = move || {
            // SAFETY: `advance` has checked that its thread was joined, the threads it started have ended and no slot
            // is alive; everything else was converted into the host's own types on receipt.
            let closed = unsafe { library.close() };
            let _ = done.send(closed.map_err(|error| error.to_string()));
        };
        let thread = std::thread::Builder::new().name("dlclose".to_owned());
        thread.spawn(close).map_err(|error| format!("there is no thread to close it on: {error}"))?;
        Ok(Closing { closed, is_closed: false, keys })
    }

    fn check(&mut self) -> Result<(), String> {
        if !self.is_closed {
            match self.closed.try_recv() {
                Ok(Ok(())) => self.is_closed = true,
                Ok(Err(error)) => return Err(format!("the dynamic loader did not close it: {error}")),
                Err(_) => return Err("its destructors have not ended".to_owned()),
            }
        }
        Ok(())
    }

    /// Called only once the library is unmapped: until then its code may use the keys, and the number of a deleted key
    /// may soon be reused by other code.
    fn delete_keys(&mut self) {
        for key in self.keys.drain(..) {
            // SAFETY: the key was created by this library and not deleted by it; no code is left that could use it.
            unsafe { libc::pthread_key_delete(key) };
        }
    }
}

impl Work {
    fn report(&mut self, retirement: Retirement) {
        if let Some(done) = self.done.take() {
            let _ = done.send(retirement);
        }
    }
}

/// The library is unmapped: its file and its reference to the lease are no longer needed.
fn finish(work: &mut Work, bytes: u64, tally: &Tally) {
    let remains = &mut work.remains;
    if work.closing.is_some() {
        tally.unmapped.fetch_add(1, Ordering::Relaxed);
        remains.copy.set_mapping(Mapping::Unmapped);
    } else {
        remains.copy.set_mapping(Mapping::Never);
    }
    if std::mem::take(&mut remains.was_lent) {
        // SAFETY: it was lent once, which was just recorded as taken back, and the library is unmapped.
        unsafe { Lease::release(&remains.lease) };
    }
    work.report(Retirement::Unmapped { bytes });
}

/// Threads may end late, and the loader may unmap late. Returns whether the generation is still held.
fn recheck(work: &mut Work, tally: &Tally) -> bool {
    let result = advance(work);
    let mut list = tally.held();
    match result {
        Ok(bytes) => {
            list.retain(|(id, _)| *id != work.remains.id);
            drop(list);
            tracing::info!(cog = %work.remains.id, "its library is no longer held");
            finish(work, bytes, tally);
            false
        }
        Err(reason) => {
            if let Some((_, known)) = list.iter_mut().find(|(id, _)| *id == work.remains.id) {
                *known = reason;
            }
            true
        }
    }
}

/// Whether a thread of this process exists.
fn is_alive(tid: i32) -> bool {
    Path::new("/proc/self/task").join(tid.to_string()).exists()
}

/// Whether code of the file is mapped. Resolving a backtrace also maps the file, but as data; that is not the library.
fn is_mapped(file: &Path) -> std::io::Result<bool> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let file = file.to_string_lossy();
    let is_code = |line: &str| line.split(' ').nth(1).is_some_and(|permissions| permissions.contains('x'));
    Ok(maps.lines().any(|line| line.contains(&*file) && is_code(line)))
}
