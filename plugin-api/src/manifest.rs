//! What a cog declares. The declaration is turned into JSON at compile time and placed in its own section of the
//! library file, where the host reads it before it opens the library. Nothing here is executed at run time.

mod command;
mod component;
mod encode;
mod fields;
mod handle;
mod limits;
mod option;
mod read;
mod reply;
mod rules;
mod source;
mod task;
mod writer;

pub use self::command::{Command, Localized};
pub(crate) use self::limits::{characters, same, within};
pub(crate) use self::option::kind;
pub use self::option::{Choice, ChoiceValue, Opt, OptionType};
pub use self::rules::{Concurrency, Cooldown, Rules, Scope};
pub use self::task::{Task, When};

// `export!` writes with these, and the host reads with them.
use self::source::EventFields;
#[doc(hidden)]
pub use self::{
    component::{fits, waiting_cog},
    encode::{Declaration, encode, encoded_len},
    handle::{HANDLES, handle},
    read::{CommandManifest, FilterManifest, Manifest, ManifestError, SubcommandAliases},
    reply::{hides_path, is_reply},
    source::Source,
};
use crate::abi::Event;

/// Name of the section that holds the manifest (ELF and Mach-O alike).
#[doc(hidden)]
#[cfg(target_vendor = "apple")]
pub const SECTION: &str = "__DATA,gearshift";
/// Name of the section that holds the manifest.
#[doc(hidden)]
#[cfg(not(target_vendor = "apple"))]
pub const SECTION: &str = ".gearshift";

/// The compiler this crate, and so the cog, was built with.
#[doc(hidden)]
pub const RUSTC: &str = env!("GEARSHIFT_RUSTC");
/// The target triple this crate, and so the cog, was built for.
#[doc(hidden)]
pub const TARGET: &str = env!("GEARSHIFT_TARGET");

/// Selects which events of a name wake the cog. The host checks this before it wakes the cog; a filter lets everything
/// through that it does not restrict. If several filters are for one event, one of them must let it through.
///
/// ```
/// use gearshift_cog::{events, manifest::Filter};
///
/// const FILTERS: &[Filter] = &[Filter::new(events::MESSAGE_CREATE).channels(&[41]).skip_bots()];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    pub(crate) event: &'static str,
    pub(crate) channels: &'static [u64],
    pub(crate) guilds: &'static [u64],
    pub(crate) skip_bots: bool,
}

impl Filter {
    /// A filter for an event of [`Cog::EVENTS`](crate::Cog::EVENTS) that lets everything through.
    #[must_use]
    pub const fn new(event: &'static str) -> Self {
        Self { event, channels: &[], guilds: &[], skip_bots: false }
    }

    /// Restricts the filter to these channels, by snowflake. An event without a `channel_id` does not pass.
    ///
    /// # Panics
    /// If no event of this name has one.
    #[must_use]
    pub const fn channels(mut self, channels: &'static [u64]) -> Self {
        assert!(
            EventFields::of(self.event).channel,
            "this event has no channel, so none would ever pass; filter by guild, or not at all"
        );
        self.channels = channels;
        self
    }

    /// Restricts the filter to these guilds, by snowflake. An event without a `guild_id` does not pass.
    ///
    /// # Panics
    /// If no event of this name has one.
    #[must_use]
    pub const fn guilds(mut self, guilds: &'static [u64]) -> Self {
        assert!(
            EventFields::of(self.event).guild,
            "this event has no guild, so none would ever pass; leave the filter out"
        );
        self.guilds = guilds;
        self
    }

    /// Excludes events that a bot or a webhook caused.
    ///
    /// # Panics
    /// If the events of this name do not say whose account caused them.
    #[must_use]
    pub const fn skip_bots(mut self) -> Self {
        assert!(
            EventFields::of(self.event).account,
            "this event does not say whether a bot caused it; check that in the handler"
        );
        self.skip_bots = true;
        self
    }

    /// Whether the filter lets an event through. The host has already checked that; if several listeners are for one
    /// event, each one checks its own filter.
    #[must_use]
    pub fn passes(&self, event: &Event) -> bool {
        if event.name() != self.event {
            return false;
        }
        let is_open = self.channels.is_empty() && self.guilds.is_empty() && !self.skip_bots;
        is_open || Source::of(event).passes(self.channels, self.guilds, self.skip_bots)
    }
}
