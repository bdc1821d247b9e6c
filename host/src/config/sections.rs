//! The sections of the config, one struct each, with the unit and default of every field.
//! Limits that a cog can reach are in [`Limits`](super::Limits).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gearshift_cog::interactions::FAILURE_TEXT;
use serde::Deserialize;

use super::{ActivityKind, Intent, LaneKind, Secret, Status, TrustedKey};

/// `[discord]`: the account, and how to reach Discord.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Discord {
    /// Base URL of the REST API, for servers other than Discord's; it provides the gateway's address. Default: Discord.
    pub api_url: Option<String>,
    /// File that contains the token. The variable `DISCORD_TOKEN` takes precedence.
    pub token_file: Option<PathBuf>,
    /// Token passed by the program itself (`gearshift play`); takes precedence over both. Not a key of the file.
    #[serde(skip)]
    pub token: Option<Secret>,
    /// Whether this Discord is part of this process (`gearshift play`), so that the next process starts with a
    /// different one. Not a key of the file.
    #[serde(skip)]
    pub is_built_in: bool,
    /// What a message must begin with to be a command. Default `!`.
    pub prefix: String,
    /// What a user sees, as an ephemeral message, if a handler failed and nothing answered the interaction; empty =
    /// nothing. A failed message command gets no answer. Default `Something went wrong. Try again later.`
    pub failure_text: String,
    /// Gateway intents by name. Default: all unprivileged ones and `message_content`.
    pub intents: Vec<Intent>,
    /// The bot's status until a cog sets another: `online`, `idle`, `dnd` or `invisible`. Default `online`.
    pub status: Status,
    /// Activity text shown with it, at most 128 characters. Default none.
    pub activity: Option<String>,
    /// The word before it: `playing`, `listening`, `watching`, `competing`, or none (`custom`). Default `custom`.
    pub activity_kind: ActivityKind,
    /// Shards of this process; all of them connect here. Default 1.
    pub shards: u16,
    /// Whether the declared slash commands are registered with Discord. Default true.
    pub register_commands: bool,
    /// Whether the next start resumes the gateway sessions of a host that ended in order, with the events that arrived
    /// meanwhile; needs `[store]`. Until then, for a few minutes at most, users still see the bot online. Default true.
    pub resume: bool,
    /// Maximum requests of the bot per second, whatever their routes; further ones wait for their turn. Interactions
    /// and webhooks have tokens of their own and do not count. Default: Discord's limit for all bots, 50; large bots
    /// are granted more. <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
    pub requests_per_second: Option<u32>,
    /// How long opening this session may take at start, including the wait for a network that is not up yet.
    /// `open_timeout_ms`, default 15000.
    #[serde(rename = "open_timeout_ms", with = "millis")]
    pub open_timeout: Duration,
    /// How long one REST request may take, not counting waits for rate limits. `request_timeout_ms`, default 30000.
    #[serde(rename = "request_timeout_ms", with = "millis")]
    pub request_timeout: Duration,
    /// How often a REST request is attempted before its failure is reported. Default 5.
    pub tries: u32,
    /// How long one request may wait for rate limits in total. `rate_wait_timeout_ms`, default 60000.
    #[serde(rename = "rate_wait_timeout_ms", with = "millis")]
    pub rate_wait_timeout: Duration,
    /// Longest pause between two attempts to connect to the gateway. `reconnect_max_ms`, default 60000.
    #[serde(rename = "reconnect_max_ms", with = "millis")]
    pub reconnect_max: Duration,
}

impl Default for Discord {
    fn default() -> Discord {
        Discord {
            api_url: None,
            token_file: None,
            token: None,
            is_built_in: false,
            prefix: "!".to_owned(),
            failure_text: FAILURE_TEXT.to_owned(),
            intents: Intent::default_set(),
            status: Status::default(),
            activity: None,
            activity_kind: ActivityKind::default(),
            shards: 1,
            register_commands: true,
            resume: true,
            requests_per_second: None,
            open_timeout: Duration::from_millis(15_000),
            request_timeout: Duration::from_millis(30_000),
            tries: 5,
            rate_wait_timeout: Duration::from_millis(60_000),
            reconnect_max: Duration::from_millis(60_000),
        }
    }
}

