//! Shared by the commands on packages: how a repository is reached, and how the result is printed.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use tokio::runtime::{Builder, Runtime};

use super::{
    exit::{Exit, Failure},
    progress, source,
};
use crate::{
    config::{self, Config},
    log,
    packages::{Access, PackageError, Packed, Place, PublicKey, Put, ReferenceError, Repository, Trust},
};

/// The default folder of packages.
pub(super) const PACKAGES: &str = "packages";

/// How packages are reached, and which keys are trusted.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// Config file with `[packages]` and `[registry."…"]` [default: gearshift.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Connect to the registry without TLS, as is always done for loopback addresses
    #[arg(long)]
    plain_http: bool,
}

impl Reach {
    pub(super) fn config(&self) -> Result<Config, Failure> {
        log_warnings()?;
        source::config_or_default(self.config.as_deref())
    }

    /// The repository of a place, and who must have signed its packages.
    pub(super) fn open(&self, place: &Place, config: &Config) -> Result<(Repository, Trust), Failure> {
        let mut access = Access::to(place, config);
        access.plain_http |= self.plain_http;
        access.downloads = progress::downloads();
        Ok((Repository::open(place, access)?, Trust::at(place, config)))
    }
}

/// A runtime on this thread, which is enough.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Logs warnings only, such as that a registry is asked again.
pub(super) fn log_warnings() -> Result<(), Failure> {
    Ok(log::init(&config::Log { filter: "warn".to_owned(), ..config::Log::default() }, None, None)?)
}

/// How a package is stored, and how the result is printed.
#[derive(Debug, Args)]
pub(super) struct Putting {
    /// Overwrite a version that exists with different content
    #[arg(long)]
    force: bool,

    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

impl Putting {
    /// Stores the package, and prints the result.
    pub(super) async fn put(
        &self,
        verb: &str,
        packed: &Packed<'_>,
        into: &Repository,
        key: Option<&PublicKey>,
    ) -> Result<(), Failure> {
        let put = packed.put(into, self.force).await?;
        print(verb, packed, into.place(), put, key, self.json)
    }
}

fn print(
    verb: &str,
    packed: &Packed<'_>,
    place: &Place,
    put: Put,
    key: Option<&PublicKey>,
    json: bool,
) -> Result<(), Failure> {
    let package = packed.package();
    let mut out = io::stdout().lock();
    if json {
        let line = serde_json::json!({
            "name": package.name(),
            "version": package.version(),
            "digest": package.digest(),
            "targets": package.targets().collect::<Vec<_>>(),
            "place": place.to_string(),
            "key": key.map(ToString::to_string),
            "new": put != Put::Same,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let was = match put {
        Put::New => String::new(),
        Put::Same => ", which already existed".to_owned(),
        Put::Replaced(before) => format!(", instead of {before}"),
    };
    writeln!(
        out,
        "{verb} `{place}:{}` for {}{was}",
        package.version(),
        package.targets().collect::<Vec<_>>().join(", ")
    )?;
    writeln!(out, "  {}", package.digest())?;
    if let Some(key) = key {
        writeln!(out, "  signed by {}", key.id())?;
    }
    Ok(())
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Failure {
        let exit = match &error {
            _ if error.is_unavailable() => Exit::Unavailable,
            PackageError::Io { .. } => Exit::CannotCreate,
            _ => Exit::Failed,
        };
        Failure::new(exit, crate::error::chain(&error)).help(error.help())
    }
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Failure {
        Failure::new(Exit::Usage, error.to_string()).help(error.help().to_owned())
    }
}
