//! Gearshift: a Discord bot host that replaces its cogs while the bot stays connected.
//!
//! ```text
//!                          Discord (or the built-in one)
//!              websocket │            ▲ HTTPS
//!                        ▼            │
//!                     gateway      sessions  (discord, http, api, stats, store)
//!                        │ event      ▲ plain-data request
//!                        ▼            │
//!                     router       handles   (one set a generation, leased)
//!                        │            ▲
//!                        ▼            │
//!       lane: bounded queue + the cog's own thread ══ ABI ══ your cog (plugins/*)
//!
//!    data plane    : gateway → router → lane → cog → handle → session
//!    control plane : watcher, control socket, CLI → cogs → library, lane, router
//! ```
//!
//! What always holds, and the tests in `host/tests/it` that check it:
//!
//! 1. No cog runs before every session is open: [`host::Host::load`] takes open sessions (`flow`).
//! 2. No thread of the host runs a cog's handlers: each cog has its own thread (`isolation`).
//! 3. No event is lost, handled twice or out of order while a cog is replaced (`reload`, `overlap`, `lanes`).
//! 4. A new version that fails leaves the running one untouched (`reload`, `blame`).
//! 5. A retired generation is unmapped, or else held and reported by name (`isolation`, `contract`, and `soak`).
//! 6. A handle of a retired generation returns an error ([`handles`]).
//! 7. A cog that panics or blocks disturbs neither the host nor another cog (`isolation`, `blame`).
//! 8. A command is deleted from Discord only if a cog of this process declared it (`registering`).
//! 9. A cog in its own process may crash: at most what it was handling is lost, and nothing of others (`processes`).
//!
//! Invariants 1 to 8 hold on both kinds of lane: `scripts/test` runs `it` on each. Invariants 3 to 5 also hold for any
//! order of operations and failures in a cog's owner (`cogs::tests`).
//!
//! Modules in reading order:
#![deny(unsafe_code)]

pub mod clock;
pub mod config;
pub mod counters;
pub mod duration;
pub mod error;
pub mod file;
pub mod identity;
pub mod log;
pub mod private;
pub mod process;
pub mod step;
pub mod text;

pub mod gateway;
pub mod sessions;

pub mod cooldowns;
pub mod event;
pub mod facts;
pub mod fault;
pub mod handles;
pub mod lane;
pub mod router;
pub mod schedule;

pub mod cogs;
pub mod commands;
pub mod health;
pub mod install;
pub mod library;
pub mod packages;
pub mod watch;

pub mod follow;
pub mod handover;
pub mod host;
pub mod own_commands;
pub mod panel;

pub mod control;
pub mod dev;
pub mod metrics;
pub mod smoke;

pub mod cli;

#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
