//! How a plan is carried out: kept, staged, written down, placed, settled. What fails leaves everything as it was.

use std::path::Path;

use semver::Version;
use serde::Serialize;

use super::{
    ask::Ask,
    choose::{Chosen, Rules},
    error::InstallError,
    files,
    installation::Installation,
    installed::Installed,
    journal::Journal,
    plan::Plan,
};

/// Makes the change that a journal tells of: what is staged gets into its place once it serves, or once it has been tried;
/// or what is there goes.
pub trait Placing {
    /// `path` is the journal's. What came of it, in words.
    ///
    /// # Errors
    /// It was not made.
    fn place(&mut self, path: &Path, journal: &Journal) -> Result<String, Refusal>;
}

/// Why a change was not made, in the words of who refused.
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
    /// What was installed of it before.
    pub from: Option<Version>,
    /// What is now.
    pub to: Option<Version>,
    /// What the host, or the trial, said of it.
    pub report: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

impl Installation<'_> {
    /// Carries out a plan. `agreed`: to whatever it asks.
    ///
    /// # Errors
    /// What is installed stays.
    pub async fn change(
        &mut self,
        plan: Plan,
        agreed: bool,
        placing: &mut dyn Placing,
    ) -> Result<Change, InstallError> {
        let Plan { cog, from, installed, asks, mut notes, chosen, rules } = plan;
        let to = installed.now.version.clone();
        match agreed {
            true => notes.extend(asks.iter().map(Ask::to_string)),
            false if asks.is_empty() => {}
            false => {
                let (action, what) = (action(from.as_ref()), format!("{cog} {to}"));
                return Err(InstallError::Asks { action, what, asks });
            }
        }
        let report = self.fetch_and_put(&cog, installed, chosen, &rules, placing).await;
        // What was fetched in vain does not stay either; what is installed does, whether the lock says so already or not.
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
        rules: &Rules,
        placing: &mut dyn Placing,
    ) -> Result<Option<String>, InstallError> {
        if let Some(chosen) = chosen {
            self.kept.keep(&chosen.repository, chosen.package).await?;
        }
        if files::digest(&self.file(&installed.file))? == Some(installed.now.library) {
            // The same library in another package, or put back by hand: nothing has to be replaced.
            return self.write(|lock| _ = lock.cogs.insert(cog.to_owned(), installed)).map(|()| None);
        }
        let folder = self.config.cogs.folder.clone();
        let staged = self.kept.stage(&folder, cog, &installed.now, rules).await?;
        let done = self.put(cog, &staged, installed, placing);
        // It is in its place now, or of no use.
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

    /// Takes a cog out of the folder and the lock. Its saved state stays in the store.
    ///
    /// # Errors
    /// It is not installed, or cannot be taken out. `agreed`: though its file is not what was installed.
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
                return Err(InstallError::Asks { action: "removal", what, asks: vec![Ask::ByHand(file)] });
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

    /// Has `update` pass a cog over, or not any more.
    ///
    /// # Errors
    /// It is not installed.
    pub fn pin(&mut self, name: &str, pinned: bool) -> Result<Change, InstallError> {
        let now = &self.installed(name)?.now;
        let version = Some(now.version.clone());
        let notes = match pinned {
            true => Vec::new(),
            false => vec![format!("`update` goes by `{}`", now.source)],
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
