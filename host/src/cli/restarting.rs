//! Restarting a host within its process: with the current config, or upgraded to another program. Everything that can
//! be tried is tried before anything is closed; if the restart fails after all, the host goes on as it was.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::{
    exit::{Exit, Failure},
    host_runner::{open_endpoint, socket_path},
    program::{Program, Started},
    signals::Signals,
    supervisor,
};
use crate::{
    clock::HostClock,
    config::{Config, Metrics},
    control::{self, Answer, Socket, WaitingClient},
    duration::Shown,
    handover::Inherited,
    host::{Host, HostError, RestartError},
    log,
    metrics::Endpoint,
    sessions::Sessions,
    text::counted,
};

/// What a restart of the host needs.
#[derive(Clone, Copy)]
pub(super) struct RestartContext<'a> {
    /// Reads the current config.
    pub(super) reread: &'a dyn Fn() -> Result<Config, Failure>,
    /// How the process was started.
    pub(super) started: &'a Arc<Started>,
}

/// A restart or an upgrade that has been tried as far as possible.
pub(super) enum Restarting {
    Restart(RestartPlan),
    Upgrade(UpgradePlan),
}

/// What a host is restarted with.
pub(super) struct RestartPlan {
    pub(super) config: Arc<Config>,
    /// The control socket, if its path has changed.
    pub(super) control: Option<Socket>,
    /// What becomes of the metrics' endpoint.
    pub(super) endpoint: EndpointPlan,
}

/// What a restart does with the metrics' endpoint.
pub(super) enum EndpointPlan {
    /// Its address is still the same.
    Stays,
    /// It is open at its new address, or there is none any more.
    Moves(Option<Endpoint>),
    /// The new address needs the port of the old one, as `0.0.0.0:9464` and `127.0.0.1:9464` do: the old endpoint is
    /// closed before the new one is opened.
    Replaces,
}

/// Whether two paths lead to the same socket.
fn is_same(one: &Path, other: &Path) -> bool {
    let folder = |path: &Path| fs::canonicalize(path.parent()?).ok();
    one == other
        || one.file_name() == other.file_name() && folder(one).is_some_and(|it| folder(other) == Some(it))
}

/// Opens the endpoint at its new address, unless the old one still has its port.
async fn try_endpoint(before: Option<&Metrics>, wanted: Option<&Metrics>) -> Result<EndpointPlan, Failure> {
    if before.map(|it| &it.address) == wanted.map(|it| &it.address) {
        return Ok(EndpointPlan::Stays);
    }
    let Some(wanted) = wanted else { return Ok(EndpointPlan::Moves(None)) };
    let port = |metrics: &Metrics| metrics.address.parse::<SocketAddr>().ok().map(|address| address.port());
    match Endpoint::open(wanted).await {
        Ok(opened) => Ok(EndpointPlan::Moves(Some(opened))),
        Err(error) if error.is_in_use() && before.is_some_and(|it| port(it) == port(wanted)) => {
            Ok(EndpointPlan::Replaces)
        }
        Err(error) => Err(error.into()),
    }
}

/// Closes the endpoint, and opens another one that reports on the same host. If that fails, it is where it was.
pub(super) async fn replace(
    endpoint: &mut Option<Endpoint>,
    host: &Host,
    wanted: Option<&Metrics>,
) -> Result<(), Failure> {
    if let Some(before) = endpoint.take() {
        before.close().await;
    }
    let (opened, failed) = match open_endpoint(wanted).await {
        Ok(opened) => (opened, Ok(())),
        Err(failure) => {
            let back = open_endpoint(host.config().metrics.as_ref()).await;
            let back = back.inspect_err(|failure| tracing::error!("{}", failure.text()));
            (back.unwrap_or_default(), Err(failure))
        }
    };
    if let Some(opened) = &opened {
        opened.show(host.cogs());
    }
    *endpoint = opened;
    failed
}

/// The program that a host is upgraded to.
pub(super) struct UpgradePlan {
    program: Program,
    started: Arc<Started>,
}

