//! What is to be installed of one cog. Nothing is changed here.

use std::path::PathBuf;

use gearshift_cog::manifest::TARGET;
use semver::Version;

use super::{
    ask::Ask,
    choose::{Chosen, Rules, choose},
    error::InstallError,
    files,
    installation::Installation,
    lock::{Content, Installed},
};
use crate::{
    library,
    packages::{PackageError, Reference, Wanted},
};

/// What is to be installed of one cog.
#[derive(Debug)]
pub struct Plan {
    /// The cog.
    pub cog: String,
    /// What is installed of it now.
    pub from: Option<Version>,
    /// What the lock is to say.
    pub installed: Installed,
    /// What somebody has to agree to.
    pub asks: Vec<Ask>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// Where it is copied from; none if it is kept already.
    pub(super) chosen: Option<Chosen>,
    pub(super) rules: Rules,
}

/// What is planned for one cog.
#[derive(Debug)]
pub enum Planned {
    /// This.
    Change(Box<Plan>),
    /// Nothing, for this reason.
    Nothing {
        /// What is installed.
        installed: Version,
        /// Why it stays.
        why: String,
    },
}

impl Installation<'_> {
    /// Plans what a reference asks for.
    ///
    /// # Errors
    /// It is not there, not trusted, cannot be served, or is not to be taken.
    pub async fn plan(&self, reference: &Reference) -> Result<Planned, InstallError> {
        let name = reference.place.name();
        let rules = self.rules(reference);
        let chosen = choose(reference, &rules).await?;
        let source = Reference { digest: None, ..reference.clone() };
        let Some(there) = self.lock.cogs.get(name) else {
            return self.plan_to(name, source, chosen, rules).await;
        };
        let version = chosen.package.version();
        self.check_not_moved(there, &chosen)?;
        if there.pinned && *version != there.now.version {
            let (name, version) = (name.to_owned(), there.now.version.clone());
            return Err(InstallError::Pinned { name, version });
        }
        self.plan_to(name, source, chosen, rules).await
    }

    /// Plans the newest version that a cog's source has of what was asked for.
    ///
    /// # Errors
    /// As for [`plan`](Self::plan), and when that is older than what is installed.
    pub async fn plan_update(&self, name: &str) -> Result<Planned, InstallError> {
        let there = self.lock.cog(name)?;
        let installed = there.now.version.clone();
        if there.pinned {
            return Ok(Planned::Nothing { installed, why: "it is pinned".to_owned() });
        }
        let rules = self.rules(&there.source);
        let chosen = choose(&there.source, &rules).await?;
        let newest = chosen.package.version().clone();
        self.check_not_moved(there, &chosen)?;
        if newest < installed {
            let reference = there.source.to_string();
            return Err(InstallError::Older { reference, newest, installed });
        }
        if there.went_back_from.as_ref() == Some(&newest) {
            let why = format!(
                "the host went back from {newest} by itself; `gearshift install {}:{newest}` tries it again",
                there.source.place
            );
            return Ok(Planned::Nothing { installed, why });
        }
        let source = there.source.clone();
        self.plan_to(name, source, chosen, rules).await
    }

    /// Plans a version that was installed before; without one, the newest that is older than what is installed.
    ///
    /// # Errors
    /// There is none.
    pub async fn plan_rollback(&self, name: &str, to: Option<&Version>) -> Result<Planned, InstallError> {
        let there = self.lock.cog(name)?;
        let installed = &there.now.version;
        let kept = || there.before.iter().map(|it| it.version.to_string()).collect();
        let name = name.to_owned();
        let content = match to {
            Some(version) if version == installed => {
                let why = "it is installed already".to_owned();
                return Ok(Planned::Nothing { installed: installed.clone(), why });
            }
            Some(version) => there.before.iter().find(|it| it.version == *version).ok_or_else(|| {
                InstallError::NotKept { name: name.clone(), version: version.clone(), kept: kept() }
            })?,
            None => {
                let older = there.before.iter().filter(|it| it.version < *installed);
                older.max_by(|one, other| one.version.cmp(&other.version)).ok_or_else(|| {
                    InstallError::NothingBefore {
                        name: name.clone(),
                        installed: installed.clone(),
                        kept: kept(),
                    }
                })?
            }
        };
        self.plan_exactly(&name, there.with(content.clone())).await
    }

    /// Plans one version of an installed cog: as it is kept, else from its source. Later updates are still of what was
    /// asked for.
    ///
    /// # Errors
    /// It is not there, not trusted, cannot be served, or has become something else.
    pub async fn plan_version(&self, name: &str, version: &Version) -> Result<Planned, InstallError> {
        let there = self.lock.cog(name)?;
        if let Some(content) = there.before.iter().find(|it| it.version == *version) {
            return self.plan_exactly(name, there.with(content.clone())).await;
        }
        let wanted = Wanted::Version(version.clone());
        let one = Reference { place: there.source.place.clone(), wanted, digest: None };
        let rules = self.rules(&one);
        let chosen = choose(&one, &rules).await?;
        self.check_not_moved(there, &chosen)?;
        self.plan_to(name, there.source.clone(), chosen, rules).await
    }

    /// Plans exactly what the lock says, wherever what is there comes from.
    ///
    /// # Errors
    /// It is not to be had any more, or is something else.
    pub async fn plan_locked(&self, name: &str) -> Result<Planned, InstallError> {
        let there = self.lock.cog(name)?;
        let planned = self.plan_exactly(name, there.clone()).await?;
        let is_there = files::digest(&self.file(&there.file))? == Some(there.now.library);
        match planned {
            Planned::Change(plan) if is_there && plan.chosen.is_none() => {
                let (installed, why) = (there.now.version.clone(), "it is what the lock says".to_owned());
                Ok(Planned::Nothing { installed, why })
            }
            planned => Ok(planned),
        }
    }

    /// Plans a content by its digest: as it is kept, else from its source.
    async fn plan_exactly(&self, name: &str, installed: Installed) -> Result<Planned, InstallError> {
        let rules = self.rules(&installed.source);
        let package = installed.now.package;
        let from = self.lock.cogs.get(name).map(|there| there.now.version.clone());
        if self.kept.check(name, &package, &rules).await.is_ok() {
            let (.., artifact) = self.kept.find(name, &package, &rules).await?;
            let asks = self.asks(name, &installed, &artifact.about).await?;
            let (cog, notes) = (name.to_owned(), self.notes(name, &artifact.about));
            // It may be installed on another machine than the one that wrote the lock.
            let now =
                Content { library: artifact.library_digest(), target: TARGET.to_owned(), ..installed.now };
            let installed = Installed { now, ..installed };
            return Ok(Planned::Change(Box::new(Plan {
                cog,
                from,
                installed,
                asks,
                notes,
                chosen: None,
                rules,
            })));
        }
        let exactly = Reference {
            place: installed.source.place.clone(),
            wanted: Wanted::Newest,
            digest: Some(package),
        };
        let chosen = choose(&exactly, &rules).await.map_err(|error| match error {
            InstallError::Package(PackageError::NoPackage(_)) => {
                InstallError::Lost { what: exactly.to_string(), version: installed.now.version.clone() }
            }
            error => error,
        })?;
        let found = chosen.package.version();
        if *found != installed.now.version {
            let (what, expected) = (exactly.to_string(), installed.now.version.clone());
            return Err(InstallError::OtherVersion { what, found: found.clone(), expected });
        }
        let now = content(&chosen);
        let asks = self.asks(name, &installed, &chosen.artifact.about).await?;
        let installed = Installed { now, ..installed };
        let (cog, notes) = (name.to_owned(), self.notes(name, &chosen.artifact.about));
        Ok(Planned::Change(Box::new(Plan { cog, from, installed, asks, notes, chosen: Some(chosen), rules })))
    }

    async fn plan_to(
        &self,
        name: &str,
        source: Reference,
        mut chosen: Chosen,
        rules: Rules,
    ) -> Result<Planned, InstallError> {
        let now = content(&chosen);
        let (installed, from) = match self.lock.cogs.get(name) {
            Some(there) => {
                let with = if there.now.package == now.package { there.clone() } else { there.with(now) };
                (Installed { source, ..with }, Some(there.now.version.clone()))
            }
            None => {
                let file = self.file_of(name)?;
                let (went_back_from, before) = (None, Vec::new());
                (Installed { now, source, file, pinned: false, went_back_from, before }, None)
            }
        };
        let asks = self.asks(name, &installed, &chosen.artifact.about).await?;
        if from.as_ref() == Some(&installed.now.version)
            && self.lock.cogs.get(name).is_some_and(|there| there.source == installed.source)
            && asks.is_empty()
            && files::digest(&self.file(&installed.file))? == Some(installed.now.library)
        {
            let why = match &chosen.passed_over[..] {
                [] => "it is the newest that was asked for".to_owned(),
                passed => format!("newer ones cannot be served: {}", passed.join("; ")),
            };
            return Ok(Planned::Nothing { installed: installed.now.version, why });
        }
        let passed_over = std::mem::take(&mut chosen.passed_over);
        let mut notes = self.notes(name, &chosen.artifact.about);
        notes.extend(passed_over.into_iter().map(|why| format!("passed over {why}")));
        let cog = name.to_owned();
        Ok(Planned::Change(Box::new(Plan { cog, from, installed, asks, notes, chosen: Some(chosen), rules })))
    }

    /// Whether a version that is known here has another digest now.
    fn check_not_moved(&self, there: &Installed, chosen: &Chosen) -> Result<(), InstallError> {
        let (version, found) = (chosen.package.version(), chosen.package.digest());
        let known = there.contents().find(|it| it.version == *version);
        match known {
            Some(known) if known.package != found => {
                Err(InstallError::Moved { what: chosen.package.to_string(), known: known.package, found })
            }
            _ => Ok(()),
        }
    }

    /// The name of the file that a cog gets: that of the file which is this cog already, else as cargo would name it.
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

fn content(chosen: &Chosen) -> Content {
    Content {
        version: chosen.package.version().clone(),
        package: chosen.package.digest(),
        library: chosen.artifact.library_digest(),
        target: TARGET.to_owned(),
        signed_by: chosen.package.signed_by().map(ToString::to_string),
    }
}
