//! What happens in the world, whoever caused it: changed, written to the transcript and told to the sessions in one step.
//! It does not check who may; REST and actors do that first.

mod audit;
mod channels;
mod direct;
mod guilds;
mod members;
mod messages;
mod polls;
mod presence;
mod reactions;
mod sight;
mod threads;
mod timers;
mod voice;
mod webhooks;

pub(crate) use audit::{Action, By};
pub(crate) use messages::{Draft, Revision};
pub(crate) use voice::VoiceWish;
