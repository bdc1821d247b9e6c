//! The commands that change the installed cogs: `gearshift install`, `update`, `rollback`, `pin`, `unpin`, `uninstall`.
//! The change of each cog is planned first, and then made through the running host, or in the folder if none is
//! running.

mod listing;
mod placing;
mod shown;

use clap::Args;
use semver::Version;

pub(super) use self::listing::{List, Verify};
use self::{
    placing::{Destination, follow},
    shown::{Performed, Shown},
};
use super::{
    exit::{Exit, Failure},
    packages::{log_warnings, runtime},
    progress,
    running::RunningHost,
};
use crate::{
    config::Config,
    install::{InstallError, Installation, Planned},
    packages::Reference,
};

/// Install cogs from packages, whether or not the bot is running
#[derive(Debug, Args)]
#[command(
    long_about = "Install cogs from packages in a registry or a folder. A running host replaces each cog while the bot \
        stays connected; if no host is running, the library is first tried in a process of its own. What is installed \
        is recorded in gearshift.lock, beside the config file.\n\n\
        The version to install is the newest one that matches the reference, that this host can serve, and that is \
        signed as the config requires. Newer versions are skipped, each with a line that gives the reason. With @DIGEST \
        it is exactly that package, and the cog is pinned to it, as by `gearshift pin`.",
    after_long_help = "Examples:\n\
        \n    gearshift install ghcr.io/me/greeter\
        \n    gearshift install ghcr.io/me/greeter@^1.2 ./packages/counter:0.3.0\
        \n    gearshift install --locked     # exactly what gearshift.lock lists, byte for byte\n\n\
        A cog that fails stays as it was, the others are still installed, and the exit code is 1."
)]
pub(super) struct Install {
    /// Package: HOST/PATH/NAME or ./FOLDER/NAME, optionally with :VERSION or @RANGE, which later updates keep to, or @DIGEST
    #[arg(value_name = "REF", required_unless_present = "locked")]
    references: Vec<String>,

    /// Install exactly what gearshift.lock lists
    #[arg(long, conflicts_with = "references")]
    locked: bool,

    #[command(flatten)]
    options: ChangeOptions,
}

/// Update installed cogs to newer versions
#[derive(Debug, Args)]
#[command(
    long_about = "Update installed cogs to the newest versions that match what was asked for when they were installed; \
        all of them if none is named. A version that was rolled back from is skipped until there is a newer one. A cog \
        that fails stays at its version, and the others are still updated.",
    after_long_help = "Examples:\n\
        \n    gearshift update --dry-run\
        \n    gearshift update greeter\n\n\
        The exit code is 1 if a cog could not be updated."
)]
pub(super) struct Update {
    /// Names of cogs [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    options: ChangeOptions,
}

/// Roll back a cog to a version that was installed before
#[derive(Debug, Args)]
#[command(
    long_about = "Roll back a cog to a version that was installed before, and to the source it came from. The last \
        five versions are kept. Without a version, it is the newest one that is older than the installed one. No \
        registry is asked, unless the kept copy is damaged. `update` does not undo a rollback until there is a newer \
        version; `gearshift install` with the reference does.",
    after_long_help = "Examples:\n\
        \n    gearshift rollback greeter\
        \n    gearshift rollback greeter 1.1.0"
)]
pub(super) struct Rollback {
    /// Name of the cog
    name: String,

    /// Version to roll back to
    version: Option<Version>,

    #[command(flatten)]
    options: ChangeOptions,
}

/// Pin a cog to its version, so that `update` skips it
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n\
        \n    gearshift pin greeter\
        \n    gearshift pin greeter 1.1.0     # installs that version first")]
pub(super) struct Pin {
    /// Name of the cog
    name: String,

    /// Version to pin the cog to, if not the installed one
    version: Option<Version>,

    #[command(flatten)]
    options: ChangeOptions,
}

/// Unpin a cog, so that `update` updates it again
#[derive(Debug, Args)]
pub(super) struct Unpin {
    /// Name of the cog
    name: String,

    #[command(flatten)]
    host: RunningHost,
}

