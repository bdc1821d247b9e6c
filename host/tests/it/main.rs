//! The host's promises, one module each. Nothing here uses a network beyond 127.0.0.1, a token, or a fixed waiting time.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing, in its helpers as well")]

mod answering;
mod blame;
mod claims;
mod closing;
mod commanding;
mod components;
mod contract;
mod copies;
mod damage;
mod ephemeral;
mod events;
mod examples;
mod failing;
mod flow;
mod frames;
mod isolation;
mod lanes;
mod libraries;
mod loading;
mod overlap;
mod owner;
mod permissions;
mod processes;
mod registering;
mod registering_full;
mod registering_guilds;
mod reload;
mod rules;
mod sandbox;
mod settings;
mod spawning;
mod stage;
mod tasks;
mod tokio;
mod vocabulary;
