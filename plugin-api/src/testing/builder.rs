//! The conditions under which a cog is set up in a test.

use std::{
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{Bot, Fault, stage::Stage, world::World};
use crate::{Cog, State};

/// The conditions under which a cog is set up: the time, its settings, its state and its store.
pub struct Builder {
    stage: Stage,
    state: Option<State>,
}

/// 2026-01-01 00:00 UTC, in milliseconds since the Unix epoch.
const BEGIN_MS: u64 = 1_767_225_600_000;

impl Builder {
    pub(super) fn new() -> Self {
        Self { stage: Stage::new(World::new(BEGIN_MS), "!".to_owned()), state: None }
    }

    /// Sets the time at which the test begins. The default is 2026-01-01 00:00 UTC.
    #[must_use]
    pub fn now(self, time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let world = World::new(u64::try_from(millis).unwrap_or(u64::MAX));
        world.store.replace(self.stage.world.store.take());
        world.settings.replace(self.stage.world.settings.take());
        Self { stage: Stage::new(world, self.stage.prefix.clone()), ..self }
    }

    /// Sets the prefix of prefix commands. The default is `!`.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.stage.prefix = prefix.to_owned();
        self
    }

    /// Sets the settings of the cog, in JSON: `[cog.NAME.settings]` of the host's configuration.
    #[must_use]
    pub fn settings(self, settings: Value) -> Self {
        self.stage.world.settings.replace(settings);
        self
    }

    /// Sets the state that an earlier version of the cog left behind.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Adds a key to the store, with its raw value.
    #[must_use]
    pub fn stored(self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        self.stage.world.store.borrow_mut().set(key, value.into(), None);
        self
    }

    /// Sets the cog up.
    ///
    /// # Panics
    /// If `setup` or `restore` fails, with its error.
    #[must_use]
    #[track_caller]
    pub fn build<C: Cog>(self) -> Bot {
        let transcript = Rc::clone(&self.stage.world);
        match self.try_build::<C>() {
            Ok(bot) => bot,
            Err(fault) => panic!("{fault}\n\nthe transcript:\n{}", transcript.transcript.show()),
        }
    }

    /// Like [`build`](Self::build), for a cog that is expected to fail.
    ///
    /// # Errors
    /// The failure of `setup` or `restore`, including a panic.
    #[track_caller]
    pub fn try_build<C: Cog>(self) -> Result<Bot, Fault> {
        let generation = self.stage.build::<C>(|| Ok(self.state))?;
        self.stage.take_over_tasks();
        self.stage.replace(Some(generation));
        let bot = Bot { stage: Rc::new(self.stage) };
        bot.stage.introduce();
        bot.stage.run();
        Ok(bot)
    }
}
