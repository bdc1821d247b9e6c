//! What must hold before a command runs. A command's rules and those of the groups above it hold together; the SDK looks
//! in the cog, before the handler, for slash and prefix alike.

use std::time::Duration;

use crate::abi::COOLDOWN_LONGEST;

/// The rules of one command or group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Permissions that the user needs, as [Discord's bits](crate::permissions).
    pub permissions: u64,
    /// Permissions that the bot needs in the channel, as [Discord's bits](crate::permissions).
    pub bot_permissions: u64,
    /// In a guild only.
    pub guild_only: bool,
    /// In direct messages only.
    pub dm_only: bool,
    /// For the application's owners only.
    pub owners_only: bool,
    /// In age-restricted channels only, and in threads of them. In direct messages Discord offers a slash command to
    /// adults only.
    pub nsfw: bool,
    /// For members with one of these roles, by snowflake.
    pub roles: &'static [u64],
    /// How often it can be called.
    pub cooldown: Option<Cooldown>,
    /// How many calls of it can be under way.
    pub concurrency: Option<Concurrency>,
}

impl Rules {
    /// Nothing is ruled: `Rules { dm_only: true, ..Rules::NONE }`.
    pub const NONE: Self = Self {
        permissions: 0,
        bot_permissions: 0,
        guild_only: false,
        dm_only: false,
        owners_only: false,
        nsfw: false,
        roles: &[],
        cooldown: None,
        concurrency: None,
    };
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each user, wherever they are.
    User,
    /// Each member: a user in a guild. In a direct message, the user.
    Member,
    /// Each channel.
    Channel,
    /// Each guild. In a direct message, the channel.
    Guild,
    /// Everything.
    Global,
}

/// So many calls in so much time. The host counts, so a reload does not reset it, and, if it is longer than a minute, a
/// restart neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    pub(crate) uses: u32,
    pub(crate) time: Duration,
    pub(crate) scope: Scope,
}

impl Cooldown {
    /// `uses` calls in each `time`, the same for a user wherever they are.
    ///
    /// # Panics
    /// When either is zero: the command could never be called. When the time is longer than a year.
    #[must_use]
    pub const fn new(uses: u32, time: Duration) -> Self {
        assert!(uses > 0 && time.as_millis() > 0, "a cooldown has at least one use and a millisecond");
        assert!(time.as_millis() <= COOLDOWN_LONGEST.as_millis(), "a cooldown is a year, 365 days, or less");
        Self { uses, time, scope: Scope::User }
    }

    /// Counted by another scope.
    #[must_use]
    pub const fn per(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

/// So many calls under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    pub(crate) most: u32,
    pub(crate) scope: Scope,
    pub(crate) waits: bool,
}

impl Concurrency {
    /// `most` calls at once, and a further one is refused with a word to the user.
    ///
    /// # Panics
    /// When it is zero: the command could never be called.
    #[must_use]
    pub const fn new(most: u32, scope: Scope) -> Self {
        assert!(most > 0, "at least one call can be under way");
        Self { most, scope, waits: false }
    }

    /// A further call waits for its turn instead, in order. It is deferred meanwhile, so it can open no form. If the cog is
    /// replaced or unloaded before its turn has come, its user reads that it is to be called again.
    #[must_use]
    pub const fn wait(mut self) -> Self {
        self.waits = true;
        self
    }
}
