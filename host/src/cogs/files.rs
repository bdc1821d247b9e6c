//! How cogs follow their files: what to do with a file that has changed, which file holds which cog, and what
//! happens to a cog whose file is gone.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;

use super::{
    CogError, Cogs,
    generation::prepare,
    lifecycle::Candidate,
    message::{Answer, Leaving, Message, Trigger},
};
use crate::library::{self, PrivateCopy};

impl Cogs {
    /// Follows a change of a file: loads or replaces its cog if the content differs from what serves. The
    /// outcome is logged.
    ///
    /// # Errors
    /// When the file is refused before its cog's owner is involved.
    pub async fn follow_change(self: &Arc<Self>, file: &Path) -> Result<(), CogError> {
        // Taken in any case: if this file is not brought into service, dropping its part tells the others.
        let together = self.registry.together(file);
        let mut candidate = match self.prepare_wanted(file).await {
            Err(CogError::Disabled { .. }) => return Ok(()),
            prepared => prepared?,
        };
        candidate.together = together.filter(|member| member.expects(&candidate.manifest));
        if candidate.together.is_none() && self.waits_for_partners(&candidate.file, &candidate.manifest).await
        {
            return Ok(());
        }
        let outcome = self.deploy(candidate, Trigger::FileChanged);
        self.parts.runtime.spawn(async move { Answer(None).send(outcome.await) });
        Ok(())
    }

    /// Whether a file has to wait for others with which it exchanges commands: they can only be loaded together.
    async fn waits_for_partners(&self, file: &Path, manifest: &Arc<Manifest>) -> bool {
        let Err(taken @ CogError::CommandTaken { .. }) = self.registry.may_serve(file, manifest) else {
            return false;
        };
        // The other files may have changed already.
        let _ = self.read_folder().await;
        let Some(partners) = self.registry.partners(file) else { return false };
        if !partners.are_waiting {
            let names: Vec<String> = partners.names.iter().map(|name| format!("`{name}`")).collect();
            tracing::info!(
                cog = manifest.name,
                "`{}` waits for the new version of {}: they exchange commands, and are replaced together",
                file.display(),
                names.join(" and ")
            );
        }
        self.registry.refuse(file, &taken);
        true
    }

    /// Adds a file that cannot be loaded to the list of refused files.
    pub fn refuse(&self, file: &Path, error: &CogError) {
        self.registry.refuse(file, error);
    }

    /// Other files that hold the cogs of a file that is gone. To be tried before the removal is followed, so that
    /// what serves can hand over its state.
    pub async fn successors(&self, gone: &Path) -> Vec<PathBuf> {
        self.registry.gone(gone);
        let mut successors = Vec::new();
        for name in self.registry.cogs_of(gone) {
            successors.extend(self.find(&name).await);
        }
        successors
    }

    /// Retires the cogs whose file is gone. The outcome is logged.
    pub fn follow_removal(&self, file: &Path) {
        self.registry.gone(file);
        for name in self.registry.cogs_of(file) {
            self.send(&name, Message::Leave(Leaving::FileGone(file.to_owned()), Answer(None)));
        }
    }

    /// Waits for files to try again, together: they were refused for names or commands that their owners have given up
    /// since, or that they give up for each other. Never returns a file of a cog that was unloaded.
    pub async fn freed(&self) -> Vec<PathBuf> {
        self.registry.freed().await
    }

    /// The steps before the cog's owner is involved.
    pub(super) async fn prepare_wanted(
        self: &Arc<Self>,
        file: &Path,
    ) -> Result<Candidate<PrivateCopy>, CogError> {
        self.settle_config().await;
        let candidate = prepare(&self.parts, file).await?;
        if self.registry.found(file, &candidate.manifest) {
            // Files swap places in groups, one after the other: wait, so that a cog that has moved to another file
            // keeps running from there.
            tokio::time::sleep(self.parts.limits.settle).await;
            // If it cannot be read now, what was last known remains.
            let _ = self.read_folder().await;
        }
        let name = candidate.manifest.name.clone();
        if self.parts.disabled.contains(&name) {
            return Err(CogError::Disabled { name });
        }
        Ok(candidate)
    }

    /// The library in the folder that holds the cog `name`.
    pub(super) async fn find(&self, name: &str) -> Result<PathBuf, CogError> {
        let read = self.read_folder().await?;
        match read.iter().find(|(_, manifest)| manifest.name == name) {
            Some((file, _)) => Ok(file.clone()),
            None => {
                // A cog may have two files there.
                let known: BTreeSet<_> = read.iter().map(|(_, manifest)| manifest.name.clone()).collect();
                Err(CogError::NotFound {
                    name: name.to_owned(),
                    folder: self.parts.folder.clone(),
                    known: known.into_iter().collect(),
                })
            }
        }
    }

    /// The manifests of the libraries in the folder, in the order of file names.
    pub(super) async fn read_folder(&self) -> Result<Vec<(PathBuf, Arc<Manifest>)>, CogError> {
        let folder = self.parts.folder.clone();
        let read = tokio::task::spawn_blocking(move || library::manifests(&folder)).await;
        let read = read
            .map_err(|error| CogError::Host(error.to_string()))?
            .map_err(|source| CogError::Folder { folder: self.parts.folder.clone(), source })?;
        let read: Vec<_> = read.into_iter().map(|(file, manifest)| (file, Arc::new(manifest))).collect();
        for (file, manifest) in &read {
            self.registry.found(file, manifest);
        }
        Ok(read)
    }
}
