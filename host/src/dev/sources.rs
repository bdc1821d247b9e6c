//! The files that the cogs of a workspace are built from, and when they change. It builds nothing.
//!
//! It watches the folders of the cogs' packages and of their path dependencies, and the inputs that cargo reports after
//! a build: included files, files that build scripts track. A change counts when the content of a file is different.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::{sync::mpsc, time::timeout};

use super::{
    build::Scripts,
    dep_info::dep_info,
    digest,
    files::{OF_CARGO, folders_in, has_changed, has_file, is_change, is_of_cargo, is_rust, is_temporary},
    packages::{MANIFEST, Workspace},
};

/// A build begins once nothing has changed for this long: editors write in several steps, and several files at once. A
/// later change starts the build again.
const SETTLE: Duration = Duration::from_millis(10);
/// After this many builds in a row that changed a file while their scripts ran, the file counts as written by them.
const OWN_WRITES: u32 = 4;

/// What the watcher reported.
#[derive(Debug)]
enum Event {
    Changed {
        path: PathBuf,
        /// Whether the file was created or removed.
        created_or_removed: bool,
    },
    /// The system dropped events: anything may have changed.
    Dropped,
}

/// Watches the sources of a workspace.
#[derive(Debug)]
pub(super) struct Sources {
    /// `None` if it could not be created; no changes are seen then.
    watcher: Option<RecommendedWatcher>,
    events: mpsc::UnboundedReceiver<Event>,
    root: PathBuf,
    target: PathBuf,
    /// The folders of the cogs' packages, of their path dependencies, and new folders that may become packages.
    packages: BTreeSet<PathBuf>,
    /// Folders in which packages may be created.
    parents: BTreeSet<PathBuf>,
    /// Folders that are watched, without recursion: a build changes thousands of files below the target folder.
    watched: BTreeSet<PathBuf>,
    /// Files and folders that the last builds depended on.
    inputs: BTreeSet<PathBuf>,
    /// Whether the last build failed, perhaps because a file is missing.
    has_failed: bool,
    /// Hashes of the files when they were last checked; `None` for a file that is missing or cannot be read.
    known: HashMap<PathBuf, Option<blake3::Hash>>,
    build_began: SystemTime,
    /// Files that changed during this build while a build script could have written them.
    suspects: BTreeSet<PathBuf>,
    /// In how many builds in a row each of them did.
    own_writes: BTreeMap<PathBuf, u32>,
    /// Whether something has changed that no build has read.
    is_stale: bool,
    /// Whether a manifest has changed.
    manifests_changed: bool,
}

