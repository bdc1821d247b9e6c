//! Installed and earlier versions, kept as packages: each in an OCI layout of its own, named by its digest, so that
//! removing one means removing a folder.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use gearshift_cog::manifest::TARGET;

use super::{choose::SourceRules, error::InstallError, files, installed::Content, lock::Lock};
use crate::{
    error::chain,
    library,
    packages::{About, Access, Artifact, Digest, Package, Packed, Place, Reference, Repository, Wanted},
};

/// The kept packages.
#[derive(Debug)]
pub(super) struct KeptPackages {
    folder: PathBuf,
}

impl KeptPackages {
    pub(super) fn new(folder: PathBuf) -> KeptPackages {
        KeptPackages { folder }
    }

    fn place(&self, name: &str, package: &Digest) -> Place {
        Place::in_folder(&self.folder.join(package.hex()), name)
    }

    fn repository(&self, name: &str, package: &Digest) -> Result<Repository, InstallError> {
        Ok(Repository::open(&self.place(name, package), Access::default())?)
    }

    /// Copies a package with its signatures, verifying every digest.
    pub(super) async fn keep(&self, from: &Repository, package: Package) -> Result<(), InstallError> {
        let into = self.repository(package.name(), &package.digest())?;
        Packed::take(from, package).await?.put(&into, true).await?;
        Ok(())
    }

    /// A kept package, if its signatures satisfy the rules.
    pub(super) async fn find(
        &self,
        name: &str,
        package: &Digest,
        rules: &SourceRules,
    ) -> Result<(Repository, Package, Artifact), InstallError> {
        let repository = self.repository(name, package)?;
        let wanted =
            Reference { place: repository.place().clone(), wanted: Wanted::Newest, digest: Some(*package) };
        let found = repository.find(&wanted, &rules.trust).await?;
        let artifact = repository.artifact(&found, TARGET).await?;
        Ok((repository, found, artifact))
    }

    /// Whether anything is kept of a package.
    pub(super) fn holds(&self, package: &Digest) -> bool {
        self.folder.join(package.hex()).exists()
    }

    /// A kept package in which every part matches its digest, and which is what the lock says.
    pub(super) async fn check(
        &self,
        name: &str,
        content: &Content,
        rules: &SourceRules,
    ) -> Result<Package, InstallError> {
        let (repository, found, artifact) = self.find(name, &content.package, rules).await?;
        content.check(&found, &artifact)?;
        Packed::take(&repository, found.clone()).await?.check().await?;
        Ok(found)
    }

    /// Writes the library of a kept package into the cogs folder, under a name that is not a library's, and inspects
    /// it. The file that is renamed later is the one verified here.
    pub(super) async fn stage(
        &self,
        cogs: &Path,
        name: &str,
        content: &Content,
        rules: &SourceRules,
    ) -> Result<PathBuf, InstallError> {
        let (repository, found, artifact) = self.find(name, &content.package, rules).await?;
        let mut file = files::unfinished(cogs, std::env::consts::DLL_SUFFIX)?;
        let path = file.path().to_owned();
        repository.library(&found, &artifact, file.as_file_mut(), &path).await?;
        file.as_file().sync_all().map_err(InstallError::io("write", &path))?;
        inspect(&path, name, &content.version, &artifact.about)?;
        let (_, path) = file.keep().map_err(|error| InstallError::io("write", path)(error.error))?;
        Ok(path)
    }

    /// Removes packages that the lock does not name.
    pub(super) fn prune(&self, lock: &Lock) {
        let named: BTreeSet<String> =
            lock.cogs.values().flat_map(|cog| cog.contents().map(|it| it.package.hex())).collect();
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            if !named.contains(&*entry.file_name().to_string_lossy())
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::debug!("`{}` stays: {error}", entry.path().display());
            }
        }
    }
}

/// Checks, without executing it, that a library is the cog with that name and version, and that this host can serve it.
fn inspect(file: &Path, name: &str, version: &semver::Version, about: &About) -> Result<(), InstallError> {
    let what = format!("{name} {version}");
    let refused = |why: String| InstallError::Library { what: what.clone(), why };
    let contents = library::read(file).map_err(|error| refused(chain(&error)))?;
    let manifest = &contents.manifest;
    if manifest.name != name || manifest.version != version.to_string() {
        let said = format!("{} {}", manifest.name.escape_debug(), manifest.version.escape_debug());
        return Err(refused(format!("it says that it is {said}")));
    }
    // The user agreed to what the package declares.
    if manifest.handles != about.handles {
        return Err(refused("it asks the host for other handles than its package says".to_owned()));
    }
    match library::mismatches(&contents).into_iter().next() {
        Some(mismatch) => Err(refused(mismatch.to_string())),
        None => Ok(()),
    }
}
