//! What a cog's own copy of the standard library took from the process: pthread keys and threads.
//! The cog writes it, and the host only reads memory: host code gives everything back, after the cog's thread has
//! ended.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use abi_stable::StableAbi;

/// How many pthread keys a cog may hold at once. A Rust library needs one or two; the process has 1024.
pub const LEDGER_KEYS: usize = 64;
/// How many threads started by a cog are remembered at once.
pub const LEDGER_THREADS: usize = 64;

/// Keys and threads of one loaded library. Zeroed at start; slots are claimed with compare-and-swap.
#[repr(C)]
#[derive(StableAbi, Debug)]
pub struct Ledger {
    /// `key + 1` for each pthread key in use, 0 for a free slot.
    keys: [AtomicU32; LEDGER_KEYS],
    /// Kernel thread id of each thread that the cog started; [`STARTING`](Self::STARTING) until it runs, 0 for a free
    /// slot.
    threads: [AtomicI32; LEDGER_THREADS],
    /// Keys or threads that found no free slot: the library can no longer be unmapped safely.
    overflow: AtomicU32,
}

impl Ledger {
    /// Marks the slot of a thread that was created and has not reported its id yet.
    pub const STARTING: i32 = -1;

    /// An empty ledger.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: [const { AtomicU32::new(0) }; LEDGER_KEYS],
            threads: [const { AtomicI32::new(0) }; LEDGER_THREADS],
            overflow: AtomicU32::new(0),
        }
    }

    /// Remembers a pthread key.
    pub fn key_created(&self, key: u32) {
        let free =
            |slot: &AtomicU32| slot.compare_exchange(0, key + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !self.keys.iter().any(free) {
            self.overflow.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Forgets a pthread key that the cog deleted itself.
    pub fn key_deleted(&self, key: u32) {
        for slot in &self.keys {
            if slot.compare_exchange(key + 1, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Takes every key out of the ledger, as numbers that are still valid after the library is gone. Only then does the
    /// caller give them back to the process: as long as the library is mapped, it may use them.
    pub fn take_keys(&self) -> Vec<u32> {
        self.keys.iter().filter_map(|slot| slot.swap(0, Ordering::AcqRel).checked_sub(1)).collect()
    }

    /// Claims a slot for a thread about to be created; `None` if all are taken. The slot of a thread that has ended is
    /// free.
    pub fn thread_starting(&self, alive: impl Fn(i32) -> bool) -> Option<usize> {
        let claimed = self.threads.iter().position(|slot| {
            let tid = slot.load(Ordering::Acquire);
            let free = tid == 0 || (tid > 0 && !alive(tid));
            free && slot.compare_exchange(tid, Self::STARTING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        });
        if claimed.is_none() {
            self.overflow.fetch_add(1, Ordering::AcqRel);
        }
        claimed
    }

    /// Fills the slot of a thread: its kernel id once it runs, 0 if it could not be created.
    pub fn thread_is(&self, slot: usize, tid: i32) {
        self.threads[slot].store(tid, Ordering::Release);
    }

    /// Kernel ids of the threads that the cog started and that may still run its code, according to `alive`;
    /// [`STARTING`](Self::STARTING) for a thread that has not stored its id yet. Empty only if there are none.
    ///
    /// A thread may start another one in a slot that was already checked, and end before its own slot is checked. So
    /// the slots are only trusted if they have not changed after all of them were checked: the starting thread claims
    /// the slot.
    pub fn living(&self, alive: impl Fn(i32) -> bool) -> Vec<i32> {
        let threads = || self.threads.each_ref().map(|slot| slot.load(Ordering::Acquire));
        let mut seen = threads();
        loop {
            let lives = |tid: &i32| *tid == Self::STARTING || (*tid != 0 && alive(*tid));
            let living: Vec<i32> = seen.into_iter().filter(lives).collect();
            let now = threads();
            if !living.is_empty() || now == seen {
                return living;
            }
            seen = now;
        }
    }

    /// How many keys or threads found no free slot.
    pub fn overflow(&self) -> u32 {
        self.overflow.load(Ordering::Acquire)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn keys_are_returned_once() {
        let ledger = Ledger::new();
        ledger.key_created(0);
        ledger.key_created(7);
        ledger.key_deleted(0);
        assert_eq!(ledger.take_keys(), [7]);
        assert!(ledger.take_keys().is_empty());
    }

    #[test]
    fn a_full_ledger_reports_its_overflow() {
        let ledger = Ledger::new();
        (0..=LEDGER_KEYS as u32).for_each(|key| ledger.key_created(key));
        assert_eq!(ledger.overflow(), 1);
    }

    #[test]
    fn a_thread_started_during_the_check_is_not_missed() {
        let ledger = Ledger::new();
        let [first, second] = [1, 2].map(|_| ledger.thread_starting(|_| true).expect("a free slot"));
        ledger.thread_is(first, 10);
        ledger.thread_is(second, 11);
        // 10 is dead. While it is being checked, 11 starts 12 in that slot, and ends.
        let looks = Cell::new(0);
        let alive = |tid| {
            looks.set(looks.get() + 1);
            if looks.get() == 1 {
                assert_eq!(ledger.thread_starting(|tid| tid != 10), Some(first));
                ledger.thread_is(first, 12);
            }
            tid == 12
        };
        assert_eq!(ledger.living(alive), [12]);
        assert!(ledger.living(|_| false).is_empty());
    }

    #[test]
    fn a_thread_that_has_not_noted_its_id_is_alive() {
        let ledger = Ledger::new();
        assert_eq!(ledger.thread_starting(|_| true), Some(0));
        assert_eq!(ledger.living(|_| false), [Ledger::STARTING]);
    }

    #[test]
    fn slots_of_ended_threads_are_used_again() {
        let ledger = Ledger::new();
        for tid in 1..=LEDGER_THREADS as i32 {
            let slot = ledger.thread_starting(|_| true).expect("a free slot");
            ledger.thread_is(slot, tid);
        }
        assert_eq!(ledger.thread_starting(|_| true), None);
        assert!(ledger.thread_starting(|tid| tid != 3).is_some());
    }
}
