//! The trait that a cog implements. It does not cross the library boundary itself: `export!` makes the table that does.

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
/// the cog's name and generation, and the cog keeps running.
pub trait Cog: Sized + 'static {
    /// The gateway events this cog gets, by Discord's names; see [`events`](crate::events).
    const EVENTS: &'static [&'static str] = &[];
    /// Filters for those events. An event that no filter names always reaches the cog.
    const FILTERS: &'static [Filter] = &[];
    /// The commands that the cog answers.
    const COMMANDS: &'static [Command] = &[];
    /// The buttons, selects and forms that it answers, by `custom_id`: `vote:{number}` matches every id that begins
    /// with `vote:` and has no further colon. They reach the cog that declares them, even after a reload or a restart.
    const COMPONENTS: &'static [&'static str] = &[];
    /// The tasks that run for as long as the cog serves.
    const TASKS: &'static [Task] = &[];
    /// The type of the cog's settings, which the operator writes to `[cog.NAME.settings]` in the host's config. They
    /// are checked before `setup`, and [`Host::settings`] reads them. The cog is reloaded when they change.
    const SETTINGS: Option<SettingsType> = None;
    /// The handles that the cog needs, in the terms of `[cog.NAME] handles`, such as `["discord.reply", "store"]`.
    /// Operators see them before they install the cog; unless they allow something else, the cog may use only these.
    /// `None` declares nothing: the cog may use every handle.
    const HANDLES: Option<&'static [&'static str]> = None;

    /// Builds the cog from its handles; all sessions behind them are open. The previous generation, if there is one,
    /// still serves while this runs, and continues to serve if this fails.
    fn setup(host: Host) -> impl Future<Output = Result<Self>>;

    /// Takes over the state that the previous generation saved, or that was stored at the last shutdown. Runs after
    /// `setup` and before anything is served.
    ///
    /// # Errors
    /// If the cog cannot read this version of the state. The previous generation then keeps serving, and no state is
    /// lost. A cog that does not implement `restore` refuses any state.
    fn restore(&mut self, state: State) -> Result<()> {
        Err(Error::new(format!("this cog cannot restore state, but got state of version {}", state.version)))
    }

    /// Handles an event named in [`EVENTS`](Self::EVENTS).
    fn event(&self, _ctx: &Context, _event: Event) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Whether a command may run; called once its rules hold. See [`Verdict`](crate::Verdict) for checks that return a
    /// `bool`.
    ///
    /// # Errors
    /// [Input](Error::input) tells the user why the command may not run.
    fn check(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Answers a command of [`COMMANDS`](Self::COMMANDS); [`Context::command`] is its name. Its rules hold at this
    /// point. An error that is [input](Error::input) is shown to the user.
    fn command(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Suggests values for the option that the user is filling in; `typed` is the text so far. The first 25 suggestions
    /// are shown. Those that Discord would refuse are left out: a name or text value that is empty or longer than 100
    /// characters, or a value that is not a number although the option is one.
    fn autocomplete(
        &self,
        _ctx: &Context,
        _option: &str,
        _typed: &str,
    ) -> impl Future<Output = Result<Vec<Suggestion>>> {
        ready(Ok(Vec::new()))
    }

    /// Answers a button, a select or a form of [`COMPONENTS`](Self::COMPONENTS); [`Context::custom_id`] is its id.
    fn component(&self, _ctx: &Context) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Called with the error of a command or component, including errors of rules and checks. The result replaces that
    /// error: an error that is [input](Error::input) is shown to the user, any other is a fault.
    fn on_error(&self, _ctx: &Context, error: Error) -> impl Future<Output = Result<()>> {
        ready(Err(error))
    }

    /// Runs a task of [`TASKS`](Self::TASKS), or one planned with [`Clock`](crate::handles::Clock).
    fn task(&self, _ctx: &Context, _run: TaskRun) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }

    /// Returns the state for the next generation, or `None` if the cog keeps none. It is also called periodically while
    /// handlers are waiting, so that little is lost if the process crashes.
    ///
    /// # Errors
    /// If this fails, the reload is refused.
    fn save(&self) -> Result<Option<State>> {
        Ok(None)
    }

    /// Called when the cog is being unloaded, not replaced.
    fn teardown(&self) -> impl Future<Output = Result<()>> {
        ready(Ok(()))
    }
}

/// A value suggested while the user types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// The text that is shown, at most 100 characters.
    pub name: String,
    /// The value that is sent: a text, or a number if the option is a number. A number can also be given as text.
    pub value: serde_json::Value,
}

impl Suggestion {
    /// A suggestion that shows `name` and sends `value`: a text, or a number if the option is a number. To show and
    /// send the same, use `"tea".into()`, or `"7".into()` for a number.
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

/// A cog's state, handed from one generation to the next: a version and bytes, both of which only the cog interprets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The version of the cog's state schema.
    pub version: u32,
    /// The state, in an encoding of the cog's choice.
    pub bytes: Vec<u8>,
}

impl State {
    /// Encodes `value` as JSON.
    ///
    /// # Errors
    /// If `value` cannot be written as JSON.
    pub fn json(version: u32, value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value);
        let bytes = bytes
            .map_err(|error| Error::new(format_args!("the state cannot be written as JSON: {error}")))?;
        Ok(Self { version, bytes })
    }

    /// Reads state that was encoded as JSON.
    ///
    /// # Errors
    /// If the bytes are not JSON of that shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_state_that_is_not_json_is_reported_as_one() {
        let state = State::json(1, &HashMap::from([((1, 2), 3)]));
        let error = state.expect_err("the key is a tuple").to_string();
        assert_eq!(error, "the state cannot be written as JSON: key must be a string");
    }

    #[test]
    fn numbers_in_a_state_are_exact_to_the_last_bit() {
        let all = (1..10_000_u64).map(|number| f64::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for value in all.filter(|value| value.is_finite()) {
            let state = State::json(1, &value).expect("a number");
            assert_eq!(state.parse::<f64>().expect("the same").to_bits(), value.to_bits(), "{value}");
        }
    }
}
