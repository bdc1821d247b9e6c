//! Tests of a cog, without library, host or network.

mod answer;
mod begun;
mod bot;
mod builder;
mod clock;
mod cooldowns;
mod declared;
mod decode;
mod discord;
mod form;
mod generation;
mod host;
mod log;
mod message;
mod metrics;
mod pattern;
mod refusals;
mod stage;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod transcript;
mod user;
mod web;
mod world;

pub use self::{
    answer::{Answer, Suggested},
    bot::Bot,
    builder::Builder,
    form::Form,
    generation::Fault,
    message::Message,
    metrics::Recorded,
    user::{User, Values},
    web::Asked,
};
