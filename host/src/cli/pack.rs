//! `gearshift pack`: cogs become packages in a folder.

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
    packages::{Access, PackError, Packed, Place, Repository, Words, WordsError},
};

/// Make packages of cogs: libraries, manifest, README, changelog, signature
#[derive(Debug, Args)]
#[command(
    long_about = "Make packages of cogs: builds those below some folders in a release build and puts each into a folder of \
        packages, an OCI image layout that can be installed from and pushed to a registry. With --library it takes \
        libraries that are built already, one for each target. The same libraries are always the same package, byte for byte.\n\n\
        README, CHANGELOG.md, licence, authors and description are those of the cog's package. A settings.schema.json beside \
        its Cargo.toml (JSON Schema) says what the operator can and must set.",
    after_long_help = "Examples:\n\
        \n    gearshift pack\
        \n    gearshift pack plugins/* --sign\
        \n    gearshift pack --library x86/libgreeter.so --library arm/libgreeter.so"
)]
pub(super) struct Pack {
    /// Folders with packages of cogs [default: .]
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,

    /// A library that is built already, instead of a build; once for each target. README and licence are those of FOLDER
    #[arg(long, value_name = "FILE")]
    library: Vec<PathBuf>,

    /// Build for this target; may be named more than once
    #[arg(long, value_name = "TRIPLE", conflicts_with = "library")]
    target: Vec<String>,

    #[command(flatten)]
    signing: Signing,

    /// The folder of packages
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

    /// The libraries of each cog, and what its author says of it.
    async fn cogs(&self) -> Result<Vec<(Vec<PathBuf>, Words)>, Failure> {
        let here = [PathBuf::from(".")];
        let folders = if self.folders.is_empty() { &here[..] } else { &self.folders };
        if self.library.is_empty() {
            let built = dev::release(folders, &self.target).await?;
            let cogs = built.into_iter().map(|cog| Ok((cog.libraries, words(&cog.folder, cog.facts)?)));
            return cogs.collect();
        }
        let [folder] = folders else {
            let text = "libraries are of one cog, and so is the folder with its README";
            return Err(Failure::new(Exit::Usage, text));
        };
        let words = match dev::facts(folder)? {
            // The README of whatever folder this is would be another's.
            None if self.folders.is_empty() => Words::default(),
            facts => words(folder, facts.unwrap_or_default())?,
        };
        Ok(vec![(self.library.clone(), words)])
    }
}

fn words(folder: &Path, facts: Facts) -> Result<Words, WordsError> {
    let Facts { authors, description, license, readme, repository } = facts;
    let mut words = Words { authors, description, license, repository, ..Words::default() };
    words.add_files(folder, readme.as_deref())?;
    Ok(words)
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Failure {
        Failure::new(Exit::Data, crate::error::chain(&error)).help(error.help())
    }
}

impl From<WordsError> for Failure {
    fn from(error: WordsError) -> Failure {
        Failure::new(Exit::Data, error.to_string())
    }
}
