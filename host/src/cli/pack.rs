//! `gearshift pack`: builds packages of cogs in a folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    exit::{Exit, Failure},
    keys::{self, Signing},
    packages::{PACKAGES, Putting, runtime},
};
use crate::{
    config,
    dev::{self, Facts},
    log,
    packages::{Access, AuthorTexts, AuthorTextsError, PackError, Packed, Place, Repository},
};

/// Build packages of cogs: libraries, manifest, README, changelog, signature
#[derive(Debug, Args)]
#[command(
    long_about = "Build packages of cogs: build all cogs below the given folders in release mode, and put each into a \
        folder of packages. That is an OCI image layout, which can be installed from and pushed to a registry. With \
        --library, take libraries that are already built, one for each target. The same libraries always give the same \
        package, byte for byte.\n\n\
        README, CHANGELOG.md, licence, authors and description are those of the cog's cargo package. A \
        settings.schema.json (JSON Schema) beside its Cargo.toml describes the settings that the operator can and must \
        set.",
    after_long_help = "Examples:\n\
        \n    gearshift pack\
        \n    gearshift pack plugins/* --sign\
        \n    gearshift pack --library x86/libgreeter.so --library arm/libgreeter.so"
)]
pub(super) struct Pack {
    /// Folders with cargo packages of cogs [default: .]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,

    /// Take this library instead of building one; once for each target. README and licence come from FOLDER
    #[arg(long, value_name = "FILE")]
    library: Vec<PathBuf>,

    /// Build for this target; can be given several times
    #[arg(long, value_name = "TRIPLE", conflicts_with = "library")]
    target: Vec<String>,

    #[command(flatten)]
    signing: Signing,

    /// Folder of packages to write to
    #[arg(long, value_name = "FOLDER", default_value = PACKAGES)]
    out: PathBuf,

    #[command(flatten)]
    putting: Putting,
}

impl Pack {
    pub(super) fn execute(self) -> Result<(), Failure> {
        log::init(&config::Log::default(), None, None)?;
        let key = self.signing.key()?;
        let runtime = runtime()?;
        for (libraries, words) in runtime.block_on(self.cogs())? {
            let mut packed = Packed::make(&libraries, &words)?;
            if let Some(key) = &key {
                packed.sign(key).map_err(|why| keys::unsigned(&packed, &why))?;
            }
            let place = Place::in_folder(&self.out, packed.package().name());
            let into = Repository::open(&place, Access::default())?;
            let key = key.as_ref().map(|key| key.public());
            runtime.block_on(self.putting.put("packed", &packed, &into, key))?;
        }
        Ok(())
    }

    /// The libraries of each cog, and its description by the author.
    async fn cogs(&self) -> Result<Vec<(Vec<PathBuf>, AuthorTexts)>, Failure> {
        let here = [PathBuf::from(".")];
        let folders = if self.folders.is_empty() { &here[..] } else { &self.folders };
        if self.library.is_empty() {
            let built = dev::release(folders, &self.target).await?;
            let cogs = built.into_iter().map(|cog| Ok((cog.libraries, words(&cog.folder, cog.facts)?)));
            return cogs.collect();
        }
        let [folder] = folders else {
            let text = "--library needs a single FOLDER: the one with the README of the libraries' cog";
            return Err(Failure::new(Exit::Usage, text));
        };
        let words = match dev::facts(folder)? {
            // No folder was named, and this one has no package: its README would belong to something else.
            None if self.folders.is_empty() => AuthorTexts::default(),
            facts => words(folder, facts.unwrap_or_default())?,
        };
        Ok(vec![(self.library.clone(), words)])
    }
}

fn words(folder: &Path, facts: Facts) -> Result<AuthorTexts, AuthorTextsError> {
    let Facts { authors, description, license, readme, repository } = facts;
    let mut words = AuthorTexts { authors, description, license, repository, ..AuthorTexts::default() };
    words.add_files(folder, readme.as_deref())?;
    Ok(words)
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Failure {
        Failure::new(Exit::Data, crate::error::chain(&error)).help(error.help())
    }
}

impl From<AuthorTextsError> for Failure {
    fn from(error: AuthorTextsError) -> Failure {
        Failure::new(Exit::Data, error.to_string())
    }
}
