//! The cogs of a host: which are wanted, which serve, and how one comes, is replaced and goes.
//! The control plane. It meets the data plane in two places only: the router's table, and a lane's drain.

mod claims;
mod error;
mod generation;
mod policy;
mod report;
mod retire;
mod start;
mod states;
mod status;
mod swap;
mod trial;
mod watchdog;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{runtime, sync::mpsc};

use self::{
    claims::{Claims, Leaving},
    generation::Generation,
    policy::{Patience, Probation},
    retire::Reaper,
};
pub use self::{
    error::CogError,
    report::{Outcome, Phase, Report, Retirement},
    retire::Held,
    start::Claimed,
    status::{CogStatus, HostStatus, Standing},
    trial::{Step, TrialFailure, TrialNews},
};
use crate::{
    config::Limits,
    fault::FaultReport,
    lane::Inbox,
    library::{self, CopyFolder, Prepared},
    router::{Listener, Router, Table},
    schedule::Schedule,
    sessions::Sessions,
};

/// What the cogs need from the host.
#[derive(Debug)]
pub struct CogsParts {
    /// The sessions, open.
    pub sessions: Arc<Sessions>,
    /// The limits.
    pub limits: Limits,
    /// Where the cogs' files are.
    pub folder: PathBuf,
    /// Cogs that shall not be loaded, by name.
    pub disabled: Vec<String>,
    /// Where private copies are made.
    pub copies: CopyFolder,
    /// Who hears what.
    pub router: Arc<Router>,
    /// Where calls of handles and timers run.
    pub runtime: runtime::Handle,
}

/// All cogs.
#[derive(Debug)]
pub struct Cogs {
    parts: CogsParts,
    table: Mutex<BTreeMap<Arc<str>, Arc<Cog>>>,
    claims: Claims,
    reaper: Reaper,
    faults: mpsc::UnboundedSender<FaultReport>,
    /// Moves whenever the declared commands may have changed.
    commands: tokio::sync::watch::Sender<u64>,
}

/// One cog: what stays the same while generations come and go.
#[derive(Debug)]
pub(crate) struct Cog {
    name: Arc<str>,
    inbox: Arc<Inbox>,
    schedule: Arc<Schedule>,
    numbers: AtomicU64,
    /// States taken from it so far, and which of them is in the store.
    states: AtomicU64,
    stored: tokio::sync::Mutex<u64>,
    /// One operation at a time.
    slot: tokio::sync::Mutex<Slot>,
    /// What others may see meanwhile.
    view: Mutex<View>,
}

/// What serves, and what served before. Behind the lock of an operation.
#[derive(Debug, Default)]
struct Slot {
    serving: Option<Generation>,
    probation: Option<Probation>,
}

/// What is known of a cog without waiting for an operation on it.
#[derive(Debug, Clone, Default)]
struct View {
    source: PathBuf,
    standing: Standing,
    /// The generation that serves.
    number: u64,
    manifest: Option<Arc<gearshift_cog::manifest::Manifest>>,
    pulse: Option<Arc<crate::lane::Pulse>>,
    since: Option<Instant>,
    /// What the generation that serves may still do wrong.
    patience: Option<Patience>,
    /// When it was unloaded, if it was.
    unloaded: Option<Instant>,
    faults: u64,
    last_fault: Option<String>,
    last_report: Option<Report>,
}

impl Cogs {
    /// No cogs yet. The receiver goes to [`Cogs::watch_over`].
    pub fn new(parts: CogsParts) -> (Arc<Cogs>, mpsc::UnboundedReceiver<FaultReport>) {
        let (faults, reports) = mpsc::unbounded_channel();
        let (commands, _) = tokio::sync::watch::channel(0);
        let reaper = Reaper::new(parts.limits.held_max);
        let (table, claims) = (Mutex::default(), Claims::default());
        (Arc::new(Cogs { parts, table, claims, reaper, faults, commands }), reports)
    }

