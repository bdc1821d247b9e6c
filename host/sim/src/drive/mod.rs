//! Everything that drives the simulator from outside: tests in this process, the control interface, the prompt.

pub(crate) mod advance;
pub(crate) mod control;
pub(crate) mod gateway;
pub(crate) mod prompt;
pub(crate) mod replies;
pub(crate) mod settle;
