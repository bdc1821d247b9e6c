//! A host's life: a look at this machine, then the metrics' endpoint, then sessions, then the control socket, then cogs, then
//! whatever it is for, then everything closed in order. What it is for is said by the command.

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
    again::{self, Again, Beginning, Begun},
    exit::{Exit, Failure},
    progress::Progress,
    signals::Signals,
    supervisor,
};
use crate::{
    clock::HostClock,
    config::{self, Config},
    control::{self, Asker, Socket, SocketClaim},
    duration::Shown,
    error::{chain, shortage},
    follow,
    host::{Host, HostError},
    install,
    metrics::Endpoint,
    process,
    sessions::Sessions,
};

/// What still runs on the runtime when everything is closed gets so long: a name that is being resolved, a line that is
/// being read.
const LEFTOVERS: Duration = Duration::from_millis(200);
/// By then what a start leads to is done as well: commands are compared with Discord's, members have come.
const START: Duration = Duration::from_secs(1);

/// Threads that a host has besides its workers before it loads a cog: of the gateway, the store, the folder's watch (two), what
/// retires cogs, what starts their processes, and what reads files.
const OTHER_THREADS: usize = 7;

/// Libraries panic where they cannot start a thread, so all of them are tried before.
fn try_threads(count: usize) -> Result<(), Failure> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let threads = (0..count).map(|_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    });
    let threads: io::Result<Vec<_>> = threads.collect();
    drop(closed);
    let threads = threads.map_err(|error| {
        Failure::new(Exit::CannotCreate, format!("cannot start the {count} threads that a host has: {error}"))
            .help(shortage(&error).map(str::to_owned))
    })?;
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

/// A runtime, and who asks the host to end.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) runtime: Runtime,
    signals: Signals,
}

impl Life {
    /// Before anything else exists, on a runtime as the configuration wants it.
    pub(super) fn begin(wanted: &config::Runtime) -> Result<Life, Failure> {
        try_threads(wanted.workers + OTHER_THREADS)?;
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
    /// With `again` the host can be restarted or upgraded meanwhile.
    pub(super) fn live(
        self,
        claim: SocketClaim,
        config: Config,
        clock: HostClock,
        again: Option<Again<'_>>,
        mut work: impl AsyncFnMut(&Host) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Life { runtime, mut signals } = self;
        runtime.spawn(supervisor::live());
        let config = Arc::new(config);
        // Others than the host of `gearshift run` may run beside it with the same file.
        let wanted = config.metrics.as_ref().filter(|_| again.is_some());
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
        if let Err(error) = install::settle(&config) {
            tracing::warn!(help = error.help(), "what is installed cannot be looked at: {}", chain(&error));
        }
        progress.now("loading the cogs");
        let mut before = again.map(|again| again.started.before()).unwrap_or_default();
        let host = runtime.block_on(Host::open_after(&mut before, config, sessions))?;
        let done = runtime.block_on(async {
            let (mut host, mut control, mut progress) = (host, control, Some(progress));
            let mut begun: Option<Begun> = None;
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
                if let Some(begun) = begun.take() {
                    begun.answer(&host).await;
                }
                let (end, back) = match is_ready {
                    true => serve(&host, control, &mut signals, again, &mut work).await,
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
                    End::Again(Beginning::Restart(next), asker) => {
                        control = match next.control.or(back) {
                            Some(control) => control,
                            None => Socket::bind(&socket_path(&next.config))?,
                        };
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("restarting");
                        }
                        let (again, now) = again::restart(host, next.config, asker).await?;
                        if let (true, Some(moved)) = (now.is_as_wanted(), next.endpoint) {
                            endpoint = moved;
                        }
                        (host, begun) = (again, Some(now));
                    }
                    End::Again(Beginning::Upgrade(change), asker) => {
                        control = match back {
                            Some(control) => control,
                            None => Socket::bind(&socket_path(host.config()))?,
                        };
                        if let Some(endpoint) = &endpoint {
                            endpoint.hide("upgrading");
                        }
                        match again::upgrade(host, change, &signals, asker).await? {
                            Some(again) => (host, begun) = (again.0, Some(again.1)),
                            None => return Ok(()),
                        }
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

/// Why a host serves no more.
enum End {
    Done(Result<(), Failure>),
    Again(Beginning, Asker),
}

/// Answers on the control socket until `work` is done, Discord refuses the bot, a signal comes or a restart or an
/// upgrade that can succeed is asked for. Gives the socket back.
async fn serve(
    host: &Host,
    mut control: Socket,
    signals: &mut Signals,
    again: Option<Again<'_>>,
    work: &mut impl AsyncFnMut(&Host) -> Result<(), Failure>,
) -> (End, Option<Socket>) {
    tracing::info!("ready; the control socket is {}", control.path().display());
    supervisor::ready();
    let memory = tokio::spawn(process::give_back_at_rest(START));
    let path = control.path().to_owned();
    // On a task of its own: `work` may wait for the reader of stdout.
    let (stop, stopped) = oneshot::channel::<()>();
    let (ask, mut asked) = mpsc::channel(1);
    let ask = again.is_some().then_some(ask);
    let cogs = Arc::clone(host.cogs());
    let serving = tokio::spawn(async move {
        tokio::select! {
            () = control::serve(&mut control, &cogs, ask) => {}
            _ = stopped => {}
        }
        control
    });
    let begins = async {
        let Some(again) = again else { return std::future::pending().await };
        while let Some((wish, mut asker)) = asked.recv().await {
            if let Some(beginning) = again.prepare(host, &path, wish, &mut asker).await {
                return End::Again(beginning, asker);
            }
        }
        std::future::pending().await
    };
    let following =
        tokio::spawn(follow::follow_going_back(Arc::clone(host.config()), Arc::clone(host.cogs())));
    let end = tokio::select! {
        done = work(host) => End::Done(done),
        done = host.run() => End::Done(done.map_err(Failure::from)),
        () = signals.asked() => End::Done(Ok(())),
        end = begins => end,
    };
    drop(stop);
    following.abort();
    memory.abort();
    (end, serving.await.ok())
}

/// The endpoint that a config wants.
pub(super) async fn open_endpoint(wanted: Option<&config::Metrics>) -> Result<Option<Endpoint>, Failure> {
    match wanted {
        Some(metrics) => Ok(Some(Endpoint::open(metrics).await?)),
        None => Ok(None),
    }
}

/// Where this configuration's control socket is.
pub(super) fn socket_path(config: &Config) -> PathBuf {
    config.control.socket.clone().unwrap_or_else(|| control::default_path(&config.file))
}
