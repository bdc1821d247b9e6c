//! The life of a host: checks of this machine, the metrics' endpoint, the sessions, the control socket, the cogs, then
//! the work that the command passes in, and at the end closing everything in order.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

use super::{
    exit::{Exit, Failure},
    progress::Progress,
    restarting::{self, EndpointPlan, RestartContext, Restarted, Restarting},
    signals::Signals,
    supervisor,
};
use crate::{
    clock::HostClock,
    config::{self, Config},
    control::{self, Socket, SocketClaim, WaitingClient},
    duration::Shown,
    error::{chain, shortage},
    follow,
    host::{Host, HostError},
    install,
    metrics::Endpoint,
    process,
    sessions::Sessions,
};

/// How long tasks that still run on the runtime may take when everything is closed: a name that is being resolved, a
/// line that is being read.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(200);
/// By then the work that follows a start is done too: commands are compared with Discord's, members have arrived, and
/// the config was read again in case it changed meanwhile.
const SETTLE_AFTER_START: Duration = Duration::from_secs(1);

/// Threads of a host besides its workers, before it loads a cog: the gateway, the store, the folder's watch (two), the
/// thread that retires cogs, the one that starts their processes, and the one that reads files.
const OTHER_THREADS: usize = 7;

/// Starts and ends as many threads as the host will need: libraries panic if they cannot start one.
fn check_threads(count: usize) -> Result<(), Failure> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let threads = (0..count).map(|_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    });
    let threads: io::Result<Vec<_>> = threads.collect();
    drop(closed);
    let threads = threads.map_err(|error| {
        Failure::new(
            Exit::CannotCreate,
            format!("cannot start the {count} threads that a host needs: {error}"),
        )
        .help(shortage(&error).map(str::to_owned))
    })?;
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

/// A runtime, and the signals that ask the host to end.
#[derive(Debug)]
pub(super) struct HostRunner {
    pub(super) runtime: Runtime,
    signals: Signals,
}

impl HostRunner {
    /// Starts a runtime as the config wants it, before anything else exists.
    pub(super) fn start(wanted: &config::Runtime) -> Result<HostRunner, Failure> {
        check_threads(wanted.workers + OTHER_THREADS)?;
        HostRunner::with_runtime(
            Builder::new_multi_thread().worker_threads(wanted.workers).enable_all().build()?,
        )
    }

    /// Uses an existing runtime.
    pub(super) fn with_runtime(runtime: Runtime) -> Result<HostRunner, Failure> {
        let signals = Signals::listen(runtime.handle())?;
        Ok(HostRunner { runtime, signals })
    }

    /// Opens something that needs no host, works on it until done or until a signal arrives, and closes it.
    pub(super) fn run_until_signal<T>(
        self,
        open: impl Future<Output = Result<T, Failure>>,
        work: impl AsyncFnOnce(&T) -> Result<(), Failure>,
        close: impl AsyncFnOnce(&T),
    ) -> Result<(), Failure> {
        let HostRunner { runtime, mut signals } = self;
        let done = runtime.block_on(async {
            let opened = open.await?;
            let done = tokio::select! {
                done = work(&opened) => done,
                () = signals.asked() => Ok(()),
            };
            close(&opened).await;
            done
        });
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        done
    }

