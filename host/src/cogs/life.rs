//! What a cog's owner can have done, step by step. The real one has lanes and libraries ([`Lanes`](super::Lanes)); the
//! owner's tests have one that does what they say.

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

/// A library that passed every check that can be made without opening it.
#[derive(Debug)]
pub(super) struct Candidate<T> {
    /// The file in the cogs folder.
    pub(super) file: PathBuf,
    pub(super) manifest: Arc<Manifest>,
    pub(super) digest: Digest,
    /// How long the checks took.
    pub(super) took: Duration,
    /// What is odd about it.
    pub(super) notes: Vec<String>,
    /// What it waits for in vain; its operator can mend that.
    pub(super) missing_intents: Vec<MissingIntent>,
    /// Whether this system will keep it mapped for good.
    pub(super) never_unmapped: bool,
    /// What is replaced together with it, if it cannot be alone.
    pub(super) together: Option<Member>,
    pub(super) library: T,
}

/// A library that served, kept to be opened again.
#[derive(Debug)]
pub(super) struct Kept(pub(super) PathBuf);

impl Kept {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(file = %self.0.display(), "an old copy stays: {error}");
        }
    }
}

/// The life of one cog's generations.
pub(super) trait Life: Send + Sync + 'static {
    /// A private copy that may be opened.
    type Library: Send + 'static;
    /// A generation whose instance exists.
    type Generation: Send + Sync + 'static;

    /// Step 1, for a file or for what was kept.
    fn prepare(&self, file: &Path)
    -> impl Future<Output = Result<Candidate<Self::Library>, CogError>> + Send;

    /// Whether one more generation of this cog may be opened.
    fn has_room(&self) -> Result<(), CogError>;

    /// Step 2: makes the instance of generation `number`.
    fn open(
        &self,
        number: u64,
        candidate: Candidate<Self::Library>,
    ) -> impl Future<Output = Result<Self::Generation, CogError>> + Send;

    /// Step 3.
    fn setup(&self, new: &Self::Generation) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 4: how many handlers had to be cancelled.
    fn pause(&self, old: &Self::Generation) -> impl Future<Output = Result<usize, OrderError>> + Send;

    /// Step 5.
    fn save(&self, old: &Self::Generation) -> impl Future<Output = Result<Option<State>, OrderError>> + Send;

    /// Step 5.
    fn restore(
        &self,
        new: &Self::Generation,
        state: State,
    ) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 6, also for an old generation that shall go on after a pause.
    fn serve(&self, generation: &Self::Generation);

    /// Before step 7, when the cog goes for good.
    fn teardown(&self, old: &Self::Generation) -> impl Future<Output = Result<(), OrderError>> + Send;

    /// Step 7. What became of it is known within `[limits] join_timeout_ms`, about.
    fn retire(&self, old: Self::Generation) -> oneshot::Receiver<Retirement>;

    /// Keeps the library of a generation, to open it again later.
    fn keep(&self, generation: &Self::Generation) -> Option<Kept>;

    fn pulse(&self, generation: &Self::Generation) -> Arc<Pulse>;

    /// What a generation was opened with.
    fn terms(&self, generation: &Self::Generation) -> Arc<Terms>;

    /// What one with that manifest would be opened with now.
    fn terms_now(&self, manifest: &Manifest) -> Arc<Terms>;

    /// The state that was stored last, and how old it is.
    fn stored_state(&self) -> impl Future<Output = Result<Option<(State, Duration)>, CogError>> + Send;

    /// Writes a state to the store, if there is one.
    fn store_state(&self, state: &State) -> impl Future<Output = Result<(), String>> + Send;

    /// Remembers over a restart that the host went back from some content to what is kept.
    fn remember(&self, from: &Digest, kept: &Kept) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the host went back from some content, and to what, if that was the last time.
    fn remembered(&self, from: &Digest) -> impl Future<Output = Option<Option<Kept>>> + Send;

    /// Somebody wants that content all the same.
    fn forget(&self, from: &Digest) -> impl Future<Output = ()> + Send;
}
