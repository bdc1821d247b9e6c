//! The host: opens the gateway, has the cogs built from the sessions' handles, and owns the tasks that run beside them.
//! It only wires these parts together.

mod error;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime, signal::unix::SignalKind, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::error::{HostError, LostStates};
use crate::{
    cogs::{self, Claimed, CogSettings, Cogs, CogsParts},
    commands,
    config::Config,
    control::BotClaim,
    facts::Facts,
    follow,
    gateway::{Dispatch, Gateway, ResumeData},
    handover::{Handover, Inherited, Resumed},
    library::{self, CopyFolder},
    metrics,
    own_commands::{self, OwnParts},
    router::{Notices, OwnCommands, Router, Unanswered},
    sessions::Sessions,
    watch::{self, FolderWatch},
};

/// A running host.
#[derive(Debug)]
pub struct Host {
    config: Arc<Config>,
    sessions: Arc<Sessions>,
    /// Kept across a restart, so that no other host takes over the bot in between.
    bot: Option<BotClaim>,
    cogs: Arc<Cogs>,
    gateway: Option<Gateway>,
    facts: Arc<Facts>,
    /// Aborted when the host closes: following the folder, registering commands, following the config file, sending
    /// metrics to statsd.
    tasks: JoinSet<()>,
    /// Answers the host's own commands, until no more of them can arrive.
    answering: JoinSet<()>,
    no_more_calls: CancellationToken,
    /// Cogs that are still to be brought into service; their files are followed from then on.
    claimed: Claimed,
    watch: Option<FolderWatch>,
}

