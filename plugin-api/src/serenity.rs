//! serenity, the vocabulary of a cog: its models for what arrives, its builders for what is sent. All of it is re-exported
//! here: `use gearshift_cog::serenity;` stands for the crate.
//!
//! - **Events** arrive as its models: a listener takes a [`Message`](model::channel::Message), a [`GuildMemberAddition`] or
//!   any struct of [`model::event`]; see [`FromEvent`](crate::FromEvent).
//! - **Arguments** of commands are its models: [`User`](model::user::User), [`Role`](model::guild::Role), …; see
//!   [`Argument`](crate::Argument).
//! - **Messages** are its builders: whatever is built of [`CreateMessage`](builder::CreateMessage),
//!   [`CreateEmbed`](builder::CreateEmbed), … is taken wherever a [`NewMessage`](crate::NewMessage) is.
//! - **Answers** of any endpoint are read as its models with [`FromDiscord`](crate::FromDiscord).
//!
//! It opens no connection: requests go through [`ctx.discord()`](crate::Host::discord). What serenity has behind its
//! features `model`, `http` and `client` (methods that take an `Http`) is not here; [`Shown`] and [`Linked`] have what is
//! missed of it most.
//!
//! Only Discord's JSON crosses between a cog and its host, so a cog may use a serenity of another version beside the one
//! here. What is generic in serenity is compiled once, in this crate: reading a type that is not in
//! [`FromDiscord`](crate::FromDiscord)'s list with serde_json compiles it in the cog, which takes its time in each release build.

mod argument;
mod context;
mod events;
mod models;
mod send;
mod shown;

pub use ::serenity::*;

pub use self::argument::UserOrRole;
pub(crate) use self::context::Caller;
pub use self::events::*;
pub use self::shown::{Linked, Shown};
