//! What clients connect to: the listener, the origin check, which part answers, and the page; and persistence.

mod dispatch;
mod latency;
mod origin;
mod page;
mod panel;
pub(crate) mod persist;
pub(crate) mod server;
