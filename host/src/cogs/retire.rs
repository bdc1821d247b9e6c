//! Takes a retired generation's remains apart, in an order in which nothing of the cog is used after it is gone:
//! join the thread, see that the threads it started have ended, see that no slot is alive, give back its pthread keys,
//! unmap, and look whether it is unmapped. What cannot be finished is held: mapped, counted, named. A leak is better
//! than a crash.
//!
//! It runs on a thread of its own, which never runs cog code.
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

use serde::Serialize;
use tokio::sync::oneshot;

use super::report::Retirement;
use crate::{
    handles::Lease,
    identity::GenerationId,
    lane::panic_text,
    library::{Mapping, OpenLibrary, PrivateCopy},
};

/// How often a held generation is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often the end of a thread is looked for.
const TICK: Duration = Duration::from_micros(200);

/// What is left of a generation.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) id: GenerationId,
    pub(super) thread: Option<JoinHandle<()>>,
    pub(super) library: Option<OpenLibrary>,
    pub(super) copy: PrivateCopy,
    pub(super) lease: Arc<Lease>,
    /// Whether a cog was made, and so was lent a share of the lease.
    pub(super) was_lent: bool,
}

/// A retired generation that is still mapped.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// Who.
    pub generation: String,
    /// Why.
    pub reason: String,
}

/// The thread that retires, and the list of what it could not.
#[derive(Debug)]
pub(super) struct Reaper {
    work: mpsc::Sender<Work>,
    held: Arc<Mutex<Vec<Held>>>,
    unmapped: Arc<AtomicUsize>,
    held_max: usize,
}

#[derive(Debug)]
struct Work {
    remains: Remains,
    until: Instant,
    done: oneshot::Sender<Retirement>,
}

impl Reaper {
    /// Starts the thread. It ends with the reaper.
    pub(super) fn new(held_max: usize) -> Reaper {
        let (work, orders) = mpsc::channel();
        let (held, unmapped) = (Arc::default(), Arc::default());
        let shared = (Arc::clone(&held), Arc::clone(&unmapped));
        std::thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || run(&orders, &shared.0, &shared.1))
            .expect("the host has few threads when it starts");
        Reaper { work, held, unmapped, held_max }
    }

    /// Retires what is left of a generation, within `deadline`.
    pub(super) fn retire(&self, remains: Remains, deadline: Duration) -> oneshot::Receiver<Retirement> {
        let (done, retired) = oneshot::channel();
        // The thread lives as long as `work`.
        let _ = self.work.send(Work { remains, until: Instant::now() + deadline, done });
        retired
    }

    /// Notes a generation of which nothing can be taken back.
    pub(super) fn hold(&self, id: &GenerationId, reason: &str) {
        lock(&self.held).push(Held { generation: id.to_string(), reason: reason.to_owned() });
    }

    /// What is held.
    pub(super) fn held(&self) -> Vec<Held> {
        lock(&self.held).clone()
    }

    /// Whether no further generation may be held.
    pub(super) fn is_full(&self) -> bool {
        lock(&self.held).len() >= self.held_max
    }

    /// How many libraries were unmapped so far.
    pub(super) fn unmapped(&self) -> usize {
        self.unmapped.load(Ordering::Relaxed)
    }
}

/// Held work and its place in the list.
type Waiting = Vec<(Held, Remains)>;

fn run(orders: &mpsc::Receiver<Work>, held: &Mutex<Vec<Held>>, unmapped: &AtomicUsize) {
    let mut pending: Vec<Work> = Vec::new();
    let mut waiting: Waiting = Vec::new();
    loop {
        let patience = if pending.is_empty() { LOOK_AGAIN } else { TICK };
        match orders.recv_timeout(patience) {
            Ok(work) => pending.push(work),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                // What is still mapped keeps its file, and with it the lock of the folder, as long as the process.
                std::mem::forget((pending, waiting));
                return;
            }
        }
        let idle = pending.is_empty();
        for mut work in std::mem::take(&mut pending) {
            match advance(&mut work.remains) {
                Ok(()) => finish(work, unmapped, &mut waiting, held),
                Err(_) if Instant::now() < work.until => pending.push(work),
                Err(reason) => keep(work, reason, &mut waiting, held),
            }
        }
        if idle && !waiting.is_empty() {
            look_again(&mut waiting, held, unmapped);
        }
    }
}