/// Uninstall cogs; their saved states stay
#[derive(Debug, Args)]
pub(super) struct Uninstall {
    /// Names of cogs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    options: ChangeOptions,
}

#[derive(Debug, Args)]
struct ChangeOptions {
    /// Agree to what needs consent: another source, an unsigned version after a signed one, an older version
    /// (`install`), a version that asks the host for more, required settings that are not set, a file that was put
    /// there by hand
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    host: RunningHost,
}

impl Install {
    pub(super) fn execute(self) -> Result<(), Failure> {
        if self.locked {
            return self.options.carry_out("gearshift install", Wanted::All, async |installation, name| {
                installation.plan_locked(name).await
            });
        }
        let references = self.references.iter().map(|text| text.parse::<Reference>());
        let references = references.collect::<Result<Vec<_>, _>>()?;
        for (at, reference) in references.iter().enumerate() {
            let is_other =
                |other: &&Reference| other.place.name() == reference.place.name() && *other != reference;
            if let Some(other) = references[..at].iter().find(is_other) {
                let name = reference.place.name();
                let text = format!("`{other}` and `{reference}` both name the cog `{name}`");
                return Err(Failure::new(Exit::Usage, text).help("give only one of them".to_owned()));
            }
        }
        let names = references.iter().map(|reference| reference.place.name().to_owned()).collect();
        self.options.carry_out("gearshift install", Wanted::These(names), async |installation, name| {
            match references.iter().find(|reference| reference.place.name() == name) {
                Some(reference) => installation.plan(reference).await,
                None => installation.plan_update(name).await,
            }
        })
    }
}

impl Update {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let wanted = match self.names.is_empty() {
            true => Wanted::All,
            false => Wanted::These(self.names),
        };
        let plan = async |installation: &Installation<'_>, name: &str| installation.plan_update(name).await;
        match self.dry_run {
            true => self.options.show_plans(wanted, plan),
            false => self.options.carry_out("gearshift update", wanted, plan),
        }
    }
}

impl Rollback {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let version = self.version.as_ref();
        self.options.carry_out(
            "gearshift rollback",
            Wanted::These(vec![self.name]),
            async |installation, name| installation.plan_rollback(name, version).await,
        )
    }
}

impl Pin {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let config = self.options.config()?;
        let mut work = self.options.begin(&config, "gearshift pin")?;
        if let Some(version) = &self.version {
            let there = work.installation.installed(&self.name)?;
            if there.now.version != *version {
                work.one(&self.name, async |installation: &Installation<'_>, name: &str| {
                    installation.plan_version(name, version).await
                });
            }
        }
        if work.failures.is_empty() {
            let pinned = work.installation.pin(&self.name, true);
            work.note(&self.name, pinned.map(Performed::Pinned));
        }
        work.end()
    }
}

impl Unpin {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let options = ChangeOptions { yes: false, host: self.host };
        let config = options.config()?;
        let mut work = options.begin(&config, "gearshift unpin")?;
        let unpinned = work.installation.pin(&self.name, false);
        work.note(&self.name, unpinned.map(Performed::Unpinned));
        work.end()
    }
}

impl Uninstall {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let config = self.options.config()?;
        let mut work = self.options.begin(&config, "gearshift uninstall")?;
        for name in &Wanted::These(self.names).names(&work.installation) {
            let gone = work.installation.uninstall(name, self.options.yes, &mut work.place);
            work.note(name, gone.map(Performed::Changed));
        }
        work.end()
    }
}

/// Which cogs to change.
enum Wanted {
    All,
    These(Vec<String>),
}

impl Wanted {
    fn names(self, installation: &Installation<'_>) -> Vec<String> {
        match self {
            Wanted::All => installation.lock().cogs.keys().cloned().collect(),
            Wanted::These(mut names) => {
                let mut seen = std::collections::BTreeSet::new();
                names.retain(|name| seen.insert(name.clone()));
                names
            }
        }
    }
}

