//! What a cog may ask of its host. A handle belongs to one generation; once that is retired, the handle returns errors.
//! Nothing here keeps a connection or a thread: each call sends data to a session that the host has already opened.

mod api;
mod checks;
mod clock;
mod discord;
pub(crate) mod encoding;
mod everyday;
#[cfg(test)]
pub(crate) mod fake;
mod gateway;
mod http;
mod interaction;
mod stats;
mod store;

use std::{cell::OnceCell, future::Future, panic::Location, rc::Rc, time::Duration};

use abi_stable::std_types::{RStr, RString};
use serde::de::DeserializeOwned;

pub(crate) use self::interaction::{Original, answer_path};
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
    Result,
    abi::{self, Header},
    check::Turns,
    export::glue,
    settings,
    wait::Waits,
};

/// All handles of a generation. Cheap to clone; stays on the cog's thread.
#[derive(Clone)]
pub struct Host {
    shared: Rc<Shared>,
}

/// What the handles of a generation share.
struct Shared {
    raw: abi::Host,
    turns: Turns,
    waits: Waits,
    /// The events that the cog gets.
    events: &'static [&'static str],
    /// The operator's settings, once they were read.
    settings: OnceCell<RString>,
}

impl Host {
    pub(crate) fn new(raw: abi::Host, events: &'static [&'static str]) -> Self {
        let (turns, waits, settings) = (Turns::default(), Waits::default(), OnceCell::new());
        Self { shared: Rc::new(Shared { raw, turns, waits, events, settings }) }
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

    /// The settings that the operator wrote to `[cog.NAME.settings]` for this cog. They do not change during the life
    /// of a generation. Without that section they are an empty table.
    ///
    /// # Errors
    /// If the settings are not a `T`. If [`Cog::SETTINGS`](crate::Cog::SETTINGS) has that type, they are.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(settings::read(self.settings_json())?)
    }

    pub(crate) fn settings_json(&self) -> &str {
        self.shared.settings.get_or_init(|| (self.raw().table.settings())(self.raw().lease))
    }

    /// Runs a future next to the handlers, on the cog's own thread: for work that continues after the handler that
    /// began it has answered. An error or panic in it is a fault, as in a handler.
    ///
    /// It starts when the cog serves, and ends with this generation: when the cog is replaced or unloaded, it is
    /// dropped at its `await`, and nothing waits for it. While the cog is paused for a replacement it does not run, and
    /// it continues if the replacement fails. Plan work that has to survive a reload with [`clock`](Self::clock). At
    /// most 10,000 futures can run at once.
    ///
    /// ```
    /// # use gearshift_cog::prelude::*;
    /// # use std::time::Duration;
    /// # async fn command(ctx: &Context) -> Result<()> {
    /// let (clock, discord, channel) = (ctx.clock(), ctx.discord(), ctx.channel_id()?);
    /// ctx.spawn(async move {
    ///     clock.sleep(Duration::from_secs(10)).await;
    ///     discord.send(channel, "ten seconds later").await?;
    ///     Ok(())
    /// });
    /// ctx.reply("wait for it").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn(&self, future: impl Future<Output = Result<()>> + 'static) {
        let place = Location::caller();
        let what = format!("spawned at {}:{}", place.file(), place.line());
        let future = glue::spawned(future);
        (self.raw().table.spawn())(self.raw().lease, RStr::from(&*what), future);
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
    let rest = u64::from(time.subsec_nanos().div_ceil(1_000_000));
    time.as_secs().saturating_mul(1000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up_to_milliseconds() {
        let table = [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(1500), 1500),
            (Duration::new(1, 999_999_999), 2000),
            (Duration::MAX, u64::MAX),
        ];
        for (time, expected) in table {
            assert_eq!(millis(time), expected, "{time:?}");
        }
    }
}
