//! A host's life: a look at this machine, then the metrics' endpoint, then sessions, then the control socket, then cogs, then
//! whatever it is for, then everything closed in order. What it is for is said by the command.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

use super::{
    exit::{Exit, Failure},
    progress::Progress,
    signals::Signals,
    start_pages, supervisor,
};
use crate::{
    clock::HostClock,
    config::{self, Config},
    control::{self, Answer, Asker, Socket, SocketClaim},
    duration::Shown,
    host::{Host, HostError, NotRestarted},
    metrics::Endpoint,
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
    /// With `reread`, which gives the config as it is then, the host can be restarted meanwhile.
    pub(super) fn live(
        self,
        claim: SocketClaim,
        config: Config,
        clock: HostClock,
        reread: Option<Reread<'_>>,
        mut work: impl AsyncFnMut(&Host) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Life { runtime, mut signals } = self;
        runtime.spawn(supervisor::live());
        let config = Arc::new(config);
        // Others than the host of `gearshift run` may run beside it with the same file.
        let wanted = config.metrics.as_ref().filter(|_| reread.is_some());
        let mut endpoint = runtime.block_on(open_endpoint(wanted))?;
        let progress = Progress::begin("opening the sessions");
        let opened = runtime.block_on(async {
            tokio::select! {
                opened = Sessions::open_by(&config, clock) => Some(opened),
                () = signals.asked() => None,
            }
        });
        let Some(opened) = opened else {
            tracing::info!("closed before the sessions were open");
            runtime.shutdown_timeout(LEFTOVERS);
            return Ok(());
        };
        let sessions = Arc::new(opened?);
        let control = runtime.block_on(async {
            let bound = claim.bind();
            if bound.is_err() {
                sessions.close().await;
            }
            bound
        })?;
        progress.now("loading the cogs");
        let host = runtime.block_on(Host::open(config, sessions))?;
        let done = runtime.block_on(async {
            let (mut host, mut control, mut progress) = (host, control, Some(progress));
            let mut restarted: Option<Restarted> = None;
            loop {
                if let Some(endpoint) = &endpoint {
                    endpoint.show(host.cogs());
                }
                // Who asks for the end during the start does not wait for a cog that is slow to set up.
                let is_ready = tokio::select! {
                    () = host.bring() => true,
                    () = signals.asked() => false,
                };
                drop(progress.take());
                if let Some(restarted) = restarted.take() {
                    restarted.answer(&host).await;
                }
                let (end, back) = match is_ready {
                    true => serve(&host, control, &mut signals, reread, &mut work).await,
                    false => (End::Done(Ok(())), Some(control)),
                };
                match end {
                    End::Done(done) => {
                        let since = Instant::now();
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("closing");
                        }
                        supervisor::stopping(host.config().limits.close_timeout);
                        let closed = host.close().await;
                        tracing::info!("closed in {}", Shown(since.elapsed()));
                        // Only now another host may have it: this one has saved its states.
                        drop(back);
                        return done.and(closed.map_err(|lost| HostError::from(lost).into()));
                    }
                    End::Restart(next, asker) => {
                        control = match next.control.or(back) {
                            Some(control) => control,
                            None => Socket::bind(&socket_path(&next.config))?,
                        };
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("restarting");
                        }
                        let again = restart(host, next.config, asker).await?;
                        if let (None, Some(moved)) = (&again.1.failed, next.endpoint) {
                            endpoint = moved;
                        }
                        (host, restarted) = (again.0, Some(again.1));
                    }
                }
            }
        });
        runtime.shutdown_timeout(LEFTOVERS);
        done
    }
}

/// What can be found out on this machine is said before anybody else is asked. From then on no other host can have the
/// control socket, and what else belongs to its config.
pub(super) fn look(config: &Config) -> Result<SocketClaim, Failure> {
    let claim = SocketClaim::take(&socket_path(config))?;
    Host::look(config)?;
    Ok(claim)
}

/// Reads the config as it is now.
pub(super) type Reread<'a> = &'a dyn Fn() -> Result<Config, Failure>;

/// Why a host serves no more.
enum End {
    Done(Result<(), Failure>),
    Restart(Next, Asker),
}

/// What a host is restarted by.
struct Next {
    config: Arc<Config>,
    /// The control socket, where it has another path.
    control: Option<Socket>,
    /// The endpoint, where it has another address; or none, where it had one.
    endpoint: Option<Option<Endpoint>>,
}

/// Answers on the control socket until `work` is done, Discord refuses the bot, a signal comes or a restart that can
/// succeed is asked for. Gives the socket back.
async fn serve(
    host: &Host,
    mut control: Socket,
    signals: &mut Signals,
    reread: Option<Reread<'_>>,
    work: &mut impl AsyncFnMut(&Host) -> Result<(), Failure>,
) -> (End, Option<Socket>) {
    tracing::info!("ready; the control socket is {}", control.path().display());
    supervisor::ready();
    tokio::spawn(start_pages::give_back_later());
    let path = control.path().to_owned();
    // On a task of its own: `work` may wait for the reader of stdout.
    let (stop, stopped) = oneshot::channel::<()>();
    let (ask, mut asked) = mpsc::channel(1);
    let ask = reread.is_some().then_some(ask);
    let cogs = Arc::clone(host.cogs());
    let serving = tokio::spawn(async move {
        tokio::select! {
            () = control::serve(&mut control, &cogs, ask) => {}
            _ = stopped => {}
        }
        control
    });
    let restarts = async {
        let Some(reread) = reread else { return std::future::pending().await };
        while let Some(asker) = asked.recv().await {
            match next(host, &path, reread).await {
                Ok(next) => return End::Restart(next, asker),
                Err(failure) => refuse(failure, asker).await,
            }
        }
        std::future::pending().await
    };
    let end = tokio::select! {
        done = work(host) => End::Done(done),
        done = host.run() => End::Done(done.map_err(Failure::from)),
        () = signals.asked() => End::Done(Ok(())),
        end = restarts => end,
    };
    drop(stop);
    (end, serving.await.ok())
}

