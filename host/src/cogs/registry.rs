//! What the cogs share: the status that each owner publishes, and what follows from all of them together: the router's
//! table, the declared commands, and the files that were refused and wait for something.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gearshift_cog::{
    abi::Event,
    manifest::{CommandManifest, Manifest},
};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::{
    CogError,
    claim::Claim,
    ownership::{Cog, Entry, Ownership, Partners, Refused},
    stage::Status,
    together::{Group, Member, Turn},
    totals::Durations,
};
use crate::{
    error::chain,
    event,
    lane::{Call, Item},
    library::{CommandKey, commands_max},
    router::{Filters, Router},
    text::path_as_text,
};

/// A file that is not loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// The file. Its name may be the reason; it is shown lossily then.
    #[serde(serialize_with = "path_as_text")]
    pub file: PathBuf,
    /// Why.
    pub reason: String,
    /// What the operator can do about it.
    pub help: Option<String>,
    /// Whether the host went back from its content.
    pub went_back: bool,
}

/// The registry.
pub(super) struct Registry {
    router: Arc<Router>,
    ownership: Mutex<Ownership>,
    /// Changes whenever the declared commands may have changed.
    commands: watch::Sender<u64>,
    /// Notified when something that a refused file lacked may have become free.
    freed: Notify,
    /// Locked while a group of cogs is replaced.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The durations of operations on all cogs.
    pub(super) durations: Durations,
    /// Changes whenever the host goes back to older code than what its file holds.
    went_back: watch::Sender<u64>,
}

/// The commands to register.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// Those of cogs that serve, that could not be loaded, or that left a moment ago; and the host's own.
    pub commands: BTreeMap<CommandKey, DeclaredCommand>,
    /// Those that a cog of this process or the host itself has ever declared. Those no longer in `commands` are
    /// to be deleted.
    pub seen: BTreeSet<CommandKey>,
    /// The host's own commands for which the cogs' commands leave no room.
    pub left_out: BTreeSet<CommandKey>,
    /// The one guild in which all of them are registered; `None`: each as it is declared.
    pub guild: Option<u64>,
}

/// A command to register.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredCommand {
    /// The cog that declares it; `None` if it is the host's own.
    pub cog: Option<Arc<str>>,
    /// Discord's own object.
    pub discord: Value,
    /// Ids of the guilds that it is registered in; empty for a global command.
    pub guilds: Vec<String>,
}

impl Declared {
    /// Adds the host's own commands: those that no cog declares, as far as there is room.
    pub(super) fn add_own(&mut self, own: &[CommandManifest]) {
        for command in own {
            let key = CommandKey::of(command);
            // A command for which there is no room any more is deleted, if it was registered before.
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
            ownership: Mutex::default(),
            commands,
            freed: Notify::new(),
            turn: Arc::default(),
            durations: Durations::default(),
            went_back,
        }
    }

    /// Adds a cog.
    pub(super) fn add(&self, name: &Arc<str>, entry: Entry) {
        let cog = Cog { entry, coming: None, is_superseded: false };
        self.ownership().cogs.insert(Arc::clone(name), cog);
    }

