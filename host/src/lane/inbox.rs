//! What is queued for a cog: one bounded queue per cog, which outlives the cog's generations.
//! Replacing a cog moves no items: the old lane stops taking them, the new one starts, and the queue keeps their order.
//!
//! If the queue is full, the newest item is refused and counted; the gateway never waits. Items that are already
//! queued keep their order.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::Notify;

use super::{Call, Item};
use crate::counters::{Times, TimesSeen};

/// How often to check the items that another process has.
const RECHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Why an item was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The queue is full.
    Full,
    /// Its cog is away.
    Closed,
}

/// The numbers of items now and so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Items that are queued.
    pub waiting: usize,
    /// Items that were passed to a lane so far.
    pub taken: u64,
    /// Items that were refused so far because the queue was full.
    pub dropped: u64,
}

/// The queue in front of a cog.
#[derive(Debug)]
pub struct Inbox {
    queue: Mutex<Queue>,
    /// Notified when the last item was taken.
    emptied: Notify,
    capacity: usize,
    /// How long handlers took, for the items that were taken.
    handled: Times,
}

#[derive(Debug, Default)]
struct Queue {
    is_open: bool,
    items: VecDeque<Item>,
    taken: u64,
    dropped: u64,
    /// Wakes the lane that waits for the next item.
    waker: Option<Waker>,
    /// Items that were passed to another process before they start there.
    remote: Option<Arc<dyn RemoteItems>>,
}

/// Items at the head of a queue that another process has and has not started. They still belong to the queue.
pub(super) trait RemoteItems: fmt::Debug + Send + Sync {
    /// How many there are.
    fn waiting(&self) -> usize;

    /// Takes them back, in order: none of them will start there.
    fn take_back(&self) -> Vec<Item>;
}

impl Queue {
    /// Registers the lane to be woken when there is an item.
    fn wait(&mut self, cx: &mut Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn len(&self) -> usize {
        self.items.len() + self.remote.as_ref().map_or(0, |remote| remote.waiting())
    }

    fn take_with<T>(&mut self, take: impl FnOnce(Item) -> Result<T, Item>) -> Option<T> {
        match take(self.items.pop_front()?) {
            Ok(taken) => {
                self.taken += 1;
                Some(taken)
            }
            Err(item) => {
                self.items.push_front(item);
                None
            }
        }
    }

    /// Takes back all items that another process has not started.
    fn take_back(&mut self) {
        let back = self.remote.as_ref().map(|remote| remote.take_back()).unwrap_or_default();
        self.taken -= back.len() as u64;
        back.into_iter().rev().for_each(|item| self.items.push_front(item));
    }
}

impl Inbox {
    /// An empty, closed queue for at most `capacity` items.
    pub fn new(capacity: usize) -> Arc<Inbox> {
        Arc::new(Inbox {
            queue: Mutex::default(),
            emptied: Notify::new(),
            capacity,
            handled: Times::default(),
        })
    }

