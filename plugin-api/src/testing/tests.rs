//! Promises of the kit, each kept on a small cog.

mod answers;
mod checks;
mod events;
mod life;
#[cfg(feature = "serenity")]
mod models;
mod refusals;
mod tasks;
mod times;
mod users;
mod waits;
