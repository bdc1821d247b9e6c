//! The thread of a generation, from its setup to the last drop. A dummy that is used on another one ends the process: it holds
//! what only one thread may touch, and its thread-local values would never go with it.

use std::{process, ptr};

thread_local! {
    /// Its address tells living threads apart. It has no destructor, so it keeps no library mapped.
    static HERE: u8 = const { 0 };
}

/// Where it was made; it must be used and dropped there.
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
