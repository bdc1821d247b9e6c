//! What a host does for the lock: settles what a killed command has left, and when the host goes back from a version by
//! itself, has file and lock follow.

use std::{collections::BTreeMap, path::Path};

use super::{
    error::InstallError,
    files,
    installation::{Installation, Others, is_interrupted, read},
    installed::Installed,
    journal::Journal,
};
use crate::{config::Config, library};

/// Settles what a command that was killed has left. A command that is at work settles it by itself.
///
/// # Errors
/// The lock cannot be understood, or the system refuses.
pub fn settle(config: &Config) -> Result<(), InstallError> {
    if !is_interrupted(config) {
        return Ok(());
    }
    match Installation::existing(config, "gearshift run", Others::Refuse) {
        Ok(_) | Err(InstallError::Busy { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What serves of a cog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its version.
    pub version: String,
    /// Of the file that was loaded.
    pub digest: library::Digest,
}

/// Puts the files back that the host went back from, and has the lock follow; what it did, in words. Waits for a command
/// that is at work, and asks `serving` only then what serves of each cog.
///
/// # Errors
/// The lock cannot be understood, or the system refuses.
pub async fn follow(
    config: &Config,
    serving: impl Fn() -> BTreeMap<String, Served>,
) -> Result<Vec<String>, InstallError> {
    if config.file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    // Mostly nothing is to be done, and a host may not write there.
    let (lock, now) = (read(config)?, serving());
    let is_other = |(name, there): (&String, &Installed)| {
        let file = config.cogs.folder.join(&there.file);
        now.get(name).is_some_and(|serves| differs(&file, serves))
    };
    if !lock.cogs.iter().any(is_other) {
        return Ok(Vec::new());
    }
    let Some(mut installation) = Installation::existing(config, "gearshift run", Others::Wait)? else {
        return Ok(Vec::new());
    };
    let (cogs, serving) = (installation.lock.cogs.clone(), serving());
    let mut done = Vec::new();
    for (name, there) in &cogs {
        if let Some(serves) = serving.get(name) {
            done.extend(installation.go_back(name, there, serves).await?);
        }
    }
    Ok(done)
}

impl Installation<'_> {
    /// If the file is what the lock says, and what serves is what was installed before, file and lock become that.
    async fn go_back(
        &mut self,
        name: &str,
        there: &Installed,
        serves: &Served,
    ) -> Result<Option<String>, InstallError> {
        let file = self.file(&there.file);
        if files::digest(&file)? != Some(there.now.library) || !differs(&file, serves) {
            return Ok(None);
        }
        let before = there.before.iter().find(|before| before.version.to_string() == serves.version);
        let Some(before) = before else { return Ok(None) };
        let folder = self.config.cogs.folder.clone();
        let staged = self.kept.stage(&folder, name, before, &self.rules(&before.source)).await?;
        let journal = Journal {
            cog: name.to_owned(),
            folder,
            file: there.file.clone(),
            staged: staged.file_name().map(|name| name.to_string_lossy().into_owned()),
            library: Some(before.library),
            installed: Some(there.went_back_to(before)),
        };
        self.carry_out(&journal, |_, journal| journal.make())?;
        self.prune();
        let (file, version, left) = (file.display(), &before.version, &there.now.version);
        let from = match &before.source.place {
            place if *place == there.now.source.place => String::new(),
            place => format!(" from {place}"),
        };
        Ok(Some(format!(
            "`{file}` is `{name}` {version}{from} again, and so says `gearshift.lock`: the host went back from {left}"
        )))
    }
}

/// Whether a file holds something else than what serves.
fn differs(file: &Path, serves: &Served) -> bool {
    library::Digest::of(file).is_ok_and(|holds| holds != serves.digest)
}