impl ChangeOptions {
    fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.host.config_file())?)
    }

    fn begin<'c>(&'c self, config: &'c Config, doing: &str) -> Result<Work<'c>, Failure> {
        log_warnings()?;
        let mut installation = Installation::open(config, doing)?;
        installation.show(progress::downloads());
        let mut place = Destination::find(&self.host, config)?;
        let runtime = runtime()?;
        if let Destination::Host(client) = &mut place {
            follow(client, &mut installation, &runtime)?;
        }
        let shown = Shown { json: self.host.json, unprinted: None };
        Ok(Work { yes: self.yes, installation, place, runtime, shown, changes: 0, failures: Vec::new() })
    }

    /// Plans and changes the cogs one by one.
    fn carry_out(
        &self,
        doing: &str,
        wanted: Wanted,
        plan: impl AsyncFn(&Installation<'_>, &str) -> Result<Planned, InstallError>,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let mut work = self.begin(&config, doing)?;
        let mut names = wanted.names(&work.installation);
        if names.is_empty() {
            work.shown.nothing_installed()?;
        }
        loop {
            let before = work.changes;
            names.retain(|name| !work.one(name, &plan));
            // Another cog may meanwhile have given up what a cog was refused for.
            if names.is_empty() || work.changes == before {
                return work.end();
            }
            work.failures.retain(|(name, _)| !names.contains(name));
        }
    }

    fn show_plans(
        &self,
        wanted: Wanted,
        plan: impl AsyncFn(&Installation<'_>, &str) -> Result<Planned, InstallError>,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let mut work = self.begin(&config, "gearshift update --dry-run")?;
        for name in wanted.names(&work.installation) {
            let planned = work.runtime.block_on(plan(&work.installation, &name));
            work.note(&name, planned.map(Performed::Planned));
        }
        work.end()
    }
}

/// A running command.
struct Work<'c> {
    yes: bool,
    installation: Installation<'c>,
    place: Destination,
    runtime: tokio::runtime::Runtime,
    shown: Shown,
    /// How many cogs have been changed.
    changes: usize,
    failures: Vec<(String, InstallError)>,
}

impl Work<'_> {
    /// Plans and changes one cog. Returns whether the cog is done; one that the host or the trial refused may be tried
    /// again.
    fn one(
        &mut self,
        name: &str,
        plan: impl AsyncFn(&Installation<'_>, &str) -> Result<Planned, InstallError>,
    ) -> bool {
        let done = self.runtime.block_on(async {
            match plan(&self.installation, name).await? {
                Planned::Change(plan) => {
                    let changed = self.installation.change(*plan, self.yes, &mut self.place).await;
                    changed.map(Performed::Changed)
                }
                nothing @ Planned::Nothing { .. } => Ok(Performed::Planned(nothing)),
            }
        });
        let is_end = !matches!(done, Err(InstallError::Refused(_)));
        self.note(name, done);
        is_end
    }

    /// Shows what was done; failures are shown at the end.
    fn note(&mut self, name: &str, done: Result<Performed, InstallError>) {
        match done {
            Ok(done) => {
                self.changes += usize::from(matches!(done, Performed::Changed(_)));
                self.shown.done(name, &done);
            }
            Err(error) => self.failures.push((name.to_owned(), error)),
        }
    }

    fn end(self) -> Result<(), Failure> {
        for (name, error) in &self.failures {
            let stays = self.installation.lock().cogs.get(name).map(|there| &there.now.version);
            self.shown.failed(name, stays, error)?;
        }
        match &self.failures[..] {
            [] => self.shown.unprinted.map_or(Ok(()), |error| Err(error.into())),
            failures if failures.iter().all(|(_, error)| error.is_unavailable()) => {
                Err(Failure::reported(Exit::Unavailable))
            }
            _ => Err(Failure::reported(Exit::Failed)),
        }
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Failure {
        let exit = match &error {
            _ if error.is_unavailable() => Exit::Unavailable,
            InstallError::Io { .. } | InstallError::Busy { .. } => Exit::CannotCreate,
            InstallError::Lock { .. } | InstallError::OtherForm { .. } | InstallError::Journal { .. } => {
                Exit::Data
            }
            InstallError::Host(_) => Exit::Internal,
            _ => Exit::Failed,
        };
        Failure::new(exit, crate::error::chain(&error)).help(error.help())
    }
}
