//! What handlers wait for: events, presses of buttons, forms. A wait belongs to its generation and ends when that is
//! paused to be replaced or unloaded, so that its handler finishes on its own and no reload waits for a user.

mod components;
mod confirm;
mod events;
mod form;
mod pages;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
    time::{SystemTime, UNIX_EPOCH},
};

pub(crate) use self::components::pressed;
pub use self::{
    components::{Components, Press},
    events::Events,
};
use crate::{abi::Event, export::guard};

/// How many events one wait keeps for a busy handler. When there are more, the oldest are dropped.
const QUEUE_MAX: usize = 1_000;

/// The waits of one generation.
#[derive(Clone, Default)]
pub(crate) struct Waits(Rc<Shared>);

#[derive(Default)]
struct Shared {
    open: RefCell<BTreeMap<u64, Rc<Queue>>>,
    next: Cell<u64>,
    /// Whether the generation is being replaced or unloaded.
    is_paused: Cell<bool>,
    /// How often it has been paused, including this time.
    pauses: Cell<u64>,
    /// A prefix for ids that no other generation has, of this run of the process or another.
    id_prefix: OnceCell<String>,
}

/// One wait, which lasts until this is dropped.
pub(crate) struct Wait {
    waits: Waits,
    number: u64,
    queue: Rc<Queue>,
}

struct Queue {
    wants: Wants,
    items: RefCell<VecDeque<Item>>,
    waker: Cell<Option<Waker>>,
    /// The wait was ended, but has not reported it yet.
    ends: Cell<bool>,
}

/// What is being waited for.
pub(crate) enum Wants {
    /// Events of this name.
    Event(&'static str),
    /// Components and forms whose ids contain this wait, used by this user or by any.
    Interactions(Cell<Option<u64>>),
    /// The same for a form of this user.
    Form(u64),
    /// Nothing: only the end of the wait matters.
    End,
}

/// An event on its way to a handler.
pub(crate) struct Item {
    event: Event,
    /// Learns what happens to the event; `None` once a handler has taken it.
    ticket: Option<Ticket>,
}

/// An item that a handler has taken, for as long as the handler works on it.
pub(crate) struct Taken(Option<Ticket>);

/// Whether a handler has taken an item and is done with it; `false` if no handler took it.
#[derive(Clone, Default)]
struct Ticket(Rc<Fate>);

#[derive(Default)]
struct Fate {
    was_taken: Cell<Option<bool>>,
    waker: Cell<Option<Waker>>,
}

impl Item {
    fn take(mut self) -> (Event, Taken) {
        let ticket = self.ticket.take();
        (self.event.clone(), Taken(ticket))
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            ticket.decide(false);
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(ticket) = &self.0 {
            ticket.decide(true);
        }
    }
}

impl Ticket {
    fn decide(&self, was_taken: bool) {
        self.0.was_taken.set(Some(was_taken));
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    async fn was_taken(&self) -> bool {
        poll_fn(|cx| match self.0.was_taken.get() {
            Some(was_taken) => Poll::Ready(was_taken),
            None => {
                self.0.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

impl Waits {
    /// A wait that begins while the generation is paused ends at once if it is the first of its handler. Later ones
    /// just wait: otherwise a handler that keeps waiting in a loop would never give the thread back.
    pub(crate) fn open(&self, wants: Wants) -> Wait {
        let number = self.0.next.replace(self.0.next.get() + 1);
        let ends = self.0.is_paused.get() && guard::is_first_wait_since(self.0.pauses.get());
        let (items, waker) = (RefCell::default(), Cell::default());
        let queue = Rc::new(Queue { wants, items, waker, ends: Cell::new(ends) });
        self.0.open.borrow_mut().insert(number, Rc::clone(&queue));
        Wait { waits: self.clone(), number, queue }
    }

    /// Hands an event to all waits for it.
    pub(crate) fn offer(&self, event: &Event) {
        for queue in self.0.open.borrow().values() {
            if matches!(queue.wants, Wants::Event(name) if name == event.name()) {
                queue.push(Item { event: event.clone(), ticket: None });
            }
        }
    }

    /// The generation is being replaced or unloaded: ends every wait.
    pub(crate) fn pause(&self) {
        self.0.is_paused.set(true);
        self.0.pauses.set(self.0.pauses.get() + 1);
        self.0.open.borrow().values().for_each(|queue| queue.end());
    }

    /// The result of `future`, or `None` if the generation is paused first.
    pub(crate) async fn unless_paused<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let wait = self.open(Wants::End);
        let (mut future, mut end) = (pin!(future), pin!(wait.next()));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => end.as_mut().poll(cx).map(|_| None),
        })
        .await
    }

    /// The generation serves, or continues to serve.
    pub(crate) fn resume(&self) {
        self.0.is_paused.set(false);
    }

    /// Ends the waits for forms of a user who has done something else: that closes a form in Discord's client, and
    /// Discord does not report it. Returns whether there was such a wait.
    pub(crate) fn close_forms(&self, user: u64) -> bool {
        let mut had_form = false;
        for queue in self.0.open.borrow().values() {
            if matches!(queue.wants, Wants::Form(of) if of == user) {
                queue.end();
                had_form = true;
            }
        }
        had_form
    }

    fn queue(&self, number: u64) -> Option<Rc<Queue>> {
        let is_open = |queue: &&Rc<Queue>| !self.0.is_paused.get() && !queue.ends.get();
        self.0.open.borrow().get(&number).filter(is_open).cloned()
    }

    /// Sets what the ids of this generation have in common, before the first of them is made. Used by the test kit,
    /// whose ids are the same in each run.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn set_id_prefix(&self, prefix: String) {
        _ = self.0.id_prefix.set(prefix);
    }

    /// What the ids of this generation have in common: the time at which it was first needed, in microseconds.
    fn id_prefix(&self) -> &str {
        self.0.id_prefix.get_or_init(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("{:x}", now.as_micros())
        })
    }
}

impl Wants {
    /// Whether this waits for interactions of this user.
    fn takes(&self, user: u64) -> bool {
        match self {
            Self::Event(_) | Self::End => false,
            Self::Interactions(of) => of.get().is_none_or(|of| of == user),
            Self::Form(of) => *of == user,
        }
    }
}

impl Queue {
    fn push(&self, item: Item) {
        let mut items = self.items.borrow_mut();
        if items.len() >= QUEUE_MAX {
            items.pop_front();
        }
        items.push_back(item);
        drop(items);
        self.wake();
    }

