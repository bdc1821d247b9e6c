//! `gearshift push` and `gearshift pull`: copy packages from a folder to a registry, and back.

use std::path::PathBuf;

use clap::Args;

use super::{
    exit::Failure,
    packages::{PACKAGES, Putting, Reach, runtime},
};
use crate::packages::{Access, Packed, Place, Reference, Repository, Trust};

/// Copy a package from a folder to a registry
#[derive(Debug, Args)]
#[command(
    long_about = "Copy a package with its signatures from a folder of packages to a registry (Docker Hub, GHCR, Harbor \
        or any other OCI registry), or to another folder. The login is the one of `docker login`. The last part of the \
        reference is the cog's name; without a version, the newest one is pushed. A version that already exists stays \
        as it is, unless --force replaces it.",
    after_long_help = "Examples:\n\
        \n    gearshift push ghcr.io/me/greeter\
        \n    gearshift push registry.example.com/cogs/greeter:1.2.0\
        \n    gearshift push /srv/packages/greeter"
)]
pub(super) struct Push {
    /// Destination: HOST/PATH/NAME or ./FOLDER/NAME, optionally with :VERSION or @RANGE
    #[arg(value_name = "REF")]
    to: String,

    /// Folder of packages to take it from
    #[arg(long, value_name = "FOLDER", default_value = PACKAGES)]
    from: PathBuf,

    #[command(flatten)]
    putting: Putting,

    #[command(flatten)]
    reach: Reach,
}

impl Push {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let to: Reference = self.to.parse()?;
        let from = Reference { place: Place::in_folder(&self.from, to.place.name()), ..to.clone() };
        let config = self.reach.config()?;
        let (into, _) = self.reach.open(&to.place, &config)?;
        let source = Repository::open(&from.place, Access::default())?;
        runtime()?.block_on(async {
            let package = source.find(&from, &Trust::default()).await?;
            let packed = Packed::take(&source, package).await?;
            self.putting.put("pushed", &packed, &into, None).await
        })
    }
}

/// Copy a package from a registry to a folder
#[derive(Debug, Args)]
#[command(
    long_about = "Copy a package with its signatures from a registry to a folder of packages. Everything in it is \
        checked against its digest; if the config sets `require_signed`, nothing of it is read before a signature by a \
        trusted key has been verified. Nothing is installed.",
    after_long_help = "Examples:\n\
        \n    gearshift pull ghcr.io/me/greeter:1.2.0\
        \n    gearshift pull ghcr.io/me/greeter@^1.2 --out /srv/packages"
)]
pub(super) struct Pull {
    /// Package: HOST/PATH/NAME or ./FOLDER/NAME, optionally with :VERSION, @RANGE or @sha256:…
    #[arg(value_name = "REF")]
    from: String,

    /// Folder of packages to write to
    #[arg(long, value_name = "FOLDER", default_value = PACKAGES)]
    out: PathBuf,

    #[command(flatten)]
    putting: Putting,

    #[command(flatten)]
    reach: Reach,
}

impl Pull {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let from: Reference = self.from.parse()?;
        let config = self.reach.config()?;
        let (source, trust) = self.reach.open(&from.place, &config)?;
        let place = Place::in_folder(&self.out, from.place.name());
        let into = Repository::open(&place, Access::default())?;
        runtime()?.block_on(async {
            let package = source.find(&from, &trust).await?;
            let key = package.signed_by().cloned();
            let packed = Packed::take(&source, package).await?;
            self.putting.put("pulled", &packed, &into, key.as_ref()).await
        })
    }
}
