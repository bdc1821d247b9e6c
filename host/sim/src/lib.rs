//! A wire-level Discord on loopback: REST, gateway, members that act. For any bot in any language.
//! It knows nothing of cogs, and never leaves 127.0.0.1.
//!
//! ```text
//!   a bot ──HTTP──► server ─► rest ───┐                   ┌── actors ◄── prompt, tests
//!     ▲                               ▼                   ▼
//!     │                            changes ─► world (one lock, held briefly)
//!     └──websocket── gateway ◄── sessions ◄──┘ └──► transcript
//! ```
//!
//! 1. What happens has one order: it changes the world, enters the transcript and reaches the sessions under one lock.
//! 2. An event is written once; sessions differ in its number only.
//! 3. No lock is held while something is read or written.
//! 4. Everything that is kept has a limit.
//! 5. Whatever follows from time follows from one clock, which can be frozen and advanced; `clock` says what does not.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use gearshift_sim::{Sim, SimOptions};
//!
//! let sim = Sim::start(SimOptions::default()).await?;
//! // A bot connects to `sim.api_url()` with `sim.token()` …
//! let alice = sim.member("alice")?;
//! let said = alice.say("general", "!ping hi").await?;
//! assert_eq!(sim.messages("general")?.last().map(|message| message.id), Some(said));
//! sim.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test ends where its premise fails"))]

mod sim;

mod options;

mod actors;
mod prompt;
mod replies;

mod expect;
mod faults;
mod settle;
mod transcript;

mod keep;
mod world;

mod changes;
mod interactions;

mod gateway;
mod rest;
mod server;

mod control;
mod door;
mod front;
mod page;
mod panel;

mod accounts;
mod clock;
mod pictures;
mod shared;
mod snowflake;

pub use actors::{ActError, Answer, InteractionHandle, Member, NO_OPTIONS};
pub use clock::{Clock, NoTimestamp, Timestamp};
pub use expect::Unmet;
pub use faults::{Faults, RestFault};
pub use gateway::Gateway;
pub use keep::KeepError;
pub use options::{RateLimits, SimOptions};
pub use prompt::{Detail, Outcome, Printer, Prompt};
pub use rest::routes::routes;
pub use settle::{Busy, IdleProbe, Unsettled};
pub use sim::{Sim, StartError};
pub use snowflake::Snowflake;
pub use transcript::{Acknowledgement, Entry, Reader, Topic, Transcript, What};
pub use world::{
    Attachment, AuditEntry, Ban, Belongings, Bot, Channel, ChannelKind, ChannelSettings, Emoji, EventPlace,
    Guild, GuildEmoji, GuildMember, GuildSettings, InteractionNote, Invite, Message, MessageKind, Origin,
    Overwrite, Poll, PollAnswer, Reaction, Role, ScheduledEvent, Tag, Thread, User, VoiceState, Webhook,
    World, WorldError, WorldMistake, bits, flags,
};