impl RestartContext<'_> {
    /// Tries as much as possible. If that fails, the asker gets the reason and the host goes on as it is. `control` is
    /// the path of its socket.
    pub(super) async fn prepare(
        self,
        host: &Host,
        control: &Path,
        endpoint: &mut Option<Endpoint>,
        request: control::RestartKind,
        asker: &mut WaitingClient,
    ) -> Option<Restarting> {
        let (done, restarting) = match request {
            control::RestartKind::Restart => {
                ("restarted", self.plan_restart(host, control, endpoint).await.map(Restarting::Restart))
            }
            control::RestartKind::Upgrade(file) => {
                ("upgraded", self.plan_upgrade(host, control, file).await.map(Restarting::Upgrade))
            }
        };
        match restarting {
            Ok(restarting) => Some(restarting),
            Err(failure) => {
                let (text, help) = failure.into_parts();
                let text = format!("not {done}, and the host goes on: {text}");
                let (why, output) = log::lines(&text);
                tracing::error!(output, help = help.as_deref(), "{why}");
                asker.answer(&Answer::refused(text, help)).await;
                None
            }
        }
    }

    async fn plan_restart(
        self,
        host: &Host,
        control: &Path,
        endpoint: &mut Option<Endpoint>,
    ) -> Result<RestartPlan, Failure> {
        let (config, control, plan) = self.try_config(host, control).await?;
        if matches!(plan, EndpointPlan::Replaces) {
            replace(endpoint, host, config.metrics.as_ref()).await?;
        }
        Ok(RestartPlan { config: Arc::new(config), control, endpoint: plan })
    }

    /// Reads the config, and opens what can be opened beside this host.
    async fn try_config(
        self,
        host: &Host,
        control: &Path,
    ) -> Result<(Config, Option<Socket>, EndpointPlan), Failure> {
        let config = (self.reread)()?;
        let cogs = host.cogs().status().cogs;
        let unsaved: Vec<String> =
            cogs.into_iter().filter(|cog| cog.is_unsaved).map(|cog| format!("`{}`", cog.name)).collect();
        if !unsaved.is_empty() {
            let text = format!("the state of {} is not stored yet, and would be lost", unsaved.join(", "));
            return Err(Failure::new(Exit::Failed, text)
                .help("check the store's disk: is it full, or gone?".to_owned()));
        }
        Host::check(&config)?;
        // Tries the token, addresses and health check. The store's file is locked by this host until it has closed.
        Sessions::open(&Config { store: None, stats: None, ..config.clone() }).await?.close().await;
        let path = socket_path(&config);
        let control = if is_same(&path, control) { None } else { Some(Socket::bind(&path)?) };
        let endpoint = try_endpoint(host.config().metrics.as_ref(), config.metrics.as_ref()).await?;
        Ok((config, control, endpoint))
    }

    /// Checks the new program, and what a restart would check: the new program reads the config and opens the sessions
    /// too.
    async fn plan_upgrade(
        self,
        host: &Host,
        control: &Path,
        file: Option<PathBuf>,
    ) -> Result<UpgradePlan, Failure> {
        let cogs = host.cogs().status().cogs;
        let libraries: Vec<PathBuf> =
            cogs.into_iter().filter(|cog| cog.generation.is_some()).map(|cog| cog.file).collect();
        let program = self.started.check_program(file, &libraries).await?;
        drop(self.try_config(host, control).await?);
        Ok(UpgradePlan { program, started: Arc::clone(self.started) })
    }
}

/// A host that has restarted, as requested or as it was before, and whose cogs are not loaded yet.
pub(super) struct Restarted {
    since: Instant,
    /// What failed and why, if the host goes on as it was.
    failed: Option<(&'static str, Failure)>,
    /// Notes on changes in the config that do not have the effect one may expect.
    notes: String,
    asker: WaitingClient,
}

impl Restarted {
    /// Whether the restart succeeded.
    pub(super) fn has_succeeded(&self) -> bool {
        self.failed.is_none()
    }