    /// Loads the cog in `file`, or replaces its running generation by it.
    ///
    /// # Errors
    /// When the file or the cog refuses; what ran before still runs.
    pub async fn load_file(self: &Arc<Self>, file: &Path) -> Result<Report, CogError> {
        let candidate = self.prepare(file).await?;
        self.load_prepared(file, candidate).await
    }

    /// As [`load_file`](Self::load_file), if the content differs from what runs; `None` if it does not.
    ///
    /// # Errors
    /// As [`load_file`](Self::load_file).
    pub async fn load_changed(self: &Arc<Self>, file: &Path) -> Result<Option<Report>, CogError> {
        let candidate = self.prepare(file).await?;
        if self.claims.is_known(file, &candidate.copy.digest()) {
            return Ok(None);
        }
        self.load_prepared(file, candidate).await.map(Some)
    }

    /// Loads a cog by name from the folder.
    ///
    /// # Errors
    /// When no library of the folder is that cog, or it is loaded already, or it refuses.
    pub async fn load(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        if let Some(cog) = self.cog(name)
            && cog.view().number > 0
        {
            return Err(CogError::Loaded { name: name.to_owned(), source_file: cog.view().source });
        }
        let file = self.find(name).await?;
        self.load_file(&file).await
    }

    /// Replaces a cog by what its file holds now, changed or not; loads it if it is not loaded.
    ///
    /// # Errors
    /// As [`load_file`](Self::load_file).
    pub async fn reload(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        let file = match self.cog(name).map(|cog| cog.view().source) {
            Some(source) if source.exists() => source,
            _ => self.find(name).await?,
        };
        self.load_file(&file).await
    }

    /// Retires a cog: it says goodbye, its state is kept in the store, its library is unmapped.
    ///
    /// # Errors
    /// When no such cog is loaded.
    pub async fn unload(self: &Arc<Self>, name: &str) -> Result<Report, CogError> {
        let cog = self.cog(name).ok_or_else(|| self.unknown(name))?;
        self.take_away(&cog, Leaving::Unloaded).await
    }

    /// Retires the cog whose file is gone, if there is one.
    pub async fn file_gone(self: &Arc<Self>, file: &Path) -> Option<Result<Report, CogError>> {
        let cog = self.cog(&self.claims.owner_of(file)?)?;
        let result = self.take_away(&cog, Leaving::FileGone(file.to_owned())).await;
        // One that was refused when it was tried is not there to be retired.
        Some(result).filter(|result| !matches!(result, Err(CogError::NotLoaded { .. })))
    }

    /// Waits for a file to try again: it was refused for a name or a command that its owner has given up since. Of
    /// several, the first by name. Never a file of the cog that was unloaded.
    pub async fn freed(&self) -> PathBuf {
        self.claims.freed().await
    }

    /// Moves whenever the declared commands may have changed.
    pub fn commands(&self) -> tokio::sync::watch::Receiver<u64> {
        self.commands.subscribe()
    }

    /// The declared commands of all cogs, by name: of those that serve, of those that could not be loaded, and of those
    /// that were unloaded a moment ago.
    pub fn declared(&self) -> BTreeMap<String, gearshift_cog::manifest::CommandManifest> {
        let keep = self.parts.limits.commands_keep;
        let cogs = self.cogs();
        let views = cogs.values().map(|cog| cog.view());
        let wanted = views.filter(|view| view.unloaded.is_none_or(|unloaded| unloaded.elapsed() < keep));
        let mut wanted: Vec<_> = wanted.collect();
        // Of two that declare one command the last counts: the one that serves.
        wanted.sort_by_key(|view| view.standing != Standing::Away);
        wanted
            .into_iter()
            .filter_map(|view| view.manifest)
            .flat_map(|manifest| manifest.commands.clone())
            .map(|command| (command.name.clone(), command))
            .collect()
    }

