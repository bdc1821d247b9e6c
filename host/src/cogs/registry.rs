//! What the cogs share: the status that each owner publishes, and what follows from all of them together: the router's
//! table, who owns which command, which commands are declared, and which files were refused and wait for something.
//! Only [`Registry::publish`] changes any of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gearshift_cog::manifest::{CommandManifest, Manifest};
use serde::Serialize;
use tokio::sync::{Notify, watch};

use super::{
    CogError,
    stage::{Absence, Stage, Status},
};
use crate::{
    error::chain,
    lane::{Inbox, Item},
    router::{Listener, Router, Table},
    schedule::Schedule,
};

/// Slash commands that one application may have.
/// <https://discord.com/developers/docs/interactions/application-commands#registering-a-command>
pub(super) const COMMANDS_MAX: usize = 100;

/// What is there of one cog besides its owner.
pub(super) struct Entry {
    pub(super) inbox: Arc<Inbox>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) status: watch::Sender<Status>,
    /// Tells the owner that the cog's file is another cog now.
    pub(super) file_gone: Box<dyn Fn(PathBuf) + Send + Sync>,
}

/// A file that is not loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: String,
    /// What the reader can do.
    pub help: Option<String>,
}

/// The registry.
pub(super) struct Registry {
    router: Arc<Router>,
    book: Mutex<Book>,
    /// Moves whenever the declared commands may have changed.
    commands: watch::Sender<u64>,
    /// Something that a refused file lacked may be free.
    freed: Notify,
}

#[derive(Default)]
struct Book {
    cogs: BTreeMap<Arc<str>, Cog>,
    /// At most one entry a file, until it is tried again.
    refused: BTreeMap<PathBuf, Refused>,
    /// Every command that a cog of this process has declared so far.
    seen: BTreeSet<String>,
}

struct Cog {
    entry: Entry,
    /// Commands of a generation that is being brought up beside the one that serves.
    coming: Vec<String>,
    /// Its file is another cog that serves: it hears nothing more.
    is_superseded: bool,
}

struct Refused {
    shown: RefusedFile,
    lack: Option<Lack>,
}

/// What a file was refused for that may become free.
struct Lack {
    /// The cog it would be.
    name: String,
    what: Missing,
}

enum Missing {
    /// The name belongs to another file.
    Name,
    /// The command belongs to another cog.
    Command(String),
    /// So many commands are more than there is room for.
    Room(usize),
}

/// The slash commands that shall be registered, and those that shall not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// By name: of cogs that serve, of those that could not be loaded, and of those that went a moment ago.
    pub commands: BTreeMap<String, CommandManifest>,
    /// Declared by a cog of this process once, and by none any more.
    pub gone: BTreeSet<String>,
    /// The cog of each command.
    pub cogs: BTreeMap<String, Arc<str>>,
}

impl Registry {
    pub(super) fn new(router: Arc<Router>) -> Registry {
        let (commands, _) = watch::channel(0);
        Registry { router, book: Mutex::default(), commands, freed: Notify::new() }
    }

    /// Makes a cog known, if it is not.
    pub(super) fn add(&self, name: &Arc<str>, entry: impl FnOnce() -> Entry) {
        let mut book = self.book();
        if !book.cogs.contains_key(name) {
            let cog = Cog { entry: entry(), coming: Vec::new(), is_superseded: false };
            book.cogs.insert(Arc::clone(name), cog);
        }
    }

    /// Reserves the commands of a manifest for a cog, until it publishes its next status.
    ///
    /// # Errors
    /// When another cog has one of the commands, or there are too many.
    pub(super) fn claim(&self, name: &str, file: &Path, manifest: &Manifest) -> Result<(), CogError> {
        let mut book = self.book();
        let mut count = 0;
        for (other, cog) in book.cogs.iter().filter(|(other, _)| ***other != *name) {
            let status = cog.entry.status.borrow();
            // A cog whose file this is makes room when the new one serves.
            if status.file == file {
                continue;
            }
            let owned: BTreeSet<&str> = cog.commands(&status).collect();
            count += owned.len();
            let taken = manifest.commands.iter().find(|command| owned.contains(&*command.name));
            if let Some(command) = taken {
                return Err(CogError::CommandTaken {
                    command: command.name.clone(),
                    name: name.to_owned(),
                    file: file.to_owned(),
                    other: other.to_string(),
                    other_file: status.file.clone(),
                });
            }
        }
        if count + manifest.commands.len() > COMMANDS_MAX {
            return Err(CogError::TooManyCommands {
                name: name.to_owned(),
                file: file.to_owned(),
                own: manifest.commands.len(),
                others: count,
            });
        }
        if let Some(cog) = book.cogs.get_mut(name) {
            cog.coming = manifest.commands.iter().map(|command| command.name.clone()).collect();
        }
        Ok(())
    }

