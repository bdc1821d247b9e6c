//! Conditions on a method also apply to everything that is generated for it.
#![deny(warnings)]

use gearshift_cog::{Cog, Host, State, prelude::*};
use serde::{Deserialize, Serialize};

/// All of its methods are compiled out, as if they had not been written.
#[derive(Default)]
struct Bare;

#[cog(export = false, group("tag", "Notes"))]
impl Bare {
    #[cfg(any())]
    #[setup]
    async fn build(host: Host) -> Result<Nothing> {}

    #[cfg(any())]
    #[teardown]
    async fn leave(&self) -> Nothing {}

    #[cfg(any())]
    #[on_error]
    async fn failed(&self, ctx: &Context, error: Error) -> Nothing {}

    #[cfg(any())]
    #[check]
    async fn may(&self, ctx: &Context) -> Nothing {}

    /// Adds a note
    #[cfg(any())]
    #[command("tag add")]
    async fn add(&self, ctx: &Context) -> Nothing {}

    #[cfg(any())]
    #[button("close")]
    async fn close(&self, ctx: &Context) -> Nothing {}

    #[cfg(any())]
    #[every("30s")]
    async fn beat(&self, ctx: &Context) -> Nothing {}

    #[cfg(any())]
    #[listen("READY")]
    async fn ready(&self, ctx: &Context) -> Nothing {}

    #[cfg(any())]
    #[listen("READY")]
    async fn ready_again(&self, ctx: &Context) -> Nothing {}
}

/// Has each method twice, under conditions of which one holds. It has no `Default`.
#[derive(Serialize, Deserialize)]
struct Either {
    all: u64,
}

#[derive(Deserialize)]
struct Before {
    total: u64,
}

#[cog(export = false, state = 3, group("tag", "Notes"))]
impl Either {
    #[cfg(all())]
    #[setup]
    async fn build(_host: Host) -> Result<Self> {
        Ok(Self { all: 0 })
    }

    #[cfg(not(all()))]
    #[setup]
    async fn build(host: Host) -> Result<Nothing> {}

    #[cfg(all())]
    #[cfg(all())]
    #[teardown]
    async fn leave(&self) -> Result {
        Ok(())
    }

    #[cfg(any())]
    #[cfg(all())]
    #[teardown]
    async fn leave(&self) -> Nothing {}

    #[cfg(all())]
    #[on_error]
    async fn failed(&self, _ctx: &Context, error: Error) -> Result {
        Err(error)
    }

    #[cfg(any())]
    #[on_error]
    async fn failed(&self, ctx: &Context, error: Error) -> Nothing {}

    #[cfg(any())]
    #[check]
    async fn may(&self, ctx: &Context) -> Nothing {}

    #[cfg(all())]
    #[check]
    async fn may(&self, _ctx: &Context) -> Result<bool> {
        Ok(true)
    }

    /// Adds a note
    #[cfg(all())]
    #[command("tag add")]
    async fn add(&self, ctx: &Context, text: String) -> Result {
        ctx.reply(text).await
    }

    /// Adds a note
    #[cfg(any())]
    #[command("tag add")]
    async fn add(&self, ctx: &Context) -> Nothing {}

    #[migrate(1)]
    fn first(old: Before) -> Before {
        Before { total: old.total + 1 }
    }

    #[cfg(any())]
    #[migrate(2)]
    fn second(old: Nothing) -> Nothing {}

    #[cfg(all())]
    #[migrate(2)]
    fn second(old: Before) -> Self {
        Self { all: old.total }
    }
}

/// Is compiled out as a whole.
#[cog(unit)]
#[cfg(any())]
impl Absent {
    #[setup]
    async fn build(host: Host) -> Result<Nothing> {}
}

fn main() {
    assert!(Bare::COMMANDS.is_empty() && Bare::TASKS.is_empty() && Bare::EVENTS.is_empty());
    assert_eq!(Either::COMMANDS.len(), 1);
    for (version, expected) in [(1, 8), (2, 7)] {
        let mut cog = Either { all: 0 };
        let state = State { version, bytes: br#"{"total":7}"#.to_vec() };
        cog.restore(state).expect("it is read");
        assert_eq!(cog.all, expected);
    }
}
