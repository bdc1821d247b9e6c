//! A gate where handlers wait until they are let through, one at a time.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

#[derive(Default)]
pub(crate) struct Gate {
    /// How many handlers may pass.
    open: Cell<u32>,
    waiting: RefCell<Vec<Waker>>,
}

impl Gate {
    pub(crate) async fn pass(&self) {
        poll_fn(|cx| match self.open.get() {
            0 => {
                self.waiting.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
            open => {
                self.open.set(open - 1);
                Poll::Ready(())
            }
        })
        .await;
    }

    pub(crate) fn open(&self) {
        self.open.set(self.open.get() + 1);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }
}