impl Host {
    /// Checks what a host with this config needs on this machine, before any connection is made: the cogs folder, and a
    /// folder for private copies of libraries.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn check(config: &Config) -> Result<(), HostError> {
        let folder = &config.cogs.folder;
        watch::ensure_folder(folder)
            .map_err(|source| HostError::Folder { folder: folder.clone(), source })?;
        CopyFolder::create(&library::default_base())?;
        Ok(())
    }

    /// [`Host::open`] and [`Host::bring_up`].
    ///
    /// # Errors
    /// When folders cannot be used. A cog that fails is not an error.
    pub async fn load(config: Arc<Config>, sessions: Arc<Sessions>) -> Result<Host, HostError> {
        let mut host = Host::open(config, sessions).await?;
        host.bring_up().await;
        Ok(host)
    }

    /// Reads the cogs folder and connects the gateway. No cog is built yet; their events are queued. If it fails,
    /// the sessions are closed.
    ///
    /// # Errors
    /// When folders cannot be used, or another host serves the bot.
    pub async fn open(config: Arc<Config>, sessions: Arc<Sessions>) -> Result<Host, HostError> {
        Host::open_after(&mut Inherited::default(), config, sessions).await
    }

    /// Like [`Host::open`], replacing a host of this process that has closed. Takes out of `inherited` what it uses;
    /// the rest stays there for another attempt.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub async fn open_after(
        inherited: &mut Inherited,
        config: Arc<Config>,
        sessions: Arc<Sessions>,
    ) -> Result<Host, HostError> {
        let opened = Host::wire_up(inherited, config, Arc::clone(&sessions)).await;
        if opened.is_err() {
            sessions.close().await;
        }
        opened
    }

    async fn wire_up(
        inherited: &mut Inherited,
        config: Arc<Config>,
        sessions: Arc<Sessions>,
    ) -> Result<Host, HostError> {
        let bot = match &sessions.discord {
            Some(discord) => Some(BotClaim::claim(discord, inherited.bot()).await?),
            None => None,
        };
        // tokio's SIGCHLD handler chains to the one it replaced for the rest of the process's life. Install it before
        // any cog can: a cog's handler would be code that gets unmapped.
        if let Err(error) = tokio::signal::unix::signal(SignalKind::child()) {
            tracing::warn!("cannot wait for the end of child processes: {error}");
        }
        let folder = config.cogs.folder.clone();
        watch::ensure_folder(&folder)
            .map_err(|source| HostError::Folder { folder: folder.clone(), source })?;
        let runtime = runtime::Handle::current();
        let prefix = config.discord.as_ref().map_or_else(String::new, |discord| discord.prefix.clone());
        let work = TaskTracker::new();
        let notices = Notices {
            discord: sessions.discord.clone(),
            runtime: runtime.clone(),
            work: work.clone(),
            defer_after: config.limits.defer_after,
            answer_timeout: config.limits.answer_timeout,
            unanswered: Unanswered::default(),
            failure_text: config.discord.as_ref().map_or("", |discord| &discord.failure_text).into(),
        };
        let own_commands = own_commands::manifests(&config.commands);
        let names = own_commands.iter().map(|command| command.name.clone()).collect();
        let (own, calls) = OwnCommands::new(names);
        let router = Arc::new(Router::new(prefix.clone(), own, notices));
        let cogs = Cogs::new(CogsParts {
            sessions: Arc::clone(&sessions),
            limits: config.limits.clone(),
            folder: folder.clone(),
            disabled: config.cogs.disabled.clone(),
            settings: CogSettings::new(config.file.clone(), config.cog.clone(), config.cogs.lane),
            intents: config.discord.as_ref().map(|discord| discord.intents.clone()),
            copies: CopyFolder::create(&library::default_base())?,
            router: Arc::clone(&router),
            own_commands,
            commands_guild: config.commands.guild,
            runtime,
            work,
            closing: CancellationToken::new(),
        });
        let watch = match config.cogs.watch {
            true => {
                let watch = FolderWatch::new(&folder, config.limits.settle, config.cogs.poll);
                Some(watch.map_err(|source| HostError::Watch { folder, source })?)
            }
            false => None,
        };
        // The gateway connects while the libraries are read.
        let (mut gateway, mut resumed) = (None, Resumed::default());
        if let (Some(discord), Some(settings)) = (&sessions.discord, &config.discord) {
            resumed = inherited.take(&sessions, discord, settings, router.facts()).await;
            let sink = Arc::clone(&router);
            let sink = move |dispatch: Dispatch| sink.route(dispatch.name(), dispatch.data());
            let opened = Gateway::open(discord, &sessions.net, settings, resumed.gateway.as_ref(), sink);
            gateway = Some(opened.map_err(HostError::Gateway)?);
        }
        let (mut answering, no_more_calls) = (JoinSet::new(), CancellationToken::new());
        if let (Some(discord), Some(settings)) = (&sessions.discord, &config.discord) {
            let (discord, intents) = (Arc::clone(discord), settings.intents.clone());
            let parts = OwnParts { cogs: Arc::downgrade(&cogs), discord, prefix, intents };
            answering.spawn(own_commands::answer(parts, calls, no_more_calls.clone()));
        }
        let mut tasks = JoinSet::new();
        if let (Some(stats), Some(every)) =
            (&sessions.stats, config.stats.as_ref().map(|stats| stats.host_every))
            && !every.is_zero()
        {
            tasks.spawn(metrics::keep_sent(Arc::downgrade(&cogs), Arc::clone(stats), every));
        }
        let claimed = cogs.claim_all().await;
        if !config.cogs.is_filled_later {
            claimed.absent.iter().for_each(|text| tracing::warn!("{text}"));
        }
        let missed = cogs.take_up(resumed.waiting);
        if missed > 0 {
            tracing::warn!(
                missed,
                "events that waited when the last host ended are dropped: their cogs are not there"
            );
        }
        // Not earlier: events are queued only for cogs that have been claimed.
        if let Some(gateway) = &gateway {
            gateway.listen();
        }
        let facts = Arc::clone(router.facts());
        Ok(Host {
            config,
            sessions,
            bot,
            cogs,
            gateway,
            facts,
            tasks,
            answering,
            no_more_calls,
            claimed,
            watch,
        })
    }

    /// Builds the cogs from the sessions' handles. Returns when every cog has been tried. The future may be dropped
    /// earlier; the host must then be closed.
    pub async fn bring_up(&mut self) {
        for result in self.cogs.deploy_all(std::mem::take(&mut self.claimed)).await {
            match result {
                Ok(report) => report.log(),
                Err(error) => cogs::log_error(&error),
            }
        }
        // Every cog has been tried: the first list of commands needs no time to settle.
        if let (Some(discord), Some(settings)) = (&self.sessions.discord, &self.config.discord)
            && settings.register_commands
        {
            let (settle, keep) = (self.config.limits.commands_settle, self.config.limits.commands_keep);
            let cogs = Arc::downgrade(&self.cogs);
            self.tasks.spawn(commands::keep_registered(cogs, Arc::clone(discord), settle, keep));
        }
        if let Some(watch) = self.watch.take() {
            self.tasks.spawn(follow::follow(watch, Arc::clone(&self.cogs)));
            let every = self.config.cogs.poll;
            if !self.config.file.as_os_str().is_empty() && !every.is_zero() {
                self.tasks.spawn(Arc::clone(&self.cogs).follow_config(every));
            }
        }
    }

    /// Runs until Discord refuses the bot permanently; forever if there is no Discord session.
    ///
    /// # Errors
    /// Discord's refusal, or a panic of the gateway.
    pub async fn run(&self) -> Result<(), HostError> {
        match &self.gateway {
            Some(gateway) => Ok(gateway.ended().await?),
            None => std::future::pending().await,
        }
    }

    /// The config it was opened with.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
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

    /// Whether the declared slash commands are registered with Discord.
    pub fn registers_commands(&self) -> bool {
        self.sessions.discord.is_some()
            && self.config.discord.as_ref().is_some_and(|discord| discord.register_commands)
    }

    /// Closes everything in order: gateway, cogs, sessions. Bounded by `[limits] close_timeout_ms`. If there is a
    /// store, it then holds what the next host resumes from, unless `[discord] resume` is `false`.
    ///
    /// # Errors
    /// When the store could not take the state of some cog; that state is lost.
    pub async fn close(self) -> Result<(), LostStates> {
        let has_store = self.sessions.store.is_some();
        self.close_for(has_store).await.0
    }

    /// Like [`Host::close`], and returns what a next host in this process resumes from, which needs no store.
    pub async fn close_for_restart(self) -> (Result<(), LostStates>, Inherited) {
        self.close_for(true).await
    }

    /// Closes everything and opens it again with `config`, in this process. As after [`Host::open`], no cog is built.
    ///
    /// # Errors
    /// As for the first start, and when the store could not take the state of some cog. Everything is closed then.
    pub async fn restart(self, config: Arc<Config>) -> Result<Host, RestartError> {
        let clock = self.sessions.clock.clone();
        let (closed, mut inherited) = self.close_for_restart().await;
        let opened = async {
            closed?;
            let sessions = Sessions::open_with_clock(&config, clock).await?;
            Host::open_after(&mut inherited, config, Arc::new(sessions)).await
        };
        match opened.await {
            Ok(host) => Ok(host),
            Err(error) => Err(RestartError { error, inherited }),
        }
    }

    /// `is_followed`: another host can resume from what this one leaves.
    async fn close_for(mut self, is_followed: bool) -> (Result<(), LostStates>, Inherited) {
        let until = Instant::now() + self.config.limits.close_timeout;
        self.tasks.shutdown().await;
        let resumable = self.close_gateway(is_followed, until).await;
        self.no_more_calls.cancel();
        let answered = async { while self.answering.join_next().await.is_some() {} };
        let answered = within(until - SESSIONS_MIN, "the answers to the host's own commands", answered);
        let (_, left) = tokio::join!(answered, self.cogs.close(until - SESSIONS_MIN));
        let waiting = left.count();
        if waiting > 0 && resumable.is_none() {
            tracing::warn!(waiting, "events that waited for cogs are lost: nothing is kept for another host");
        }
        let handover = resumable.map(|gateway| Handover::new(gateway, &self.facts, left.waiting));
        if let (Some(handover), Some(store)) = (&handover, &self.sessions.store) {
            handover.keep(store).await;
        }
        self.sessions.close().await;
        let closed = match left.lost.is_empty() {
            true => Ok(()),
            false => Err(LostStates { cogs: left.lost }),
        };
        (closed, Inherited::new(self.bot.take(), handover))
    }

    async fn close_gateway(&self, is_followed: bool, until: Instant) -> Option<ResumeData> {
        let gateway = self.gateway.as_ref()?;
        if is_followed && self.config.discord.as_ref().is_some_and(|discord| discord.resume) {
            let closed = within(until, "the gateway", gateway.close_resumable()).await;
            return Some(closed.unwrap_or_else(|| gateway.resumable()));
        }
        within(until, "the gateway", gateway.close()).await;
        None
    }
}

/// A host that was closed, and could not be opened again.
#[derive(Debug)]
pub struct RestartError {
    /// Why.
    pub error: HostError,
    /// What the closed host left for the next attempt.
    pub inherited: Inherited,
}

/// Time reserved for closing the sessions, however long the rest takes.
const SESSIONS_MIN: Duration = Duration::from_millis(500);

async fn within<T>(until: Instant, what: &str, closing: impl Future<Output = T>) -> Option<T> {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
    let closed = tokio::time::timeout(left, closing).await.ok();
    if closed.is_none() {
        tracing::warn!("{what} did not close in time (`[limits] close_timeout_ms`)");
    }
    closed
}
