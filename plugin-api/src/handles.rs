//! What a cog may ask of its host. A handle belongs to one generation; once that is retired it answers an error.
//! Nothing here keeps a connection or a thread: each call is data sent to a session that the host opened before.

mod api;
mod checks;
mod clock;
mod discord;
mod encoding;
mod everyday;
#[cfg(test)]
pub(crate) mod fake;
mod gateway;
mod http;
mod interaction;
mod stats;
mod store;

use std::{rc::Rc, time::Duration};

pub(crate) use self::interaction::Original;
pub use self::{
    api::{Api, ApiRequest},
    clock::Clock,
    discord::{Discord, Request},
    gateway::{Application, Members, Presence, Shard, Status},
    http::{Form, Http, HttpRequest, HttpResponse, HttpStream, HttpUpload},
    stats::Stats,
    store::{Change, Scan, Store},
};
pub use crate::abi::{File, HandleError, HandleErrorKind, Method};
use crate::{
    abi::{self, Header},
    check::Turns,
    wait::Waits,
};

/// All handles of a generation. Cheap to clone; stays on the cog's thread.
#[derive(Clone)]
pub struct Host {
    shared: Rc<Shared>,
}

/// What a generation has in common.
struct Shared {
    raw: abi::Host,
    turns: Turns,
    waits: Waits,
    /// The events that the cog gets.
    events: &'static [&'static str],
}

impl Host {
    pub(crate) fn new(raw: abi::Host, events: &'static [&'static str]) -> Self {
        Self { shared: Rc::new(Shared { raw, turns: Turns::default(), waits: Waits::default(), events }) }
    }

    pub(crate) fn raw(&self) -> abi::Host {
        self.shared.raw
    }

    /// Discord's REST API.
    #[must_use]
    pub fn discord(&self) -> Discord {
        Discord::new(self.raw())
    }

    /// The shared HTTP client.
    #[must_use]
    pub fn http(&self) -> Http {
        Http { host: self.raw() }
    }

    /// The site API.
    #[must_use]
    pub fn api(&self) -> Api {
        Api { host: self.raw() }
    }

    /// Metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { host: self.raw() }
    }

    /// Key/value data of this cog.
    #[must_use]
    pub fn store(&self) -> Store {
        Store { host: self.raw() }
    }

    /// Waiting and scheduled tasks.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock { host: self.raw() }
    }

    /// The bot's own user id (snowflake).
    #[must_use]
    pub fn bot_id(&self) -> u64 {
        let raw = self.raw();
        (raw.table.bot_id())(raw.lease)
    }
}

fn pairs(pairs: &[(&str, &str)]) -> abi_stable::std_types::RVec<Header> {
    pairs.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect()
}

/// Whole milliseconds, rounded up.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
