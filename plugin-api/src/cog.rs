//! The trait that a cog implements. Nothing in it crosses the library boundary: `export!` makes the table that does.

use std::future::{Future, ready};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Context, Error, Host, Result, SettingsType,
    abi::{Event, TaskRun},
    manifest::{Command, Filter, Task},
};

/// A cog: one piece of a bot that can be replaced while the bot stays connected.
///
/// Everything runs on the cog's own thread, so nothing needs to be `Send`; handlers start in the order in which Discord
/// sent the events and interleave at `await`. An error or panic of a handler is a fault of the cog: it is logged with
/// the cog's name and generation, and the cog goes on.
pub trait Cog: Sized + 'static {
    /// The gateway events this cog gets, by Discord's names; see [`events`](crate::events).
    const EVENTS: &'static [&'static str] = &[];
    /// Which of them; an event that no filter is for comes always.
    const FILTERS: &'static [Filter] = &[];
    /// The commands it answers.
    const COMMANDS: &'static [Command] = &[];
    /// The buttons, selects and forms it answers, by their `custom_id`: `vote:{number}` is every id that begins with
    /// `vote:` and has no further colon. They reach the cog that names them, after a reload and a restart too.
    const COMPONENTS: &'static [&'static str] = &[];
    /// The tasks that run as long as it serves.
    const TASKS: &'static [Task] = &[];
    /// The type of its settings, which the operator writes into `[cog.NAME.settings]` of the host's config: they are checked
    /// before `setup`, and [`Host::settings`] reads them. When they change, the cog is reloaded.
    const SETTINGS: Option<SettingsType> = None;
    /// What it asks of the host, in the words of `[cog.NAME] handles`, such as `["discord.reply", "store"]`: operators are
    /// shown it before they install the cog, and unless they allow something else, it is all that the cog may ask. `None`:
    /// it does not say, and may ask everything.
    const HANDLES: Option<&'static [&'static str]> = None;

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
    fn event(&self, _ctx: &Context, _event: Event) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Whether a command may run, once its rules hold. See [`Verdict`](crate::Verdict) for a check that says yes or no.
    ///
    /// # Errors
    /// [Input](Error::input) says to the user why it may not.
    fn check(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Answers a command of [`COMMANDS`](Self::COMMANDS); [`Context::command`] says which. Its rules hold, and an error that
    /// is [input](Error::input) is shown to the user.
    fn command(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Suggests values for an option that is completed; `typed` is what stands there so far. The first 25 are shown; one
    /// that is empty or longer than 100 characters, name or text, is left out.
    fn autocomplete(
        &self,
        _ctx: &Context,
        _option: &str,
        _typed: &str,
    ) -> impl Future<Output = Result<Vec<Suggestion>>> {
        ready(Ok(Vec::new()))
    }

    /// Answers a button, a select or a form of [`COMPONENTS`](Self::COMPONENTS); [`Context::custom_id`] says which.
    fn component(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Gets what a command or component failed with, rules and checks included. What it returns counts instead: an error
    /// that is [input](Error::input) is shown to the user, any other is a fault.
    fn on_error(&self, _ctx: &Context, error: Error) -> impl Future<Output = Result<()>> {
        ready(Err(error))
    }

    /// Runs a task of [`TASKS`](Self::TASKS), or one planned with [`Clock`](crate::handles::Clock).
    fn task(&self, _ctx: &Context, _run: TaskRun) -> impl Future<Output = Result<()>> {
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

/// A value that is suggested while the user types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// What is shown, at most 100 characters.
    pub name: String,
    /// What is sent: text, or a number for an option of numbers.
    pub value: serde_json::Value,
}

impl Suggestion {
    /// Shows a name and sends another value: a text, or a number for an option of numbers. A text alone is both:
    /// `"tea".into()`.
    pub fn new(name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl<T: Into<String>> From<T> for Suggestion {
    fn from(text: T) -> Self {
        let name = text.into();
        Self { value: name.clone().into(), name }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_state_is_the_same_to_its_last_bit() {
        let all = (1..10_000_u64).map(|number| f64::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for value in all.filter(|value| value.is_finite()) {
            let state = State::json(1, &value).expect("a number");
            assert_eq!(state.parse::<f64>().expect("the same").to_bits(), value.to_bits(), "{value}");
        }
    }
}
