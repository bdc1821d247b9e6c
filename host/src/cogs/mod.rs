//! The cogs of a host: which are wanted, which serve, and how each is loaded, replaced and unloaded.
//! This is the control plane. It meets the data plane in two places only: the router's table, and the pause of a lane.
//!
//! Each cog has one task that owns it (`owner`); everything here sends it messages. What the cogs share is in
//! the `registry`.
//!
//! ```text
//!    file ──► prepare ──► owner: Deploy ──► deploy (is it wanted? may it?) ──► replace, steps 2 to 7 ──► registry
//!    runner: fault ─────► owner: Fault ───► blame ──► undo ───────────────────────┘                        │
//!    watchdog: stuck ───► owner: Lost ────► undo ─────────────────────────────────┘                     router
//! ```

mod blame;
mod claim;
mod close;
mod deploy;
mod error;
mod files;
mod generation;
mod intents;
mod leave;
mod lifecycle;
mod load_plan;
mod message;
mod owner;
mod ownership;
mod place;
mod registry;
mod reload;
mod replace;
mod report;
mod retire;
mod retry;
mod settings;
mod stage;
mod start;
mod status;
mod terms;
#[cfg(test)]
mod tests;
mod together;
mod totals;
mod trial;
mod undo;
mod watchdog;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gearshift_cog::manifest::{CommandManifest, Manifest};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    claim::{Claim, LimitScope},
    close::Left,
    error::{CogError, log_error},
    intents::MissingIntent,
    registry::{Declared, DeclaredCommand, RefusedFile},
    report::{Outcome, Phase, Report, Retirement},
    retire::Held,
    settings::CogSettings,
    stage::{Absence, Stage},
    start::Claimed,
    status::{CogStatus, HostStatus, LaneProcess},
    totals::{DurationsSeen, Totals},
    trial::{TrialEvent, TrialFailure},
};
use self::{
    generation::Lanes,
    lifecycle::Candidate,
    message::{Answer, Leaving, Lost, Message, OperationResult, Trigger},
    owner::Owner,
    registry::Registry,
    retire::Reaper,
    together::Member,
};
pub(crate) use self::{load_plan::LoadPlan, start::without_library, terms::with_old_settings};
use crate::{
    config::{Intent, Limits},
    cooldowns::Cooldowns,
    identity::GenerationId,
    lane::Inbox,
    library::{CopyFolder, PrivateCopy},
    router::Router,
    schedule::{Schedule, TaskStore},
    sessions::Sessions,
};

/// What the cogs need from the host.
#[derive(Debug)]
pub struct CogsParts {
    /// The open sessions.
    pub sessions: Arc<Sessions>,
    /// The limits.
    pub limits: Limits,
    /// The folder with the cogs' files.
    pub folder: PathBuf,
    /// Names of cogs that are not loaded.
    pub disabled: Vec<String>,
    /// The settings of each cog.
    pub settings: CogSettings,
    /// The intents of the gateway; `None` without a gateway.
    pub intents: Option<Vec<Intent>>,
    /// Where private copies of libraries are made.
    pub copies: CopyFolder,
    /// Routes events and commands.
    pub router: Arc<Router>,
    /// The host's own commands, registered unless a cog declares one with the same name.
    pub own_commands: Vec<CommandManifest>,
    /// The one guild in which all commands are registered; `None`: each as it is declared.
    pub commands_guild: Option<u64>,
    /// Runs timers and the calls of handles.
    pub runtime: runtime::Handle,
    /// Tracks calls under way, and answers that the host gives for a cog: requests that a cog has handed over are
    /// carried out even if the cog is gone.
    pub work: TaskTracker,
    /// Cancelled when the host closes: a slow `setup` is not waited for.
    pub closing: CancellationToken,
}

/// Sends messages to a cog's owner.
type ToOwner = mpsc::UnboundedSender<Message<PrivateCopy>>;