    /// Records what a file holds now. Returns whether it held another cog before.
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
        let mut ownership = self.ownership();
        let changed = change(&mut ownership.files);
        ownership.supersede();
        self.router.publish(ownership.table());
        drop(ownership);
        self.freed.notify_one();
        changed
    }

    /// Whether a file exists and, as far as is known, holds the cog `name`.
    pub(super) fn is_present(&self, file: &Path, name: &str) -> bool {
        self.ownership().is_present(file, name)
    }

    /// Whether a file held the cog `name` when it was last read.
    pub(super) fn holds(&self, file: &Path, name: &str) -> bool {
        self.ownership().files.get(file).is_some_and(|manifest| manifest.name == name)
    }

    /// Reserves the commands of a manifest for a cog, until it publishes its next status.
    ///
    /// # Errors
    /// When the name belongs to another file, another cog owns one of the commands, or there are too many.
    pub(super) fn claim(
        &self,
        file: &Path,
        manifest: &Arc<Manifest>,
        together: Option<&Member>,
    ) -> Result<(), CogError> {
        let mut ownership = self.ownership();
        let alone = Group::from([(manifest.name.clone(), Arc::clone(manifest))]);
        ownership.may_serve(file, manifest, together.map_or(&alone, Member::group))?;
        if let Some(cog) = ownership.cogs.get_mut(&*manifest.name) {
            cog.coming = Some(Arc::clone(manifest));
        }
        Ok(())
    }

    /// Publishes a cog's new status, and everything that follows from it. Events that the cog has missed are put into
    /// its queue first.
    pub(super) fn publish(&self, name: &str, change: impl FnOnce(&mut Status)) {
        let Some(before) = self.ownership().cogs.get(name).map(|cog| cog.entry.status.borrow().clone())
        else {
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
            let mut ownership = self.ownership();
            let commands = after.manifest.iter().flat_map(|manifest| &manifest.commands);
            ownership.seen.extend(commands.filter(|it| it.discord.is_some()).map(CommandKey::of));
            if let Some(cog) = ownership.cogs.get_mut(name) {
                cog.coming = None;
                cog.is_superseded = false;
                let filters = after.manifest.as_ref().map_or(&[][..], |manifest| &manifest.filters);
                let is_wanted = |fact: &Event| Filters::of(filters, event::name(fact)).pass(fact);
                cog.entry.inbox.extend(facts.into_iter().filter(is_wanted).map(Item::event));
                cog.entry.status.send_modify(|status| {
                    // The outcome of retiring the old generation is recorded by another task.
                    after.last_report = status.last_report.take();
                    *status = after;
                });
            }
            ownership.supersede();
            // The lock is held until the table is in place: of two concurrent calls, the later one sees more.
            self.router.publish(ownership.table());
        });
        self.commands.send_modify(|changes| *changes += 1);
        self.freed.notify_one();
    }

    /// Changes the part of a cog's status that is only shown: counts, its last report.
    pub(super) fn note(&self, name: &str, change: impl FnOnce(&mut Status)) {
        if let Some(cog) = self.ownership().cogs.get(name) {
            cog.entry.status.send_modify(change);
        }
    }

    /// Records that a file was refused. If what it lacks may become free, it is tried again then.
    pub(super) fn refuse(&self, file: &Path, error: &CogError) {
        let is_waiting = match error {
            CogError::NameTaken { .. } | CogError::CommandTaken { .. } | CogError::TooManyCommands { .. } => {
                true
            }
            CogError::File(_)
            | CogError::TooManyHeld { .. }
            | CogError::WentBackFrom { .. }
            | CogError::Open { .. } => false,
            // Either its cog has failed and reports that itself, or it is not wanted.
            _ => return,
        };
        let went_back = matches!(error, CogError::WentBackFrom { .. });
        let shown =
            RefusedFile { file: file.to_owned(), reason: chain(error), help: error.help(), went_back };
        self.ownership().refused.insert(file.to_owned(), Refused { shown, is_waiting });
        // What it lacks may have become free in the meantime.
        self.freed.notify_one();
    }

    /// The file is being tried: removes it from the refused ones.
    pub(super) fn forget_refused(&self, file: &Path) {
        self.ownership().refused.remove(file);
    }

    /// The refused files, and why.
    pub(super) fn refused(&self) -> Vec<RefusedFile> {
        self.ownership().refused.values().map(|refused| refused.shown.clone()).collect()
    }

    /// Waits for refused files that may be loaded now, or could be if they are loaded together, because each gives up
    /// what another lacks. Of several groups, returns the one with the first file by name.
    pub(super) async fn freed(&self) -> Vec<PathBuf> {
        loop {
            let turn = self.turn().await;
            if let Some(files) = self.ownership().take_free(turn) {
                return files;
            }
            self.freed.notified().await;
        }
    }

    /// Whether a file may serve as the cog it holds at present.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    pub(super) fn may_serve(&self, file: &Path, manifest: &Arc<Manifest>) -> Result<(), CogError> {
        let alone = Group::from([(manifest.name.clone(), Arc::clone(manifest))]);
        self.ownership().may_serve(file, manifest, &alone)
    }

    /// A cog's current file, if it exists and holds the cog.
    pub(super) fn own_file(&self, name: &str) -> Option<PathBuf> {
        self.ownership().own_file(name)
    }

    /// Takes the first cog out of `left`, and those that have to be replaced together with it; most are alone. Each gets
    /// its part in the group. Waits while another group is replaced.
    pub(super) async fn take_group(
        &self,
        left: &mut VecDeque<String>,
    ) -> Option<Vec<(String, Option<Member>)>> {
        let turn = self.turn().await;
        self.ownership().take_group(left, turn)
    }

    /// Waits until no group of cogs is being replaced.
    pub(super) async fn turn(&self) -> Turn {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// The other cogs with which a file can be loaded, if it cannot be alone: each gives up what another lacks.
    pub(super) fn partners(&self, file: &Path) -> Option<Partners> {
        self.ownership().partners(file)
    }

    /// Takes a file's part in the group that is tried again together, if it has one.
    pub(super) fn together(&self, file: &Path) -> Option<Member> {
        self.ownership().together.remove(file)
    }

    /// Files are no longer followed: drops the parts of groups, so that no cog waits for them.
    pub(super) fn dissolve_groups(&self) {
        self.ownership().together.clear();
    }

    /// Moves queued calls of `name` to the cogs that own the called command now, after commands were exchanged.
    pub(super) fn reassign_calls(&self, name: &str) {
        let ownership = self.ownership();
        let Some(cog) = ownership.cogs.get(name) else { return };
        let others = ownership.cogs.iter().filter(|(other, _)| ***other != *name);
        for (_, other) in others {
            let status = other.entry.status.borrow();
            let claims = other.claims(&status);
            let is_its =
                |call: &Call| matches!(call, Call::Command(call) if claims.names.contains(&Claim::of(call)));
            other.entry.inbox.extend(cog.entry.inbox.take(is_its));
        }
    }

    /// The cogs that a file holds, or held last.
    pub(super) fn cogs_of(&self, file: &Path) -> Vec<Arc<str>> {
        let is_of = |status: &Status| status.file == file && !status.has_left();
        self.each(|name, status, _| is_of(status).then(|| Arc::clone(name)))
    }

    /// The commands to register. Those of a cog that went stay for `keep`.
    pub(super) fn declared(&self, keep: Duration) -> Declared {
        let ownership = self.ownership();
        let mut all: Vec<(Arc<str>, Status)> = ownership
            .cogs
            .iter()
            .map(|(name, cog)| (Arc::clone(name), cog.entry.status.borrow().clone()))
            .filter(|(_, status)| {
                !status.has_left() || status.since.is_some_and(|since| since.elapsed() < keep)
            })
            .collect();
        // If two cogs declare one command, the last one counts: the one that is routed to.
        all.sort_by_key(|(_, status)| status.is_routed());
        let mut declared = Declared { seen: ownership.seen.clone(), ..Declared::default() };
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

    /// Changes whenever the declared commands may have changed.
    pub(super) fn commands(&self) -> watch::Receiver<u64> {
        self.commands.subscribe()
    }

    /// The host went back to older code than what its file holds.
    pub(super) fn note_went_back(&self) {
        self.went_back.send_modify(|times| *times += 1);
    }

    /// Changes whenever the host goes back to older code than what its file holds.
    pub(super) fn went_back(&self) -> watch::Receiver<u64> {
        self.went_back.subscribe()
    }

    /// Collects what `visit` returns for the cogs' names, statuses and queues.
    pub(super) fn each<T>(&self, mut visit: impl FnMut(&Arc<str>, &Status, &Entry) -> Option<T>) -> Vec<T> {
        let ownership = self.ownership();
        let visited = ownership
            .cogs
            .iter()
            .filter_map(|(name, cog)| visit(name, &cog.entry.status.borrow(), &cog.entry));
        visited.collect()
    }

    /// Calls `visit` for one cog, if it is known.
    pub(super) fn of<T>(&self, name: &str, visit: impl FnOnce(&Status, &Entry) -> T) -> Option<T> {
        let ownership = self.ownership();
        ownership.cogs.get(name).map(|cog| visit(&cog.entry.status.borrow(), &cog.entry))
    }

    fn ownership(&self) -> MutexGuard<'_, Ownership> {
        self.ownership.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
