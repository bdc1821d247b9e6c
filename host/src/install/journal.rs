//! The one change in progress, written down before any of it is visible: after a `kill -9`, another process can tell
//! from the file in the cogs folder whether it was made.
//!
//! If a host is running, one process makes the change and another settles it. Each locks the journal's file
//! meanwhile, so that a change is settled only when nobody is making it, and made only while it has not been settled.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{error::InstallError, files, installed::Installed, lock::Lock};
use crate::{file, packages::Digest, private::leads_to};

/// Prefix of the names of journals.
const BEGIN: &str = "journal-";

/// The intended change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The cog.
    pub cog: String,
    /// The cogs folder.
    pub folder: PathBuf,
    /// The name of the cog's file there.
    pub file: String,
    /// The name of the staged file there that will replace it; `None` if the cog's file will be removed.
    pub staged: Option<String>,
    /// The content of the cog's file after the change; `None` if it will not exist.
    pub library: Option<Digest>,
    /// The cog's entry in the lock after the change; `None` if there will be none.
    pub installed: Option<Installed>,
}

impl Journal {
    /// The path of the staged file.
    #[must_use]
    pub fn staged(&self) -> Option<PathBuf> {
        Some(self.folder.join(self.staged.as_ref()?))
    }

    /// The path that the staged file will have.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join(&self.file)
    }

    /// The lock after the change.
    pub(super) fn after(&self, lock: &Lock) -> Lock {
        let mut after = lock.clone();
        match &self.installed {
            Some(installed) => _ = after.cogs.insert(self.cog.clone(), installed.clone()),
            None => _ = after.cogs.remove(&self.cog),
        }
        after
    }

    /// Writes it into a folder, under a name that no earlier journal had.
    pub(super) fn write(&self, folder: &Path, number: usize) -> Result<PathBuf, InstallError> {
        let path = folder.join(format!("{BEGIN}{}-{number}", std::process::id()));
        let text = serde_json::to_vec(self).map_err(|error| InstallError::Host(error.to_string()))?;
        files::write(&path, &text)?;
        Ok(path)
    }

    /// Makes the change in the folder: renames the staged file into place, or removes the cog's file.
    ///
    /// # Errors
    /// The system returned an error; nothing has changed then.
    pub fn make(&self) -> Result<(), InstallError> {
        let file = self.file();
        match self.staged() {
            Some(staged) => files::rename(&staged, &file).map_err(InstallError::io("write", file)),
            None => files::remove(&file).map_err(InstallError::io("remove", file)),
        }
    }
}

/// A journal that is not settled yet, locked: nobody else makes or settles the change.
#[derive(Debug)]
pub struct LockedJournal {
    journal: Journal,
    path: PathBuf,
    _lock: File,
}

impl LockedJournal {
    /// Locks a journal and reads it; waits while another process has it locked. `None` if it has been settled.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take(path: &Path) -> Result<Option<LockedJournal>, InstallError> {
        let mut file = match file::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(InstallError::io("read", path)(error)),
        };
        file.lock().map_err(InstallError::io("lock", path))?;
        if !leads_to(path, &file) {
            return Ok(None);
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(InstallError::io("read", path))?;
        let journal = serde_json::from_slice(&text)
            .map_err(|error| InstallError::Journal { file: path.to_owned(), why: error.to_string() })?;
        Ok(Some(LockedJournal { journal, path: path.to_owned(), _lock: file }))
    }

    /// All journals in a folder.
    pub(super) fn all(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let is_one = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(BEGIN);
        entries.flatten().filter(|entry| is_one(&entry.file_name())).map(|entry| entry.path()).collect()
    }

    /// The intended change.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Whether the change was made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn is_made(&self) -> Result<bool, InstallError> {
        // If the whole folder is missing, it was moved, and the missing file was not removed by this change.
        let is_there = self.journal.folder.is_dir();
        Ok(is_there && files::digest(&self.journal.file())? == self.journal.library)
    }

    /// Deletes the journal: the lock now contains the result.
    ///
    /// # Errors
    /// The system returned an error.
    pub(super) fn forget(self) -> Result<(), InstallError> {
        files::remove(&self.path).map_err(InstallError::io("remove", &self.path))?;
        if let Some(staged) = self.journal.staged() {
            // It has been renamed, or is no longer needed.
            let _ = files::remove(&staged);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_in_a_folder_that_was_moved_is_not_taken_for_made() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("cogs");
        fs::create_dir(&folder).unwrap();
        let journal = Journal {
            cog: "ping".to_owned(),
            folder: folder.clone(),
            file: "libping.so".to_owned(),
            staged: None,
            library: None,
            installed: None,
        };
        let path = journal.write(outer.path(), 1).unwrap();
        let is_made = || LockedJournal::take(&path).unwrap().unwrap().is_made().unwrap();
        assert!(is_made(), "its file is not there");
        fs::rename(&folder, outer.path().join("moved")).unwrap();
        assert!(!is_made());
    }
}
