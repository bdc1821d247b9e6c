//! Who owns which name, command and file, and which files were refused because of it. It is asked before a library is
//! opened, and tries nothing itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gearshift_cog::manifest::Manifest;
use tokio::sync::Notify;

use super::CogError;
use crate::library::Digest;

/// The claims of all cogs.
#[derive(Debug, Default)]
pub(super) struct Claims {
    book: Mutex<Book>,
    /// Something that a refused file lacked is free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Book {
    claims: BTreeMap<Arc<str>, Claim>,
    /// At most one entry a file, until it is tried again.
    refused: BTreeMap<PathBuf, Refused>,
}

#[derive(Debug)]
struct Claim {
    file: PathBuf,
    commands: Vec<String>,
    /// The content that was tried last, whether it serves or was refused.
    digest: Digest,
}

/// What a file was refused for.
#[derive(Debug)]
struct Refused {
    /// The cog it would be.
    name: String,
    /// The command that belongs to another cog; none if the name itself belongs to another file.
    command: Option<String>,
    is_free: bool,
}

/// Why a cog gives its claims up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// This file of its is gone, or is another cog now. Another file may be the cog.
    FileGone(PathBuf),
    /// It is not wanted: no file brings it back by itself.
    Unloaded,
}

impl Claims {
    /// Claims the name and the commands of a manifest for a file. A file that is refused waits for what it lacks.
    ///
    /// # Errors
    /// When another file has the name, or another cog one of the commands.
    pub(super) fn claim(&self, file: &Path, manifest: &Manifest, digest: &Digest) -> Result<(), CogError> {
        let mut book = self.book();
        let checked = book.check_name(file, manifest).and_then(|()| book.check_commands(file, manifest));
        book.refused.remove(file);
        if let Err(error) = checked {
            let command = match &error {
                CogError::CommandTaken { command, .. } => Some(command.clone()),
                _ => None,
            };
            let refused = Refused { name: manifest.name.clone(), command, is_free: false };
            book.refused.insert(file.to_owned(), refused);
            return Err(error);
        }
        let name = manifest.name.as_str();
        // Until it is settled which generation serves, the commands of both are taken.
        let mut commands = book.claims.remove(name).map_or_else(Vec::new, |claim| claim.commands);
        commands.extend(names(manifest));
        book.claims.insert(Arc::from(name), Claim { file: file.to_owned(), commands, digest: *digest });
        Ok(())
    }

    /// Claims the commands of a manifest for a cog that goes back to it; name, file and content stay as they are.
    ///
    /// # Errors
    /// When another cog has one of the commands.
    pub(super) fn claim_back(&self, file: &Path, manifest: &Manifest) -> Result<(), CogError> {
        let mut book = self.book();
        book.check_commands(file, manifest)?;
        if let Some(claim) = book.claims.get_mut(manifest.name.as_str()) {
            claim.commands.extend(names(manifest));
        }
        Ok(())
    }

    /// Whether this content of this file has been tried already.
    pub(super) fn is_known(&self, file: &Path, digest: &Digest) -> bool {
        self.book().claims.values().any(|claim| claim.file == file && claim.digest == *digest)
    }

    /// The cog that a file was last.
    pub(super) fn owner_of(&self, file: &Path) -> Option<Arc<str>> {
        self.book().claims.iter().find(|(_, claim)| claim.file == file).map(|(name, _)| Arc::clone(name))
    }

    /// After an attempt: the commands are those of the manifest that serves, none if none does. Name and content stay
    /// known, so that the same content is not tried again.
    pub(super) fn settle(&self, name: &str, serving: Option<&Manifest>) {
        let mut book = self.book();
        let Some(claim) = book.claims.get_mut(name) else { return };
        let kept = serving.map_or_else(Vec::new, |manifest| names(manifest).collect());
        let mut given_up = std::mem::replace(&mut claim.commands, kept.clone());
        given_up.retain(|command| !kept.contains(command));
        book.free(|refused| refused.command.as_ref().is_some_and(|command| given_up.contains(command)));
        self.freed.notify_one();
    }

