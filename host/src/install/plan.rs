//! Plans what to install of one cog. Nothing is changed here.

use std::path::PathBuf;

use gearshift_cog::manifest::TARGET;
use semver::Version;

use super::{
    choose::{Chosen, SourceRules, choose, choose_update},
    confirmation::Confirmation,
    error::InstallError,
    files,
    installation::Installation,
    installed::{Content, Installed},
};
use crate::{
    error::argument,
    library,
    packages::{About, Artifact, Package, PackageError, Reference, Wanted},
};

/// The plan for one cog.
#[derive(Debug)]
pub struct Plan {
    /// The cog.
    pub cog: String,
    /// The version installed now.
    pub from: Option<Version>,
    /// The new entry in the lock.
    pub installed: Installed,
    /// What the user must agree to.
    pub confirmations: Vec<Confirmation>,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// Where it is copied from; `None` if it is already kept.
    pub(super) chosen: Option<Chosen>,
    pub(super) rules: SourceRules,
}

/// The result of planning for one cog.
#[derive(Debug)]
pub enum Planned {
    /// There is something to change.
    Change(Box<Plan>),
    /// There is nothing to do.
    Nothing {
        /// The installed version.
        installed: Version,
        /// Why it stays.
        why: String,
        /// Notes for the user.
        notes: Vec<String>,
    },
}

impl Planned {
    fn nothing(installed: &Version, why: impl Into<String>) -> Planned {
        Planned::Nothing { installed: installed.clone(), why: why.into(), notes: Vec::new() }
    }
}