    fn end(&self) {
        self.ends.set(true);
        self.clear();
    }

    /// Drops the items that are left: no handler will take them.
    fn clear(&self) {
        // Dropped outside the borrow, as dropping wakes others.
        let left = self.items.take();
        drop(left);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Wait {
    /// The next event; `None`, once, when the wait has ended.
    async fn next(&self) -> Option<(Event, Taken)> {
        poll_fn(|cx| {
            if self.queue.ends.take() {
                return Poll::Ready(None);
            }
            let item = self.queue.items.borrow_mut().pop_front();
            match item {
                Some(item) => Poll::Ready(Some(item.take())),
                None => {
                    self.queue.waker.set(Some(cx.waker().clone()));
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.waits.0.open.borrow_mut().remove(&self.number);
        self.queue.clear();
    }
}

#[cfg(test)]
mod in_bot;

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RArc;
    use futures_util::FutureExt;

    use super::*;
    use crate::abi::RawEvent;

    fn event(name: &str) -> Event {
        Event::Other(RArc::new(RawEvent { name: name.into(), json: "{}".into() }))
    }

    #[test]
    fn a_wait_receives_items_in_order_while_it_is_open() {
        let waits = Waits::default();
        waits.offer(&event("TYPING_START"));
        let wait = waits.open(Wants::Event("TYPING_START"));
        waits.offer(&event("READY"));
        assert!(wait.next().now_or_never().is_none());
        waits.offer(&event("TYPING_START"));
        assert_eq!(wait.next().now_or_never().flatten().expect("it came").0.name(), "TYPING_START");
        assert!(wait.next().now_or_never().is_none());
        drop(wait);
        assert!(waits.0.open.borrow().is_empty());
    }

    #[test]
    fn a_paused_generation_ends_its_waits_and_starts_none() {
        let waits = Waits::default();
        let before = waits.open(Wants::Event("READY"));
        waits.offer(&event("READY"));
        waits.pause();
        let after = waits.open(Wants::Event("READY"));
        for wait in [before, after] {
            assert!(wait.next().now_or_never().expect("it has ended").is_none());
        }
        waits.resume();
        assert!(waits.open(Wants::Event("READY")).next().now_or_never().is_none());
    }

    #[test]
    fn a_handler_that_keeps_waiting_does_not_spin_while_its_generation_is_paused() {
        let waits = Waits::default();
        let (ends, shared) = (Rc::new(Cell::new(0)), waits.clone());
        let handler = |ends: Rc<Cell<u32>>| {
            let waits = shared.clone();
            guard::future(async move {
                let wait = waits.open(Wants::Event("READY"));
                loop {
                    // The wait that was open, and one that is opened now.
                    for wait in [&wait, &waits.open(Wants::Event("READY"))] {
                        if wait.next().await.is_none() {
                            ends.set(ends.get() + 1);
                        }
                    }
                }
                #[expect(unreachable_code, reason = "it says what the future would answer")]
                Ok(())
            })
        };
        let mut first = handler(Rc::clone(&ends));
        assert!((&mut first).now_or_never().is_none());
        for pause in 1..=2 {
            waits.pause();
            assert!((&mut first).now_or_never().is_none());
            assert_eq!(ends.get(), 2 * pause);
            waits.resume();
            assert!((&mut first).now_or_never().is_none());
        }
        waits.pause();
        let late = Rc::new(Cell::new(0));
        assert!(handler(Rc::clone(&late)).now_or_never().is_none());
        assert_eq!(late.get(), 1, "a handler learns of the pause by its first wait");
    }

    #[test]
    fn an_offer_reports_whether_the_item_was_taken() {
        let waits = Waits::default();
        let wait = waits.open(Wants::Interactions(Cell::default()));
        let tickets = [Ticket::default(), Ticket::default()];
        for ticket in &tickets {
            let queue = waits.queue(wait.number).expect("it is open");
            queue.push(Item { event: event("x"), ticket: Some(ticket.clone()) });
        }
        let taken = wait.next().now_or_never().flatten();
        assert!(taken.is_some());
        assert!(tickets[0].was_taken().now_or_never().is_none(), "the handler is still at it");
        drop((taken, wait));
        let taken = tickets.map(|ticket| ticket.was_taken().now_or_never());
        assert_eq!(taken, [Some(true), Some(false)]);
    }
}