    /// Name, file and commands are free again; false if the file that is gone is not the cog's any more.
    pub(super) fn release(&self, name: &str, leaving: &Leaving) -> bool {
        let mut book = self.book();
        if let Leaving::FileGone(file) = leaving
            && book.claims.get(name).is_none_or(|claim| claim.file != *file)
        {
            return false;
        }
        let given_up = book.claims.remove(name).map_or_else(Vec::new, |claim| claim.commands);
        if *leaving == Leaving::Unloaded {
            book.refused.retain(|_, refused| refused.name != name || refused.command.is_none());
        }
        book.free(|refused| match &refused.command {
            Some(command) => given_up.contains(command),
            None => refused.name == name && *leaving != Leaving::Unloaded,
        });
        self.freed.notify_one();
        true
    }

    /// Waits for a refused file to which what it lacked was given up; of several, the first by name.
    pub(super) async fn freed(&self) -> PathBuf {
        loop {
            if let Some(file) = self.book().take_free() {
                return file;
            }
            self.freed.notified().await;
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn check_name(&self, file: &Path, manifest: &Manifest) -> Result<(), CogError> {
        match self.claims.get(manifest.name.as_str()) {
            Some(other) if other.file != file && other.file.exists() => Err(CogError::NameTaken {
                name: manifest.name.clone(),
                file: file.to_owned(),
                other: other.file.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_commands(&self, file: &Path, manifest: &Manifest) -> Result<(), CogError> {
        let name = &manifest.name;
        for command in names(manifest) {
            let taken = self
                .claims
                .iter()
                .find(|(other, claim)| ***other != **name && claim.commands.contains(&command));
            if let Some((other, claim)) = taken {
                return Err(CogError::CommandTaken {
                    command,
                    name: name.clone(),
                    file: file.to_owned(),
                    other: other.to_string(),
                    other_file: claim.file.clone(),
                });
            }
        }
        Ok(())
    }

    fn free(&mut self, lacked: impl Fn(&Refused) -> bool) {
        self.refused.values_mut().for_each(|refused| refused.is_free |= lacked(refused));
    }

    /// A file that is gone meanwhile has nothing to try.
    fn take_free(&mut self) -> Option<PathBuf> {
        self.refused.retain(|file, refused| !refused.is_free || file.exists());
        let file = self.refused.iter().find(|(_, refused)| refused.is_free)?.0.clone();
        self.refused.remove(&file);
        Some(file)
    }
}

fn names(manifest: &Manifest) -> impl Iterator<Item = String> {
    manifest.commands.iter().map(|command| command.name.clone())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gearshift_cog::manifest::CommandManifest;

    use super::*;

    /// A folder of files; what stands in them does not matter here.
    struct Files(tempfile::TempDir, Claims);

    impl Files {
        fn new() -> Files {
            Files(tempfile::tempdir().expect("a temporary folder"), Claims::default())
        }

        /// Claims a name and commands for a file that is there from now on.
        fn claim(&self, file: &str, name: &str, commands: &[&str]) -> Result<(), CogError> {
            let path = self.0.path().join(file);
            fs::write(&path, name).expect("writable");
            let digest = Digest::of(&path).expect("readable");
            self.1.claim(&path, &manifest(name, commands), &digest)
        }

        fn gone(&self, file: &str) -> Leaving {
            Leaving::FileGone(self.0.path().join(file))
        }

        /// What would be tried again now.
        fn free(&self) -> Vec<String> {
            let free = std::iter::from_fn(|| self.1.book().take_free());
            free.map(|file| file.file_name().expect("it has one").to_string_lossy().into_owned()).collect()
        }
    }

    fn manifest(name: &str, commands: &[&str]) -> Manifest {
        let none = String::new;
        let command = |name: &&str| CommandManifest {
            kind: 1,
            name: (*name).to_owned(),
            description: none(),
            options: Vec::new(),
        };
        Manifest {
            name: name.to_owned(),
            version: none(),
            abi: (1, 0),
            target: none(),
            rustc: none(),
            panic: none(),
            profile: none(),
            events: Vec::new(),
            commands: commands.iter().map(command).collect(),
        }
    }

    #[test]
    fn what_is_given_up_frees_those_that_lacked_it_in_the_order_of_their_names() {
        let files = Files::new();
        files.claim("m.so", "music", &["play", "stop"]).expect("all is free");
        for (file, name, command) in
            [("c.so", "chess", "play"), ("b.so", "ball", "play"), ("a.so", "taxi", "stop")]
        {
            files.claim(file, name, &[command]).expect_err("it is taken");
        }
        files.claim("n.so", "music", &[]).expect_err("the name is taken");
        assert!(files.free().is_empty());
        files.1.settle("music", Some(&manifest("music", &["stop"])));
        assert_eq!(files.free(), ["b.so", "c.so"]);
        assert!(files.1.release("music", &files.gone("m.so")));
        assert_eq!(files.free(), ["a.so", "n.so"]);
        assert!(files.free().is_empty(), "each is tried once");
    }

    #[test]
    fn a_cog_that_is_unloaded_waits_for_nothing_any_more() {
        let files = Files::new();
        files.claim("m.so", "music", &["play"]).expect("all is free");
        files.claim("c.so", "chess", &[]).expect("all is free");
        files.claim("c.so", "chess", &["play"]).expect_err("it is taken");
        files.claim("d.so", "chess", &[]).expect_err("the name is taken");
        assert!(files.1.release("chess", &Leaving::Unloaded));
        assert!(files.1.release("music", &files.gone("m.so")));
        assert!(files.free().is_empty());
        files.claim("c.so", "chess", &[]).expect("it is wanted again");
        assert!(files.1.release("chess", &files.gone("c.so")));
        assert_eq!(files.free(), ["d.so"]);
    }

    #[test]
    fn a_file_that_is_gone_takes_nothing_from_the_one_that_came_for_it() {
        let files = Files::new();
        files.claim("m.so", "music", &["play"]).expect("all is free");
        fs::remove_file(files.0.path().join("m.so")).expect("writable");
        files.claim("n.so", "music", &["play"]).expect("the other is gone");
        assert!(!files.1.release("music", &files.gone("m.so")));
        files.claim("c.so", "chess", &["play"]).expect_err("it is taken");
        assert!(files.1.release("music", &files.gone("n.so")));
        assert_eq!(files.free(), ["c.so"]);
    }

    #[test]
    fn a_file_waits_for_what_its_last_content_lacked() {
        let files = Files::new();
        files.claim("m.so", "music", &["play", "stop"]).expect("all is free");
        files.claim("c.so", "chess", &["play"]).expect_err("it is taken");
        files.claim("c.so", "chess", &["move"]).expect("it is free");
        files.claim("d.so", "dice", &["play"]).expect_err("it is taken");
        files.claim("d.so", "dice", &["stop"]).expect_err("it is taken");
        files.1.settle("music", Some(&manifest("music", &["stop"])));
        assert!(files.free().is_empty());
        files.1.settle("music", None);
        assert_eq!(files.free(), ["d.so"]);
    }

    #[test]
    fn a_command_that_went_to_another_cog_is_not_claimed_back() {
        let files = Files::new();
        let before = manifest("music", &["play"]);
        files.claim("m.so", "music", &["stop"]).expect("all is free");
        files.claim("c.so", "chess", &["play"]).expect("all is free");
        let file = files.0.path().join("m.so");
        let error = files.1.claim_back(&file, &before).expect_err("it is taken");
        assert!(matches!(error, CogError::CommandTaken { .. }), "{error}");
        assert!(files.1.release("chess", &files.gone("c.so")));
        files.1.claim_back(&file, &before).expect("it is free");
        files.claim("c.so", "chess", &["play"]).expect_err("it is taken");
    }
}