    /// Publishes a cog's new status with everything that follows from it. Events that the cog has missed so far come
    /// first in its queue.
    pub(super) fn publish(&self, name: &str, change: impl FnOnce(&mut Status)) {
        let Some(before) = self.book().cogs.get(name).map(|cog| cog.entry.status.borrow().clone()) else {
            return;
        };
        let mut after = before.clone();
        change(&mut after);
        let events = |status: &Status| match &status.manifest {
            Some(manifest) if status.is_routed() => manifest.events.clone(),
            _ => Vec::new(),
        };
        let heard = events(&before);
        let missed: Vec<String> = events(&after).into_iter().filter(|event| !heard.contains(event)).collect();
        self.router.introduce(&missed, |facts| {
            let mut book = self.book();
            let declares = after.commands().map(str::to_owned).collect::<Vec<_>>();
            book.seen.extend(declares);
            if let Some(cog) = book.cogs.get_mut(name) {
                cog.coming.clear();
                cog.is_superseded = false;
                cog.entry.inbox.extend(facts.into_iter().map(Item::event));
                cog.entry.status.send_replace(after);
            }
            book.supersede(name);
            // Locked until the table is in place: of two that publish at once, the later one knows more.
            self.router.publish(book.table());
        });
        self.commands.send_modify(|changes| *changes += 1);
        self.freed.notify_one();
    }

    /// Changes what is only shown of a cog: counts, its last report.
    pub(super) fn note(&self, name: &str, change: impl FnOnce(&mut Status)) {
        if let Some(cog) = self.book().cogs.get(name) {
            cog.entry.status.send_modify(change);
        }
    }

    /// Notes that a file was refused. If what it lacks may become free, it is tried again then.
    pub(super) fn refuse(&self, file: &Path, error: &CogError) {
        let lack = match error {
            CogError::NameTaken { name, .. } => Some(Lack { name: name.clone(), what: Missing::Name }),
            CogError::CommandTaken { name, command, .. } => {
                Some(Lack { name: name.clone(), what: Missing::Command(command.clone()) })
            }
            CogError::TooManyCommands { name, own, .. } => {
                Some(Lack { name: name.clone(), what: Missing::Room(*own) })
            }
            CogError::File(_)
            | CogError::TooManyHeld { .. }
            | CogError::WentBackFrom { .. }
            | CogError::Open { .. } => None,
            // It is its cog that failed, and says so, or nobody wants it.
            _ => return,
        };
        let shown = RefusedFile { file: file.to_owned(), reason: chain(error), help: error.help() };
        self.book().refused.insert(file.to_owned(), Refused { shown, lack });
        // It may have become free since it was found taken.
        self.freed.notify_one();
    }

    /// The file is being tried, or is gone.
    pub(super) fn forget_refused(&self, file: &Path) {
        self.book().refused.remove(file);
    }

    /// No file of this cog waits for a command any more: somebody unloaded it.
    pub(super) fn wants_no_more(&self, name: &str) {
        self.book().refused.retain(|_, refused| {
            refused.lack.as_ref().is_none_or(|lack| lack.name != name || matches!(lack.what, Missing::Name))
        });
    }

