//! The thread of a generation, from its setup to the last drop. A dummy that is used on another thread ends the
//! process: its contents must stay on one thread, and its thread-local values would never be dropped with it.

use std::{process, ptr};

thread_local! {
    /// Its address identifies a living thread. It has no destructor, so it does not keep the library mapped.
    static HERE: u8 = const { 0 };
}

/// The thread where it was created, and where it must be used and dropped.
pub(crate) struct Home(usize);

impl Home {
    pub(crate) fn here() -> Self {
        Self(address())
    }

    pub(crate) fn check(&self) {
        if self.0 != address() {
            eprintln!("faulty is used on another thread than that of its generation");
            process::abort();
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.check();
    }
}

fn address() -> usize {
    HERE.with(|here| ptr::from_ref(here).addr())
}
