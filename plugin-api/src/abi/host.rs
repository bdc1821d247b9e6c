//! What a cog may ask of the host: one table of functions over one lease.
//! Every request and answer is plain data that could be sent to another process; nothing is borrowed from the host.
#![allow(unsafe_code, reason = "what abi_stable derives for functions that a later minor appends")]

use std::{fmt, time::Duration};

use abi_stable::{
    StableAbi,
    std_types::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
};
use async_ffi::LocalFfiFuture;
use serde::{Deserialize, Serialize};

use super::{Entry, HandleError, Outcome, StoreList, StoreWrite, TaskPlan};

/// Identifies the generation that makes a request. Owned by the host, valid until the library is closed.
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Lease(pub *const ());

/// All handles of a generation: the lease and the functions to use it with.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct Host {
    /// The generation that makes requests.
    pub lease: Lease,
    /// The functions. The table belongs to the host and outlives every cog.
    pub table: HostTableRef,
}

/// HTTP method.
#[repr(u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// `HEAD`; the http handle only
    Head,
}

impl Method {
    /// The method as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Head => "HEAD",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A header, or a pair of a query string.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Header {
    /// Name.
    pub name: RString,
    /// Value.
    pub value: RString,
}

/// A file to upload.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct File {
    /// File name.
    pub name: RString,
    /// MIME type; if empty, the host sends `application/octet-stream`.
    pub content_type: RString,
    /// Content. Shared: a message may be sent more than once, and its files may be large.
    #[serde(with = "super::bytes")]
    pub bytes: RArc<RVec<u8>>,
}

impl File {
    /// A file with this name and no particular type.
    #[must_use]
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), content_type: RString::new(), bytes: RArc::new(bytes.into()) }
    }

    /// Sets the MIME type.
    #[must_use]
    pub fn content_type(mut self, mime: &str) -> Self {
        self.content_type = mime.into();
        self
    }
}

/// A request to any web server.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// `http://` or `https://` URL.
    pub url: RString,
    /// Headers.
    pub headers: RVec<Header>,
    /// Body; empty if there is none, or if it is fed as a stream.
    #[serde(with = "super::bytes")]
    pub body: RVec<u8>,
    /// Deadline in milliseconds; 0 = the configured one. For a stream, it applies to the head of the answer once the
    /// body was sent, and to each chunk.
    pub timeout_ms: u64,
    /// Maximum size of the answer's body in bytes; 0 = as configured. Only a stream can have more than configured.
    pub max_bytes: u64,
}

/// A request to Discord's REST API: any endpoint.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone)]
pub struct DiscordRequest {
    /// Method.
    pub method: Method,
    /// Path below the API's version, such as `/channels/1/messages`.
    pub path: RString,
    /// Query.
    pub query: RVec<Header>,
    /// JSON body; empty for none.
    #[serde(with = "super::bytes")]
    pub json: RVec<u8>,
    /// Files, sent as `files[n]` beside `payload_json`.
    pub files: RVec<File>,
    /// `X-Audit-Log-Reason`.
    pub reason: ROption<RString>,
}

/// URLs and headers contain tokens: those of interactions and webhooks, and those of other servers.
macro_rules! debug_without_tokens {
    ($($request:ident)+) => {
        $(impl fmt::Debug for $request {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_struct(stringify!($request)).field("method", &self.method).finish_non_exhaustive()
            }
        })+
    };
}

debug_without_tokens! { HttpRequest DiscordRequest }

/// A request to the site API.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct ApiRequest {
    /// Method.
    pub method: Method,
    /// Path below the configured base URL.
    pub path: RString,
    /// Query.
    pub query: RVec<Header>,
    /// JSON body; empty for none.
    #[serde(with = "super::bytes")]
    pub json: RVec<u8>,
}