    /// Files that were refused, and why.
    pub(super) fn refused(&self) -> Vec<RefusedFile> {
        self.book().refused.values().map(|refused| refused.shown.clone()).collect()
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

    /// The cog that a file is, or was last.
    pub(super) fn owner_of(&self, file: &Path) -> Option<Arc<str>> {
        let book = self.book();
        let is_of = |cog: &Cog| {
            let status = cog.entry.status.borrow();
            status.file == file && !(status.stage == Stage::Away && status.absence == Absence::FileGone)
        };
        book.cogs.iter().find(|(_, cog)| is_of(cog)).map(|(name, _)| Arc::clone(name))
    }

    /// What shall be registered. Commands of a cog that went stay for `keep`.
    pub(super) fn declared(&self, keep: Duration) -> Declared {
        let book = self.book();
        let mut all: Vec<(Arc<str>, Status)> = book
            .cogs
            .iter()
            .map(|(name, cog)| (Arc::clone(name), cog.entry.status.borrow().clone()))
            .filter(|(_, status)| {
                let has_left = status.stage == Stage::Away && status.absence.is_final();
                !has_left || status.since.is_some_and(|since| since.elapsed() < keep)
            })
            .collect();
        // Of two that declare one command the last counts: the one that serves.
        all.sort_by_key(|(_, status)| status.is_routed());
        let mut declared = Declared::default();
        for (name, status) in all {
            let commands = status.manifest.iter().flat_map(|manifest| &manifest.commands);
            for command in commands.filter(|command| command.discord.is_some()) {
                declared.commands.insert(command.name.clone(), command.clone());
                declared.cogs.insert(command.name.clone(), Arc::clone(&name));
            }
        }
        declared.gone =
            book.seen.iter().filter(|name| !declared.commands.contains_key(*name)).cloned().collect();
        declared
    }

    /// Moves whenever the declared commands may have changed.
    pub(super) fn commands(&self) -> watch::Receiver<u64> {
        self.commands.subscribe()
    }

    /// Every cog's name, status and queue.
    pub(super) fn each<T>(&self, mut look: impl FnMut(&Arc<str>, &Status, &Entry) -> T) -> Vec<T> {
        let book = self.book();
        book.cogs.iter().map(|(name, cog)| look(name, &cog.entry.status.borrow(), &cog.entry)).collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cog {
    /// The commands that it owns.
    fn commands<'a>(&'a self, status: &'a Status) -> impl Iterator<Item = &'a str> {
        let serving = status.commands().filter(|_| status.is_routed() && !self.is_superseded);
        serving.chain(self.coming.iter().map(String::as_str))
    }
}

impl Book {
    /// If the cog `name` serves from a file that was another cog, that one goes.
    fn supersede(&mut self, name: &str) {
        let Some(status) = self.cogs.get(name).map(|cog| cog.entry.status.borrow().clone()) else { return };
        if status.stage != Stage::Serving {
            return;
        }
        for (other, cog) in &mut self.cogs {
            let is_same_file = {
                let before = cog.entry.status.borrow();
                before.is_routed() && before.file == status.file
            };
            if **other != *name && is_same_file && !cog.is_superseded {
                cog.is_superseded = true;
                (cog.entry.file_gone)(status.file.clone());
            }
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::default();
        for (name, cog) in &self.cogs {
            let status = cog.entry.status.borrow();
            let Some(manifest) = &status.manifest else { continue };
            let commands = status.commands().map(str::to_owned);
            if status.is_routed() && !cog.is_superseded {
                let listener = Listener { cog: Arc::clone(name), inbox: Arc::clone(&cog.entry.inbox) };
                table.add(&listener, &manifest.events, commands);
                table.add_ephemeral(manifest.commands.iter().flat_map(|command| command.ephemeral.clone()));
            } else {
                table.add_away(name, commands);
            }
        }
        table
    }

    /// A file whose lack is gone. One that is no file any more has nothing to try.
    fn take_free(&mut self) -> Option<PathBuf> {
        self.refused.retain(|file, refused| refused.lack.is_none() || file.exists());
        let is_free = |refused: &Refused| {
            refused.lack.as_ref().is_some_and(|lack| self.is_free(lack, &refused.shown.file))
        };
        let file = self.refused.iter().find(|(_, refused)| is_free(refused))?.0.clone();
        self.refused.remove(&file);
        Some(file)
    }

    fn is_free(&self, lack: &Lack, file: &Path) -> bool {
        let others = || self.cogs.iter().filter(|(name, _)| ***name != *lack.name).map(|(_, cog)| cog);
        match &lack.what {
            Missing::Command(command) => !others().any(|cog| {
                let status = cog.entry.status.borrow();
                cog.commands(&status).any(|owned| owned == command)
            }),
            Missing::Room(own) => {
                let owned = |cog: &Cog| {
                    let status = cog.entry.status.borrow();
                    cog.commands(&status).collect::<BTreeSet<_>>().len()
                };
                others().map(owned).sum::<usize>() + own <= COMMANDS_MAX
            }
            Missing::Name => self.cogs.get(&*lack.name).is_none_or(|cog| {
                let status = cog.entry.status.borrow();
                status.file != file && status.stage == Stage::Away && status.absence == Absence::FileGone
            }),
        }
    }
}