/// Goes through the steps before unmapping; says which one has to wait.
fn advance(remains: &mut Remains) -> Result<(), String> {
    if let Some(thread) = &remains.thread {
        if !thread.is_finished() {
            return Err("its thread has not ended".to_owned());
        }
        // Waits for the thread-local destructors, which run after the thread's own function.
        if let Some(Err(panic)) = remains.thread.take().map(JoinHandle::join) {
            tracing::error!(cog = %remains.id, "its lane panicked: {}", panic_text(&*panic));
        }
    }
    if let Some(ledger) = remains.library.as_ref().and_then(OpenLibrary::ledger) {
        let threads: Vec<i32> = ledger.threads().filter(|tid| is_alive(*tid)).collect();
        if !threads.is_empty() {
            return Err(format!("threads it started still run: {threads:?}"));
        }
        if ledger.overflow() > 0 {
            return Err("it took more threads or pthread keys than its ledger can hold".to_owned());
        }
    }
    match remains.lease.slots() {
        0 => Ok(()),
        slots => Err(format!("{slots} calls of it were never dropped")),
    }
}

fn finish(work: Work, unmapped: &AtomicUsize, waiting: &mut Waiting, held: &Mutex<Vec<Held>>) {
    let Work { mut remains, done, until } = work;
    let Some(library) = remains.library.take() else {
        remains.copy.set_mapping(Mapping::Never);
        let _ = done.send(Retirement::Unmapped { bytes: 0 });
        return;
    };
    match unmap(library, &remains.copy) {
        Ok(bytes) => {
            unmapped.fetch_add(1, Ordering::Relaxed);
            gone(&mut remains);
            let _ = done.send(Retirement::Unmapped { bytes });
        }
        Err(reason) => keep(Work { remains, done, until }, reason, waiting, held),
    }
}

/// Gives back the keys, closes, and looks.
fn unmap(library: OpenLibrary, copy: &PrivateCopy) -> Result<u64, String> {
    for key in library.ledger().into_iter().flat_map(|ledger| ledger.take_keys()) {
        // SAFETY: the key was created by this library and not deleted by it; its threads, which could hold values
        // under it, have ended.
        unsafe { libc::pthread_key_delete(key) };
    }
    // SAFETY: `advance` has seen that its thread was joined, the threads it started have ended and no slot is alive;
    // the keys were given back above; everything else was turned into the host's own types on receipt.
    let closed = unsafe { library.close() };
    closed.map_err(|error| format!("the dynamic loader did not close it: {error}"))?;
    match is_mapped(copy.path()) {
        Ok(false) => Ok(copy.length()),
        Ok(true) => Err("the dynamic loader keeps it mapped".to_owned()),
        Err(error) => Err(format!("whether it is unmapped cannot be seen: {error}")),
    }
}

/// The library is unmapped: its file and the share of its lease are not needed any more.
fn gone(remains: &mut Remains) {
    remains.copy.set_mapping(Mapping::Gone);
    if std::mem::take(&mut remains.was_lent) {
        // SAFETY: it was lent once, which was just noted as taken back, and the library is unmapped.
        unsafe { Lease::release(&remains.lease) };
    }
}

fn keep(work: Work, reason: String, waiting: &mut Waiting, held: &Mutex<Vec<Held>>) {
    let entry = Held { generation: work.remains.id.to_string(), reason: reason.clone() };
    tracing::warn!(cog = %work.remains.id, "its library is held: {reason}");
    lock(held).push(entry.clone());
    waiting.push((entry, work.remains));
    let _ = work.done.send(Retirement::Held { reason });
}

/// A thread may have ended late, and the loader unmaps late.
fn look_again(waiting: &mut Waiting, held: &Mutex<Vec<Held>>, unmapped: &AtomicUsize) {
    for (entry, mut remains) in std::mem::take(waiting) {
        let unheld = match (advance(&mut remains), remains.library.take()) {
            (Err(_), library) => {
                remains.library = library;
                false
            }
            (Ok(()), Some(library)) => unmap(library, &remains.copy).is_ok(),
            // It was closed before; the loader may have unmapped it since.
            (Ok(()), None) => matches!(is_mapped(remains.copy.path()), Ok(false)),
        };
        if unheld {
            tracing::info!(cog = %remains.id, "its library is held no longer");
            unmapped.fetch_add(1, Ordering::Relaxed);
            lock(held).retain(|other| other.generation != entry.generation);
            gone(&mut remains);
        } else {
            waiting.push((entry, remains));
        }
    }
}

/// Whether a thread of this process exists. A thread that has not reported its id yet counts as alive.
fn is_alive(tid: i32) -> bool {
    tid < 0 || Path::new("/proc/self/task").join(tid.to_string()).exists()
}

/// Whether code of the file is mapped. Somebody who resolves a backtrace maps the file as well, as data; that is not
/// the library.
fn is_mapped(file: &Path) -> std::io::Result<bool> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let file = file.to_string_lossy();
    let is_code = |line: &str| line.split(' ').nth(1).is_some_and(|permissions| permissions.contains('x'));
    Ok(maps.lines().any(|line| line.contains(&*file) && is_code(line)))
}

fn lock(held: &Mutex<Vec<Held>>) -> MutexGuard<'_, Vec<Held>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