/// What the host is to go on with. All is tried that can be before anything is closed.
async fn next(host: &Host, control: &Path, reread: Reread<'_>) -> Result<Next, Failure> {
    let config = reread()?;
    let cogs = host.cogs().status().cogs;
    let unsaved: Vec<String> =
        cogs.into_iter().filter(|cog| cog.is_unsaved).map(|cog| format!("`{}`", cog.name)).collect();
    if !unsaved.is_empty() {
        let text = format!("the state of {} is not stored yet, and would be lost", unsaved.join(", "));
        return Err(Failure::new(Exit::Failed, text)
            .help("look at the store's disk: is it full, or gone?".to_owned()));
    }
    Host::look(&config)?;
    // Token, addresses, health check. The store's file is this host's own until it has closed.
    Sessions::open(&Config { store: None, stats: None, ..config.clone() }).await?.close().await;
    let path = socket_path(&config);
    let control = if path == control { None } else { Some(Socket::bind(&path)?) };
    let address = |config: &Config| config.metrics.as_ref().map(|metrics| metrics.address.clone());
    let endpoint = match address(&config) == address(host.config()) {
        true => None,
        false => Some(open_endpoint(config.metrics.as_ref()).await?),
    };
    Ok(Next { config: Arc::new(config), control, endpoint })
}

async fn open_endpoint(wanted: Option<&config::Metrics>) -> Result<Option<Endpoint>, Failure> {
    match wanted {
        Some(metrics) => Ok(Some(Endpoint::open(metrics).await?)),
        None => Ok(None),
    }
}

/// The host goes on as it is.
async fn refuse(failure: Failure, asker: Asker) {
    let (text, help) = failure.into_parts();
    let text = format!("not restarted, and the host goes on: {text}");
    tracing::error!(help = help.as_deref(), "{text}");
    asker.answer(&Answer::refused(text, help)).await;
}

/// A restart that has come to a host, with the new config or the one it had, whose cogs are not loaded yet.
struct Restarted {
    since: Instant,
    /// Why it is the config it had.
    failed: Option<Failure>,
    /// What the new config says and only another process can heed.
    ignored: &'static str,
    asker: Asker,
}

impl Restarted {
    async fn answer(self, host: &Host) {
        let Restarted { since, failed, ignored, asker } = self;
        if let Some(failure) = failed {
            let (text, help) = failure.into_parts();
            let text = format!("failed to restart, and the host goes on with the config it had: {text}");
            return asker.answer(&Answer::refused(text, help)).await;
        }
        let serving = host.cogs().status().cogs.iter().filter(|cog| cog.generation.is_some()).count();
        let took = since.elapsed();
        let text = format!("restarted in {}, with {serving} cogs{ignored}", Shown(took));
        tracing::info!("{text}");
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        asker.answer(&Answer::done(text, &serde_json::json!({ "micros": micros, "serving": serving }))).await;
    }
}

/// Closes the host and opens it by another config; by the one it had if it does not open by that.
async fn restart(host: Host, config: Arc<Config>, asker: Asker) -> Result<(Host, Restarted), Failure> {
    tracing::info!("restarting");
    supervisor::reloading();
    let since = Instant::now();
    let (before, clock) = (Arc::clone(host.config()), host.sessions().clock.clone());
    let ignored = match config.log == before.log && config.runtime == before.runtime {
        true => "",
        false => "; what changed in `[log]` and `[runtime]` takes another process",
    };
    let NotRestarted { error, before: mut left } = match host.restart(config).await {
        Ok(host) => return Ok((host, Restarted { since, failed: None, ignored, asker })),
        Err(failed) => failed,
    };
    let failure = Failure::from(error);
    tracing::error!("failed to restart, going back to the config it had: {}", failure.text());
    let host = async {
        let sessions = Sessions::open_by(&before, clock).await?;
        Ok::<_, Failure>(Host::open_after(&mut left, before, Arc::new(sessions)).await?)
    };
    match host.await {
        Ok(host) => Ok((host, Restarted { since, failed: Some(failure), ignored, asker })),
        Err(error) => {
            let (text, help) = failure.into_parts();
            let text = format!(
                "failed to restart: {text}; nor does the host start with the config it had, and ends"
            );
            asker.answer(&Answer::refused(text, help)).await;
            Err(error)
        }
    }
}

/// Where this configuration's control socket is.
pub(super) fn socket_path(config: &Config) -> PathBuf {
    config.control.socket.clone().unwrap_or_else(|| control::default_path(&config.file))
}