    pub(super) async fn answer(mut self, host: &Host) {
        if let Some((what, failure)) = self.failed {
            let (text, help) = failure.into_parts();
            return self.asker.answer(&Answer::refused(format!("{what} it had: {text}"), help)).await;
        }
        let serving = host.cogs().status().cogs.iter().filter(|cog| cog.generation.is_some()).count();
        let took = self.since.elapsed();
        let text = format!("restarted in {}, with {}{}", Shown(took), counted(serving, "cog"), self.notes);
        tracing::info!("{text}");
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let answer = Answer::done(text, &serde_json::json!({ "micros": micros, "serving": serving }));
        self.asker.answer(&answer).await;
    }
}

/// Closes the host and opens it with another config, or with the old one if that fails.
pub(super) async fn restart(
    host: Host,
    config: Arc<Config>,
    asker: WaitingClient,
) -> Result<(Host, Restarted), Failure> {
    tracing::info!("restarting");
    supervisor::reloading();
    let since = Instant::now();
    let (before, clock) = (Arc::clone(host.config()), host.sessions().clock.clone());
    let notes = notes(&before, &config);
    let RestartError { error, inherited } = match host.restart(config).await {
        Ok(host) => return Ok((host, Restarted { since, failed: None, notes, asker })),
        Err(failed) => failed,
    };
    let what = "failed to restart, and the host goes on with the config";
    reopen(before, clock, inherited, (what, error.into()), asker).await
}

/// What an operator who has changed the config should know.
fn notes(before: &Config, config: &Config) -> String {
    let mut notes = String::new();
    if config.log != before.log || config.runtime != before.runtime {
        notes += "; changes in `[log]` and `[runtime]` take effect only in a new process";
    }
    let path = |config: &Config| config.store.as_ref().map(|store| store.path.clone());
    if let Some(left) = path(before).filter(|left| path(config).as_ref() != Some(left)) {
        let left = left.display();
        notes += &format!("; the states saved so far stay in `{left}`, which the config no longer names");
    }
    notes
}

/// Closes the host and continues as another program. Returns only if that fails, or with `None` if a signal has asked
/// the host to end meanwhile.
pub(super) async fn upgrade(
    host: Host,
    plan: UpgradePlan,
    signals: &Signals,
    asker: WaitingClient,
) -> Result<Option<(Host, Restarted)>, Failure> {
    let UpgradePlan { program, started } = plan;
    tracing::info!("upgrading to {}", program.version);
    supervisor::reloading();
    let (before, clock) = (Arc::clone(host.config()), host.sessions().clock.clone());
    let has_store = host.sessions().store.is_some();
    let (closed, inherited) = host.close_for_restart().await;
    let failure = match closed {
        Ok(()) if signals.is_asked() => return Ok(None),
        Ok(()) => {
            log::flush(super::LAST_LINES);
            let memory = if has_store { Ok(None) } else { inherited.to_memory() };
            let error = match memory {
                Ok(memory) => started.replace(&program, memory.as_ref()),
                Err(error) => error,
            };
            Failure::new(Exit::Failed, format!("`{}` cannot be executed: {error}", program.file.display()))
        }
        Err(lost) => HostError::from(lost).into(),
    };
    let what = "failed to upgrade, and the host goes on as the program";
    reopen(before, clock, inherited, (what, failure), asker).await.map(Some)
}

/// Opens the host again as it was.
async fn reopen(
    config: Arc<Config>,
    clock: HostClock,
    mut inherited: Inherited,
    (what, failure): (&'static str, Failure),
    mut asker: WaitingClient,
) -> Result<(Host, Restarted), Failure> {
    let (why, help) = failure.parts();
    let (why, output) = log::lines(why);
    tracing::error!(output, help, "{what} it had: {why}");
    let host = async {
        let sessions = Sessions::open_with_clock(&config, clock).await?;
        Ok::<_, Failure>(Host::open_after(&mut inherited, config, Arc::new(sessions)).await?)
    };
    match host.await {
        Ok(host) => {
            let restarted = Restarted {
                since: Instant::now(),
                failed: Some((what, failure)),
                notes: String::new(),
                asker,
            };
            Ok((host, restarted))
        }
        Err(error) => {
            let (text, help) = failure.into_parts();
            let text = format!("{what} it had, but does not start with that either, and ends: {text}");
            asker.answer(&Answer::refused(text, help)).await;
            Err(error)
        }
    }
}
