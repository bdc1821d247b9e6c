//! Which cog owns what: the names, files and commands of all cogs, and which files wait for one of them.
//! This decides; the registry publishes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use gearshift_cog::manifest::Manifest;
use tokio::sync::watch;

use super::{
    CogError, RefusedFile,
    claim::Claims,
    stage::{Absence, Stage, Status},
    together::{Group, Member, Turn},
};
use crate::{lane::Inbox, library::CommandKey, router::Table, schedule::Schedule};

/// What belongs to a cog besides its owner.
pub(super) struct Entry {
    pub(super) inbox: Arc<Inbox>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) status: watch::Sender<Status>,
    /// Called when the cog's file holds another cog; tells the owner.
    pub(super) file_gone: Box<dyn Fn(PathBuf) + Send + Sync>,
}

/// What every cog owns, and which files wait.
#[derive(Default)]
pub(super) struct Ownership {
    pub(super) cogs: BTreeMap<Arc<str>, Cog>,
    /// What each file held when it was last read.
    pub(super) files: BTreeMap<PathBuf, Arc<Manifest>>,
    /// At most one entry per file, until the file is tried again.
    pub(super) refused: BTreeMap<PathBuf, Refused>,
    /// Files that are tried again together, as members of a group.
    pub(super) together: BTreeMap<PathBuf, Member>,
    /// Every command that a cog of this process has declared so far.
    pub(super) seen: BTreeSet<CommandKey>,
}

/// A cog: its entry, and what its owner has asked for.
pub(super) struct Cog {
    pub(super) entry: Entry,
    /// The manifest of a generation that is being brought up beside the serving one: its commands are reserved.
    pub(super) coming: Option<Arc<Manifest>>,
    /// Its file holds another cog, which serves, and no other file holds this one: nothing more is routed to it.
    pub(super) is_superseded: bool,
}

/// A file that was refused.
pub(super) struct Refused {
    pub(super) shown: RefusedFile,
    /// Whether it may be loaded later: the name, the command or the room that it lacked may become free.
    pub(super) is_waiting: bool,
}

/// Other cogs whose files give up what a file lacks.
pub(super) struct Partners {
    pub(super) names: Vec<String>,
    /// Whether their files are already waiting for it.
    pub(super) are_waiting: bool,
}

impl Cog {
    /// The names and commands that the cog owns now.
    pub(super) fn claims(&self, status: &Status) -> Claims {
        let serving = status.manifest.as_ref().filter(|_| status.is_routed() && !self.is_superseded);
        let mut claims = Claims::default();
        serving.into_iter().chain(&self.coming).for_each(|manifest| claims.add(manifest));
        claims
    }
}

/// The part of another cog that claims are compared with.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) claims: Claims,
}

/// Checks that a cog may have what it claims beside all others.
///
/// # Errors
/// If another cog has it, or there is no room for that many commands.
pub(super) fn may_claim(file: &Path, manifest: &Manifest, others: &[Other]) -> Result<(), CogError> {
    let (name, own) = (&manifest.name, Claims::of(manifest));
    for other in others {
        if let Some(claim) = own.shared(&other.claims) {
            return Err(CogError::CommandTaken {
                claim: Box::new(claim.clone()),
                name: name.clone(),
                file: file.to_owned(),
                other: other.name.clone(),
                other_file: other.file.clone(),
            });
        }
    }
    match own.exceeded(others.iter().map(|other| &other.claims)) {
        None => Ok(()),
        Some((scope, others)) => Err(CogError::TooManyCommands {
            name: name.clone(),
            file: file.to_owned(),
            scope: scope.clone(),
            own: own.count(scope),
            others,
        }),
    }
}

