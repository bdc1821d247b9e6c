//! Chooses a version of a package: the newest that matches the request, that the config trusts and that this host can
//! serve. It downloads only the packages' descriptions of themselves.

use std::fmt;

use gearshift_cog::{abi::ABI, manifest::TARGET};
use semver::Version;

use super::{
    error::InstallError,
    installed::{Content, Installed},
};
use crate::{
    config::Config,
    error::chain,
    library::Mismatch,
    packages::{Access, Artifact, Package, PackageError, Place, Reference, Repository, Trust, Wanted},
};

/// The rules for packages from a place.
#[derive(Debug, Clone, Default)]
pub struct SourceRules {
    /// Which signatures are trusted, and whether one is required.
    pub trust: Trust,
    /// How the registry is accessed.
    pub access: Access,
}

impl SourceRules {
    /// The rules in the config.
    #[must_use]
    pub fn of(config: &Config, place: &Place) -> SourceRules {
        SourceRules { trust: Trust::at(place, config), access: Access::to(place, config) }
    }
}

/// A version that may be installed.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) repository: Repository,
    pub(super) package: Package,
    pub(super) artifact: Artifact,
    /// Newer versions that match the request as well, but cannot be installed.
    pub(super) passed_over: Vec<PassedOver>,
}

/// A version that matches the request, and why it cannot be installed.
#[derive(Debug)]
pub struct PassedOver {
    /// The version.
    pub version: Version,
    /// This host cannot serve it, or the config does not trust it.
    pub why: InstallError,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.version, chain(&self.why))
    }
}

/// Chooses a version, never one older than `installed`.
pub(super) async fn choose(
    reference: &Reference,
    rules: &SourceRules,
    installed: Option<&Version>,
) -> Result<Chosen, InstallError> {
    let repository = Repository::open(&reference.place, rules.access.clone())?;
    let mut passed_over = Vec::new();
    if matches!(reference.wanted, Wanted::Newest) && reference.digest.is_some() {
        let (package, artifact) = usable(&repository, reference, rules).await?;
        return Ok(Chosen { repository, package, artifact, passed_over });
    }
    let versions = repository.versions().await?;
    let mut asked = versions.iter().rev().filter(|version| reference.wanted.admits(version)).peekable();
    if let (Some(newest), Some(installed)) = (asked.peek(), installed)
        && *newest < installed
    {
        let (reference, newest) = (reference.to_string(), (*newest).clone());
        return Err(InstallError::Older { reference, newest, installed: installed.clone() });
    }
    for version in asked.take_while(|version| installed.is_none_or(|installed| *version >= installed)) {
        let one = Reference { wanted: Wanted::Version(version.clone()), ..reference.clone() };
        match usable(&repository, &one, rules).await {
            Ok((package, artifact)) => return Ok(Chosen { repository, package, artifact, passed_over }),
            Err(why) if why.is_of_one_version() && !matches!(reference.wanted, Wanted::Version(_)) => {
                passed_over.push(PassedOver { version: version.clone(), why });
            }
            // A damaged or forged version is an error, not passed over: an older one may be what an attacker wants.
            Err(why) => return Err(why),
        }
    }
    if passed_over.is_empty() {
        // The error lists what exists instead.
        return Err(PackageError::NoVersion {
            place: reference.place.to_string(),
            wanted: reference.wanted.clone(),
            versions,
        }
        .into());
    }
    Err(InstallError::NoUsableVersion { reference: reference.to_string(), passed_over })
}

/// The version that `update` would choose for an installed cog.
///
/// # Errors
/// No version can be chosen.
pub async fn choose_newest(there: &Installed, rules: &SourceRules) -> Result<Version, InstallError> {
    Ok(choose_update(there, rules).await?.package.version().clone())
}

/// Chooses among the requested versions of an installed cog. The result can be older than the installed version only
/// if the request does not admit that one, for instance because the cog was pinned to it.
pub(super) async fn choose_update(there: &Installed, rules: &SourceRules) -> Result<Chosen, InstallError> {
    let Content { version, source, .. } = &there.now;
    choose(source, rules, Some(version).filter(|version| source.wanted.admits(version))).await
}

/// A package that is trusted and that this host can serve, with its description of itself.
async fn usable(
    repository: &Repository,
    reference: &Reference,
    rules: &SourceRules,
) -> Result<(Package, Artifact), InstallError> {
    let package = repository.find(reference, &rules.trust).await?;
    let artifact = repository.artifact(&package, TARGET).await?;
    let abi = artifact.about.abi;
    if abi.0 != ABI.0 {
        let what = format!("{} {}", package.name(), package.version());
        return Err(InstallError::Library { what, why: Mismatch::Abi(abi).to_string() });
    }
    Ok((package, artifact))
}
