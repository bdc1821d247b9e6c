//! The host functions that a cog calls, on the world of the test: one small file per handle, as in the host. None of
//! them may panic: a panic must not cross the boundary.

mod api;
mod checks;
mod clock;
mod discord;
mod gateway;
mod http;
mod log;
mod permit;
mod spawn;
mod stats;
mod store;

use std::{
    future::{Future, poll_fn},
    rc::Rc,
    task::Poll,
};

use abi_stable::{prefix_type::WithMetadata, std_types::RResult};
use async_ffi::{FutureExt, LocalFfiFuture};

pub(super) use self::discord::of_host;
use super::world::World;
use crate::abi::{self, HandleError, HostTable, HostTableRef};

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
    bot_id: discord::bot_id,
    gateway: gateway::ask,
    cog: checks::cog,
    cooldown: checks::cooldown,
    permissions: checks::permissions,
    spawn: spawn::spawn,
    settings: checks::settings,
    #[cfg(feature = "next-minor")]
    next_minor,
});

#[cfg(feature = "next-minor")]
extern "C" fn next_minor(_: abi::Lease, _: abi::Entry) -> LocalFfiFuture<RResult<(), HandleError>> {
    soon(Ok(()))
}

/// The handles of a generation in this world.
pub(super) fn host(world: &Rc<World>) -> abi::Host {
    abi::Host { lease: world.lease(), table: HostTableRef(TABLE.static_as_prefix()) }
}

/// An answer that is ready at the second poll: other handlers run in between, as they do while a real host waits for an
/// answer.
fn soon<T: 'static>(answer: Result<T, HandleError>) -> LocalFfiFuture<RResult<T, HandleError>> {
    let (mut answer, mut is_first) = (Some(answer), true);
    let future = poll_fn(move |cx| {
        if std::mem::take(&mut is_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        answer.take().map_or(Poll::Pending, |answer| Poll::Ready(answer.into()))
    });
    future.into_local_ffi()
}

/// An answer that takes time.
fn later<T: 'static>(
    answer: impl Future<Output = Result<T, HandleError>> + 'static,
) -> LocalFfiFuture<RResult<T, HandleError>> {
    async move { answer.await.into() }.into_local_ffi()
}
