//! What happens in the world, whoever caused it: changed, written to the transcript and sent to the sessions in one step.

mod access;
mod audit;
mod channels;
mod direct;
mod guilds;
pub(crate) mod interactions;
mod members;
pub(crate) mod messages;
mod polls;
mod presence;
mod reactions;
mod sight;
mod threads;
mod timers;
pub(crate) mod voice;
mod webhooks;

pub(crate) use audit::{Action, By};
pub(crate) use messages::{Draft, Revision};
