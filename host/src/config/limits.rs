//! Every limit that a cog can reach: queues, deadlines, sizes.
//! Limits of a single session, such as its timeouts, are in that session's section.

use std::time::Duration;

use serde::Deserialize;

use super::sections::millis;

/// `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Events that may wait for one cog before its overflow rule applies. Default 4096.
    pub lane_queue: usize,
    /// Handlers of one cog that may run at once. Default 1024.
    pub handlers_in_flight: usize,
    /// Calls of one cog to the host that may be in flight at once, not counting waits. More than handlers, because a
    /// call counts until the host has finished it, and by then its handler may be over. Default 2048.
    pub calls_in_flight: usize,
    /// How long a cog may take to set up. `setup_timeout_ms`, default 30000.
    #[serde(rename = "setup_timeout_ms", with = "millis")]
    pub setup_timeout: Duration,
    /// How long handlers may take to end when their cog is replaced before they are cancelled. `drain_timeout_ms`,
    /// default 5000.
    #[serde(rename = "drain_timeout_ms", with = "millis")]
    pub drain_timeout: Duration,
    /// How long a cog may take to save or to restore its state. `state_timeout_ms`, default 5000.
    #[serde(rename = "state_timeout_ms", with = "millis")]
    pub state_timeout: Duration,
    /// How long a retired cog's thread may take to end before its library is held. `join_timeout_ms`, default 2000.
    #[serde(rename = "join_timeout_ms", with = "millis")]
    pub join_timeout: Duration,
    /// How long a cog may occupy its thread without returning to its loop before it is abandoned. `stuck_after_ms`,
    /// default 30000.
    #[serde(rename = "stuck_after_ms", with = "millis")]
    pub stuck_after: Duration,
    /// How often a cog may be abandoned within `hangs_window_ms` before it stays unloaded until its file changes.
    /// Default 3.
    pub hangs_max: usize,
    /// The time span in which a cog's hangs are counted. `hangs_window_ms`, default 600000.
    #[serde(rename = "hangs_window_ms", with = "millis")]
    pub hangs_window: Duration,
    /// How many retired generations may stay mapped; from then on, a cog that has one among them is not loaded again.
    /// Default 16.
    pub held_max: usize,
    /// Size of a cog's saved state, in bytes. Default 8388608 (8 MiB).
    pub state_max_bytes: usize,
    /// How often a cog's state is written to the store; 0 = only at reload and shutdown. `state_save_every_ms`, default
    /// 60000.
    #[serde(rename = "state_save_every_ms", with = "millis")]
    pub state_save_every: Duration,
    /// How long a replaced generation is kept so that the host can go back to it. `probation_ms`, default 30000.
    #[serde(rename = "probation_ms", with = "millis")]
    pub probation: Duration,
    /// Faults of a new generation during its probation that make the host go back. Default 3; 0 = never.
    pub probation_faults: u32,
    /// How long a library's size and time must stay unchanged before it is read. `settle_ms`, default 25.
    #[serde(rename = "settle_ms", with = "millis")]
    pub settle: Duration,
    /// How long closing may take in total. `close_timeout_ms`, default 10000.
    #[serde(rename = "close_timeout_ms", with = "millis")]
    pub close_timeout: Duration,
    /// When the host defers an interaction that its cog has not answered; Discord's own limit is 3 s. `defer_after_ms`,
    /// default 2000.
    #[serde(rename = "defer_after_ms", with = "millis")]
    pub defer_after: Duration,
    /// How long the host's "thinking …" waits for a task once the handlers have ended without an answer. A handler that
    /// defers itself announces an answer, and has 14 minutes. `answer_timeout_ms`, default 60000.
    #[serde(rename = "answer_timeout_ms", with = "millis")]
    pub answer_timeout: Duration,
    /// How long the declared commands must stay unchanged before they are registered. `commands_settle_ms`, default
    /// 2000.
    #[serde(rename = "commands_settle_ms", with = "millis")]
    pub commands_settle: Duration,
    /// How long an unloaded cog keeps its slash commands, in case it is loaded again; `commands_keep_ms`, default
    /// 60000.
    #[serde(rename = "commands_keep_ms", with = "millis")]
    pub commands_keep: Duration,
    /// Size of one key in the store, in bytes. Default 512.
    pub store_key_max_bytes: usize,
    /// Size of one value in the store, in bytes. Default 1048576 (1 MiB).
    pub store_value_max_bytes: usize,
    /// Size of all keys and values of one cog in the store, in bytes. Default 268435456 (256 MiB).
    pub store_cog_max_bytes: usize,
    /// Size of one request body that a cog sends, in bytes. Default 26214400 (25 MiB).
    pub request_max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            lane_queue: 4096,
            handlers_in_flight: 1024,
            calls_in_flight: 2048,
            setup_timeout: Duration::from_millis(30_000),
            drain_timeout: Duration::from_millis(5_000),
            state_timeout: Duration::from_millis(5_000),
            join_timeout: Duration::from_millis(2_000),
            stuck_after: Duration::from_millis(30_000),
            hangs_max: 3,
            hangs_window: Duration::from_millis(600_000),
            held_max: 16,
            state_max_bytes: 8 << 20,
            state_save_every: Duration::from_millis(60_000),
            probation: Duration::from_millis(30_000),
            probation_faults: 3,
            settle: Duration::from_millis(25),
            close_timeout: Duration::from_millis(10_000),
            defer_after: Duration::from_millis(2_000),
            answer_timeout: Duration::from_millis(60_000),
            commands_settle: Duration::from_millis(2_000),
            commands_keep: Duration::from_millis(60_000),
            store_key_max_bytes: 512,
            store_value_max_bytes: 1 << 20,
            store_cog_max_bytes: 256 << 20,
            request_max_bytes: 25 << 20,
        }
    }
}
