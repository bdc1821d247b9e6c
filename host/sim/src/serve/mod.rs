//! What clients connect to: the listener, the origin check, which part answers, and the page; and persistence.

mod dispatch;
pub(crate) mod keep;
mod latency;
mod origin;
mod page;
mod panel;
pub(crate) mod server;
