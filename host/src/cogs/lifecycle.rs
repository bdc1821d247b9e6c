//! What a cog's owner can have done to a generation, step by step. The real implementation uses lanes and libraries
//! ([`Lanes`](super::Lanes)); the owner's tests have a scripted one.

use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gearshift_cog::manifest::Manifest;
use tokio::sync::oneshot;

use super::{CogError, MissingIntent, Retirement, terms::Terms, together::Member};
use crate::{
    lane::{OrderError, Pulse, State},
    library::Digest,
};

/// A library that has passed every check that does not need it to be opened.
#[derive(Debug)]
pub(super) struct Candidate<T> {
    /// The file in the cogs folder.
    pub(super) file: PathBuf,
    pub(super) manifest: Arc<Manifest>,
    pub(super) digest: Digest,
    /// How long the checks took.
    pub(super) took: Duration,
    /// Oddities that are worth reporting.
    pub(super) notes: Vec<String>,
    /// Events that it listens to in vain; the operator can fix that.
    pub(super) missing_intents: Vec<MissingIntent>,
    /// Whether this system keeps its library mapped until the process ends.
    pub(super) never_unmapped: bool,
    /// Its part in a group that can only be replaced together.
    pub(super) together: Option<Member>,
    pub(super) library: T,
}

/// A library that has served, kept so that it can be opened again. The file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct RetainedLibrary(pub(super) PathBuf);

impl RetainedLibrary {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RetainedLibrary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(file = %self.0.display(), "cannot remove an old copy: {error}");
        }
    }
}

/// The life of one cog's generations. Step numbers are those of the README.
pub(super) trait Lifecycle: Send + Sync + 'static {
    /// A private copy that may be opened.
    type Library: Send + 'static;
    /// A generation whose instance exists.
    type Generation: Send + Sync + 'static;

    /// Step 1, for a file of the folder or for a kept library.
    fn prepare(&self, file: &Path)
    -> impl Future<Output = Result<Candidate<Self::Library>, CogError>> + Send;

    /// Whether another generation of this cog may be opened.
    fn has_room(&self) -> Result<(), CogError>;

    /// Step 2: creates the instance of generation `number`.
    fn open(
        &self,
        number: u64,
        candidate: Candidate<Self::Library>,
    ) -> impl Future<Output = Result<Self::Generation, CogError>> + Send;

    /// Step 3.
    fn setup(&self, new: &Self::Generation) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 4. Returns how many handlers had to be cancelled.
    fn pause(&self, old: &Self::Generation) -> impl Future<Output = Result<usize, OrderError>> + Send;

    /// Step 5.
    fn save(&self, old: &Self::Generation) -> impl Future<Output = Result<Option<State>, OrderError>> + Send;

    /// Step 5.
    fn restore(
        &self,
        new: &Self::Generation,
        state: State,
    ) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 6, also for an old generation that goes on after a pause.
    fn serve(&self, generation: &Self::Generation);

    /// Called before step 7, when the cog is unloaded.
    fn teardown(&self, old: &Self::Generation) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 7. The outcome is known after about `[limits] join_timeout_ms` at most.
    fn retire(&self, old: Self::Generation) -> oneshot::Receiver<Retirement>;

    /// Keeps the library of a generation, so that it can be opened again later.
    fn keep(&self, generation: &Self::Generation) -> Option<RetainedLibrary>;

    fn pulse(&self, generation: &Self::Generation) -> Arc<Pulse>;

    /// The terms that a generation was opened with.
    fn terms(&self, generation: &Self::Generation) -> Arc<Terms>;

    /// The terms that a generation with this manifest would be opened with now.
    fn terms_now(&self, manifest: &Manifest) -> Arc<Terms>;

    /// The state that was last stored, and its age.
    fn stored_state(&self) -> impl Future<Output = Result<Option<(State, Duration)>, CogError>> + Send;

    /// Whether there is a store.
    fn has_store(&self) -> bool;

    /// Writes a state to the store, if there is one.
    fn store_state(&self, state: &State) -> impl Future<Output = Result<(), String>> + Send;

    /// Remembers across a restart that the host went back from a content to a kept library.
    fn remember(
        &self,
        from: &Digest,
        kept: &RetainedLibrary,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the host went back from a content; and to which library, if that was the last time it went back.
    fn remembered(&self, from: &Digest) -> impl Future<Output = Option<Option<RetainedLibrary>>> + Send;

    /// Forgets that the host went back from a content: a user wants it all the same.
    fn forget(&self, from: &Digest) -> impl Future<Output = ()> + Send;
}
