//! What must hold before a command runs. The rules of a command and those of its groups apply together; the SDK checks
//! them in the cog, before the handler, for slash and prefix commands alike.

use std::time::Duration;

use crate::abi::COOLDOWN_LONGEST;

/// The rules of one command or group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Permissions that the user needs, as [Discord's bits](crate::permissions).
    pub permissions: u64,
    /// Permissions that the bot needs in the channel, as [Discord's bits](crate::permissions).
    pub bot_permissions: u64,
    /// Only in guilds.
    pub guild_only: bool,
    /// Only in direct messages.
    pub dm_only: bool,
    /// Only for the application's owners.
    pub owners_only: bool,
    /// Only in age-restricted channels, and in their threads. In direct messages, Discord offers a slash command to
    /// adults only.
    pub nsfw: bool,
    /// Only for members with one of these roles, by snowflake.
    pub roles: &'static [u64],
    /// How often it can be called.
    pub cooldown: Option<Cooldown>,
    /// How many calls of it can run at once.
    pub concurrency: Option<Concurrency>,
}

impl Rules {
    /// No rules at all, for `Rules { dm_only: true, ..Rules::NONE }`.
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

/// A number of calls in an amount of time. The host counts them, so a reload does not reset the count, and neither does
/// a restart if the time is longer than a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    pub(crate) uses: u32,
    pub(crate) time: Duration,
    pub(crate) scope: Scope,
}

impl Cooldown {
    /// `uses` calls in each `time`, counted per user, wherever they are.
    ///
    /// # Panics
    /// If either is zero, as the command could never be called, or if the time is longer than a year.
    #[must_use]
    pub const fn new(uses: u32, time: Duration) -> Self {
        assert!(uses > 0 && time.as_millis() > 0, "a cooldown needs at least one use and one millisecond");
        assert!(
            time.as_millis() <= COOLDOWN_LONGEST.as_millis(),
            "a cooldown must be at most a year, 365 days"
        );
        Self { uses, time, scope: Scope::User }
    }

    /// Sets what is counted together.
    #[must_use]
    pub const fn per(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

/// How many calls can run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    pub(crate) most: u32,
    pub(crate) scope: Scope,
    pub(crate) waits: bool,
}

impl Concurrency {
    /// Allows `most` calls at once; further ones are refused with a message to the user.
    ///
    /// # Panics
    /// If it is zero, as the command could never be called.
    #[must_use]
    pub const fn new(most: u32, scope: Scope) -> Self {
        assert!(most > 0, "at least one call must be allowed to run");
        Self { most, scope, waits: false }
    }

    /// Makes further calls wait for their turn instead, in order. A waiting call is deferred, so it cannot open a form.
    /// If the cog is replaced or unloaded before its turn has come, the user is asked to call again.
    #[must_use]
    pub const fn wait(mut self) -> Self {
        self.waits = true;
        self
    }
}
