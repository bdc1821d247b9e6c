//! The promises of the sessions and of the gateway connection, over real sockets on the loopback interface. No cogs, no
//! network beyond this machine, no real token.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

#[path = "sessions/api.rs"]
mod api;
#[path = "sessions/discord.rs"]
mod discord;
#[path = "sessions/discord_odd.rs"]
mod discord_odd;
#[path = "sessions/gateway.rs"]
mod gateway;
#[path = "sessions/gateway_kept.rs"]
mod gateway_kept;
#[path = "sessions/gateway_manners.rs"]
mod gateway_manners;
#[path = "sessions/gateway_odd.rs"]
mod gateway_odd;
#[path = "sessions/gateway_rules.rs"]
mod gateway_rules;
#[path = "sessions/gateway_script.rs"]
mod gateway_script;
#[path = "sessions/gateway_starts.rs"]
mod gateway_starts;
#[path = "sessions/http.rs"]
mod http;
#[path = "sessions/limits.rs"]
mod limits;
#[path = "sessions/net.rs"]
mod net;
#[path = "sessions/opening.rs"]
mod opening;
#[path = "sessions/stand_in.rs"]
mod stand_in;
#[path = "sessions/stats.rs"]
mod stats;
#[path = "sessions/store.rs"]
mod store;
#[path = "sessions/streams.rs"]
mod streams;
