//! A host's life: sessions first, then the control socket, then cogs, then whatever it is for, then everything closed
//! in order. What it is for is said by the command.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::JoinSet,
};

use super::{exit::Failure, progress::Progress, signals::Signals};
use crate::{
    clock::HostClock,
    config::{self, Config},
    control::{self, BotClaim, Socket},
    duration::Shown,
    host::{Host, HostError},
    rebuild::Rebuild,
    sessions::Sessions,
};

/// What still runs on the runtime when everything is closed gets so long: a name that is being resolved, a line that is
/// being read.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// A runtime, and who asks the host to end.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) runtime: Runtime,
    signals: Signals,
}

impl Life {
    /// Before anything else exists, on a runtime as the configuration wants it.
    pub(super) fn begin(wanted: &config::Runtime) -> Result<Life, Failure> {
        Life::on(Builder::new_multi_thread().worker_threads(wanted.workers).enable_all().build()?)
    }

    /// On a runtime that is there.
    pub(super) fn on(runtime: Runtime) -> Result<Life, Failure> {
        let signals = Signals::listen(runtime.handle())?;
        Ok(Life { runtime, signals })
    }

    /// Opens something that needs no host, attends to it until a signal comes, and closes it.
    pub(super) fn attend<T>(
        self,
        open: impl Future<Output = Result<T, Failure>>,
        work: impl AsyncFnOnce(&T) -> Result<(), Failure>,
        close: impl AsyncFnOnce(&T),
    ) -> Result<(), Failure> {
        let Life { runtime, mut signals } = self;
        let done = runtime.block_on(async {
            let opened = open.await?;
            let done = tokio::select! {
                done = work(&opened) => done,
                () = signals.asked() => Ok(()),
            };
            close(&opened).await;
            done
        });
        runtime.shutdown_timeout(LEFTOVERS);
        done
    }

    /// Opens, loads, runs until `work` is done, Discord refuses the bot or a signal comes, and closes. Cogs go by `clock`.
    pub(super) fn live(
        self,
        config: Config,
        clock: HostClock,
        work: impl AsyncFnOnce(&Host) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Life { runtime, mut signals } = self;
        let config = Arc::new(config);
        let progress = Progress::begin("opening the sessions");
        let opened = runtime.block_on(async {
            tokio::select! {
                opened = Sessions::open(&config) => Some(opened),
                () = signals.asked() => None,
            }
        });
        let Some(opened) = opened else {
            runtime.shutdown_timeout(LEFTOVERS);
            return Ok(());
        };
        let sessions = Arc::new(Sessions { clock, ..opened? });
        let (control, _claim) = runtime.block_on(async {
            let claimed = claim(&config, &sessions).await;
            if claimed.is_err() {
                sessions.close().await;
            }
            claimed
        })?;
        progress.now("loading the cogs");
        let mut host = runtime.block_on(async {
            let opened = Host::open(Arc::clone(&config), Arc::clone(&sessions)).await;
            if opened.is_err() {
                sessions.close().await;
            }
            opened
        })?;
        let done = runtime.block_on(async {
            // Who asks for the end during the start does not wait for a cog that is slow to set up.
            let is_ready = tokio::select! {
                () = host.bring() => true,
                () = signals.asked() => false,
            };
            drop(progress);
            let (done, control) = match is_ready {
                true => serve(&config, &host, control, &mut signals, work).await,
                false => (Ok(()), Some(control)),
            };
            let since = Instant::now();
            let closed = host.close().await;
            tracing::info!("closed in {}", Shown(since.elapsed()));
            // Only now another host may have it: this one has saved its states.
            drop(control);
            done.and(closed.map_err(|lost| HostError::from(lost).into()))
        });
        runtime.shutdown_timeout(LEFTOVERS);
        done
    }
}

/// Answers on the control socket until `work` is done, Discord refuses the bot or a signal comes. Gives the socket back.
async fn serve(
    config: &Config,
    host: &Host,
    mut control: Socket,
    signals: &mut Signals,
    work: impl AsyncFnOnce(&Host) -> Result<(), Failure>,
) -> (Result<(), Failure>, Option<Socket>) {
    tracing::info!("ready; the control socket is {}", control.path().display());
    // On a task of its own: `work` may wait for whoever reads what it prints.
    let (stop, stopped) = oneshot::channel::<()>();
    let cogs = Arc::clone(host.cogs());
    let serving = tokio::spawn(async move {
        tokio::select! {
            () = control::serve(&mut control, &cogs) => {}
            _ = stopped => {}
        }
        control
    });
    let mut rebuilding = JoinSet::new();
    if let Some(build) = &config.build {
        rebuilding.spawn(Rebuild::new(build, config.folder()).run());
    }
    let done = tokio::select! {
        done = work(host) => done,
        done = host.run() => done.map_err(Failure::from),
        () = signals.asked() => Ok(()),
    };
    rebuilding.shutdown().await;
    drop(stop);
    (done, serving.await.ok())
}

/// Makes sure that no other host has this configuration, nor serves this bot.
async fn claim(config: &Config, sessions: &Sessions) -> Result<(Socket, Option<BotClaim>), Failure> {
    let control = Socket::bind(&socket_path(config))?;
    let claim = match &sessions.discord {
        Some(discord) => Some(BotClaim::claim(discord).await?),
        None => None,
    };
    Ok((control, claim))
}

/// Where this configuration's control socket is.
pub(super) fn socket_path(config: &Config) -> PathBuf {
    config.control.socket.clone().unwrap_or_else(|| control::default_path(&config.file))
}
