//! A host's life: sessions first, then the control socket, then cogs, then whatever it is for, then everything closed
//! in order. What it is for is said by the command.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::runtime::{Builder, Runtime};

use super::{exit::Failure, progress::Progress, signals::Signals};
use crate::{
    config::{self, Config},
    control::{self, Socket},
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

    /// Opens, loads, runs until `work` is done, Discord refuses the bot or a signal comes, and closes.
    pub(super) fn live(
        self,
        config: Config,
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
        let Some(opened) = opened else { return Ok(()) };
        let sessions = Arc::new(opened?);
        let control = runtime.block_on(async {
            let control = Socket::bind(&socket_path(&config));
            if control.is_err() {
                sessions.close().await;
            }
            control
        })?;
        progress.now("loading the cogs");
        let host = runtime.block_on(async {
            let loaded = Host::load(Arc::clone(&config), Arc::clone(&sessions)).await;
            if loaded.is_err() {
                sessions.close().await;
            }
            loaded
        })?;
        drop(progress);
        let done = runtime.block_on(async {
            tracing::info!("ready; the control socket is {}", control.path().display());
            let serving = tokio::spawn(control::serve(control, Arc::clone(host.cogs())));
            let rebuilding =
                config.build.as_ref().map(|build| tokio::spawn(Rebuild::new(build, config.folder()).run()));
            let done = tokio::select! {
                done = work(&host) => done,
                done = host.run() => done.map_err(Failure::from),
                () = signals.asked() => Ok(()),
            };
            serving.abort();
            if let Some(rebuilding) = rebuilding {
                rebuilding.abort();
            }
            let closed = host.close().await;
            // The socket's file goes with its task.
            let _ = serving.await;
            done.and(closed.map_err(|lost| HostError::from(lost).into()))
        });
        runtime.shutdown_timeout(LEFTOVERS);
        done
    }
}

/// Where this configuration's control socket is.
pub(super) fn socket_path(config: &Config) -> PathBuf {
    config.control.socket.clone().unwrap_or_else(|| control::default_path(&config.file))
}
