//! When a host goes back from a version by itself, file and lock follow: the host does this, or the next command if
//! the host may not write there. When a host starts, it settles what a killed command left behind.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    error::InstallError,
    files,
    installation::{Installation, Others, is_interrupted, read},
    installed::{Content, Installed},
    journal::Journal,
};
use crate::{config::Config, library};

/// Settles what a killed command left behind. A command that is still running settles its own change.
///
/// # Errors
/// The lock is malformed, or the system returned an error.
pub fn settle(config: &Config) -> Result<(), InstallError> {
    if !is_interrupted(config) {
        return Ok(());
    }
    match Installation::existing(config, "gearshift run", Others::Refuse) {
        Ok(_) | Err(InstallError::Busy { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The cogs that a host is serving, by name.
pub type Serving = BTreeMap<String, Served>;

/// What a host serves of a cog, as the host lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its version.
    pub version: String,
    /// The BLAKE3 digest of the file that was loaded.
    pub digest: String,
    /// The file that it was loaded from.
    pub file: PathBuf,
    /// Whether it serves because the host went back to it.
    pub went_back: bool,
}

impl Served {
    /// Whether the file that it was loaded from now has different content.
    fn differs_from(&self, file: &Path) -> bool {
        let is_it = matches!((fs::canonicalize(&self.file), fs::canonicalize(file)), (Ok(one), Ok(other)) if one == other);
        is_it && library::Digest::of(file).is_ok_and(|holds| holds.to_string() != self.digest)
    }
}

/// Restores the files of versions that the host went back to, and updates the lock; returns a report of what it did.
/// Waits for a running command, and only then calls `serving` for what is served of each cog.
///
/// # Errors
/// The lock is malformed, or the system returned an error.
pub async fn follow(config: &Config, serving: impl Fn() -> Serving) -> Result<Vec<String>, InstallError> {
    if config.file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    // Usually there is nothing to do, and a host may lack permission to write there.
    let (lock, now) = (read(config)?, serving());
    let went_back = |(name, there): (&String, &Installed)| {
        now.get(name).is_some_and(|serves| serves.differs_from(&config.cogs.folder.join(&there.file)))
    };
    if !lock.cogs.iter().any(went_back) {
        return Ok(Vec::new());
    }
    match Installation::existing(config, "gearshift run", Others::Wait)? {
        Some(mut installation) => installation.follow(&serving()).await,
        None => Ok(Vec::new()),
    }
}

impl Installation<'_> {
    /// Restores the files of versions that a host went back to, and updates the lock; returns a report of what it did.
    ///
    /// # Errors
    /// The system returned an error, or a kept package is damaged.
    pub async fn follow(&mut self, serving: &Serving) -> Result<Vec<String>, InstallError> {
        let mut done = Vec::new();
        for (name, there) in self.lock.cogs.clone() {
            if let Some(serves) = serving.get(&name) {
                done.extend(self.go_back(&name, &there, serves).await?);
            }
        }
        Ok(done)
    }

    /// If the file matches the lock, and an earlier version is serving, file and lock change to that version.
    async fn go_back(
        &mut self,
        name: &str,
        there: &Installed,
        serves: &Served,
    ) -> Result<Option<String>, InstallError> {
        let file = self.file(&there.file);
        let Some(before) = went_back_to(&file, there, serves)? else { return Ok(None) };
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
            "`{file}` and `gearshift.lock` are back at `{name}` {version}{from}: the host went back from {left}"
        )))
    }
}

/// The content that a host went back to by itself: an earlier version serves, while the file matches the lock.
pub(super) fn went_back_to<'i>(
    file: &Path,
    there: &'i Installed,
    serves: &Served,
) -> Result<Option<&'i Content>, InstallError> {
    if !serves.went_back || !serves.differs_from(file) || files::digest(file)? != Some(there.now.library) {
        return Ok(None);
    }
    Ok(there.before.iter().find(|before| before.version.to_string() == serves.version))
}
