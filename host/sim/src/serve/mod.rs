//! What clients connect to: the listener, who may call, which part answers, the page; and what is kept on disk.

mod dispatch;
pub(crate) mod keep;
mod latency;
mod origin;
mod page;
mod panel;
pub(crate) mod server;
