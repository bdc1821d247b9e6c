//! Which cog has the name of each library: workspaces are built apart from each other, and their libraries land in one folder.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

use super::{DevError, packages::CogPackage};

/// The names of all libraries, with the folders of the cogs that have them.
#[derive(Debug)]
pub(super) struct Names {
    taken: Mutex<BTreeMap<String, PathBuf>>,
    freed: watch::Sender<()>,
}

impl Names {
    pub(super) fn of(libraries: BTreeMap<String, PathBuf>) -> Names {
        Names { taken: Mutex::new(libraries), freed: watch::Sender::new(()) }
    }

    /// Moves when a name is given up.
    pub(super) fn freed(&self) -> watch::Receiver<()> {
        self.freed.subscribe()
    }

    /// The cogs of a workspace are others now. Names that none of them has any more are given up, and are the answer.
    ///
    /// # Errors
    /// A cog of another workspace has one of their names, and keeps it. Nothing is changed then.
    pub(super) fn replace(&self, before: &[CogPackage], now: &[CogPackage]) -> Result<Vec<String>, DevError> {
        let has = |cogs: &[CogPackage], library: &str| cogs.iter().any(|cog| cog.library == library);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for cog in now.iter().filter(|cog| !has(before, &cog.library)) {
            if let Some(other) = taken.get(&cog.library) {
                let folders = [other.clone(), cog.folder.clone()];
                return Err(DevError::Twice { library: cog.library.clone(), folders });
            }
        }
        let gone = before.iter().map(|cog| &cog.library).filter(|library| !has(now, library));
        let gone: Vec<String> = gone.cloned().collect();
        taken.retain(|library, _| !gone.contains(library));
        taken.extend(now.iter().map(|cog| (cog.library.clone(), cog.folder.clone())));
        if !gone.is_empty() {
            self.freed.send_replace(());
        }
        Ok(gone)
    }
}