/// All cogs.
pub struct Cogs {
    parts: Arc<CogsParts>,
    registry: Arc<Registry>,
    reaper: Arc<Reaper>,
    owners: Mutex<BTreeMap<Arc<str>, ToOwner>>,
    /// One for each cog.
    cooldowns: Mutex<Vec<Arc<Cooldowns>>>,
    /// They are aborted with this.
    tasks: Mutex<JoinSet<()>>,
}

impl fmt::Debug for Cogs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cogs").field("folder", &self.parts.folder).finish_non_exhaustive()
    }
}

impl Cogs {
    /// No cogs yet.
    pub fn new(parts: CogsParts) -> Arc<Cogs> {
        let cogs = Arc::new(Cogs {
            registry: Arc::new(Registry::new(Arc::clone(&parts.router))),
            reaper: Arc::new(Reaper::new(parts.limits.held_max)),
            parts: Arc::new(parts),
            owners: Mutex::default(),
            cooldowns: Mutex::default(),
            tasks: Mutex::default(),
        });
        cogs.spawn(watchdog::watch(Arc::downgrade(&cogs)));
        cogs
    }

    /// Loads the cog in `file`, or replaces its running generation.
    ///
    /// # Errors
    /// When the file or the cog refuses; what ran before still runs.
    pub async fn load_file(self: &Arc<Self>, file: &Path) -> Result<Report, CogError> {
        self.load_with(file, None).await
    }

    /// Loads the cog in `file`, together with others if it has a part in a group.
    async fn load_with(self: &Arc<Self>, file: &Path, together: Option<Member>) -> Result<Report, CogError> {
        let mut candidate =
            self.prepare_wanted(file).await.inspect_err(|error| self.registry.refuse(file, error))?;
        candidate.together = together.filter(|member| member.expects(&candidate.manifest));
        let report = self.deploy(candidate, Trigger::Requested).await?;
        report.ok_or_else(ended)
    }

    /// Loads a cog by name from the folder.
    ///
    /// # Errors
    /// When no library of the folder holds that cog, it is already loaded, or it refuses.
    pub async fn load(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        if let Some((true, source_file)) = self.place(name) {
            return Err(CogError::Loaded { name: name.to_owned(), source_file });
        }
        let file = self.find(name).await?;
        self.load_file(&file).await
    }

    /// Unloads a cog: its state is written to the store, its library is unmapped.
    ///
    /// # Errors
    /// When no such cog is loaded.
    pub async fn unload(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        let unknown = || CogError::NotLoaded { name: name.to_owned(), known: self.loaded() };
        if !self.owners().contains_key(name) {
            return Err(unknown());
        }
        match self.ask(name, |answer| Message::Leave(Leaving::Unloaded, answer)).await {
            Ok(report) => report.ok_or_else(ended),
            Err(CogError::NotLoaded { .. }) => Err(unknown()),
            Err(error) => Err(error),
        }
    }

