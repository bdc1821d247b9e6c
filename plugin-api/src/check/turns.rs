//! The running calls of one kind, and those that wait for one of them to end, in order. A call is over when its
//! [`Turn`] is dropped, no matter how its handler ended.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

/// The calls of one generation.
#[derive(Clone, Default)]
pub(crate) struct Turns(Rc<RefCell<BTreeMap<String, Line>>>);

#[derive(Default)]
struct Line {
    running: u32,
    waiting: VecDeque<Rc<Place>>,
}

#[derive(Default)]
struct Place {
    is_ready: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

/// A call that is running, or waits for its turn.
pub(crate) struct Turn {
    turns: Turns,
    key: String,
    most: u32,
    place: Rc<Place>,
}

impl Turns {
    /// Takes a turn among the calls of `key`, of which `most` may run at once.
    pub(crate) fn take(&self, key: String, most: u32) -> Turn {
        let place = Rc::<Place>::default();
        let mut lines = self.0.borrow_mut();
        let line = lines.entry(key.clone()).or_default();
        line.waiting.push_back(Rc::clone(&place));
        line.start_next(most);
        drop(lines);
        Turn { turns: self.clone(), key, most, place }
    }
}

impl Line {
    fn start_next(&mut self, most: u32) {
        while self.running < most
            && let Some(next) = self.waiting.pop_front()
        {
            self.running += 1;
            next.is_ready.set(true);
            if let Some(waker) = next.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Turn {
    /// Whether the call may run.
    pub(crate) fn is_ready(&self) -> bool {
        self.place.is_ready.get()
    }

    /// Waits until the call may run.
    pub(crate) async fn ready(&self) {
        poll_fn(|cx| match self.is_ready() {
            true => Poll::Ready(()),
            false => {
                self.place.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.turns.0.borrow_mut();
        let Some(line) = lines.get_mut(&self.key) else { return };
        match self.is_ready() {
            true => line.running -= 1,
            false => line.waiting.retain(|place| !Rc::ptr_eq(place, &self.place)),
        }
        line.start_next(self.most);
        if line.running == 0 && line.waiting.is_empty() {
            lines.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn calls_above_the_limit_wait_in_order() {
        let turns = Turns::default();
        let take = || turns.take("play".to_owned(), 2);
        let (first, second, third, fourth) = (take(), take(), take(), take());
        assert!(first.is_ready() && second.is_ready() && !third.is_ready());
        assert!(turns.take("stop".to_owned(), 1).is_ready());
        drop(first);
        assert!(third.ready().now_or_never().is_some());
        assert!(fourth.ready().now_or_never().is_none());
        drop((second, third));
        assert!(fourth.is_ready());
    }

    #[test]
    fn a_cancelled_wait_passes_the_turn_to_the_next() {
        let turns = Turns::default();
        let take = || turns.take("play".to_owned(), 1);
        let (first, second, third) = (take(), take(), take());
        drop(second);
        drop(first);
        assert!(third.is_ready());
        // Its turn has come, but it was not used.
        let fourth = take();
        drop(third);
        assert!(fourth.is_ready());
        drop(fourth);
        assert!(turns.0.borrow().is_empty());
    }
}
