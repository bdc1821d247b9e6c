//! Promises of the kit, each kept on a small cog.

mod answers;
mod checks;
mod life;
mod refusals;
mod tasks;
mod times;
mod waits;