/// `[http]`: how every client of the host dials, and the limits of the cogs' HTTP session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Http {
    /// Whether IPv6 is never used. Default true.
    pub ipv4_only: bool,
    /// Whether names are resolved without threads (hickory) instead of the system's resolver. Default true.
    pub async_dns: bool,
    /// Name servers to query, such as `["192.0.2.1:53"]`; only with `async_dns`. Default: the system's.
    pub name_servers: Vec<SocketAddr>,
    /// Time limit for making a connection. `connect_timeout_ms`, default 5000.
    #[serde(rename = "connect_timeout_ms", with = "millis")]
    pub connect_timeout: Duration,
    /// Time limit for a request that sets none itself. `request_timeout_ms`, default 30000.
    #[serde(rename = "request_timeout_ms", with = "millis")]
    pub request_timeout: Duration,
    /// How long an idle connection is kept. `idle_timeout_ms`, default 60000.
    #[serde(rename = "idle_timeout_ms", with = "millis")]
    pub idle_timeout: Duration,
    /// `User-Agent` of the cogs' requests. Default `gearshift/VERSION`.
    pub user_agent: String,
    /// Maximum size of one answer, in bytes. Default 16777216 (16 MiB).
    pub max_body_bytes: usize,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            ipv4_only: true,
            async_dns: true,
            name_servers: Vec::new(),
            connect_timeout: Duration::from_millis(5_000),
            request_timeout: Duration::from_millis(30_000),
            idle_timeout: Duration::from_millis(60_000),
            user_agent: concat!("gearshift/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_body_bytes: 16 << 20,
        }
    }
}

/// `[runtime]`: the threads of the host itself, besides those of the gateway and of every cog.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Runtime {
    /// Threads that carry out the cogs' requests to the sessions. One is enough for about 20,000 calls a second, and
    /// wakes the fewest threads per call. Default 1.
    pub workers: usize,
}

impl Default for Runtime {
    fn default() -> Runtime {
        Runtime { workers: 1 }
    }
}

/// `[api]`: the site API.
#[derive(Debug, Clone, Deserialize)]
pub struct Api {
    /// Base URL; the path of an endpoint is appended to its path. Required.
    pub url: String,
    /// Token, sent as `Authorization: Token …`. It is better kept in `token_file`.
    #[serde(default)]
    pub token: Option<Secret>,
    /// File that contains the token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Whether the host refuses to start if the health check fails. Default false: it only warns.
    #[serde(default)]
    pub required: bool,
    /// Endpoint of the health check at start; empty = no check. Default `healthcheck`.
    #[serde(default = "Api::default_health_path")]
    pub health_path: String,
    /// How often the health check is attempted. Default 3.
    #[serde(default = "Api::default_health_tries")]
    pub health_tries: u32,
    /// How long one request may take. `timeout_ms`, default 10000.
    #[serde(rename = "timeout_ms", with = "millis", default = "Api::default_timeout")]
    pub timeout: Duration,
}

impl Api {
    fn default_health_path() -> String {
        "healthcheck".to_owned()
    }
    fn default_health_tries() -> u32 {
        3
    }
    fn default_timeout() -> Duration {
        Duration::from_millis(10_000)
    }
}

/// `[stats]`: statsd over UDP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stats {
    /// `host:port` of the statsd server. Required.
    pub address: String,
    /// Prefix of every metric's name; empty = none. Default `bot`.
    #[serde(default = "Stats::default_prefix")]
    pub prefix: String,
    /// How long metrics are collected before they are sent. `flush_ms`, default 200.
    #[serde(rename = "flush_ms", with = "millis", default = "Stats::default_flush")]
    pub flush: Duration,
    /// How often the server's name is resolved again. `resolve_every_ms`, default 30000.
    #[serde(rename = "resolve_every_ms", with = "millis", default = "Stats::default_resolve_every")]
    pub resolve_every: Duration,
    /// How often the host's own metrics are sent as well, below `gearshift`; 0 = never. `host_every_ms`, default 0.
    #[serde(rename = "host_every_ms", with = "millis", default)]
    pub host_every: Duration,
}

impl Stats {
    /// The two parts of `address`; the port is 8125 if an unvalidated config names none.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        const PORT: u16 = 8125;
        match self.address.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(PORT)),
            None => (&self.address, PORT),
        }
    }

    fn default_prefix() -> String {
        "bot".to_owned()
    }
    fn default_flush() -> Duration {
        Duration::from_millis(200)
    }
    fn default_resolve_every() -> Duration {
        Duration::from_millis(30_000)
    }
}

