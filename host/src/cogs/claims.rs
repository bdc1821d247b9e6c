//! Who owns which name, command and file. It is asked before a library is opened.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gearshift_cog::manifest::Manifest;

use super::CogError;
use crate::library::Digest;

/// The claims of all cogs.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<BTreeMap<Arc<str>, Claim>>);

#[derive(Debug)]
struct Claim {
    file: PathBuf,
    commands: Vec<String>,
    /// The content that was tried last, whether it serves or was refused.
    digest: Digest,
}

impl Claims {
    /// Claims the name and the commands of a manifest for a file.
    ///
    /// # Errors
    /// When another file has the name, or another cog one of the commands.
    pub(super) fn claim(&self, file: &Path, manifest: &Manifest, digest: &Digest) -> Result<(), CogError> {
        let mut claims = self.claims();
        let name = manifest.name.as_str();
        if let Some(other) = claims.get(name)
            && other.file != file
            && other.file.exists()
        {
            let (name, other) = (name.to_owned(), other.file.clone());
            return Err(CogError::NameTaken { name, file: file.to_owned(), other });
        }
        for command in &manifest.commands {
            let taken = claims
                .iter()
                .find(|(other, claim)| ***other != *name && claim.commands.contains(&command.name));
            if let Some((other, claim)) = taken {
                return Err(CogError::CommandTaken {
                    command: command.name.clone(),
                    name: name.to_owned(),
                    file: file.to_owned(),
                    other: other.to_string(),
                    other_file: claim.file.clone(),
                });
            }
        }
        // Until it is settled which generation serves, the commands of both are taken.
        let mut commands = claims.remove(name).map_or_else(Vec::new, |claim| claim.commands);
        commands.extend(manifest.commands.iter().map(|command| command.name.clone()));
        claims.insert(Arc::from(name), Claim { file: file.to_owned(), commands, digest: *digest });
        Ok(())
    }

    /// Whether this content of this file has been tried already.
    pub(super) fn is_known(&self, file: &Path, digest: &Digest) -> bool {
        self.claims().values().any(|claim| claim.file == file && claim.digest == *digest)
    }

    /// The cog that a file was last.
    pub(super) fn owner_of(&self, file: &Path) -> Option<Arc<str>> {
        self.claims().iter().find(|(_, claim)| claim.file == file).map(|(name, _)| Arc::clone(name))
    }

    /// After an attempt: the commands are those of the manifest that serves, none if none does. Name and content stay
    /// known, so that the same content is not tried again.
    pub(super) fn settle(&self, name: &str, serving: Option<&Manifest>) {
        if let Some(claim) = self.claims().get_mut(name) {
            let commands = serving
                .map(|manifest| manifest.commands.iter().map(|command| command.name.clone()).collect());
            claim.commands = commands.unwrap_or_default();
        }
    }

    /// Name, file and commands are free again.
    pub(super) fn release(&self, name: &str) {
        self.claims().remove(name);
    }

    fn claims(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
