//! What the cogs share: the status that each owner publishes, and what follows from all of them together: the router's
//! table, which commands are declared, and which files were refused and wait for something.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gearshift_cog::{
    abi::Event,
    manifest::{CommandManifest, Manifest},
};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::{
    CogError,
    book::{Book, Cog, Entry, Partners, Refused},
    claim::Claim,
    stage::Status,
    together::{Group, Member},
    totals::Durations,
};
use crate::{
    error::chain,
    event,
    lane::{Call, Item},
    library::{CommandKey, commands_max},
    router::{Filters, Router},
};

/// A file that is not loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// The file. Its name may be the reason, and then it is shown as far as it is text.
    #[serde(serialize_with = "as_text")]
    pub file: PathBuf,
    /// Why.
    pub reason: String,
    /// What the reader can do.
    pub help: Option<String>,
    /// Whether the host went back from what it holds.
    pub went_back: bool,
}

fn as_text<S: Serializer>(file: &Path, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&file.display())
}

/// The registry.
pub(super) struct Registry {
    router: Arc<Router>,
    book: Mutex<Book>,
    /// Moves whenever the declared commands may have changed.
    commands: watch::Sender<u64>,
    /// Something that a refused file lacked may be free.
    freed: Notify,
    /// How long the operations on all cogs took.
    pub(super) durations: Durations,
    /// Moves whenever something serves again in place of what its file holds.
    went_back: watch::Sender<u64>,
}

/// The commands that shall be registered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// Of cogs that serve, of those that could not be loaded, and of those that went a moment ago; and the host's own.
    pub commands: BTreeMap<CommandKey, DeclaredCommand>,
    /// Those that a cog of this process declared at some time, or the host itself. What is not in `commands` any more is to be deleted.
    pub seen: BTreeSet<CommandKey>,
    /// The host's own for which those of the cogs leave no room.
    pub left_out: BTreeSet<CommandKey>,
    /// The guild in which alone all of them are registered; none: as each is declared.
    pub guild: Option<u64>,
}

/// A command that shall be registered.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredCommand {
    /// The cog that declares it; none if it is the host's own.
    pub cog: Option<Arc<str>>,
    /// Discord's own object.
    pub discord: Value,
    /// Guilds, by snowflake, in which alone it is registered; empty for everywhere.
    pub guilds: Vec<String>,
}

impl Declared {
    /// Adds the host's own commands: those that no cog declares, as far as there is room.
    pub(super) fn add_own(&mut self, own: &[CommandManifest]) {
        for command in own {
            let key = CommandKey::of(command);
            // One that finds no room any more goes, if it was registered before.
            self.seen.insert(key.clone());
            let of_kind = |(other, it): &(&CommandKey, &DeclaredCommand)| {
                other.kind == key.kind && (it.guilds.is_empty() || self.guild.is_some())
            };
            let Some(discord) = &command.discord else { continue };
            let has_room = self.commands.iter().filter(of_kind).count() < commands_max(key.kind);
            match (self.commands.contains_key(&key), has_room) {
                (true, _) => {}
                (false, false) => _ = self.left_out.insert(key),
                (false, true) => {
                    let own = DeclaredCommand { cog: None, discord: discord.clone(), guilds: Vec::new() };
                    self.commands.insert(key, own);
                }
            }
        }
    }
}

impl Registry {
    pub(super) fn new(router: Arc<Router>) -> Registry {
        let [(commands, _), (went_back, _)] = [watch::channel(0), watch::channel(0)];
        Registry {
            router,
            book: Mutex::default(),
            commands,
            freed: Notify::new(),
            durations: Durations::default(),
            went_back,
        }
    }

    /// Makes a cog known.
    pub(super) fn add(&self, name: &Arc<str>, entry: Entry) {
        let cog = Cog { entry, coming: None, is_superseded: false };
        self.book().cogs.insert(Arc::clone(name), cog);
    }

    /// Notes what a file holds now. Whether it held another cog before.
    pub(super) fn found(&self, file: &Path, manifest: &Arc<Manifest>) -> bool {
        let before = self.change_files(|files| files.insert(file.to_owned(), Arc::clone(manifest)));
        before.is_some_and(|before| before.name != manifest.name)
    }