    /// Appends an item. Never waits.
    ///
    /// # Errors
    /// When the queue is full, which is counted, or closed. The item is returned.
    pub fn push(&self, item: Item) -> Result<(), (PushError, Item)> {
        let waker = {
            let mut queue = self.queue();
            if !queue.is_open {
                return Err((PushError::Closed, item));
            }
            if queue.len() >= self.capacity {
                queue.dropped += 1;
                return Err((PushError::Full, item));
            }
            queue.items.push_back(item);
            queue.waker.take()
        };
        // The waker belongs to the lane's own runtime in the host, not to the cog's code.
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Appends what a cog that was loaded late has missed. The capacity does not apply to it, only to arriving items.
    pub fn extend(&self, items: impl IntoIterator<Item = Item>) {
        let waker = {
            let mut queue = self.queue();
            queue.items.extend(items);
            queue.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Accepts items from now on.
    pub fn open(&self) {
        self.queue().is_open = true;
    }

    /// Accepts no more items, and returns all queued ones: they will not be handled.
    pub fn close(&self) -> VecDeque<Item> {
        let mut queue = self.queue();
        queue.is_open = false;
        queue.take_back();
        std::mem::take(&mut queue.items)
    }

    /// Removes the calls that `is_one` selects, and returns them in order.
    pub fn take(&self, mut is_one: impl FnMut(&Call) -> bool) -> Vec<Item> {
        let mut queue = self.queue();
        queue.take_back();
        let is_one = |item: &Item| is_one(&item.call);
        let (taken, kept) = std::mem::take(&mut queue.items).into_iter().partition(is_one);
        queue.items = kept;
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
        Vec::from(taken)
    }

    /// The next item. Polled only by the serving lane.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Item> {
        let mut queue = self.queue();
        match queue.items.pop_front() {
            Some(item) => {
                queue.taken += 1;
                if queue.items.is_empty() {
                    self.emptied.notify_waiters();
                }
                Poll::Ready(item)
            }
            None => {
                queue.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Like [`poll_next`](Self::poll_next), for another process: `take` gets the item while the queue is locked.
    pub(super) fn poll_take<T>(
        &self,
        cx: &mut Context<'_>,
        take: impl FnOnce(Item) -> Result<T, Item>,
    ) -> Poll<T> {
        let mut queue = self.queue();
        match queue.take_with(take) {
            Some(taken) => Poll::Ready(taken),
            None => {
                queue.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Like [`poll_take`](Self::poll_take), without waiting.
    pub(super) fn try_take<T>(&self, take: impl FnOnce(Item) -> Result<T, Item>) -> Option<T> {
        self.queue().take_with(take)
    }

    /// Items that `remote` has count as part of the queue from now on, until [`detach_remote`](Self::detach_remote).
    pub(super) fn attach_remote(&self, remote: Arc<dyn RemoteItems>) {
        self.queue().remote = Some(remote);
    }

    /// Puts items that start again in front of the queue, whatever its capacity.
    pub(super) fn put_back(&self, items: Vec<Item>) {
        let mut queue = self.queue();
        if queue.is_open {
            items.into_iter().rev().for_each(|item| queue.items.push_front(item));
        }
    }

    /// Takes back everything that was passed to another process and has not started.
    pub(super) fn detach_remote(&self) {
        let mut queue = self.queue();
        queue.take_back();
        queue.remote = None;
    }

    /// Counts a finished handler; `took` includes the time that it spent waiting.
    pub(crate) fn count_handled(&self, took: Duration) {
        self.handled.count(took);
    }

    /// How long handlers have taken so far.
    pub fn handled(&self) -> TimesSeen {
        self.handled.seen()
    }

    /// Waits until the queue is empty.
    pub async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.is_empty() {
                return;
            }
            // Another process may start its items without notifying the queue, hence the timeout.
            let _ = tokio::time::timeout(RECHECK_INTERVAL, emptied).await;
        }
    }

    /// How many items are queued.
    pub fn len(&self) -> usize {
        self.queue().len()
    }

    /// Whether no item is queued.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The current numbers.
    pub fn counts(&self) -> Counts {
        let queue = self.queue();
        Counts { waiting: queue.len(), taken: queue.taken, dropped: queue.dropped }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::abi::TaskRun;

    use super::*;
    use crate::lane::Call;

    fn run(name: &str) -> Item {
        Call::Task(TaskRun { name: name.into(), due_unix_ms: 0 }).into()
    }

    #[test]
    fn a_full_queue_refuses_the_newest_and_keeps_order() {
        let inbox = Inbox::new(2);
        inbox.open();
        inbox.push(run("a")).expect("there is room");
        inbox.push(run("b")).expect("there is room");
        assert_eq!(inbox.push(run("c")).expect_err("it is full").0, PushError::Full);
        let mut cx = Context::from_waker(Waker::noop());
        let mut next = || match inbox.poll_next(&mut cx) {
            Poll::Ready(Item { call: Call::Task(run), .. }) => Some(run.name.into_string()),
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => None,
        };
        assert_eq!([next(), next(), next()], [Some("a".into()), Some("b".into()), None]);
        assert_eq!(inbox.counts(), Counts { waiting: 0, taken: 2, dropped: 1 });
    }

    #[test]
    fn what_was_routed_before_the_cog_went_does_not_wait_for_its_return() {
        let inbox = Inbox::new(2);
        inbox.open();
        inbox.push(run("a")).expect("there is room");
        assert_eq!(inbox.close().len(), 1);
        assert_eq!(inbox.push(run("b")).expect_err("it is closed").0, PushError::Closed);
        inbox.open();
        assert!(inbox.is_empty());
    }
}