    /// Opens the host and loads its cogs, runs until `work` is done, Discord refuses the bot or a signal arrives, and
    /// closes. Cogs use `clock`. With `restart`, the host can be restarted or upgraded meanwhile.
    pub(super) fn run_host(
        self,
        claim: SocketClaim,
        config: Config,
        clock: HostClock,
        restart: Option<RestartContext<'_>>,
        mut work: impl AsyncFnMut(&Host) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let HostRunner { runtime, mut signals } = self;
        runtime.spawn(supervisor::live());
        let config = Arc::new(config);
        // Only the host of `gearshift run` has the endpoint: others may run beside it with the same config file.
        let wanted = config.metrics.as_ref().filter(|_| restart.is_some());
        let mut endpoint = runtime.block_on(open_endpoint(wanted))?;
        let progress = Progress::begin("opening the sessions");
        let opened = runtime.block_on(async {
            tokio::select! {
                opened = Sessions::open_with_clock(&config, clock) => Some(opened),
                () = signals.asked() => None,
            }
        });
        let Some(opened) = opened else {
            tracing::info!("closed before the sessions were open");
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
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
        if let Err(error) = install::settle(&config) {
            tracing::warn!(help = error.help(), "cannot check the installed cogs: {}", chain(&error));
        }
        progress.now("loading the cogs");
        let mut inherited = restart.map(|restart| restart.started.inherited()).unwrap_or_default();
        let host = runtime.block_on(Host::open_after(&mut inherited, config, sessions))?;
        let done = runtime.block_on(async {
            let (mut host, mut control, mut progress) = (host, control, Some(progress));
            let mut restarted: Option<Restarted> = None;
            loop {
                if let Some(endpoint) = &endpoint {
                    endpoint.show(host.cogs());
                }
                // A signal during the start does not wait for a cog that is slow to set up.
                let is_ready = tokio::select! {
                    () = host.bring_up() => true,
                    () = signals.asked() => false,
                };
                drop(progress.take());
                if let Some(restarted) = restarted.take() {
                    restarted.answer(&host).await;
                }
                let (end, back) = match is_ready {
                    true => serve(&host, control, &mut endpoint, &mut signals, restart, &mut work).await,
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
                        // Another host may take the socket only now that this one has saved its states.
                        drop(back);
                        return done.and(closed.map_err(|lost| HostError::from(lost).into()));
                    }
                    End::Restart(Restarting::Restart(plan), asker) => {
                        control = match plan.control.or(back) {
                            Some(control) => control,
                            None => Socket::bind(&socket_path(&plan.config))?,
                        };
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("restarting");
                        }
                        let (reopened, now) = restarting::restart(host, plan.config, asker).await?;
                        match (now.has_succeeded(), plan.endpoint) {
                            (true, EndpointPlan::Moves(moved)) => endpoint = moved,
                            (false, EndpointPlan::Replaces) => {
                                let before = reopened.config().metrics.as_ref();
                                if let Err(failure) =
                                    restarting::replace(&mut endpoint, &reopened, before).await
                                {
                                    let (text, help) = failure.into_parts();
                                    tracing::error!(help, "{text}");
                                }
                            }
                            _ => {}
                        }
                        (host, restarted) = (reopened, Some(now));
                    }
                    End::Restart(Restarting::Upgrade(plan), asker) => {
                        control = match back {
                            Some(control) => control,
                            None => Socket::bind(&socket_path(host.config()))?,
                        };
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("upgrading");
                        }
                        match restarting::upgrade(host, plan, &signals, asker).await? {
                            Some(reopened) => (host, restarted) = (reopened.0, Some(reopened.1)),
                            None => return Ok(()),
                        }
                    }
                }
            }
        });
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        done
    }
}

/// Checks what can be checked on this machine, before anything is asked of others. From then on no other host can take
/// the control socket, nor anything else that belongs to its config.
pub(super) fn check(config: &Config) -> Result<SocketClaim, Failure> {
    let claim = SocketClaim::take(&socket_path(config))?;
    Host::check(config)?;
    Ok(claim)
}

/// Why a host stopped serving.
enum End {
    Done(Result<(), Failure>),
    Restart(Restarting, WaitingClient),
}

/// Answers on the control socket until `work` is done, Discord refuses the bot, a signal arrives, or a restart or an
/// upgrade is requested that can succeed. Returns the socket.
async fn serve(
    host: &Host,
    mut control: Socket,
    endpoint: &mut Option<Endpoint>,
    signals: &mut Signals,
    restart: Option<RestartContext<'_>>,
    work: &mut impl AsyncFnMut(&Host) -> Result<(), Failure>,
) -> (End, Option<Socket>) {
    tracing::info!("ready; the control socket is {}", control.path().display());
    supervisor::ready();
    let memory = tokio::spawn(process::trim_memory_when_idle(SETTLE_AFTER_START));
    let path = control.path().to_owned();
    // In a task of its own: `work` may wait for the reader of stdout.
    let (stop, stopped) = oneshot::channel::<()>();
    let (ask, mut asked) = mpsc::channel(1);
    let ask = restart.is_some().then_some(ask);
    let cogs = Arc::clone(host.cogs());
    let serving = tokio::spawn(async move {
        tokio::select! {
            () = control::serve(&mut control, &cogs, ask) => {}
            _ = stopped => {}
        }
        control
    });
    let restarts = async {
        let Some(restart) = restart else { return std::future::pending().await };
        while let Some((request, mut asker)) = asked.recv().await {
            if let Some(restarting) = restart.prepare(host, &path, endpoint, request, &mut asker).await {
                return End::Restart(restarting, asker);
            }
        }
        std::future::pending().await
    };
    let following =
        tokio::spawn(follow::follow_rollbacks(Arc::clone(host.config()), Arc::clone(host.cogs())));
    let end = tokio::select! {
        done = work(host) => End::Done(done),
        done = host.run() => End::Done(done.map_err(Failure::from)),
        () = signals.asked() => End::Done(Ok(())),
        end = restarts => end,
    };
    drop(stop);
    following.abort();
    memory.abort();
    (end, serving.await.ok())
}

/// Opens the endpoint that the config asks for.
pub(super) async fn open_endpoint(wanted: Option<&config::Metrics>) -> Result<Option<Endpoint>, Failure> {
    match wanted {
        Some(metrics) => Ok(Some(Endpoint::open(metrics).await?)),
        None => Ok(None),
    }
}

/// The path of this config's control socket.
pub(super) fn socket_path(config: &Config) -> PathBuf {
    config.control.socket.clone().unwrap_or_else(|| control::default_path(&config.file))
}
