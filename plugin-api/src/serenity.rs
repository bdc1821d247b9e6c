//! serenity, the vocabulary of a cog: its models for what arrives, and its builders for what is sent. All of it is
//! re-exported here, so `use gearshift_cog::serenity;` replaces the crate.
//!
//! - **Events** arrive as its models: a listener takes a [`Message`](model::channel::Message), a
//!   [`GuildMemberAddition`] or any struct of [`model::event`]; see [`FromEvent`](crate::FromEvent).
//! - **Arguments** of commands are its models: [`User`](model::user::User), [`Role`](model::guild::Role), …; see
//!   [`Argument`](crate::Argument).
//! - **Messages** are its builders: anything built from [`CreateMessage`](builder::CreateMessage),
//!   [`CreateEmbed`](builder::CreateEmbed), … is accepted wherever a [`NewMessage`](crate::NewMessage) is.
//! - **Answers** of any endpoint can be read as its models with [`FromDiscord`](crate::FromDiscord).
//!
//! It opens no connection: requests go through [`ctx.discord()`](crate::Host::discord). What serenity has behind its
//! features `model`, `http` and `client` (methods that take an `Http`) is not available; [`UserExt`] and [`MessageExt`]
//! replace the methods that would be missed most.
//!
//! Only Discord's JSON crosses between a cog and its host, so a cog may also use another version of serenity. Generic
//! code of serenity is compiled once, in this crate. Reading a type that is not in
//! [`FromDiscord`](crate::FromDiscord)'s list with serde_json compiles that code in the cog, which takes time in each
//! release build.

mod argument;
mod context;
mod events;
mod ext;
mod models;
mod send;

pub use ::serenity::*;

pub use self::argument::UserOrRole;
pub(crate) use self::context::Caller;
pub use self::events::*;
pub use self::ext::{MessageExt, UserExt};
