//! The program as operators and scripts see it: the real binary, on the built-in Discord, with real cogs. Nothing here
//! uses a network other than 127.0.0.1, a token, or a fixed waiting time.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing, in its helpers as well")]

#[path = "cli/checking.rs"]
mod checking;
#[path = "cli/choosing.rs"]
mod choosing;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/container.rs"]
mod container;
#[path = "cli/control.rs"]
mod control;
#[path = "cli/developing.rs"]
mod developing;
#[path = "cli/doctoring.rs"]
mod doctoring;
#[path = "cli/ending.rs"]
mod ending;
#[path = "cli/exchanging.rs"]
mod exchanging;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/following.rs"]
mod following;
#[path = "cli/installing.rs"]
mod installing;
#[path = "cli/intents.rs"]
mod intents;
#[path = "cli/killing.rs"]
mod killing;
#[path = "it/libraries.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod libraries;
#[path = "cli/making.rs"]
mod making;
#[path = "cli/metrics.rs"]
mod metrics;
#[path = "cli/packages.rs"]
mod packages;
#[path = "cli/packing.rs"]
mod packing;
#[path = "cli/playing.rs"]
mod playing;
#[path = "cli/processes.rs"]
mod processes;
#[path = "cli/program.rs"]
mod program;
#[path = "cli/pushing.rs"]
mod pushing;
#[path = "cli/reaching.rs"]
mod reaching;
#[path = "cli/registries.rs"]
mod registries;
#[path = "cli/restarting.rs"]
mod restarting;
#[path = "cli/resuming.rs"]
mod resuming;
#[path = "cli/retrying.rs"]
mod retrying;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/settling.rs"]
mod settling;
#[path = "cli/signing.rs"]
mod signing;
#[path = "cli/simulating.rs"]
mod simulating;
#[path = "cli/smoking.rs"]
mod smoking;
#[path = "cli/starting.rs"]
mod starting;
#[path = "cli/states.rs"]
mod states;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/supervising.rs"]
mod supervising;
#[path = "cli/updating.rs"]
mod updating;
#[path = "cli/upgrading.rs"]
mod upgrading;
#[path = "cli/versions.rs"]
mod versions;
