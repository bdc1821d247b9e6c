//! The contract between host and cog: every type and function that crosses the library boundary.
//! It contains no behaviour: the SDK and the host's lanes give these types their meaning.
//!
//! Ownership: a value passed *by value* belongs to the receiver, which converts it into its own type while the cog is
//! still loaded. A pointer (`Instance`, `Lease`) belongs to the side that made it, and stays valid until the generation
//! is retired. Every function returns, and none unwinds: the SDK turns a panic into a `Fault` inside the cog.
//!
//! The documentation shows what authors of cogs need: events, callers and errors as plain data, with or without
//! serenity. `RString`, `RVec` and `ROption` are abi_stable's `String`, `Vec` and `Option`: the first two can be used
//! like `str` and slices, and `into_option()` turns the third into std's.

#[doc(hidden)]
pub mod bytes;
mod event;
mod fault;
mod host;
mod ledger;
mod module;
mod store;
mod task;

pub use self::event::{
    Attachment, CommandOption, Event, Interaction, Message, MessageDelete, RawEvent, TaskRun, User,
};
pub use self::fault::{ErrorCause, HandleError, HandleErrorKind};
pub use self::host::{File, Method};

// Only for the host and the SDK: no author needs these.
#[doc(hidden)]
pub use self::{
    event::{Invocation, Origin},
    fault::{Fault, FaultKind},
    host::{
        ApiRequest, COOLDOWN_LONGEST, ChannelPermissions, CooldownUse, DiscordRequest, Field, Header, Host,
        HostTable, HostTableRef, HttpRequest, Lease, Level, LogRecord, Metric, MetricKind,
        PermissionsRequest, Reply,
    },
    ledger::{LEDGER_KEYS, LEDGER_THREADS, Ledger},
    module::{CogModule, CogModuleRef, Instance, Outcome, SavedState},
    store::{Entry, StoreExpect, StoreList, StoreWrite},
    task::{TASK_LONGEST, TASK_NAME_MAX, TaskPlan, TaskWhen},
};

/// Version of this contract, `(major, minor)`. See the history at the end of this file.
///
/// A host serves every minor version of its major version. A minor version only appends functions to the two prefix
/// types (`CogModule`, `HostTable`); anything else is a new major version.
pub const ABI: (u16, u16) = HISTORY[HISTORY.len() - 1].0;

/// The version in the form that `abi_stable` expects: it compares the major part.
pub(crate) const ABI_STRING: &str = "1.0.0";

/// Every version of the contract and what it added, oldest first.
pub const HISTORY: &[((u16, u16), &str)] = &[
    ((1, 0), "what the tables below hold"),
    #[cfg(feature = "next-minor")]
    ((1, 1), "a function more in both tables, for the host's tests"),
];

#[cfg(test)]
mod tests {
    use abi_stable::{abi_stability::PrefixStableAbi, type_layout::TypeLayout};

    use super::{host::HostTable_Prefix, module::CogModule_Prefix, *};

    /// What each version of [`HISTORY`] added to the cog's table, in order. What others were built with must not
    /// change: they find a function by its position.
    const COG: &[&str] = &[
        "ledger create setup restore event command task save teardown destroy pause",
        #[cfg(feature = "next-minor")]
        "next_minor",
    ];
    /// The same for the host's table.
    const HOST: &[&str] = &[
        "http http_stream http_send http_feed http_chunk http_close discord api stats store_read store_write store_list \
         log_level log sleep now schedule unschedule spawn settings bot_id gateway cog cooldown permissions",
        #[cfg(feature = "next-minor")]
        "next_minor",
    ];

    fn functions(table: &'static TypeLayout) -> Vec<&'static str> {
        table.get_fields().into_iter().flat_map(|fields| fields.iter()).map(|field| field.name()).collect()
    }

    #[test]
    fn the_tables_grow_only_at_the_end_and_with_a_new_version() {
        let (cog, host) =
            (<CogModule_Prefix as PrefixStableAbi>::LAYOUT, <HostTable_Prefix as PrefixStableAbi>::LAYOUT);
        for (table, versions) in [(cog, COG), (host, HOST)] {
            let known: Vec<&str> = versions.iter().flat_map(|functions| functions.split(' ')).collect();
            assert_eq!(functions(table), known);
            assert_eq!(versions.len(), HISTORY.len());
        }
    }

    #[test]
    fn history_only_grows_and_ends_with_the_current_version() {
        assert!(HISTORY.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(ABI_STRING, format!("{}.0.0", ABI.0));
    }
}