impl Ownership {
    /// Whether a file may serve as the cog it holds, once everything in `group` serves.
    pub(super) fn may_serve(&self, file: &Path, manifest: &Manifest, group: &Group) -> Result<(), CogError> {
        let name = &manifest.name;
        if let Some(cog) = self.cogs.get(&**name) {
            let status = cog.entry.status.borrow();
            let has_file = !status.file.as_os_str().is_empty() && !status.has_left();
            if has_file && status.file != file && self.is_present(&status.file, name) {
                return Err(CogError::NameTaken {
                    name: name.clone(),
                    file: file.to_owned(),
                    other: status.file.clone(),
                });
            }
        }
        let mut others = Vec::new();
        for (other, cog) in self.cogs.iter().filter(|(other, _)| ***other != **name) {
            let status = cog.entry.status.borrow();
            let claims = match group.get(&**other) {
                Some(manifest) => Claims::of(manifest),
                // A cog that has only this file gives up its claims when the new one serves.
                None if status.file == file && !self.has_file(other, file) => continue,
                None => cog.claims(&status),
            };
            others.push(Other { name: other.to_string(), file: status.file.clone(), claims });
        }
        may_claim(file, manifest, &others)
    }

    /// Whether a file exists and, as far as is known, holds the cog `name`.
    pub(super) fn is_present(&self, file: &Path, name: &str) -> bool {
        self.files.get(file).is_none_or(|manifest| manifest.name == name) && file.exists()
    }

    /// Whether another file holds the cog `name`.
    fn has_file(&self, name: &str, besides: &Path) -> bool {
        let mut others = self.files.keys().filter(|file| **file != *besides);
        others.any(|file| self.is_present(file, name))
    }

    /// Makes a cog go whose file holds another cog that serves, if no other file holds it.
    pub(super) fn supersede(&mut self) {
        let file_of = |cog: &Cog, is_there: fn(&Status) -> bool| {
            let status = cog.entry.status.borrow();
            (is_there(&status) && !cog.is_superseded).then(|| status.file.clone())
        };
        let files = |is_there| -> Vec<(Arc<str>, PathBuf)> {
            let files = self.cogs.iter().filter_map(|(name, cog)| Some((name, file_of(cog, is_there)?)));
            files.map(|(name, file)| (Arc::clone(name), file)).collect()
        };
        let serving = files(|status| status.stage == Stage::Serving);
        // One that could not be loaded still has its commands.
        let away = files(|status| {
            status.stage == Stage::Away && matches!(status.absence, Absence::Failed | Absence::Parked)
        });
        for (name, file) in serving.iter().chain(&away) {
            let is_anothers = serving.iter().any(|(other, used)| used == file && other != name)
                && self.files.get(file).is_none_or(|manifest| *manifest.name != **name);
            if is_anothers
                && !self.has_file(name, file)
                && let Some(cog) = self.cogs.get_mut(name)
            {
                cog.is_superseded = true;
                (cog.entry.file_gone)(file.clone());
            }
        }
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::default();
        for (name, cog) in &self.cogs {
            let status = cog.entry.status.borrow();
            let Some(manifest) = &status.manifest else { continue };
            if status.is_routed() && !cog.is_superseded {
                table.add(name, &cog.entry.inbox, manifest);
            } else if status.stage != Stage::Away || status.absence != Absence::FileGone {
                table.add_away(name, manifest, status.away());
            }
        }
        for (name, cog) in &self.cogs {
            if let Some(manifest) = &cog.coming {
                table.add_coming(name, &cog.entry.inbox, manifest);
            }
        }
        table
    }

    /// Files that may be loaded now, together. Files that no longer exist are dropped.
    pub(super) fn take_free(&mut self, turn: Turn) -> Option<Vec<PathBuf>> {
        self.refused.retain(|file, refused| !refused.is_waiting || file.exists());
        let waiting =
            self.refused.iter().filter(|(file, refused)| refused.is_waiting && self.is_wanted(file));
        let waiting: Vec<PathBuf> = waiting.map(|(file, _)| file.clone()).collect();
        let files = waiting.iter().find_map(|file| self.free_with(file, &waiting))?;
        self.refused.retain(|file, _| !files.contains(file));
        if files.len() > 1 {
            self.together.extend(files.iter().cloned().zip(Member::all_of(self.group_of(&files), turn)));
        }
        Some(files)
    }

