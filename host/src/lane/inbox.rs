//! What waits for a cog: one bounded queue per cog, which outlives the cog's generations.
//! During a swap nothing is moved: the old lane stops taking, the new one begins, the queue keeps order.
//!
//! Overflow rule: when the queue is full, the newest item is turned away and counted; the gateway never waits. What is
//! already queued stays in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use abi_stable::std_types::RArc;
use gearshift_cog::abi::{Event, Interaction, Invocation, TaskRun};

mod defer;
pub use self::defer::{Begun, Defer};

/// Something for a cog to handle.
#[derive(Clone, Debug)]
pub enum Item {
    /// An event it listens to.
    Event(Event),
    /// A call of one of its commands; the defer is there for interactions.
    Command(Invocation, Option<Arc<Defer>>),
    /// A component or a form, which one of those who hear it will answer.
    Component(RArc<Interaction>, Arc<Defer>),
    /// A scheduled task that is due.
    Task(TaskRun),
}

/// The queue was full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// How many items there are and were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Those that wait.
    pub waiting: usize,
    /// Those that were handed to a lane so far.
    pub taken: u64,
    /// Those that found the queue full so far.
    pub turned_away: u64,
}

/// The queue in front of a cog.
#[derive(Debug)]
pub struct Inbox {
    queue: Mutex<Queue>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    taken: u64,
    turned_away: u64,
    /// The lane that waits for the next item.
    waker: Option<Waker>,
}

impl Inbox {
    /// An empty queue for at most `capacity` items.
    pub fn new(capacity: usize) -> Arc<Inbox> {
        Arc::new(Inbox { queue: Mutex::default(), capacity })
    }

    /// Appends an item. Never waits.
    ///
    /// # Errors
    /// When the queue is full; the item is dropped and counted.
    pub fn push(&self, item: Item) -> Result<(), Overflow> {
        let waker = {
            let mut queue = self.queue();
            if queue.items.len() >= self.capacity {
                queue.turned_away += 1;
                return Err(Overflow);
            }
            queue.items.push_back(item);
            queue.waker.take()
        };
        // The waker belongs to the lane's own runtime, not to the cog.
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// The next item. Only the lane that serves asks.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Item> {
        let mut queue = self.queue();
        match queue.items.pop_front() {
            Some(item) => {
                queue.taken += 1;
                Poll::Ready(item)
            }
            None => {
                if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    queue.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Takes out all that waits: nobody will handle it.
    pub fn clear(&self) -> VecDeque<Item> {
        std::mem::take(&mut self.queue().items)
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.queue().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counts of one moment.
    pub fn counts(&self) -> Counts {
        let queue = self.queue();
        Counts { waiting: queue.items.len(), taken: queue.taken, turned_away: queue.turned_away }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> Item {
        Item::Task(TaskRun { name: name.into(), due_unix_ms: 0 })
    }

    #[test]
    fn a_full_queue_turns_the_newest_away_and_keeps_order() {
        let inbox = Inbox::new(2);
        assert_eq!(inbox.push(run("a")), Ok(()));
        assert_eq!(inbox.push(run("b")), Ok(()));
        assert_eq!(inbox.push(run("c")), Err(Overflow));
        let mut cx = Context::from_waker(Waker::noop());
        let mut next = || match inbox.poll_next(&mut cx) {
            Poll::Ready(Item::Task(run)) => Some(run.name.into_string()),
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => None,
        };
        assert_eq!([next(), next(), next()], [Some("a".into()), Some("b".into()), None]);
        assert_eq!(inbox.counts(), Counts { waiting: 0, taken: 2, turned_away: 1 });
    }
}
