//! Where a change is made: in the running host, after the new version has started to serve; or in the folder, after the
//! library has passed a trial in a process of its own.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::super::{check, exit::Failure, host_runner::socket_path, running::RunningHost};
use crate::{
    cogs::LoadPlan,
    config::Config,
    control::{CallError, Client, Request},
    error::chain,
    install::{Installation, Journal, Placing, Refusal, Served, Serving},
    library, log,
    text::Lines,
};

/// How long a trial may take.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Where changes are made.
pub(super) enum Destination {
    /// In the running host.
    Host(Client),
    /// In the folder: no host is running. Holds the config file whose settings a trial uses.
    Folder(PathBuf),
}

impl Destination {
    /// Checks whether the host of this config is running.
    pub(super) fn find(host: &RunningHost, config: &Config) -> Result<Destination, Failure> {
        Ok(match running(host, config)? {
            Some(client) => Destination::Host(client),
            None => Destination::Folder(config.file.clone()),
        })
    }
}

/// The host of this config, if it is running. If a socket was named, a host must be listening on it.
pub(super) fn running(host: &RunningHost, config: &Config) -> Result<Option<Client>, Failure> {
    let path = match &host.socket {
        Some(_) => return Ok(Some(host.connect()?)),
        None => socket_path(config),
    };
    match Client::connect(&path) {
        Ok(client) => Ok(Some(client)),
        // There is no socket, or only the one that a killed host left behind.
        Err(CallError::NoHost { source, .. })
            if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What a host is serving.
pub(super) fn serving(client: &mut Client) -> Result<Serving, Failure> {
    let answer = client.call(&Request::List)?;
    let cogs = answer.data["cogs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let refused = answer.data["refused"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |cog: &Value, key: &str| cog[key].as_str().map(str::to_owned);
    let one = |cog: &Value| {
        let served = Served {
            version: text(cog, "version")?,
            digest: text(cog, "digest")?,
            file: text(cog, "file")?.into(),
            went_back: refused.iter().any(|it| it["file"] == cog["file"] && it["went_back"] == true),
        };
        Some((text(cog, "name")?, served))
    };
    Ok(cogs.iter().filter_map(one).collect())
}

/// Makes the library file and the lock follow a host that went back by itself: a host that cannot write there has not
/// done it.
pub(super) fn follow(
    client: &mut Client,
    installation: &mut Installation<'_>,
    runtime: &Runtime,
) -> Result<(), Failure> {
    match runtime.block_on(installation.follow(&serving(client)?)) {
        Ok(done) => done.iter().for_each(|text| log::write(&format!("note: {}\n", Lines(text)))),
        Err(error) => log::write(&format!(
            "warning: `gearshift.lock` cannot follow the host, which went back by itself: {}\n",
            Lines(&chain(&error))
        )),
    }
    Ok(())
}

impl Placing for Destination {
    fn place(&mut self, path: &Path, journal: &Journal) -> Result<String, Refusal> {
        match self {
            Destination::Host(client) => on_host(client, path),
            Destination::Folder(config) => in_folder(config, journal),
        }
    }
}

fn on_host(client: &mut Client, path: &Path) -> Result<String, Refusal> {
    let answer = client.call(&Request::Place { journal: path.to_owned() });
    let answer = answer.map_err(|error| Refusal { text: chain(&error), help: error.help() })?;
    match answer.ok {
        true => Ok(answer.text),
        false => Err(Refusal { text: answer.text, help: answer.help }),
    }
}

fn in_folder(config: &Path, journal: &Journal) -> Result<String, Refusal> {
    let refused = |error: std::io::Error| Refusal { text: format!("cannot try it: {error}"), help: None };
    let Some(staged) = journal.staged() else {
        make(journal)?;
        return Ok("no host is running".to_owned());
    };
    has_place(&staged, journal)?;
    match check::try_one(&staged, config, TRIAL_TIMEOUT).map_err(refused)? {
        Ok(()) => make(journal).map(|()| "no host is running; it passed its trial".to_owned()),
        Err((text, help)) => Err(Refusal { text: format!("it failed its trial: {text}"), help }),
    }
}

/// Checks that the next start would load it beside the existing libraries, and that it keeps none of them out.
fn has_place(staged: &Path, journal: &Journal) -> Result<(), Refusal> {
    let unread = |error| Refusal { text: format!("cannot read the cogs folder: {error}"), help: None };
    let there = library::manifests(&journal.folder).map_err(unread)?;
    // If the library itself is broken, the trial reports it.
    let Ok(own) = library::read(staged) else { return Ok(()) };
    let file = journal.folder.join(&journal.file);
    let mut plan = LoadPlan::default();
    for (other, manifest) in there.iter().filter(|(other, _)| *other != file) {
        // A library that is itself refused is in no other's way.
        let _ = plan.take(other, manifest);
    }
    plan.take(&file, &own.manifest).map_err(|error| Refusal { text: chain(&error), help: error.help() })
}

fn make(journal: &Journal) -> Result<(), Refusal> {
    journal.make().map_err(|error| Refusal { text: chain(&error), help: error.help() })
}