/// An answer over HTTP.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Headers; empty for the discord and api handles.
    pub headers: RVec<Header>,
    /// Body; empty for 204.
    #[serde(with = "super::bytes")]
    pub body: RVec<u8>,
}

/// What a metric does with its value.
#[repr(u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Adds to a counter (negative: subtracts).
    Count,
    /// Sets a gauge.
    Gauge,
    /// Changes a gauge by an amount.
    GaugeDelta,
    /// Counts distinct values; the value is `text`.
    Set,
    /// A duration in milliseconds.
    Timing,
}

/// One statsd metric.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Metric<'a> {
    /// What it does.
    pub kind: MetricKind,
    /// Name below the configured prefix.
    pub name: RStr<'a>,
    /// Value; milliseconds for timings.
    pub value: f64,
    /// The member of a set.
    pub text: RStr<'a>,
}

/// Log level.
#[repr(u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Something happened.
    Info,
    /// For the cog's developer.
    Debug,
    /// Everything.
    Trace,
}

/// A field of a log record.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Name.
    pub name: RStr<'a>,
    /// Value, formatted.
    pub value: RStr<'a>,
}

/// One log record. Borrowed for the call.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogRecord<'a> {
    /// Level.
    pub level: Level,
    /// Module path inside the cog.
    pub target: RStr<'a>,
    /// Text.
    pub message: RStr<'a>,
    /// Other fields.
    pub fields: RSlice<'a, Field<'a>>,
}

/// The longest time of a cooldown, a year: the host keeps each use that long, in memory and in the store.
pub const COOLDOWN_LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One cooldown of a command, to be used once.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct CooldownUse {
    /// What is counted together: the command and, if it is counted by user or place, which one.
    pub key: RString,
    /// How often it can be used.
    pub uses: u32,
    /// Within how many milliseconds, starting with the first use; at most [`COOLDOWN_LONGEST`].
    pub time_ms: u64,
}

/// A request for the permissions of a user and of the bot in a channel.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct PermissionsRequest {
    /// The guild.
    pub guild_id: u64,
    /// The channel or thread.
    pub channel_id: u64,
    /// The user.
    pub user_id: u64,
    /// The user's roles in the guild.
    pub roles: RVec<u64>,
}

/// The permissions in a channel.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPermissions {
    /// The user's permissions, as Discord's bits; all bits for the owner and administrators.
    pub user: u64,
    /// The bot's permissions.
    pub bot: u64,
    /// Whether the channel is age-restricted; for a thread, whether the channel it is in is.
    pub nsfw: bool,
}