    /// The file is gone: it holds nothing, and is not tried again.
    pub(super) fn gone(&self, file: &Path) {
        self.forget_refused(file);
        self.change_files(|files| files.remove(file));
    }

    fn change_files<T>(&self, change: impl FnOnce(&mut BTreeMap<PathBuf, Arc<Manifest>>) -> T) -> T {
        let mut book = self.book();
        let changed = change(&mut book.files);
        book.supersede();
        self.router.publish(book.table());
        drop(book);
        self.freed.notify_one();
        changed
    }

    /// Whether a file is there and is the cog `name`, as far as is known.
    pub(super) fn is_there(&self, file: &Path, name: &str) -> bool {
        self.book().is_there(file, name)
    }

    /// Whether a file held the cog `name` when it was read last.
    pub(super) fn holds(&self, file: &Path, name: &str) -> bool {
        self.book().files.get(file).is_some_and(|manifest| manifest.name == name)
    }

    /// Reserves the commands of a manifest for a cog, until it publishes its next status.
    ///
    /// # Errors
    /// When the name belongs to another file, another cog has one of the commands, or there are too many.
    pub(super) fn claim(
        &self,
        file: &Path,
        manifest: &Arc<Manifest>,
        together: Option<&Member>,
    ) -> Result<(), CogError> {
        let mut book = self.book();
        let alone = Group::from([(manifest.name.clone(), Arc::clone(manifest))]);
        book.may_serve(file, manifest, together.map_or(&alone, Member::group))?;
        if let Some(cog) = book.cogs.get_mut(&*manifest.name) {
            cog.coming = Some(Arc::clone(manifest));
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
        let received = events(&before);
        let missed: Vec<String> =
            events(&after).into_iter().filter(|event| !received.contains(event)).collect();
        self.router.introduce(&missed, |facts| {
            let mut book = self.book();
            let commands = after.manifest.iter().flat_map(|manifest| &manifest.commands);
            book.seen.extend(commands.filter(|it| it.discord.is_some()).map(CommandKey::of));
            if let Some(cog) = book.cogs.get_mut(name) {
                cog.coming = None;
                cog.is_superseded = false;
                let filters = after.manifest.as_ref().map_or(&[][..], |manifest| &manifest.filters);
                let is_wanted = |fact: &Event| Filters::of(filters, event::name(fact)).pass(fact);
                cog.entry.inbox.extend(facts.into_iter().filter(is_wanted).map(Item::event));
                cog.entry.status.send_modify(|status| {
                    // What became of the generation that went is noted by another task.
                    after.last_report = status.last_report.take();
                    *status = after;
                });
            }
            book.supersede();
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
        let is_waiting = match error {
            CogError::NameTaken { .. } | CogError::CommandTaken { .. } | CogError::TooManyCommands { .. } => {
                true
            }
            CogError::File(_)
            | CogError::TooManyHeld { .. }
            | CogError::WentBackFrom { .. }
            | CogError::Open { .. } => false,
            // It is its cog that failed, and says so, or nobody wants it.
            _ => return,
        };
        let went_back = matches!(error, CogError::WentBackFrom { .. });
        let shown =
            RefusedFile { file: file.to_owned(), reason: chain(error), help: error.help(), went_back };
        self.book().refused.insert(file.to_owned(), Refused { shown, is_waiting });
        // It may have become free since it was found taken.
        self.freed.notify_one();
    }

    /// The file is being tried.
    pub(super) fn forget_refused(&self, file: &Path) {
        self.book().refused.remove(file);
    }

    /// Files that were refused, and why.
    pub(super) fn refused(&self) -> Vec<RefusedFile> {
        self.book().refused.values().map(|refused| refused.shown.clone()).collect()
    }

    /// Waits for refused files that may be loaded now, or can be if it is done together, because each gives up what
    /// another lacked. Of several groups the one with the first by name.
    pub(super) async fn freed(&self) -> Vec<PathBuf> {
        loop {
            if let Some(files) = self.book().take_free() {
                return files;
            }
            self.freed.notified().await;
        }
    }

    /// Whether a file may be the cog it holds as things are.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub(super) fn may_serve(&self, file: &Path, manifest: &Arc<Manifest>) -> Result<(), CogError> {
        let alone = Group::from([(manifest.name.clone(), Arc::clone(manifest))]);
        self.book().may_serve(file, manifest, &alone)
    }

    /// The file that a cog is, if it is there and holds the cog.
    pub(super) fn own_file(&self, name: &str) -> Option<PathBuf> {
        self.book().own_file(name)
    }

    /// The cogs that are to be replaced together, each with its part in that; most are alone.
    pub(super) fn groups(&self, names: &[String]) -> Vec<Vec<(String, Option<Member>)>> {
        self.book().groups(names)
    }

    /// The other cogs with which a file can be loaded, though not alone: each gives up what another lacks.
    pub(super) fn partners(&self, file: &Path) -> Option<Partners> {
        self.book().partners(file)
    }

    /// The part of a file in what is tried again together, if it has one.
    pub(super) fn together(&self, file: &Path) -> Option<Member> {
        self.book().together.remove(file)
    }

    /// Files are not followed any more: nobody waits for one that was to be tried together with others.
    pub(super) fn part(&self) {
        self.book().together.clear();
    }

    /// Gives the other cogs what waits for `name` and is theirs now: a command that was exchanged.
    pub(super) fn hand_on(&self, name: &str) {
        let book = self.book();
        let Some(cog) = book.cogs.get(name) else { return };
        let others = book.cogs.iter().filter(|(other, _)| ***other != *name);
        for (_, other) in others {
            let status = other.entry.status.borrow();
            let claims = other.claims(&status);
            let is_its =
                |call: &Call| matches!(call, Call::Command(call) if claims.names.contains(&Claim::of(call)));
            other.entry.inbox.extend(cog.entry.inbox.take(is_its));
        }
    }

    /// The cogs that a file is, or was last.
    pub(super) fn cogs_of(&self, file: &Path) -> Vec<Arc<str>> {
        let is_of = |status: &Status| status.file == file && !status.has_left();
        self.each(|name, status, _| is_of(status).then(|| Arc::clone(name)))
    }

    /// What shall be registered. Commands of a cog that went stay for `keep`.
    pub(super) fn declared(&self, keep: Duration) -> Declared {
        let book = self.book();
        let mut all: Vec<(Arc<str>, Status)> = book
            .cogs
            .iter()
            .map(|(name, cog)| (Arc::clone(name), cog.entry.status.borrow().clone()))
            .filter(|(_, status)| {
                !status.has_left() || status.since.is_some_and(|since| since.elapsed() < keep)
            })
            .collect();
        // Of two that declare one command the last counts: the one that serves.
        all.sort_by_key(|(_, status)| status.is_routed());
        let mut declared = Declared { seen: book.seen.clone(), ..Declared::default() };
        for (name, status) in all {
            let commands = status.manifest.iter().flat_map(|manifest| &manifest.commands);
            for command in commands {
                let Some(discord) = command.discord.clone() else { continue };
                let (cog, guilds) = (Some(Arc::clone(&name)), command.guilds.clone());
                declared.commands.insert(CommandKey::of(command), DeclaredCommand { cog, discord, guilds });
            }
        }
        declared
    }

    /// Moves whenever the declared commands may have changed.
    pub(super) fn commands(&self) -> watch::Receiver<u64> {
        self.commands.subscribe()
    }

    /// Something serves again in place of what its file holds.
    pub(super) fn note_went_back(&self) {
        self.went_back.send_modify(|times| *times += 1);
    }

    /// Moves whenever something serves again in place of what its file holds.
    pub(super) fn went_back(&self) -> watch::Receiver<u64> {
        self.went_back.subscribe()
    }

    /// What `look` finds in the cogs' names, statuses and queues.
    pub(super) fn each<T>(&self, mut look: impl FnMut(&Arc<str>, &Status, &Entry) -> Option<T>) -> Vec<T> {
        let book = self.book();
        let looks =
            book.cogs.iter().filter_map(|(name, cog)| look(name, &cog.entry.status.borrow(), &cog.entry));
        looks.collect()
    }

    /// Looks at one cog, if it is known.
    pub(super) fn of<T>(&self, name: &str, look: impl FnOnce(&Status, &Entry) -> T) -> Option<T> {
        let book = self.book();
        book.cogs.get(name).map(|cog| look(&cog.entry.status.borrow(), &cog.entry))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