    fn cogs(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Cog>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cog(&self, name: &str) -> Option<Arc<Cog>> {
        self.cogs().get(name).cloned()
    }

    fn unknown(&self, name: &str) -> CogError {
        let known = self
            .cogs()
            .values()
            .filter(|cog| cog.view().number > 0)
            .map(|cog| cog.name.to_string())
            .collect();
        CogError::NotLoaded { name: name.to_owned(), known }
    }

    /// Reads, copies and verifies a file, off the runtime's threads.
    async fn prepare(&self, file: &Path) -> Result<Prepared, CogError> {
        let (file, copies) = (file.to_owned(), self.parts.copies.clone());
        let prepared = tokio::task::spawn_blocking(move || library::prepare(&copies, &file)).await;
        Ok(prepared.map_err(|error| CogError::Host(error.to_string()))?.map_err(Box::new)?)
    }

    async fn load_prepared(self: &Arc<Self>, file: &Path, candidate: Prepared) -> Result<Report, CogError> {
        let renamed = self.claims.owner_of(file).filter(|name| **name != *candidate.manifest.name);
        let (cog, candidate) = self.claim(file, candidate)?;
        let report = self.bring(&cog, file, candidate).await?;
        if let Some(before) = renamed
            && let Some(cog) = self.cog(&before)
        {
            tracing::info!(file = %file.display(), "`{before}` is now `{}`", report.cog);
            if let Err(error) = self.take_away(&cog, Leaving::FileGone(file.to_owned())).await
                && !matches!(error, CogError::NotLoaded { .. })
            {
                return Err(error);
            }
        }
        Ok(report)
    }

    /// The cog that a prepared file is, if nobody else claims its name or commands.
    fn claim(&self, file: &Path, candidate: Prepared) -> Result<(Arc<Cog>, Prepared), CogError> {
        let manifest = &candidate.manifest;
        let name = manifest.name.clone();
        let claimed = if self.parts.disabled.contains(&name) {
            Err(CogError::Disabled { name })
        } else if self.reaper.is_full() {
            Err(CogError::TooManyHeld { name, held: self.reaper.held().len() })
        } else {
            self.claims.claim(file, manifest, &candidate.copy.digest())
        };
        claimed?;
        let cog = self
            .cogs()
            .entry(Arc::from(&*manifest.name))
            .or_insert_with_key(|name| self.new_cog(name))
            .clone();
        Ok((cog, candidate))
    }

    fn new_cog(&self, name: &Arc<str>) -> Arc<Cog> {
        let inbox = Inbox::new(self.parts.limits.lane_queue);
        Arc::new(Cog {
            name: Arc::clone(name),
            schedule: Schedule::new(Arc::clone(&inbox), self.parts.runtime.clone()),
            inbox,
            numbers: AtomicU64::new(0),
            states: AtomicU64::new(0),
            stored: tokio::sync::Mutex::default(),
            slot: tokio::sync::Mutex::default(),
            view: Mutex::default(),
        })
    }

    /// The library of the folder that is the cog `name`.
    async fn find(&self, name: &str) -> Result<PathBuf, CogError> {
        let folder = self.parts.folder.clone();
        let wanted = name.to_owned();
        let found = tokio::task::spawn_blocking(move || library::find(&folder, &wanted)).await;
        let found = found
            .map_err(|error| CogError::Host(error.to_string()))?
            .map_err(|source| CogError::Folder { folder: self.parts.folder.clone(), source })?;
        found.ok_or_else(|| CogError::NotFound { name: name.to_owned(), folder: self.parts.folder.clone() })
    }

    /// Makes the router's table anew from what is known of the cogs.
    fn publish(&self) {
        let mut table = Table::default();
        // Locked until the table is in place: of two that publish at once, the later one knows more.
        let cogs = self.cogs();
        for cog in cogs.values() {
            let view = cog.view();
            let Some(manifest) = view.manifest else { continue };
            let commands: BTreeSet<String> =
                manifest.commands.iter().map(|command| command.name.clone()).collect();
            match view.standing {
                Standing::Away => table.add_away(&cog.name, commands),
                _ => {
                    let listener = Listener { cog: Arc::clone(&cog.name), inbox: Arc::clone(&cog.inbox) };
                    table.add(&listener, &manifest.events, commands);
                }
            }
        }
        self.parts.router.publish(table);
        drop(cogs);
        self.commands.send_modify(|changes| *changes += 1);
    }
}

impl Cog {
    fn view(&self) -> View {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_view(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}
