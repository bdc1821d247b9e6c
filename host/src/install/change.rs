//! Carries out a plan: keep, stage, write the journal, place, settle. If anything fails, everything stays as it was.

use std::path::Path;

use semver::Version;
use serde::Serialize;

use super::{
    choose::{Chosen, SourceRules},
    confirmation::Confirmation,
    error::InstallError,
    files,
    installation::Installation,
    installed::Installed,
    journal::Journal,
    plan::Plan,
};

/// Makes the change that a journal describes: puts the staged file in place once it serves or has been tried, or
/// removes the installed one.
pub trait Placing {
    /// `path` is the journal's. Returns a report of the result.
    ///
    /// # Errors
    /// The change was not made.
    fn place(&mut self, path: &Path, journal: &Journal) -> Result<String, Refusal>;
}

/// Why a change was not made, in the words of the host or the trial that refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What failed.
    pub text: String,
    /// What the reader can do.
    pub help: Option<String>,
}

impl From<Refusal> for InstallError {
    fn from(refusal: Refusal) -> InstallError {
        InstallError::Refused(refusal)
    }
}

/// What was done with a cog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The cog.
    pub cog: String,
    /// The version installed before.
    pub from: Option<Version>,
    /// The version installed now.
    pub to: Option<Version>,
    /// The report of the host or the trial.
    pub report: Option<String>,
    /// Further notes for the user.
    pub notes: Vec<String>,
}

impl Installation<'_> {
    /// Carries out a plan. `agreed`: the user agrees to everything that the plan asks.
    ///
    /// # Errors
    /// The change failed, and what is installed stays.
    pub async fn change(
        &mut self,
        plan: Plan,
        agreed: bool,
        placing: &mut dyn Placing,
    ) -> Result<Change, InstallError> {
        let Plan { cog, from, installed, confirmations, mut notes, chosen, rules } = plan;
        let to = installed.now.version.clone();
        match agreed {
            true => notes.extend(confirmations.iter().map(Confirmation::to_string)),
            false if confirmations.is_empty() => {}
            false => {
                let (action, what) = (action(from.as_ref()), format!("{cog} {to}"));
                return Err(InstallError::NeedsConfirmation { action, what, confirmations });
            }
        }
        let report = self.fetch_and_put(&cog, installed, chosen, &rules, placing).await;
        // Remove what was fetched in vain, but not what is installed, even if the lock does not name it yet.
        if !matches!(report, Err(InstallError::Unsettled { .. })) {
            self.prune();
        }
        Ok(Change { cog, from, to: Some(to), report: report?, notes })
    }

    async fn fetch_and_put(
        &mut self,
        cog: &str,
        installed: Installed,
        chosen: Option<Chosen>,
        rules: &SourceRules,
        placing: &mut dyn Placing,
    ) -> Result<Option<String>, InstallError> {
        if let Some(chosen) = chosen {
            self.kept.keep(&chosen.repository, chosen.package).await?;
        }
        if files::digest(&self.file(&installed.file))? == Some(installed.now.library) {
            // The same library in another package, or restored by hand: there is nothing to replace.
            return self.write(|lock| _ = lock.cogs.insert(cog.to_owned(), installed)).map(|()| None);
        }
        let folder = self.config.cogs.folder.clone();
        let staged = self.kept.stage(&folder, cog, &installed.now, rules).await?;
        let done = self.put(cog, &staged, installed, placing);
        // It is in place now, or no longer needed.
        let _ = files::remove(&staged);
        done
    }

    fn put(
        &mut self,
        cog: &str,
        staged: &Path,
        installed: Installed,
        placing: &mut dyn Placing,
    ) -> Result<Option<String>, InstallError> {
        let journal = Journal {
            cog: cog.to_owned(),
            folder: self.config.cogs.folder.clone(),
            file: installed.file.clone(),
            staged: staged.file_name().map(|name| name.to_string_lossy().into_owned()),
            library: Some(installed.now.library),
            installed: Some(installed),
        };
        self.carry_out(&journal, |path, journal| placing.place(path, journal))
    }

    /// Removes a cog from the folder and the lock. Its saved state stays in the store. `agreed`: even if its file is
    /// not what was installed.
    ///
    /// # Errors
    /// It is not installed, or cannot be removed.
    pub fn uninstall(
        &mut self,
        name: &str,
        agreed: bool,
        placing: &mut dyn Placing,
    ) -> Result<Change, InstallError> {
        let there = self.installed(name)?;
        let (from, file) = (there.now.version.clone(), self.file(&there.file));
        let report = match files::digest(&file)? {
            None => self.write(|lock| _ = lock.cogs.remove(name)).map(|()| None)?,
            Some(holds) if holds != there.now.library && !agreed => {
                let what = format!("{name} {from}");
                return Err(InstallError::NeedsConfirmation {
                    action: "removal",
                    what,
                    confirmations: vec![Confirmation::ByHand(file)],
                });
            }
            Some(_) => {
                let journal = Journal {
                    cog: name.to_owned(),
                    folder: self.config.cogs.folder.clone(),
                    file: there.file.clone(),
                    staged: None,
                    library: None,
                    installed: None,
                };
                self.carry_out(&journal, |path, journal| placing.place(path, journal))?
            }
        };
        self.prune();
        Ok(Change { cog: name.to_owned(), from: Some(from), to: None, report, notes: Vec::new() })
    }

    /// Makes `update` skip a cog, or no longer skip it.
    ///
    /// # Errors
    /// It is not installed.
    pub fn pin(&mut self, name: &str, pinned: bool) -> Result<Change, InstallError> {
        let now = &self.installed(name)?.now;
        let version = Some(now.version.clone());
        let notes = match pinned {
            true => Vec::new(),
            false => vec![format!("`update` follows `{}`", now.source)],
        };
        self.write(|lock| {
            if let Some(there) = lock.cogs.get_mut(name) {
                there.pinned = pinned;
            }
        })?;
        let (from, cog) = (version.clone(), name.to_owned());
        Ok(Change { cog, from, to: version, report: None, notes })
    }
}

fn action(from: Option<&Version>) -> &'static str {
    if from.is_some() { "update" } else { "installation" }
}