/// The host's functions. Those that return a future do the work on the host's runtime; dropping the future abandons it.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = HostTableRef)))]
#[sabi(missing_field(option))]
pub struct HostTable {
    /// Sends a request to a web server.
    pub http: extern "C" fn(Lease, HttpRequest) -> LocalFfiFuture<RResult<Reply, HandleError>>,
    /// Opens a stream of this generation, for one request whose bodies are sent in chunks. It ends with the generation.
    pub http_stream: extern "C" fn(Lease) -> RResult<u64, HandleError>,
    /// Sends a stream's request; with `true`, its body is fed. The answer has no body, which is read in chunks instead.
    pub http_send:
        extern "C" fn(Lease, u64, HttpRequest, bool) -> LocalFfiFuture<RResult<Reply, HandleError>>,
    /// Feeds a stream the next chunk of its body, or the end of it; ready when there is room for another one. `false`
    /// if no more is needed: `http_send` has the answer, or the reason why there is none.
    pub http_feed: extern "C" fn(Lease, u64, ROption<RVec<u8>>) -> LocalFfiFuture<RResult<bool, HandleError>>,
    /// The next chunk of a stream's answer; none at its end. Nothing is read from the network before it is requested.
    pub http_chunk: extern "C" fn(Lease, u64) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>>,
    /// Ends a stream, and closes its connection unless the stream was read to the end.
    pub http_close: extern "C" fn(Lease, u64),
    /// Sends a request to Discord.
    pub discord: extern "C" fn(Lease, DiscordRequest) -> LocalFfiFuture<RResult<Reply, HandleError>>,
    /// Sends a request to the site API.
    pub api: extern "C" fn(Lease, ApiRequest) -> LocalFfiFuture<RResult<Reply, HandleError>>,
    /// Sends a metric. Never fails, never waits.
    pub stats: extern "C" fn(Lease, Metric<'_>),
    /// Reads a key of this cog.
    pub store_read: extern "C" fn(Lease, RString) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>>,
    /// Changes a key of this cog; on disk when the future is ready. `false` if the expected value was not there, or
    /// there was nothing to delete.
    pub store_write: extern "C" fn(Lease, StoreWrite) -> LocalFfiFuture<RResult<bool, HandleError>>,
    /// Lists entries of this cog by their keys, in byte order, one page per call.
    pub store_list: extern "C" fn(Lease, StoreList) -> LocalFfiFuture<RResult<RVec<Entry>, HandleError>>,
    /// The most detailed level that the host wants.
    pub log_level: extern "C" fn(Lease) -> ROption<Level>,
    /// Writes to the host's log.
    pub log: extern "C" fn(Lease, &LogRecord<'_>),
    /// Waits for this many milliseconds.
    pub sleep: extern "C" fn(Lease, u64) -> LocalFfiFuture<RResult<(), HandleError>>,
    /// The current time, in milliseconds since the Unix epoch.
    pub now: extern "C" fn(Lease) -> u64,
    /// Plans a task.
    pub schedule: extern "C" fn(Lease, TaskPlan) -> RResult<(), HandleError>,
    /// Cancels a planned task; returns whether there was one.
    pub unschedule: extern "C" fn(Lease, RStr<'_>) -> bool,
    /// Runs a future of the cog next to its handlers, on the cog's thread, where this is called; the text identifies it
    /// in messages. It is polled while the generation serves, and dropped before `destroy`.
    pub spawn: extern "C" fn(Lease, RStr<'_>, LocalFfiFuture<Outcome>),
    /// The operator's settings for the cog, as a JSON object.
    pub settings: extern "C" fn(Lease) -> RString,
    /// The bot's own user id.
    pub bot_id: extern "C" fn(Lease) -> u64,
    /// Sends a request to the gateway, in JSON; the answer is JSON too, and is returned at once.
    ///
    /// `{"do":"presence","presence":{"status":…,"activities":[…]}}` → `null`;
    /// `{"do":"members","guild_id":"…","query":"…","limit":5}` or with `user_ids` → `null`;
    /// `{"do":"shards"}` → `[{"shard":0,"state":"ready","latency_ms":41.5,…}]`;
    /// `{"do":"application"}` → `{"id":"…","name":"…","user_id":"…","user_name":"…","owner_ids":["…"]}`.
    pub gateway: extern "C" fn(Lease, RStr<'_>) -> RResult<RString, HandleError>,
    /// The cog's name.
    pub cog: extern "C" fn(Lease) -> RString,
    /// Uses all of these cooldowns once, or none if one is used up. Returns the milliseconds until all can be used; 0 =
    /// they were.
    pub cooldown: extern "C" fn(Lease, RVec<CooldownUse>) -> LocalFfiFuture<RResult<u64, HandleError>>,
    /// The permissions of a user and of the bot in a channel: from what the gateway sent about the guild, or else from
    /// Discord.
    #[sabi(last_prefix_field)]
    pub permissions:
        extern "C" fn(Lease, PermissionsRequest) -> LocalFfiFuture<RResult<ChannelPermissions, HandleError>>,
    /// A function that a later minor version might add; see the feature of that name.
    #[cfg(feature = "next-minor")]
    pub next_minor: extern "C" fn(Lease, Entry) -> LocalFfiFuture<RResult<(), HandleError>>,
}