impl Installation<'_> {
    /// Plans what a reference requests. A cog whose digest is named is pinned to it.
    ///
    /// # Errors
    /// It does not exist, is not trusted, cannot be served, or must not be installed.
    pub async fn plan(&self, reference: &Reference) -> Result<Planned, InstallError> {
        let name = reference.place.name();
        let rules = self.rules(reference);
        let chosen = choose(reference, &rules, None).await?;
        let source = Reference { digest: None, ..reference.clone() };
        let is_pinned = reference.digest.is_some();
        let Some(there) = self.lock.cogs.get(name) else {
            return self.plan_to(name, source, chosen, rules, is_pinned).await;
        };
        let version = chosen.package.version().clone();
        self.check_not_moved(there, &chosen)?;
        if there.pinned && reference.digest.is_none() && version != there.now.version {
            let (name, version) = (name.to_owned(), there.now.version.clone());
            return Err(InstallError::Pinned { name, version });
        }
        let mut planned = self.plan_to(name, source, chosen, rules, is_pinned).await?;
        if let Planned::Change(plan) = &mut planned {
            if version < there.now.version {
                plan.confirmations.push(Confirmation::Older(there.now.version.clone()));
            }
            let left = there.left(&version).filter(|_| version > there.now.version);
            plan.notes.extend(left.map(|left| format!("{left} before")));
        }
        Ok(planned)
    }

    /// Plans the newest version that a cog's source has and that matches the original request.
    ///
    /// # Errors
    /// As for [`plan`](Self::plan), and if that version is older than the installed one.
    pub async fn plan_update(&self, name: &str) -> Result<Planned, InstallError> {
        let there = self.installed(name)?;
        let Content { version: installed, source, .. } = &there.now;
        if there.pinned {
            return Ok(Planned::nothing(installed, "it is pinned"));
        }
        let rules = self.rules(source);
        let chosen = choose_update(there, &rules).await?;
        let newest = chosen.package.version();
        self.check_not_moved(there, &chosen)?;
        if newest < installed {
            let why = format!(
                "it is newer than the newest matching version, {newest}; {} with --yes installs that one",
                install(source)
            );
            return Ok(Planned::nothing(installed, why));
        }
        match there.left(newest).filter(|_| newest > installed) {
            Some(left) => {
                let why = format!("{left}, and there is no newer one; {} installs it again", install(source));
                Ok(Planned::nothing(installed, why))
            }
            None => self.plan_to(name, source.clone(), chosen, rules, false).await,
        }
    }

    /// Plans a version that was installed before; by default the newest that is older than the installed one.
    ///
    /// # Errors
    /// There is none.
    pub async fn plan_rollback(&self, name: &str, to: Option<&Version>) -> Result<Planned, InstallError> {
        let there = self.installed(name)?;
        let installed = &there.now.version;
        let kept = || there.before.iter().map(|it| it.version.to_string()).collect();
        let name = name.to_owned();
        let content = match to {
            Some(version) if version == installed => {
                return Ok(Planned::nothing(installed, "it is installed already"));
            }
            Some(version) => there.before.iter().find(|it| it.version == *version).ok_or_else(|| {
                InstallError::NotKept { name: name.clone(), version: version.clone(), kept: kept() }
            })?,
            None => {
                let older = there.before.iter().filter(|it| it.version < *installed);
                older.max_by(|one, other| one.version.cmp(&other.version)).ok_or_else(|| {
                    InstallError::NoEarlierVersion {
                        name: name.clone(),
                        installed: installed.clone(),
                        kept: kept(),
                    }
                })?
            }
        };
        self.plan_exactly(&name, there.rolled_back_to(content)).await
    }

    /// Plans one version of an installed cog, for a while: the kept package if there is one, else from its source.
    /// Later updates still follow the original request.
    ///
    /// # Errors
    /// It does not exist, is not trusted, cannot be served, or has different content now.
    pub async fn plan_version(&self, name: &str, version: &Version) -> Result<Planned, InstallError> {
        let there = self.installed(name)?;
        if let Some(content) = there.before.iter().find(|it| it.version == *version) {
            return self.plan_exactly(name, there.pinned_to(content)).await;
        }
        let (source, wanted) = (&there.now.source, Wanted::Version(version.clone()));
        let one = Reference { place: source.place.clone(), wanted, digest: None };
        let rules = self.rules(&one);
        let chosen = choose(&one, &rules, None).await?;
        self.check_not_moved(there, &chosen)?;
        self.plan_to(name, source.clone(), chosen, rules, false).await
    }

    /// Plans exactly what the lock says, wherever the present file comes from.
    ///
    /// # Errors
    /// It is no longer available, or has different content now.
    pub async fn plan_locked(&self, name: &str) -> Result<Planned, InstallError> {
        let there = self.installed(name)?;
        let planned = self.plan_exactly(name, there.clone()).await?;
        let is_there = files::digest(&self.file(&there.file))? == Some(there.now.library);
        match planned {
            Planned::Change(plan) if is_there && plan.chosen.is_none() => {
                Ok(Planned::nothing(&there.now.version, "it matches the lock"))
            }
            planned => Ok(planned),
        }
    }

    /// Plans content with a given digest: the kept package if there is one, else from its source.
    async fn plan_exactly(&self, name: &str, installed: Installed) -> Result<Planned, InstallError> {
        let Content { version, package, source, .. } = &installed.now;
        let rules = self.rules(source);
        match self.kept.check(name, &installed.now, &rules).await {
            Ok(_) => {
                let (_, found, artifact) = self.kept.find(name, package, &rules).await?;
                let now = content(source.clone(), &found, &artifact);
                return self
                    .planned(name, Installed { now, ..installed }, &artifact.about, rules, None)
                    .await;
            }
            Err(error) if error.is_of_the_lock() => return Err(error),
            // It is not kept here, or damaged.
            Err(_) => {}
        }
        let exactly =
            Reference { place: source.place.clone(), wanted: Wanted::Newest, digest: Some(*package) };
        let chosen = choose(&exactly, &rules, None).await.map_err(|error| match error {
            InstallError::Package(PackageError::NoPackage(_)) => {
                InstallError::NoLongerAvailable { what: exactly.to_string(), version: version.clone() }
            }
            error => error,
        })?;
        installed.now.check(&chosen.package, &chosen.artifact)?;
        let now = content(source.clone(), &chosen.package, &chosen.artifact);
        let about = chosen.artifact.about.clone();
        self.planned(name, Installed { now, ..installed }, &about, rules, Some(chosen)).await
    }

    /// Plans a chosen package. `is_pinned`: it becomes pinned if it is not yet.
    async fn plan_to(
        &self,
        name: &str,
        source: Reference,
        mut chosen: Chosen,
        rules: SourceRules,
        is_pinned: bool,
    ) -> Result<Planned, InstallError> {
        let now = content(source, &chosen.package, &chosen.artifact);
        let mut installed = match self.lock.cogs.get(name) {
            Some(there) if there.now.package == now.package => {
                // The source may no longer have the signature, but it is kept here.
                let signed_by = now.signed_by.or_else(|| there.now.signed_by.clone());
                Installed { now: Content { signed_by, ..now }, ..there.clone() }
            }
            Some(there) => there.with(now),
            None => Installed::new(now, self.file_of(name)?),
        };
        installed.pinned |= is_pinned;
        let mut notes: Vec<String> =
            chosen.passed_over.drain(..).map(|version| format!("skipped {version}")).collect();
        if let Some(there) = self.lock.cogs.get(name)
            && *there == installed
            && files::digest(&self.file(&installed.file))? == Some(installed.now.library)
        {
            let why = match &installed.now.source.wanted {
                _ if is_pinned => "it is pinned to exactly this package".to_owned(),
                Wanted::Version(_) => {
                    let newest = Reference { wanted: Wanted::Newest, ..installed.now.source.clone() };
                    format!("exactly this version was asked for; {} asks for the newest", install(&newest))
                }
                Wanted::Newest | Wanted::Range(_) if notes.is_empty() => {
                    "it is the newest that was asked for".to_owned()
                }
                Wanted::Newest | Wanted::Range(_) => {
                    "it is the newest that was asked for and can be installed".to_owned()
                }
            };
            return Ok(Planned::Nothing { installed: installed.now.version, why, notes });
        }
        if is_pinned {
            notes.push(format!(
                "it is pinned, because its digest was given; `gearshift unpin {name}` lets it be updated"
            ));
        }
        let about = chosen.artifact.about.clone();
        let mut planned = self.planned(name, installed, &about, rules, Some(chosen)).await?;
        if let Planned::Change(plan) = &mut planned {
            plan.notes.extend(notes);
        }
        Ok(planned)
    }

    async fn planned(
        &self,
        name: &str,
        installed: Installed,
        about: &About,
        rules: SourceRules,
        chosen: Option<Chosen>,
    ) -> Result<Planned, InstallError> {
        let from = self.lock.cogs.get(name).map(|there| there.now.version.clone());
        let (cog, confirmations) = (name.to_owned(), self.confirmations(name, &installed, about).await?);
        let notes = self.notes(name, about);
        Ok(Planned::Change(Box::new(Plan { cog, from, installed, confirmations, notes, chosen, rules })))
    }

    /// Checks that a known version still has the same digest.
    fn check_not_moved(&self, there: &Installed, chosen: &Chosen) -> Result<(), InstallError> {
        let (version, found) = (chosen.package.version(), chosen.package.digest());
        let is_same = |it: &&Content| it.version == *version && it.source.place == *chosen.package.place();
        let known = there.contents().find(is_same);
        match known {
            Some(known) if known.package != found => {
                Err(InstallError::Moved { what: chosen.package.to_string(), known: known.package, found })
            }
            _ => Ok(()),
        }
    }

    /// The name of a cog's file: that of the file which already is this cog, else the name that cargo would give it.
    fn file_of(&self, name: &str) -> Result<String, InstallError> {
        let folder = &self.config.cogs.folder;
        let there = library::manifests(folder).map_err(InstallError::io("read", folder))?;
        let file_name = |file: &PathBuf| file.file_name().and_then(|it| it.to_str()).map(str::to_owned);
        if let Some(found) = there.iter().find(|(_, manifest)| manifest.name == name)
            && let Some(file) = file_name(&found.0)
        {
            return Ok(file);
        }
        let (begin, end) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let file = format!("{begin}{}{end}", name.replace('-', "_"));
        let path = folder.join(&file);
        match path.symlink_metadata() {
            Ok(_) => {
                let holds = there.iter().find(|(other, _)| *other == path);
                let holds = holds.map_or("no cog".to_owned(), |(_, it)| format!("the cog `{}`", it.name));
                Err(InstallError::InTheWay { file: path, holds })
            }
            Err(_) => Ok(file),
        }
    }
}

fn content(source: Reference, package: &Package, artifact: &Artifact) -> Content {
    Content {
        version: package.version().clone(),
        package: package.digest(),
        library: artifact.library_digest(),
        // The machine that installs it may have another target than the one that wrote the lock.
        target: TARGET.to_owned(),
        source,
        signed_by: package.signed_by().map(ToString::to_string),
    }
}

/// The command that installs what was requested.
fn install(reference: &Reference) -> String {
    format!("`gearshift install {}`", argument(&reference.to_string()))
}
