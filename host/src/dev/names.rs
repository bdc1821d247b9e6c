//! Which cog owns the name of each library: workspaces are built separately, but their libraries go into one folder.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use super::{DevError, packages::CogPackage};

/// The names of all libraries, with the folders of the cogs that own them.
#[derive(Debug)]
pub(super) struct Names {
    taken: Mutex<BTreeMap<String, PathBuf>>,
    freed: watch::Sender<()>,
}

/// A library that is not built any more.
#[derive(Debug)]
pub(super) struct OldLibrary {
    pub(super) name: String,
    /// The folder of its package, which may build another one now.
    pub(super) package: PathBuf,
}

impl Names {
    pub(super) fn of(libraries: BTreeMap<String, PathBuf>) -> Names {
        Names { taken: Mutex::new(libraries), freed: watch::Sender::new(()) }
    }

    /// Changes when a name is released.
    pub(super) fn freed(&self) -> watch::Receiver<()> {
        self.freed.subscribe()
    }

    /// Whether no cog owns a name.
    pub(super) fn is_free(&self, library: &str) -> bool {
        !self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(library)
    }

    /// Replaces the cogs of a workspace. Names that none of them uses any more are released and returned.
    ///
    /// # Errors
    /// A cog of another workspace owns one of their names, and keeps it. Nothing is changed then.
    pub(super) fn replace(
        &self,
        before: &[CogPackage],
        now: &[CogPackage],
    ) -> Result<Vec<OldLibrary>, DevError> {
        let has = |cogs: &[CogPackage], library: &str| cogs.iter().any(|cog| cog.library == library);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for cog in now.iter().filter(|cog| !has(before, &cog.library)) {
            if let Some(other) = taken.get(&cog.library) {
                let folders = [other.clone(), cog.folder.clone()];
                return Err(DevError::Twice { library: cog.library.clone(), folders });
            }
        }
        let gone = before.iter().filter(|cog| !has(now, &cog.library));
        let gone = gone.map(|cog| OldLibrary { name: cog.library.clone(), package: cog.folder.clone() });
        let gone: Vec<OldLibrary> = gone.collect();
        taken.retain(|library, _| !gone.iter().any(|old| old.name == *library));
        taken.extend(now.iter().map(|cog| (cog.library.clone(), cog.folder.clone())));
        if !gone.is_empty() {
            self.freed.send_replace(());
        }
        Ok(gone)
    }
}