    /// Takes the first cog out of `left`, and those that have to be replaced together with it. Each gets its part in
    /// the group; `None` if it is alone.
    pub(super) fn take_group(
        &self,
        left: &mut VecDeque<String>,
        turn: Turn,
    ) -> Option<Vec<(String, Option<Member>)>> {
        let name = left.pop_front()?;
        let others: Vec<PathBuf> = left.iter().filter_map(|other| self.file_of(other)).collect();
        let files = self.file_of(&name).and_then(|file| self.free_with(&file, &others));
        let group = self.group_of(files.as_deref().unwrap_or_default());
        if group.len() < 2 {
            return Some(vec![(name, None)]);
        }
        for partner in group.keys().filter(|partner| **partner != name) {
            let at = left.iter().position(|other| other == partner);
            at.map(|at| left.remove(at));
        }
        let names: Vec<String> = group.keys().cloned().collect();
        Some(names.into_iter().zip(Member::all_of(group, turn).into_iter().map(Some)).collect())
    }

    /// A cog's current file, if it exists and holds the cog.
    pub(super) fn own_file(&self, name: &str) -> Option<PathBuf> {
        let own = self.cogs.get(name).map(|cog| cog.entry.status.borrow().file.clone());
        own.filter(|file| self.files.contains_key(file) && self.is_present(file, name))
    }

    /// The same file, or else another one that holds the cog.
    fn file_of(&self, name: &str) -> Option<PathBuf> {
        let any = || self.files.keys().find(|file| self.is_present(file, name)).cloned();
        self.own_file(name).or_else(any)
    }

    /// The manifests of the cogs that these files hold, by name.
    fn group_of(&self, files: &[PathBuf]) -> Group {
        let manifests = files.iter().filter_map(|file| self.files.get(file));
        manifests.map(|manifest| (manifest.name.clone(), Arc::clone(manifest))).collect()
    }

    pub(super) fn partners(&self, file: &Path) -> Option<Partners> {
        if !self.is_wanted(file) {
            return None;
        }
        let others: Vec<PathBuf> = self.files.keys().filter(|other| *other != file).cloned().collect();
        let files = self.free_with(file, &others).filter(|files| files.len() > 1)?;
        let is_waiting = |file: &PathBuf| self.refused.get(file).is_some_and(|refused| refused.is_waiting);
        let are_waiting = files.iter().filter(|other| *other != file).all(is_waiting);
        let own = &self.files.get(file)?.name;
        let names = self.group_of(&files).into_keys().filter(|name| name != own).collect();
        Some(Partners { names, are_waiting })
    }

    /// Whether it may be loaded automatically: not if its cog was unloaded.
    fn is_wanted(&self, file: &Path) -> bool {
        self.files.get(file).is_some_and(|manifest| {
            self.cogs.get(&*manifest.name).is_none_or(|cog| {
                let status = cog.entry.status.borrow();
                status.stage != Stage::Away || status.absence != Absence::Unloaded
            })
        })
    }

    /// The file together with those of `waiting` that give up what it lacks, and with those that give up what these
    /// lack in turn, if all of them could be loaded then.
    fn free_with(&self, file: &Path, waiting: &[PathBuf]) -> Option<Vec<PathBuf>> {
        let (mut files, mut group) = (Vec::new(), Group::new());
        let mut next = Some(file.to_owned());
        while let Some(file) = next.take() {
            let manifest = self.files.get(&file)?;
            group.insert(manifest.name.clone(), Arc::clone(manifest));
            files.push(file);
            for file in &files {
                match self.may_serve(file, self.files.get(file)?, &group) {
                    Ok(()) => {}
                    Err(CogError::CommandTaken { other, .. }) if !group.contains_key(&other) => {
                        let is_its = |file: &&PathBuf| {
                            self.files.get(*file).is_some_and(|manifest| manifest.name == other)
                        };
                        next = Some(waiting.iter().find(is_its)?.clone());
                        break;
                    }
                    Err(_) => return None,
                }
            }
        }
        Some(files)
    }
}
