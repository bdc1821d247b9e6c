//! Checks of where packages come from and which keys are trusted: the registries and keys of the config, and the source
//! of each installed cog. It downloads no package.

use std::{collections::BTreeSet, path::Path, time::Duration};

use tokio::time::timeout;

use super::{
    super::exit::Failure,
    finding::{Level, Report},
};
use crate::{
    config::Config,
    install::{self, Installed, Lock},
    packages::{Access, PackageError, Place, Reference, Repository, Trust, Wanted},
};

/// How long each source may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The package to ask for where none is known; it need not exist.
const ANY: &str = "gearshift";

pub(super) async fn check(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let lock = match install::read(config) {
        Ok(lock) => lock,
        Err(error) => {
            report.failure("lock", error.into())?;
            Lock::default()
        }
    };
    keys(config, report)?;
    let mut sources = Sources { config, silent: BTreeSet::new(), report };
    for (name, there) in &lock.cogs {
        sources.installed(name, there).await?;
    }
    for name in config.registry.keys() {
        sources.section(name, &lock).await?;
    }
    Ok(())
}

/// Checks that where packages must be signed, a key is trusted. Reading the config has already checked that the keys
/// are valid.
fn keys(config: &Config, report: &mut Report) -> Result<(), Failure> {
    // No section applies to a place without a name.
    let common = ("any registry".to_owned(), Trust::of(&config.packages_of(""), config));
    let own = config
        .registry
        .keys()
        .map(|name| (format!("`{name}`"), Trust::of(&config.packages_of(name), config)));
    for (place, Trust { keys, required, add }) in std::iter::once(common).chain(own) {
        match (keys.len(), required) {
            (0, true) => {
                let text = format!(
                    "packages from {place} must be signed, and no key is trusted: none can be installed"
                );
                report.warn("keys", text, &format!("`{add}`, or leave out `require_signed`"))?;
            }
            (0, false) => {}
            (some, _) => {
                let must = if required { "must" } else { "need not" };
                report.ok(
                    "keys",
                    format!("packages from {place} {must} be signed; {} trusted", counted(some)),
                )?;
            }
        }
    }
    Ok(())
}

fn counted(keys: usize) -> String {
    if keys == 1 { "1 key is".to_owned() } else { format!("{keys} keys are") }
}

/// Asks the sources.
struct Sources<'a> {
    config: &'a Config,
    /// Registries that do not answer: each is reported once.
    silent: BTreeSet<String>,
    report: &'a mut Report,
}

impl Sources<'_> {
    /// Checks that the source of an installed cog still has it, signed as the config requires.
    async fn installed(&mut self, name: &str, there: &Installed) -> Result<(), Failure> {
        let place = &there.now.source.place;
        let Some(repository) = self.open(place)? else { return Ok(()) };
        let (wanted, trust) = (Wanted::Newest, Trust::at(place, self.config));
        let exactly = Reference { place: place.clone(), wanted, digest: Some(there.now.package) };
        let asked = answer(place, repository.find(&exactly, &trust)).await;
        let Some(package) = self.usable(place, asked)? else { return Ok(()) };
        let signed = package.signed_by().map(|key| format!(", signed by {}", key.id())).unwrap_or_default();
        let text = format!("`{place}` has `{name}` {}{signed}{}", package.version(), login(&repository));
        Ok(self.report.ok("registry", text)?)
    }

    /// Checks that the registry or folder of a section answers.
    async fn section(&mut self, name: &str, lock: &Lock) -> Result<(), Failure> {
        if Path::new(name).is_absolute() {
            return self.folder(name);
        }
        let Reference { place, .. } = format!("{}/{ANY}", name.trim_end_matches('/')).parse()?;
        let is_in_use = |there: &Installed| Path::new(&there.now.source.place.to_string()).starts_with(name);
        if lock.cogs.values().any(is_in_use) {
            return Ok(());
        }
        let Some(repository) = self.open(&place)? else { return Ok(()) };
        match answer(&place, repository.probe()).await {
            // Docker Hub and GHCR do not tell strangers whether something exists.
            Err(error @ PackageError::Refused { .. }) => {
                let (text, help) = Failure::from(error).into_parts();
                let help = format!(
                    "{}; or `{place}`, which was asked for, does not exist",
                    help.unwrap_or_default()
                );
                self.report.warn("registry", text, &help)?;
            }
            asked => {
                if self.usable(&place, asked)?.is_some() {
                    self.report.ok("registry", format!("`{name}` answers{}", login(&repository)))?;
                }
            }
        }
        Ok(())
    }

    fn folder(&mut self, name: &str) -> Result<(), Failure> {
        match std::fs::read_dir(name) {
            Ok(_) => Ok(self.report.ok("registry", format!("the folder `{name}` can be read"))?),
            Err(error) => {
                let text = format!("cannot read the folder `{name}`, which `[registry]` names: {error}");
                Ok(self.report.warn("registry", text, "create it, or correct the name of the section")?)
            }
        }
    }

    /// Opens a repository, without retries.
    fn open(&mut self, place: &Place) -> Result<Option<Repository>, Failure> {
        if host(place).is_some_and(|host| self.silent.contains(host)) {
            return Ok(None);
        }
        let access = Access { retries: 0, ..Access::to(place, self.config) };
        let opened = Repository::open(place, access);
        self.usable(place, opened)
    }

    /// The answer. An error is reported as a warning and gives `None`: a bot starts all the same.
    fn usable<T>(&mut self, place: &Place, answered: Result<T, PackageError>) -> Result<Option<T>, Failure> {
        let error = match answered {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        if let (Some(host), true) = (host(place), error.is_unavailable()) {
            self.silent.insert(host.to_owned());
        }
        let check = match error {
            PackageError::Unsigned { .. } | PackageError::Untrusted { .. } | PackageError::Forged { .. } => {
                "keys"
            }
            _ => "registry",
        };
        let (text, help) = Failure::from(error).into_parts();
        self.report.add(check, Level::Warning, text, help)?;
        Ok(None)
    }
}

fn host(place: &Place) -> Option<&str> {
    match place {
        Place::Registry { registry, .. } => Some(registry),
        Place::Folder(_) => None,
    }
}

fn login(repository: &Repository) -> &'static str {
    match (repository.place(), repository.has_login()) {
        (Place::Folder(_), _) => "",
        (_, true) => "; with docker's login",
        (_, false) => "; without a login",
    }
}

async fn answer<T>(
    place: &Place,
    asked: impl Future<Output = Result<T, PackageError>>,
) -> Result<T, PackageError> {
    match timeout(ANSWER_TIMEOUT, asked).await {
        Ok(said) => said,
        Err(_) => Err(PackageError::Registry {
            registry: host(place).unwrap_or_default().to_owned(),
            why: format!("no answer within {} ms", ANSWER_TIMEOUT.as_millis()),
        }),
    }
}
