//! The trait that a cog implements. Nothing in it crosses the library boundary: `export!` makes the table that does.

use std::future::{Future, ready};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Call, Error, Host, Result,
    abi::{Event, TaskRun},
    manifest::Command,
};

/// A cog: one piece of a bot that can be replaced while the bot stays connected.
///
/// Everything runs on the cog's own thread, so nothing needs to be `Send`; handlers start in the order in which Discord
/// sent the events and interleave at `await`. An error or panic of a handler is a fault of the cog: it is logged with
/// the cog's name and generation, and the cog goes on.
pub trait Cog: Sized + 'static {
    /// The gateway events this cog hears, by Discord's names; see [`events`](crate::events).
    const EVENTS: &'static [&'static str] = &[];
    /// The commands it answers, both as `!name` and as `/name`.
    const COMMANDS: &'static [Command] = &[];

    /// Builds the cog from its handles. All sessions behind them are open. The generation before, if any, is still
    /// serving while this runs, and goes on serving if this fails.
    fn setup(host: Host) -> impl Future<Output = Result<Self>>;

    /// Takes over what the generation before saved, or what was stored at the last shutdown.
    /// Runs after `setup` and before anything is served.
    ///
    /// # Errors
    /// A version it cannot read: the generation before then keeps serving, and no state is lost. A cog without its own
    /// `restore` refuses every state.
    fn restore(&mut self, state: State) -> Result<()> {
        Err(Error::new(format!(
            "it does not restore state, and was given state of version {}",
            state.version
        )))
    }

    /// Handles an event named in [`EVENTS`](Self::EVENTS).
    fn event(&self, _event: Event) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Answers a command of [`COMMANDS`](Self::COMMANDS); `call.name()` says which.
    fn command(&self, _call: &Call) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Runs a task planned with [`Clock`](crate::handles::Clock).
    fn task(&self, _run: TaskRun) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Hands out the state for the next generation; `None` if the cog keeps none. Also called every so often while
    /// handlers are waiting, so that a crash of the process loses little.
    ///
    /// # Errors
    /// A reload is refused when this fails.
    fn save(&self) -> Result<Option<State>> {
        Ok(None)
    }

    /// Says goodbye: the cog is being unloaded, not replaced.
    fn teardown(&self) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }
}

/// A cog's state between two generations: a version of its own and bytes in its own encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The cog's schema version.
    pub version: u32,
    /// The cog's encoding.
    pub bytes: Vec<u8>,
}

impl State {
    /// State as JSON.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(version: u32, value: &impl Serialize) -> Result<Self> {
        Ok(Self { version, bytes: serde_json::to_vec(value)? })
    }

    /// Reads state that was written as JSON.
    ///
    /// # Errors
    /// When the bytes are not JSON of that shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.bytes)?)
    }
}
