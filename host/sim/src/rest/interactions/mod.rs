//! Interactions over REST: what users' clients send, the first answer of a bot, and what follows it.

pub(crate) mod callbacks;
pub(crate) mod follow_ups;
pub(crate) mod invocations;
