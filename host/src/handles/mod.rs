//! The handles of a generation: the host's function table, with one file per session. Each function converts
//! what a cog sent into the host's own types, asks a session, and answers with data. No waker and no value of a
//! cog is kept outside a slot.

mod api;
mod checks;
mod clock;
mod discord;
mod gateway;
mod http;
mod lease;
mod log;
mod permit;
mod remote;
mod request;
mod slot;
mod spawn;
mod stats;
mod store;
mod target;

use abi_stable::{prefix_type::WithMetadata, std_types::RString};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, HostTable, HostTableRef};

pub use self::{
    lease::{Known, Lease, LeaseParts},
    log::{Record, level_of, wanted as log_level},
    remote::{Outgoing, Remote},
    request::{Notification, Reply, Request},
    spawn::{Spawned, Spawns},
};

static TABLE: WithMetadata<HostTable> = WithMetadata::new(HostTable {
    http: http::request,
    http_stream: http::stream,
    http_send: http::send,
    http_feed: http::feed,
    http_chunk: http::chunk,
    http_close: http::close,
    discord: discord::request,
    api: api::request,
    stats: stats::send,
    store_read: store::read,
    store_write: store::write,
    store_list: store::list,
    log_level: log::level,
    log: log::write,
    sleep: clock::sleep,
    now: clock::now,
    schedule: clock::schedule,
    unschedule: clock::unschedule,
    spawn: spawn::spawn,
    settings,
    bot_id: discord::bot_id,
    gateway: gateway::ask,
    cog: checks::cog,
    cooldown: checks::cooldown,
    permissions: checks::permissions,
});

extern "C" fn settings(lease: abi::Lease) -> RString {
    (&*Lease::of(lease).known().settings).into()
}

/// The table that every cog gets.
pub fn table() -> HostTableRef {
    HostTableRef(TABLE.static_as_prefix())
}

fn error(kind: HandleErrorKind, text: impl Into<RString>) -> HandleError {
    HandleError { kind, status: 0, code: 0, text: text.into(), body: Vec::new().into() }
}

/// The error for a session that is not configured.
fn missing(section: &str) -> HandleError {
    let text = format!("this host has no {section} session; add `[{section}]` to its configuration");
    error(HandleErrorKind::Missing, text)
}
