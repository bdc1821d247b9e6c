//! How the cogs follow their files: what is wanted of a file that changed, which file is which cog, and what becomes of
//! a cog whose file is gone.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;

use super::{
    CogError, Cogs,
    generation::prepare,
    life::Candidate,
    message::{Answer, Leaving, Message, Wish},
};
use crate::library::{self, PrivateCopy};

impl Cogs {
    /// Follows a change of a file: loads its cog or replaces it, if the content differs from what serves. The outcome
    /// goes into the log.
    ///
    /// # Errors
    /// When the file is refused before its cog is asked.
    pub async fn follow_change(self: &Arc<Self>, file: &Path) -> Result<(), CogError> {
        // Taken in any case: if this file is not brought, nobody waits for it.
        let together = self.registry.together(file);
        let mut candidate = match self.prepare_wanted(file).await {
            Err(CogError::Disabled { .. }) => return Ok(()),
            prepared => prepared?,
        };
        candidate.together = together.filter(|member| member.expects(&candidate.manifest));
        if candidate.together.is_none() && self.waits(&candidate.file, &candidate.manifest).await {
            return Ok(());
        }
        let outcome = self.bring(candidate, Wish::Changed);
        self.parts.runtime.spawn(async move { Answer(None).give(outcome.await) });
        Ok(())
    }

    /// Whether a file waits for others, with which it exchanges commands: it can only be loaded together with them.
    async fn waits(&self, file: &Path, manifest: &Arc<Manifest>) -> bool {
        let Err(taken @ CogError::CommandTaken { .. }) = self.registry.may_serve(file, manifest) else {
            return false;
        };
        // Theirs may have come already.
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

    /// Notes that a file cannot be loaded, for the list of refused files.
    pub fn refuse(&self, file: &Path, error: &CogError) {
        self.registry.refuse(file, error);
    }

    /// Other files that are the cogs of a file that is gone. To be tried before the removal is followed: what serves then
    /// hands over.
    pub async fn heirs(&self, gone: &Path) -> Vec<PathBuf> {
        self.registry.gone(gone);
        let mut heirs = Vec::new();
        for name in self.registry.cogs_of(gone) {
            heirs.extend(self.find(&name).await);
        }
        heirs
    }

    /// Retires the cogs whose file is gone. The outcome goes into the log.
    pub fn follow_removal(&self, file: &Path) {
        self.registry.gone(file);
        for name in self.registry.cogs_of(file) {
            self.tell(&name, Message::Leave(Leaving::FileGone(file.to_owned()), Answer(None)));
        }
    }

    /// Waits for files to try again, together: they were refused for names or commands that their owners have given up
    /// since, or give up for each other. Never a file of a cog that was unloaded.
    pub async fn freed(&self) -> Vec<PathBuf> {
        self.registry.freed().await
    }

    /// Steps before anything is asked of the cog itself.
    pub(super) async fn prepare_wanted(
        self: &Arc<Self>,
        file: &Path,
    ) -> Result<Candidate<PrivateCopy>, CogError> {
        self.settle_config().await;
        let candidate = prepare(&self.parts, file).await?;
        if self.registry.found(file, &candidate.manifest) {
            // Files change places in groups, one after the other: a cog that is in another file now goes on from there.
            tokio::time::sleep(self.parts.limits.settle).await;
            // What cannot be read now stays as it was known.
            let _ = self.read_folder().await;
        }
        let name = candidate.manifest.name.clone();
        if self.parts.disabled.contains(&name) {
            return Err(CogError::Disabled { name });
        }
        Ok(candidate)
    }

    /// The library of the folder that is the cog `name`.
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

    /// What the libraries of the folder hold now, by name of the file.
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
