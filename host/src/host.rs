//! The host: sessions that are open, cogs that are built from handles, the gateway, and what keeps them together.
//! It wires; what each part does is in its own room.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime, task::JoinSet};

use crate::{
    cogs::{CogError, Cogs, CogsParts, Report},
    commands,
    config::Config,
    gateway::{Dispatch, EndError, Gateway},
    library::{self, CopyFolder, FolderError},
    router::{Notices, Router},
    sessions::{OpenError, Sessions},
    watch::{self, Change, FolderWatch},
};

/// Why the host did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A session could not be opened.
    #[error(transparent)]
    Sessions(#[from] OpenError),
    /// Private copies of libraries cannot be made.
    #[error("cannot prepare the folder for private copies of libraries")]
    Copies(#[from] FolderError),
    /// The cogs folder cannot be used.
    #[error("cannot use the cogs folder `{}`", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The cogs folder cannot be watched.
    #[error("cannot watch the cogs folder `{}`", .folder.display())]
    Watch {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: notify::Error,
    },
    /// The gateway's thread cannot be started.
    #[error("cannot start the gateway's thread")]
    Gateway(#[source] std::io::Error),
    /// Discord does not want this bot on the gateway, or the gateway has failed.
    #[error(transparent)]
    Ended(#[from] EndError),
}

/// A running host.
#[derive(Debug)]
pub struct Host {
    config: Arc<Config>,
    sessions: Arc<Sessions>,
    cogs: Arc<Cogs>,
    gateway: Option<Gateway>,
    /// Ends with the host: watcher, fault policy, state keeper, command registration.
    tasks: JoinSet<()>,
}

impl Host {
    /// Loads the cogs from the sessions' handles and connects the gateway. Events that arrive while a cog is still
    /// being set up wait for it. Returns when every cog has been tried.
    ///
    /// # Errors
    /// When folders cannot be used. A cog that fails is no error.
    pub async fn load(config: Arc<Config>, sessions: Arc<Sessions>) -> Result<Host, HostError> {
        let folder = config.cogs.folder.clone();
        watch::ensure_folder(&folder)
            .map_err(|source| HostError::Folder { folder: folder.clone(), source })?;
        let runtime = runtime::Handle::current();
        let prefix = config.discord.as_ref().map_or_else(String::new, |discord| discord.prefix.clone());
        let notices = Notices {
            discord: sessions.discord.clone(),
            runtime: runtime.clone(),
            defer_after: config.limits.defer_after,
        };
        let router = Arc::new(Router::new(prefix, notices));
        let (cogs, faults) = Cogs::new(CogsParts {
            sessions: Arc::clone(&sessions),
            limits: config.limits.clone(),
            folder: folder.clone(),
            disabled: config.cogs.disabled.clone(),
            copies: CopyFolder::create(&library::default_base())?,
            router: Arc::clone(&router),
            runtime,
        });
        let watch = match config.cogs.watch {
            true => {
                let watch = FolderWatch::new(&folder, config.limits.settle);
                Some(watch.map_err(|source| HostError::Watch { folder, source })?)
            }
            false => None,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(Cogs::watch_over(Arc::downgrade(&cogs), faults));
        tasks.spawn(Cogs::keep_states(Arc::downgrade(&cogs), config.limits.state_save_every));
        let claimed = cogs.claim_all().await;
        let gateway = match (&sessions.discord, &config.discord) {
            (Some(discord), Some(settings)) => {
                let sink = Arc::clone(&router);
                let sink = move |dispatch: Dispatch| sink.route(dispatch.name(), dispatch.data());
                Some(Gateway::open(discord, &sessions.net, settings, sink).map_err(HostError::Gateway)?)
            }
            _ => None,
        };
        for result in cogs.bring_all(claimed).await {
            log(&result);
        }
        // All that is there has been tried: the first list needs no time to settle.
        if let (Some(discord), Some(settings)) = (&sessions.discord, &config.discord)
            && settings.register_commands
        {
            let (settle, keep) = (config.limits.commands_settle, config.limits.commands_keep);
            tasks.spawn(commands::keep_registered(Arc::downgrade(&cogs), Arc::clone(discord), settle, keep));
        }
        if let Some(watch) = watch {
            tasks.spawn(follow(watch, Arc::clone(&cogs)));
        }
        Ok(Host { config, sessions, cogs, gateway, tasks })
    }

    /// Runs until Discord refuses the bot for good; for ever without a discord session.
    ///
    /// # Errors
    /// Discord's refusal, or a panic of the gateway.
    pub async fn run(&self) -> Result<(), HostError> {
        match &self.gateway {
            Some(gateway) => Ok(gateway.ended().await?),
            None => std::future::pending().await,
        }
    }

    /// The cogs.
    pub fn cogs(&self) -> &Arc<Cogs> {
        &self.cogs
    }

    /// The sessions.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// The gateway, if the configuration has `[discord]`.
    pub fn gateway(&self) -> Option<&Gateway> {
        self.gateway.as_ref()
    }

    /// Whether the declared slash commands are registered at Discord.
    pub fn registers_commands(&self) -> bool {
        self.sessions.discord.is_some()
            && self.config.discord.as_ref().is_some_and(|discord| discord.register_commands)
    }

    /// Closes everything in order: gateway, cogs, sessions. Bounded by `[limits] close_timeout_ms`.
    pub async fn close(mut self) {
        let until = Instant::now() + self.config.limits.close_timeout;
        self.tasks.shutdown().await;
        if let Some(gateway) = &self.gateway {
            within(until, "the gateway", gateway.close()).await;
        }
        within(until, "the cogs", self.cogs.close()).await;
        self.sessions.close().await;
    }

    /// Closes everything and opens it again, in the same process.
    ///
    /// # Errors
    /// As for the first start.
    pub async fn restart(self) -> Result<Host, HostError> {
        let config = Arc::clone(&self.config);
        self.close().await;
        let sessions = Arc::new(Sessions::open(&config).await?);
        Host::load(config, sessions).await
    }
}

/// Loads and retires what changes in the folder.
async fn follow(mut watch: FolderWatch, cogs: Arc<Cogs>) {
    let mut tasks: JoinSet<(PathBuf, bool)> = JoinSet::new();
    // Files at work, and whether they have changed since. One at a time, so that what was read first never comes last.
    let mut busy: HashMap<PathBuf, bool> = HashMap::new();
    // The refused file that is tried again. One at a time, so that of two that lack one command the first by name
    // gets it.
    let mut retried: Option<PathBuf> = None;
    loop {
        tokio::select! {
            file = cogs.freed(), if retried.is_none() => {
                tracing::info!("`{}` is tried again: what it was refused for was given up", file.display());
                watch.again(file.clone());
                retried = Some(file);
            }
            change = watch.next() => {
                let (Change::Try(file) | Change::Gone(file)) = &change;
                match busy.get_mut(file) {
                    Some(changed) => *changed = true,
                    None => {
                        busy.insert(file.clone(), false);
                        tasks.spawn(attempt(Arc::clone(&cogs), change));
                    }
                }
            }
            Some(done) = tasks.join_next() => match done {
                Ok((file, is_incomplete)) => {
                    retried.take_if(|retried| *retried == file);
                    if busy.remove(&file) == Some(true) || is_incomplete {
                        watch.again(file);
                    }
                }
                Err(error) => {
                    retried = None;
                    tracing::error!("loading a file that changed: {error}");
                }
            },
        }
    }
}

/// Follows one change; its file, and whether it was not complete.
async fn attempt(cogs: Arc<Cogs>, change: Change) -> (PathBuf, bool) {
    let (file, result) = match change {
        Change::Try(file) => {
            let result = cogs.load_changed(&file).await;
            (file, result)
        }
        Change::Gone(file) => {
            let result = cogs.file_gone(&file).await.transpose();
            (file, result)
        }
    };
    let is_incomplete = result.as_ref().is_err_and(CogError::may_pass);
    if !is_incomplete && let Some(result) = result.transpose() {
        log(&result);
    }
    (file, is_incomplete)
}

fn log(result: &Result<Report, CogError>) {
    match result {
        Ok(report) => tracing::info!("{report}"),
        Err(error) => {
            let help = error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
            tracing::error!("{}{help}", crate::error::chain(error));
        }
    }
}

async fn within(until: Instant, what: &str, closing: impl Future<Output = ()>) {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
    if tokio::time::timeout(left, closing).await.is_err() {
        tracing::warn!("{what} did not close in time (`[limits] close_timeout_ms`)");
    }
}
