//! Which version of a package is taken: the newest of those that are asked for that this host can serve. It downloads
//! nothing but what packages say of themselves.

use gearshift_cog::{abi::ABI, manifest::TARGET};

use super::error::InstallError;
use crate::{
    config::Config,
    library::Mismatch,
    packages::{Access, Artifact, Package, PackageError, Place, Reference, Repository, Trust, Wanted},
};

/// What holds for the packages of a place.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Whose signatures count, and whether there must be one.
    pub trust: Trust,
    /// How the registry is reached.
    pub access: Access,
}

impl Rules {
    /// As the config says.
    #[must_use]
    pub fn of(config: &Config, place: &Place) -> Rules {
        Rules { trust: Trust::at(place, config), access: Access::to(place, config) }
    }
}

/// A version that may be installed.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) repository: Repository,
    pub(super) package: Package,
    pub(super) artifact: Artifact,
    /// Newer ones that are asked for as well, with what keeps each from being installed.
    pub(super) passed_over: Vec<String>,
}

/// Chooses.
pub(super) async fn choose(reference: &Reference, rules: &Rules) -> Result<Chosen, InstallError> {
    let repository = Repository::open(&reference.place, rules.access.clone())?;
    let mut passed_over = Vec::new();
    if matches!(reference.wanted, Wanted::Newest) && reference.digest.is_some() {
        let package = repository.find(reference, &rules.trust).await?;
        let artifact = served(&repository, &package).await??;
        return Ok(Chosen { repository, package, artifact, passed_over });
    }
    let versions = repository.versions().await?;
    let asked = versions.iter().rev().filter(|version| reference.wanted.admits(version));
    for version in asked {
        let one = Reference { wanted: Wanted::Version(version.clone()), ..reference.clone() };
        // One that is damaged or not trusted is not passed over: what is older may be what an attacker wants.
        let package = repository.find(&one, &rules.trust).await?;
        match served(&repository, &package).await? {
            Ok(artifact) => return Ok(Chosen { repository, package, artifact, passed_over }),
            Err(why) if matches!(reference.wanted, Wanted::Version(_)) => return Err(why),
            Err(why) => passed_over.push(format!("{version}: {why}")),
        }
    }
    if passed_over.is_empty() {
        // It says what is there instead.
        return Err(PackageError::NoVersion {
            place: reference.place.to_string(),
            wanted: reference.wanted.clone(),
            versions,
        }
        .into());
    }
    Err(InstallError::NoneFits { reference: reference.to_string(), passed_over })
}

/// The version that would be chosen of what was asked for.
///
/// # Errors
/// None can be.
pub async fn choose_newest(reference: &Reference, rules: &Rules) -> Result<semver::Version, InstallError> {
    Ok(choose(reference, rules).await?.package.version().clone())
}

/// What a package says of itself for this host, or why this host cannot serve it.
async fn served(
    repository: &Repository,
    package: &Package,
) -> Result<Result<Artifact, InstallError>, PackageError> {
    let artifact = match repository.artifact(package, TARGET).await {
        Ok(artifact) => artifact,
        Err(error @ PackageError::NoTarget { .. }) => return Ok(Err(error.into())),
        Err(error) => return Err(error),
    };
    let abi = artifact.about.abi;
    if abi.0 != ABI.0 {
        let what = format!("{} {}", package.name(), package.version());
        return Ok(Err(InstallError::Library { what, why: Mismatch::Abi(abi).to_string() }));
    }
    Ok(Ok(artifact))
}
