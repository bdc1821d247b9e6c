//! What a cog's library exports: one table of functions.
//! All of them are called on the cog's own lane thread, never on a thread of the host.
#![allow(unsafe_code, reason = "what abi_stable derives for functions that a later minor appends")]

use abi_stable::{
    StableAbi, declare_root_module_statics,
    library::RootModule,
    sabi_types::VersionStrings,
    std_types::{ROption, RResult, RVec},
};
use async_ffi::LocalFfiFuture;

use super::{ABI_STRING, Event, Fault, Host, Invocation, Ledger, TaskRun};

/// A pointer to a cog's own object. Owned by the cog's side from `create` to `destroy`.
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Instance(pub *mut ());

/// What a handler returns.
pub type Outcome = RResult<(), Fault>;

/// A cog's state on its way to the next generation or to the store.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct SavedState {
    /// The cog's own schema version.
    pub version: u32,
    /// The cog's own encoding.
    pub bytes: RVec<u8>,
}

/// The functions of a cog, in the order in which the host calls them.
///
/// Futures returned here are polled and dropped on the lane thread, before `destroy`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = CogModuleRef)))]
#[sabi(missing_field(option))]
pub struct CogModule {
    /// Keys and threads that this library took from the process. Located in the library.
    pub ledger: &'static Ledger,
    /// Makes an instance that owns its handles and nothing else yet.
    pub create: extern "C" fn(Host) -> Instance,
    /// Builds the cog from its handles.
    pub setup: extern "C" fn(Instance) -> LocalFfiFuture<Outcome>,
    /// Gives it the state of the previous generation, or of the last run.
    pub restore: extern "C" fn(Instance, SavedState) -> LocalFfiFuture<Outcome>,
    /// Handles an event it declared.
    pub event: extern "C" fn(Instance, Event) -> LocalFfiFuture<Outcome>,
    /// Handles a command it declared.
    pub command: extern "C" fn(Instance, Invocation) -> LocalFfiFuture<Outcome>,
    /// Runs a task it scheduled.
    pub task: extern "C" fn(Instance, TaskRun) -> LocalFfiFuture<Outcome>,
    /// Returns its state, if it keeps any. None of its handlers is running, or none changes the state meanwhile.
    pub save: extern "C" fn(Instance) -> LocalFfiFuture<RResult<ROption<SavedState>, Fault>>,
    /// Tells the cog that it is being unloaded, not replaced.
    pub teardown: extern "C" fn(Instance) -> LocalFfiFuture<Outcome>,
    /// Drops the instance. The pointer is invalid afterwards.
    pub destroy: extern "C" fn(Instance) -> Outcome,
    /// No further handler starts, because the cog is to be replaced or unloaded: its handlers' waits for users end. If
    /// the cog continues to serve after all, the next handler that starts shows that.
    #[sabi(last_prefix_field)]
    pub pause: extern "C" fn(Instance) -> Outcome,
    /// A function that a later minor version might add; see the feature of that name.
    #[cfg(feature = "next-minor")]
    pub next_minor: extern "C" fn(Instance, Fault) -> LocalFfiFuture<Outcome>,
}

impl RootModule for CogModuleRef {
    declare_root_module_statics! {CogModuleRef}
    const BASE_NAME: &'static str = "gearshift-cog";
    const NAME: &'static str = "gearshift-cog";
    const VERSION_STRINGS: VersionStrings = VersionStrings::new(ABI_STRING);
}
