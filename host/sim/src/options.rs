//! The options of a simulator: its limits and durations, each with its unit and default.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::BotClock;
use crate::record::Record;
use crate::world::World;

/// How a simulator is set up. `SimOptions::default()` is Discord with its real durations, on a free port.
#[derive(Debug)]
pub struct SimOptions {
    /// The port on 127.0.0.1; 0 picks a free one. Default 0.
    pub port: u16,
    /// What exists at the start. Default: [`World::default`].
    pub world: World,
    /// A folder in which the world is kept; a world that it already holds takes precedence over [`SimOptions::world`].
    /// Default none.
    pub persist_dir: Option<PathBuf>,
    /// How often the world is saved if something happened, so how much a crash loses at most. Default 10 s.
    pub save_interval: Duration,
    /// Where each REST exchange is written, with both bodies and the tokens in them, to look at or compare what a bot
    /// really sent. Default none.
    pub record: Option<Record>,
    /// The name of the bot that exists from the start. Default `bot`.
    pub bot_name: String,
    /// Its token, without `Bot `; it looks like a real one, because clients check that. Default: a fixed one.
    pub token: String,
    /// Whether an unknown field in a body or query is refused with 50035; otherwise it is only reported. Default false.
    pub strict: bool,
    /// Whether rate limits are enforced. Default [`RateLimits::Off`].
    pub rate_limits: RateLimits,
    /// How many guilds one session may cover; with more, IDENTIFY closes with 4011. Default 2500.
    pub guilds_per_shard: usize,
    /// How many shards may identify at the same time, as reported by `GET /gateway/bot`. Default 1.
    pub max_concurrency: u32,
    /// How many sessions a bot may start per day, as reported by `GET /gateway/bot`. With [`RateLimits::Discord`] one
    /// more is refused with 4004 and ends all other sessions of the bot. Discord would also reset its token; here it
    /// stays. Default 1000.
    pub session_starts: u32,
    /// The token of the control interface and the page. Default: a new one on each start.
    pub control_token: Option<String>,
    /// A panel that the page shows beside the conversation. Its `/panel/panel.js` exports
    /// `mount(element, { controlToken, announce })`; all paths but `panel.js` and `panel.css` need the control token.
    /// Default none.
    pub panel: Option<axum::Router>,
    /// The heartbeat interval in HELLO; a connection without a heartbeat for one and a half times as long is closed.
    /// Default 41.25 s.
    pub heartbeat_interval: Duration,
    /// How long a bot has to acknowledge an interaction. Default 3 s.
    pub interaction_window: Duration,
    /// How long an interaction's token is valid. Default 15 min.
    pub interaction_life: Duration,
    /// How far away the clients are: the minimum time from a client's request to its answer, on open connections.
    /// Default zero.
    pub round_trip: Duration,
    /// How many events may wait for a client that does not read; beyond that the connection ends and can be resumed.
    /// Default 65,536.
    pub outbox_limit: usize,
    /// How many events each session keeps for a RESUME. Default 10,000.
    pub replay_limit: usize,
    /// Reports whether a bot in this process is idle, so that [`Sim::settle`](crate::Sim::settle) need not guess.
    /// Default none.
    pub idle: Option<IdleProbe>,
    /// The clock of a bot in this process; it is frozen, advanced and resumed together with the simulator's. Default
    /// none.
    pub bot_clock: Option<Arc<dyn BotClock>>,
    /// How long nothing may happen before [`Sim::settle`](crate::Sim::settle) takes bots without a probe for idle.
    /// Default 100 ms.
    pub quiet_period: Duration,
    /// How long [`Sim::expect_reply`](crate::Sim::expect_reply) and the like wait. Default 5 s.
    pub expect_timeout: Duration,
    /// How many entries of the transcript are kept. Default 10,000.
    pub transcript_limit: usize,
    /// How many messages are kept in each channel. Default 10,000.
    pub history_per_channel: usize,
}

/// Reports whether a bot in this process is idle.
#[derive(Clone)]
pub struct IdleProbe(Arc<dyn Fn() -> bool + Send + Sync>);

impl IdleProbe {
    /// `is_idle` is called often and must not block; it returns true if the bot has handled every event it received.
    pub fn new(is_idle: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_idle))
    }

    pub(crate) fn is_idle(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for IdleProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdleProbe")
    }
}

/// Whether rate limits are enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimits {
    /// Nothing is counted; the headers promise a thousand calls per second on every route.
    #[default]
    Off,
    /// Discord's limits: global, per route, and on session starts.
    Discord,
}

/// The token of the default bot. Its first part is a base64-encoded id, as in real ones, because serenity checks that.
const DEFAULT_TOKEN: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gsimul.loopback-only-not-a-secret-0000000000000";

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            port: 0,
            world: World::default(),
            persist_dir: None,
            save_interval: Duration::from_secs(10),
            record: None,
            bot_name: "bot".to_owned(),
            token: DEFAULT_TOKEN.to_owned(),
            strict: false,
            rate_limits: RateLimits::Off,
            guilds_per_shard: 2500,
            max_concurrency: 1,
            session_starts: 1000,
            control_token: None,
            panel: None,
            heartbeat_interval: Duration::from_millis(41_250),
            interaction_window: Duration::from_secs(3),
            interaction_life: Duration::from_secs(15 * 60),
            round_trip: Duration::ZERO,
            outbox_limit: 65_536,
            replay_limit: 10_000,
            idle: None,
            bot_clock: None,
            quiet_period: Duration::from_millis(100),
            expect_timeout: Duration::from_secs(5),
            transcript_limit: 10_000,
            history_per_channel: 10_000,
        }
    }
}