    /// The sessions that the cogs' handles use.
    pub fn sessions(&self) -> &Sessions {
        &self.parts.sessions
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// Changes whenever the declared commands may have changed.
    pub fn commands(&self) -> tokio::sync::watch::Receiver<u64> {
        self.registry.commands()
    }

    /// Changes whenever the host goes back from a version on its own: then the file holds other code than what serves.
    pub fn went_back(&self) -> tokio::sync::watch::Receiver<u64> {
        self.registry.went_back()
    }

    /// The commands to register, and those to delete.
    pub fn declared(&self) -> Declared {
        let mut declared = self.registry.declared(self.parts.limits.commands_keep);
        declared.add_own(&self.parts.own_commands);
        declared.guild = self.parts.commands_guild;
        declared
    }

    /// The host's own commands that are enabled; a cog's command with the same name takes precedence.
    pub fn own_commands(&self) -> &[CommandManifest] {
        &self.parts.own_commands
    }

    /// The manifests of the cogs that serve or are being loaded, by name.
    pub fn manifests(&self) -> Vec<(Arc<str>, Arc<Manifest>)> {
        self.registry.each(|name, status, _| {
            let manifest = status.manifest.clone().filter(|_| status.is_routed());
            manifest.map(|manifest| (Arc::clone(name), manifest))
        })
    }

    /// Tells a cog's owner that a generation is lost.
    fn lost(&self, id: &GenerationId, how: Lost, why: String) {
        if let Some(owner) = self.owners().get(&id.cog) {
            let _ = owner.send(Message::Lost { number: id.number, how, why });
        }
    }

    /// Sends a candidate to its owner immediately; the future is the answer.
    fn deploy(
        &self,
        candidate: Candidate<PrivateCopy>,
        trigger: Trigger,
    ) -> impl Future<Output = OperationResult> + Send + use<> {
        let (name, file) = (candidate.manifest.name.clone(), candidate.file.clone());
        self.registry.forget_refused(&file);
        let outcome = self.ask(&name, move |answer| Message::Deploy(candidate, trigger, answer));
        let registry = Arc::clone(&self.registry);
        async move { outcome.await.inspect_err(|error| registry.refuse(&file, error)) }
    }

    /// Sends a message to a cog's owner immediately; the future is the answer.
    fn ask<M: FnOnce(Answer) -> Message<PrivateCopy>>(
        &self,
        name: &str,
        message: M,
    ) -> impl Future<Output = OperationResult> + Send + use<M> {
        let (answer, outcome) = oneshot::channel();
        self.send(name, message(Answer(Some(answer))));
        async move { outcome.await.unwrap_or_else(|_| Err(ended())) }
    }

    /// Sends a message to a cog's owner, which is started with its first message.
    fn send(&self, name: &str, message: Message<PrivateCopy>) {
        let mut owners = self.owners();
        let owner = match owners.get(name) {
            Some(owner) => owner,
            None => {
                let name: Arc<str> = Arc::from(name);
                let owner = self.begin_owner(&name);
                owners.entry(name).or_insert(owner)
            }
        };
        // The owner's task ends only with the cogs.
        let _ = owner.send(message);
    }

    fn begin_owner(&self, name: &Arc<str>) -> ToOwner {
        let (owner, messages) = mpsc::unbounded_channel();
        let lanes = self.lanes(name, &owner);
        let (inbox, schedule) = (Arc::clone(&lanes.inbox), Arc::clone(&lanes.schedule));
        let (limits, registry) = (self.parts.limits.clone(), Arc::clone(&self.registry));
        let itself = owner.downgrade();
        let owning = Owner::new(Arc::clone(name), lanes, limits, registry, inbox, schedule, itself);
        self.spawn(owning.run(messages));
        owner
    }

    fn lanes(&self, name: &Arc<str>, owner: &ToOwner) -> Lanes {
        let cooldowns =
            Cooldowns::new(name, self.parts.sessions.store.clone(), self.parts.sessions.clock.clone());
        self.cooldowns().push(Arc::clone(&cooldowns));
        let inbox = Inbox::new(self.parts.limits.lane_queue);
        let (runtime, work) = (&self.parts.runtime, &self.parts.work);
        let keeper = |store| TaskStore::new(name, store, runtime.clone(), work.clone());
        Lanes {
            name: Arc::clone(name),
            parts: Arc::clone(&self.parts),
            reaper: Arc::clone(&self.reaper),
            schedule: Schedule::new(
                name,
                Arc::clone(&inbox),
                runtime.clone(),
                self.parts.sessions.clock.clone(),
                self.parts.sessions.store.clone().map(keeper),
            ),
            cooldowns,
            inbox,
            owner: owner.downgrade(),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn_on(task, &self.parts.runtime);
    }

    fn owners(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, ToOwner>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cooldowns(&self) -> MutexGuard<'_, Vec<Arc<Cooldowns>>> {
        self.cooldowns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a cog serves, and its file.
    fn place(&self, name: &str) -> Option<(bool, PathBuf)> {
        self.registry.of(name, |status, _| (status.generation.is_some(), status.file.clone()))
    }

    fn loaded(&self) -> Vec<String> {
        self.registry.each(|name, status, _| status.generation.map(|_| name.to_string()))
    }
}

fn ended() -> CogError {
    CogError::Host("the task that owns the cog has ended".to_owned())
}