/// `[store]`: the cogs' states and key-value pairs, in one SQLite file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Store {
    /// The file; it is created if it does not exist, but its folder is not. Default `gearshift.db`.
    pub path: PathBuf,
    /// How long opening may wait while another process holds the file. `lock_timeout_ms`, default 2000.
    #[serde(rename = "lock_timeout_ms", with = "millis")]
    pub lock_timeout: Duration,
    /// How long opening may take in total; a large file is read through once. `open_timeout_ms`, default 30000.
    #[serde(rename = "open_timeout_ms", with = "millis")]
    pub open_timeout: Duration,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            path: "gearshift.db".into(),
            lock_timeout: Duration::from_millis(2_000),
            open_timeout: Duration::from_millis(30_000),
        }
    }
}

/// `[cogs]`: where cogs come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cogs {
    /// Folder of the libraries. Default `cogs`.
    pub folder: PathBuf,
    /// Names of cogs that are never loaded. Default none.
    pub disabled: Vec<String>,
    /// Where cogs run: each on a thread of the host (`"thread"`) or in a process (`"process"`). Default `"thread"`.
    pub lane: LaneKind,
    /// Whether changes in the folder are applied. Default true.
    pub watch: bool,
    /// How often the folder is compared with its last known content, in addition to the system's events, which are
    /// missing when a link is changed and on some file systems; 0 = never. `poll_ms`, default 1000.
    #[serde(rename = "poll_ms", with = "millis")]
    pub poll: Duration,
    /// Whether libraries are only put into the folder while the host runs, so that missing cogs are not an error.
    #[serde(skip)]
    pub is_filled_later: bool,
}

impl Default for Cogs {
    fn default() -> Cogs {
        Cogs {
            folder: "cogs".into(),
            disabled: Vec::new(),
            lane: LaneKind::default(),
            watch: true,
            poll: Duration::from_millis(1_000),
            is_filled_later: false,
        }
    }
}

/// `[commands]`: where the cogs' commands are registered, and the host's own commands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Commands {
    /// Id of the only guild in which commands are registered, where they are available at once and invisible to
    /// everybody else: for development. Commands registered elsewhere stay as they are. Default none: each is
    /// registered as it is declared.
    pub guild: Option<u64>,
    /// Whether the application's owners can list, load, unload and reload cogs with `/cogs` and with the prefix. A
    /// cog's own command of that name takes precedence. Default true.
    pub owner: bool,
    /// Whether `/help` lists the commands that a user may call, and works with the prefix too. A cog's own command of
    /// that name takes precedence. Default true.
    pub help: bool,
}

impl Default for Commands {
    fn default() -> Commands {
        Commands { guild: None, owner: true, help: true }
    }
}

/// `[control]`: the socket that `gearshift cogs` talks to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Control {
    /// Path of the socket. Default: in the user's runtime directory.
    pub socket: Option<PathBuf>,
}

/// `[metrics]`: health, readiness and metrics of the host over HTTP, for `gearshift run`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// IP address and port; port 0 = any. Default `127.0.0.1:9464`.
    pub address: String,
    /// Whether the address may be other than loopback: anybody who can reach it can read the metrics. Default false.
    pub expose: bool,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics { address: "127.0.0.1:9464".to_owned(), expose: false }
    }
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Log {
    /// What is logged: a level, or a filter such as `info,gearshift_host::gateway=debug`. Default `info`.
    pub filter: String,
    /// The format of the log. Default `text`.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Log {
        Log { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

/// `[play]`: the built-in Discord of `gearshift play`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Play {
    /// Port on 127.0.0.1; 0 = any. Default 0.
    pub port: u16,
    /// World file: the users, guilds and channels. Default: two guilds with five people.
    pub world: Option<PathBuf>,
    /// Folder in which the world is kept between runs; its content takes precedence over `world`. Default: not kept.
    pub keep: Option<PathBuf>,
}

/// `[packages]`: the rules for packages of any registry, unless `[registry."…"]` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Packages {
    /// Public keys that are trusted to sign packages, in minisign's notation: `["RW…"]`. Default none.
    pub trusted_keys: Vec<TrustedKey>,
    /// Whether packages are rejected without a signature by one of those keys. Default false.
    pub require_signed: bool,
    /// How often a request is repeated if a registry limits requests, fails or drops the connection. Default 4.
    pub retries: u32,
}

impl Default for Packages {
    fn default() -> Packages {
        Packages { trusted_keys: Vec::new(), require_signed: false, retries: 4 }
    }
}

/// Durations as integers in milliseconds.
pub(super) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
