//! The kit's promises, each tested with a small cog.

mod answers;
mod checks;
mod deleting;
mod events;
mod failures;
mod forms;
mod life;
mod members;
#[cfg(feature = "serenity")]
mod models;
mod permissions;
mod permitted;
mod posted;
mod refusals;
mod stored;
mod tasks;
mod threads;
mod times;
mod users;
mod waits;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message that it panics with.
fn panics(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    *payload.downcast::<String>().expect("a text")
}
