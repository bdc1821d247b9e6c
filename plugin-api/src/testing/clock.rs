//! Virtual time. It stands still until the test advances it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::{Future, poll_fn},
    rc::Rc,
    task::{Poll, Waker},
};

use super::world::World;

/// The clock and its timers.
pub(super) struct Clock {
    /// Milliseconds since the Unix epoch.
    now: Cell<u64>,
    began: u64,
    /// By time, then in the order in which the waits began.
    timers: RefCell<BTreeMap<(u64, u64), Waker>>,
    timers_made: Cell<u64>,
}

impl Clock {
    pub(super) fn new(unix_ms: u64) -> Self {
        Self {
            now: Cell::new(unix_ms),
            began: unix_ms,
            timers: RefCell::default(),
            timers_made: Cell::new(0),
        }
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn unix_ms(&self) -> u64 {
        self.now.get()
    }

    /// Milliseconds since the test began.
    pub(super) fn elapsed_ms(&self) -> u64 {
        self.now.get() - self.began
    }

    /// When the next timer is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.timers.borrow().keys().next().map(|(at, _)| *at)
    }

    /// Sets the time and wakes the timers that are due.
    pub(super) fn set(&self, unix_ms: u64) {
        self.now.set(unix_ms);
        loop {
            let due = match self.timers.borrow_mut().first_entry() {
                Some(timer) if timer.key().0 <= unix_ms => timer.remove(),
                _ => return,
            };
            due.wake();
        }
    }

    fn number(&self) -> u64 {
        self.timers_made.set(self.timers_made.get() + 1);
        self.timers_made.get()
    }
}

/// Waits until a moment. A moment in the past is pending once as well, so that a cog cannot loop inside one poll.
pub(super) fn until(world: Rc<World>, unix_ms: u64) -> impl Future<Output = ()> {
    let mut timer = Timer { key: (unix_ms, world.clock.number()), world };
    let mut has_waited = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut has_waited, true) && timer.world.clock.unix_ms() >= unix_ms {
            return Poll::Ready(());
        }
        timer.wait(cx.waker());
        Poll::Pending
    })
}

struct Timer {
    key: (u64, u64),
    world: Rc<World>,
}

impl Timer {
    fn wait(&mut self, waker: &Waker) {
        match self.world.clock.unix_ms() >= self.key.0 {
            true => waker.wake_by_ref(),
            false => drop(self.world.clock.timers.borrow_mut().insert(self.key, waker.clone())),
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let timer = self.world.clock.timers.borrow_mut().remove(&self.key);
        drop(timer);
    }
}
