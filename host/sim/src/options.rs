//! The limits and times of a simulator, each with its unit and default.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::BotClock;
use crate::record::Record;
use crate::world::World;

/// How a simulator is to be. `SimOptions::default()` is Discord with its real times on a free port.
#[derive(Debug)]
pub struct SimOptions {
    /// The port on 127.0.0.1; 0 takes a free one. Default 0.
    pub port: u16,
    /// What exists at the start. Default: [`World::default`].
    pub world: World,
    /// A folder in which the world is kept: what is there at the start goes before [`SimOptions::world`]. Default none.
    pub keep: Option<PathBuf>,
    /// How often it is written if something happened; a crash loses at most so much. Default 10 s.
    pub keep_every: Duration,
    /// Where each REST exchange is written, with both bodies and the tokens in them: what a bot really sent, to be looked
    /// at or compared. Default none.
    pub record: Option<Record>,
    /// The name of the bot that is there from the start. Default `bot`.
    pub bot_name: String,
    /// Its token, without `Bot `; it looks like a real one, since clients look. Default: a fixed one.
    pub token: String,
    /// Whether an unknown field in a body or query is refused with 50035; else it is only reported. Default false.
    pub strict: bool,
    /// Whether rate limits hold. Default [`RateLimits::Off`].
    pub rate_limits: RateLimits,
    /// Guilds that one session may cover; with more, IDENTIFY closes with 4011. Default 2500.
    pub guilds_per_shard: usize,
    /// Shards that may identify side by side, as `GET /gateway/bot` says. Default 1.
    pub max_concurrency: u32,
    /// Sessions that a bot may start in a day, as `GET /gateway/bot` says. With [`RateLimits::Discord`] one more is refused with
    /// 4004 and ends all others of the bot; its token stays, which Discord would reset. Default 1000.
    pub session_starts: u32,
    /// The token of the control interface and the page. Default: a new one at each start.
    pub control_token: Option<String>,
    /// What the page shows beside the conversation: `/panel/panel.js` of it exports `mount(element, { controlToken,
    /// announce })`. All but `panel.js` and `panel.css` needs the control token. Default: none.
    pub panel: Option<axum::Router>,
    /// What HELLO asks for; a connection without a beat for one and a half of it is closed. Default 41.25 s.
    pub heartbeat_interval: Duration,
    /// Within it a bot must acknowledge an interaction. Default 3 s.
    pub interaction_window: Duration,
    /// For so long an interaction's token can be used. Default 15 min.
    pub interaction_life: Duration,
    /// How far away its clients are: how long it takes at least from what they send to its answer, on connections that are
    /// open. Default zero.
    pub round_trip: Duration,
    /// Events waiting for a client that does not read; beyond it the connection ends and can be resumed. Default 65,536.
    pub outbox_limit: usize,
    /// Events kept in each session for a RESUME. Default 10,000.
    pub replay_limit: usize,
    /// Tells whether a bot in this process has nothing to do: [`Sim::settle`](crate::Sim::settle) asks it and then need
    /// not guess. Default none.
    pub idle: Option<IdleProbe>,
    /// The clock of a bot in this process, which then goes along with the simulator's: frozen, advanced and resumed together.
    /// Default none.
    pub bot_clock: Option<Arc<dyn BotClock>>,
    /// For so long nothing may happen before [`Sim::settle`](crate::Sim::settle) takes bots without a probe for idle. Default 100 ms.
    pub quiet: Duration,
    /// How long [`Sim::expect_reply`](crate::Sim::expect_reply) and its like wait. Default 5 s.
    pub patience: Duration,
    /// Entries of the transcript that are kept. Default 10,000.
    pub transcript_limit: usize,
    /// Messages kept in each channel. Default 10,000.
    pub history_per_channel: usize,
}

/// Tells whether a bot in this process has nothing to do.
#[derive(Clone)]
pub struct IdleProbe(Arc<dyn Fn() -> bool + Send + Sync>);

impl IdleProbe {
    /// `is_idle` is asked often and must not wait: true if every event the bot got was worked off.
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

/// Whether rate limits hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimits {
    /// Nobody counts; the headers promise a thousand calls a second everywhere.
    #[default]
    Off,
    /// Discord's: global, per route, and for session starts.
    Discord,
}

/// The token of the default bot. Its first part is the base64 of an id, as in real ones, because serenity checks that.
const DEFAULT_TOKEN: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gsimul.loopback-only-not-a-secret-0000000000000";

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            port: 0,
            world: World::default(),
            keep: None,
            keep_every: Duration::from_secs(10),
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
            quiet: Duration::from_millis(100),
            patience: Duration::from_secs(5),
            transcript_limit: 10_000,
            history_per_channel: 10_000,
        }
    }
}
