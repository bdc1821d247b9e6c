//! Interactions: what may be invoked where, what goes to the bot, and how it may answer.

mod answers;
mod controls;
mod forms;
mod invoke;
mod named;
mod options;
mod permitted;
mod run;

pub(crate) use answers::Answering;
pub(crate) use invoke::{Invocation, Invoker, begin};
pub(crate) use options::taken_apart;
pub(crate) use run::Typed;
