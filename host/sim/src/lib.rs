//! A Discord at the wire level, on loopback: REST, the gateway, and members that act. It works with any bot, in any
//! language, knows nothing about cogs, and never leaves 127.0.0.1.
//!
//! ```text
//!  8  sim: the public face; starts, closes
//!  7  serve: listener, dispatch, page, persist · drive: control interface, prompt, settling
//!  6  rest: HTTP · socket: the gateway's · members: users in tests
//!     ─── below this line no HTTP and no socket ───
//!  5  rules: may it happen? change, event, audit log entry, transcript; nothing else writes the world
//!  4  state: everything that changes, behind one lock
//!  3  sessions · commands · interactions · files · limits · nonces · faults · transcript · record · accounts ·
//!     options
//!  2  world: guilds, channels, messages; its `wire` is how Discord writes them, its `file` how people do
//!  1  form: bodies of requests and their errors · clock · pictures
//!  0  ids: snowflakes, timestamps, percent-encoding
//! ```
//!
//! Imports only go down, `State` has no methods, and only `rules` write the world; tests check this in the sources.
//!
//! A user is an account like a bot, with the same REST API, the same gateway, the same rules, and a token of its own
//! ([`Member::token`]). The page is such a client. The interface that drives the simulator itself is separate: it is
//! under `/control`, and its `openapi.json` describes it.
//!
//! 1. Everything that happens is ordered: it changes the world, enters the transcript and reaches the sessions under
//!    one lock.
//! 2. An event is serialised once; sessions only differ in its sequence number.
//! 3. No lock is held during I/O.
//! 4. Everything that is kept has a limit.
//! 5. Everything that depends on time follows one clock, which can be frozen and advanced; `clock` lists exceptions.
//! 6. A field that no handler reads is unknown: it is counted, reported, and refused if the simulator is strict.
//!
//! A world, a bot in it, and a user who talks to it:
//!
//! ```no_run
//! # async fn start_my_bot(_api_url: String, _token: &str) {}
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::time::Duration;
//! use gearshift_sim::{Sim, SimOptions};
//!
//! let sim = Sim::start(SimOptions::default()).await?;
//! start_my_bot(sim.api_url(), sim.token()).await;
//! let asked = sim.member("alice")?.say("general", "!ping hi").await?;
//!
//! let answer = sim.reply_to(asked, Duration::from_secs(5)).await.expect("an answer");
//! assert_eq!(answer.content, "pong hi");
//! # Ok(())
//! # }
//! ```
//!
//! Members do what people do: they edit, reply, react, attach files, run commands, type options, press buttons, select,
//! submit forms, join, leave, and assign roles. An act that is not allowed fails with an error that says why.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use gearshift_sim::{Sim, SimOptions};
//!
//! let sim = Sim::start(SimOptions::default()).await?;
//! let (alice, carol) = (sim.member("alice")?, sim.member("carol")?);
//! let said = alice.say("general", "hello").await?;
//! carol.react(said, "👋").await?;
//! let refused = carol.delete(said).await.unwrap_err().to_string();
//! assert_eq!(refused, format!("message {said} is not this member's own"));
//! sim.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test ends where its premise fails"))]

mod sim;

mod drive;
mod serve;

mod members;
mod rest;
mod socket;

mod rules;

mod state;

mod commands;
mod faults;
mod interactions;
mod options;
mod sessions;

mod accounts;
mod files;
mod limits;
mod nonces;
mod record;
mod transcript;

mod world;

mod clock;
mod form;
mod pictures;

mod ids;

pub use clock::{BotClock, Clock};
pub use drive::gateway::Gateway;
pub use drive::prompt::{Detail, Outcome, Printer, Prompt};
pub use drive::settle::{Pending, SettleError};
pub use faults::{Faults, RestFault};
pub use ids::{ParseTimestampError, Snowflake, Timestamp};
pub use members::{Answer, InteractionHandle, Member, NO_OPTIONS};
pub use options::{IdleProbe, RateLimits, SimOptions};
pub use record::Record;
pub use rest::routes::routes;
pub use serve::persist::PersistError;
pub use sim::{ExpectError, Sim, StartError};
pub use transcript::{Acknowledgement, Entry, EntryKind, Reader, Topic, Transcript};
pub use world::{
    ActError, Application, ApplicationLinks, Attachment, AuditEntry, AutoModAction, AutoModActionMetadata,
    AutoModPattern, AutoModRule, AutoModTrigger, Ban, Bot, Channel, ChannelKind, ChannelSettings, Choice,
    CommandPermission, CommandRule, Component, ComponentEmoji, ComponentKind, DefaultReaction, DefaultValue,
    Embed, EmbedAuthor, EmbedField, EmbedFooter, EmbedKind, Emoji, EventPlace, GalleryItem, Guild, GuildData,
    GuildEmoji, GuildMember, GuildSettings, GuildTemplate, Incidents, InstallConfig, InstallParams,
    IntegrationOwners, InteractionMetadata, Invite, Media, Message, MessageKind, Modal, NthWeekday,
    Onboarding, OnboardingOption, OnboardingPrompt, Origin, Overwrite, Poll, PollAnswer, Reaction,
    RecurrenceRule, Role, RoleConnectionMetadata, ScheduledEvent, SelectOption, StageInstance, Status, Tag,
    Thread, User, VoiceCall, VoiceState, Webhook, World, WorldError, WorldMistake, bits, flags,
};
