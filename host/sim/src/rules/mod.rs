//! Everything that happens in the world, whatever the cause: it changes the world, enters the transcript and is
//! dispatched to the sessions in one step.

pub(crate) mod access;
mod audit;
pub(crate) mod automod;
pub(crate) mod channels;
pub(crate) mod commands;
mod dispatch;
pub(crate) mod emojis;
pub(crate) mod events;
pub(crate) mod guilds;
pub(crate) mod interactions;
pub(crate) mod invites;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod onboarding;
pub(crate) mod pins;
pub(crate) mod polls;
pub(crate) mod presence;
pub(crate) mod reactions;
pub(crate) mod roles;
pub(crate) mod stages;
pub(crate) mod templates;
pub(crate) mod threads;
pub(crate) mod timers;
pub(crate) mod users;
mod visibility;
pub(crate) mod voice;
pub(crate) mod webhooks;

use audit::Action;
pub(crate) use audit::Actor;
pub(crate) use messages::{Draft, Revision};