impl Sources {
    /// Watches the folders of the packages. Folders that cannot be watched are logged.
    pub(super) fn watch(workspace: &Workspace) -> Sources {
        let (send, events) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.need_rescan() {
                let _ = send.send(Event::Dropped);
            } else if is_change(&event.kind) {
                let created_or_removed = !matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)));
                for path in event.paths {
                    let _ = send.send(Event::Changed { path, created_or_removed });
                }
            }
        });
        let watcher = watcher.inspect_err(|error| {
            let root = workspace.root.display();
            tracing::error!("cannot watch the sources in `{root}`, so they are built only once: {error}");
        });
        let mut sources = Sources {
            watcher: watcher.ok(),
            events,
            root: workspace.root.clone(),
            target: workspace.target.clone(),
            packages: BTreeSet::new(),
            parents: BTreeSet::new(),
            watched: BTreeSet::new(),
            inputs: BTreeSet::new(),
            has_failed: false,
            known: HashMap::new(),
            build_began: SystemTime::now(),
            suspects: BTreeSet::new(),
            own_writes: BTreeMap::new(),
            is_stale: false,
            manifests_changed: false,
        };
        sources.follow(workspace);
        sources
    }

    /// Updates the packages.
    pub(super) fn follow(&mut self, workspace: &Workspace) {
        let cogs = workspace.cogs.iter().map(|cog| &cog.folder);
        self.packages = cogs.chain(&workspace.dependencies).cloned().collect();
        let parents = self.packages.iter().filter_map(|package| package.parent());
        let inside = parents.filter(|parent| parent.starts_with(&workspace.root)).map(Path::to_owned);
        self.parents = inside.chain(workspace.folders.iter().cloned()).collect();
        let alone =
            self.parents.iter().cloned().chain([workspace.root.clone(), workspace.root.join(".cargo")]);
        for folder in alone.collect::<Vec<_>>() {
            self.seen(&folder, Sources::watch_one);
        }
        for folder in self.packages.clone() {
            self.seen(&folder, Sources::watch_below);
        }
        let manifests = self.packages.iter().map(|folder| folder.join(MANIFEST));
        for file in manifests.chain(OF_CARGO.map(|file| workspace.root.join(file))) {
            self.known.entry(file).or_insert_with_key(|file| digest(file).ok());
        }
        // Manifests that were written after cargo had read them, and before they were watched.
        let beside = self.parents.iter().flat_map(|parent| folders_in(parent));
        let mut folders = beside.chain(self.packages.iter().cloned());
        let is_later = folders.any(|folder| has_changed(&folder.join(MANIFEST), workspace.since));
        self.manifests_changed |= is_later;
        self.is_stale |= is_later;
    }

    /// Whether a manifest has changed since the last call.
    pub(super) fn take_manifests_changed(&mut self) -> bool {
        std::mem::take(&mut self.manifests_changed)
    }

    /// Records that a manifest has changed, but could not be read successfully.
    pub(super) fn set_manifests_changed(&mut self) {
        self.manifests_changed = true;
    }

    /// Changes from now on may not be in the build.
    pub(super) fn begin_build(&mut self) {
        self.build_began = SystemTime::now();
        let paths: Vec<PathBuf> = self.known.keys().cloned().collect();
        for path in paths {
            let now = digest(&path).ok();
            self.known.insert(path, now);
        }
        self.suspects.clear();
    }

    /// Updates the inputs from what cargo reported.
    pub(super) fn built<'l>(&mut self, libraries: impl Iterator<Item = &'l PathBuf>, has_failed: bool) {
        self.has_failed = has_failed;
        if !has_failed {
            self.inputs.clear();
        }
        for library in libraries {
            // Cargo writes it beside the library.
            let Ok(text) = fs::read_to_string(library.with_extension("d")) else { continue };
            self.inputs.extend(dep_info(&text).into_iter().map(|file| self.root.join(file)));
        }
        for input in self.inputs.clone() {
            if input.is_dir() {
                self.seen(&input, Sources::watch_below);
                continue;
            }
            if let Some(folder) = input.parent() {
                self.seen(folder, Sources::watch_one);
            }
            if !self.known.contains_key(&input) {
                // It was not watched, so it may have changed after it was read.
                self.is_stale |= !self.is_built(&input) && has_changed(&input, self.build_began);
                self.known.insert(input.clone(), digest(&input).ok());
            }
        }
    }

    /// Files that a build's scripts may have written cause one more build, unless that happens in every build.
    pub(super) fn end_build(&mut self) {
        let suspects = std::mem::take(&mut self.suspects);
        self.own_writes.retain(|file, _| suspects.contains(file));
        for file in suspects {
            let times = self.own_writes.entry(file.clone()).or_default();
            *times += 1;
            if *times < OWN_WRITES {
                self.is_stale = true;
            } else if *times == OWN_WRITES {
                tracing::warn!(
                    "`{}` is written by the build itself; its changes start no further build",
                    file.display()
                );
            }
        }
    }

    /// Waits until something has changed, and then until the changes stop.
    pub(super) async fn changed(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            self.next(None).await;
        }
        while timeout(SETTLE, self.next(None)).await.is_ok() {}
        self.is_stale = false;
    }

    /// Waits until something has changed that the current build cannot have written itself. If it is dropped meanwhile,
    /// the changes seen so far stay recorded.
    pub(super) async fn changed_during(&mut self, scripts: Scripts) {
        self.next(Some(&scripts)).await;
        while timeout(SETTLE, self.next(Some(&scripts))).await.is_ok() {}
    }

    /// Waits for the next change, and records it.
    async fn next(&mut self, during: Option<&Scripts>) {
        while let Some(event) = self.events.recv().await {
            let is_change = match event {
                Event::Dropped => true,
                Event::Changed { path, created_or_removed } => {
                    self.is_change(path, created_or_removed, during)
                }
            };
            if is_change {
                self.is_stale = true;
                return;
            }
        }
        // Nothing is being watched.
        std::future::pending().await
    }

    fn is_change(&mut self, path: PathBuf, created_or_removed: bool, during: Option<&Scripts>) -> bool {
        if self.is_built(&path) || !self.is_input(&path) && self.is_irrelevant(&path) {
            return false;
        }
        if path.is_dir() {
            return self.is_change_by_folder(&path);
        }
        if created_or_removed && self.packages_removed(&path) {
            return true;
        }
        // There is no event for the file in it that was moved away with it.
        let path = if path.ends_with(".cargo") { path.join("config.toml") } else { path };
        if !self.is_source(&path, created_or_removed) {
            return false;
        }
        let now = digest(&path).ok();
        let before = self.known.insert(path.clone(), now);
        if before.unwrap_or_default() == now && (before.is_some() || now.is_none()) {
            return false;
        }
        self.manifests_changed |= path.ends_with(MANIFEST);
        match during {
            // Cargo updates it before it compiles.
            Some(_) if path.ends_with("Cargo.lock") => false,
            Some(scripts) if scripts.may_write() => {
                self.suspects.insert(path);
                false
            }
            _ => true,
        }
    }

    /// A new folder is watched from now on; files already in it count as new.
    fn is_change_by_folder(&mut self, folder: &Path) -> bool {
        let is_new = folder.parent().is_some_and(|parent| self.parents.contains(parent))
            && self.packages.insert(folder.to_owned());
        let is_cargos = *folder == self.root.join(".cargo");
        if !is_cargos && !self.is_in_package(folder) && !self.is_input(folder) {
            return false;
        }
        self.seen(folder, Sources::watch_below);
        let has_manifest = is_new && folder.join(MANIFEST).is_file();
        self.manifests_changed |= has_manifest;
        has_manifest || has_file(folder, |file| self.has_failed || is_rust(file) || is_of_cargo(file))
    }

    /// Whether packages disappeared with a folder. There are no events for the content of a folder that is moved away.
    fn packages_removed(&mut self, folder: &Path) -> bool {
        let before = self.packages.len();
        if !folder.exists() {
            self.packages.retain(|package| !package.starts_with(folder));
        }
        let removed = self.packages.len() < before;
        self.manifests_changed |= removed;
        removed
    }

    fn is_source(&self, path: &Path, created_or_removed: bool) -> bool {
        let is_cargos = path.ends_with(MANIFEST) || is_of_cargo(path);
        // A failed build may lack a file of any kind, which then gets created; writing to a file, such as a log, is no
        // sign of that.
        let may_be_missing = self.has_failed && created_or_removed;
        is_cargos || self.is_input(path) || self.is_in_package(path) && (is_rust(path) || may_be_missing)
    }

    /// Whether the path is in the target folder, but not in a package in there.
    fn is_built(&self, path: &Path) -> bool {
        let is_of = |package: &PathBuf| package.starts_with(&self.target) && path.starts_with(package);
        path.starts_with(&self.target) && !self.packages.iter().any(is_of)
    }

    /// Whether the last build depended on it, or on a folder that contains it.
    fn is_input(&self, path: &Path) -> bool {
        path.ancestors().any(|it| self.inputs.contains(it))
    }

    /// Whether it is, or is in, a folder that is not part of a package.
    fn is_irrelevant(&self, path: &Path) -> bool {
        let mut roots = self.packages.iter().chain([&self.root]).chain(&self.parents);
        let inside = roots.find_map(|root| path.strip_prefix(root).ok());
        inside.is_none_or(|inside| inside.iter().any(is_temporary))
    }

    fn is_in_package(&self, path: &Path) -> bool {
        self.packages.iter().any(|package| path.starts_with(package))
    }

    fn seen(&mut self, folder: &Path, watch: fn(&mut Sources, &Path) -> notify::Result<()>) {
        if let Err(error) = watch(self, folder) {
            tracing::warn!("changes in `{}` are not seen: {error}", folder.display());
        }
    }

    fn watch_one(&mut self, folder: &Path) -> notify::Result<()> {
        if let Some(watcher) = &mut self.watcher
            && folder.is_dir()
            && self.watched.insert(folder.to_owned())
        {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(())
    }

    fn watch_below(&mut self, folder: &Path) -> notify::Result<()> {
        // Watch it again, in case it was removed in between.
        self.watched.remove(folder);
        self.watch_one(folder)?;
        for inner in folders_in(folder) {
            if inner != self.target {
                self.watch_below(&inner)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_from_before_the_watch_is_read_unless_its_time_is_in_the_future() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().to_owned();
        let workspace = Workspace {
            folders: BTreeSet::from([root.clone()]),
            target: root.join("target"),
            root: root.clone(),
            cogs: Vec::new(),
            scripts: BTreeSet::new(),
            dependencies: BTreeSet::new(),
            since: SystemTime::now(),
        };
        assert!(!Sources::watch(&workspace).take_manifests_changed());
        fs::create_dir(root.join("coming")).unwrap();
        let manifest = fs::File::create(root.join("coming").join(MANIFEST)).unwrap();
        assert!(Sources::watch(&workspace).take_manifests_changed());
        manifest.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
        assert!(!Sources::watch(&workspace).take_manifests_changed());
        // One in a folder that is new to the watch, before any event of its own.
        let mut sources = Sources::watch(&workspace);
        fs::create_dir(root.join("new")).unwrap();
        fs::write(root.join("new").join(MANIFEST), "").unwrap();
        assert!(sources.is_change(root.join("new"), true, None) && sources.take_manifests_changed());
        // Of cargo's config, too; and it may go again.
        let file = root.join(".cargo/config.toml");
        fs::create_dir(root.join(".cargo")).unwrap();
        fs::write(&file, "").unwrap();
        assert!(sources.is_change(root.join(".cargo"), true, None));
        let mut sources = Sources::watch(&workspace);
        fs::remove_file(&file).unwrap();
        assert!(sources.is_change(file.clone(), true, None));
        // With its folder, which is all that there is an event for.
        fs::write(&file, "").unwrap();
        let mut sources = Sources::watch(&workspace);
        fs::rename(root.join(".cargo"), root.join("away")).unwrap();
        assert!(sources.is_change(root.join(".cargo"), true, None));
        assert!(!sources.is_change(root.join(".cargo"), true, None));
    }
}
