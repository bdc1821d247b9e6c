//! Interactions over REST: what users' clients send, a bot's initial response, and what follows it.

pub(crate) mod callbacks;
pub(crate) mod follow_ups;
pub(crate) mod invocations;
