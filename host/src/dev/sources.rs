//! What the cogs of a workspace are built from, and when that has changed. It builds nothing.
//!
//! Cargo says after a build what went into it: sources, files that are included, build scripts and what they look at, of
//! path dependencies as well. Until then, and after a failed build, what lies in the packages' folders counts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::{sync::mpsc, time::timeout};

use super::{build::Scripts, packages::Workspace};

/// A build begins when nothing has changed for so long: editors write in several steps, and several files at once.
const SETTLE: Duration = Duration::from_millis(20);
/// So many builds in a row may change a file by their scripts before it counts as written by them.
const OWN_WRITES: u32 = 2;

/// What cargo calls a manifest.
const MANIFEST: &str = "Cargo.toml";

/// Watches the sources of a workspace.
#[derive(Debug)]
pub(super) struct Sources {
    watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<PathBuf>,
    root: PathBuf,
    /// Where packages are looked for.
    folders: BTreeSet<PathBuf>,
    /// The packages' folders.
    packages: Vec<PathBuf>,
    target: PathBuf,
    /// Folders that are watched, each by itself: a build changes thousands of files below the target folder.
    watched: BTreeSet<PathBuf>,
    /// What the last builds that succeeded were built from.
    inputs: BTreeSet<PathBuf>,
    /// The last build failed, perhaps for a file that is missing.
    has_failed: bool,
    /// What the files held when they were last looked at; none for one that is not there.
    known: HashMap<PathBuf, Option<blake3::Hash>>,
    /// Files that changed while a build script could have written them, in this build.
    suspects: BTreeSet<PathBuf>,
    /// In how many builds in a row they did.
    own_writes: BTreeMap<PathBuf, u32>,
    /// The last build may have missed something.
    is_stale: bool,
    /// A manifest has changed.
    has_other_manifests: bool,
}

impl Sources {
    /// Watches the folders of the cogs' packages.
    pub(super) fn watch(workspace: &Workspace) -> notify::Result<Sources> {
        let (send, changes) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.need_rescan() {
                // The system has dropped events: anything may have changed.
                let _ = send.send(PathBuf::new());
            } else if is_change(&event.kind) {
                for path in event.paths {
                    let _ = send.send(path);
                }
            }
        })?;
        let mut sources = Sources {
            watcher,
            changes,
            root: workspace.root.clone(),
            folders: BTreeSet::new(),
            packages: Vec::new(),
            target: workspace.target.clone(),
            watched: BTreeSet::new(),
            inputs: BTreeSet::new(),
            has_failed: false,
            known: HashMap::new(),
            suspects: BTreeSet::new(),
            own_writes: BTreeMap::new(),
            is_stale: false,
            has_other_manifests: false,
        };
        sources.watch_one(&workspace.root)?;
        sources.watch_one(&workspace.root.join(".cargo"))?;
        sources.follow(workspace);
        Ok(sources)
    }

    /// The packages as they are now.
    pub(super) fn follow(&mut self, workspace: &Workspace) {
        self.folders.clone_from(&workspace.folders);
        self.packages = workspace.cogs.iter().map(|cog| cog.folder.clone()).collect();
        for folder in &workspace.folders {
            self.seen(folder, Sources::watch_one);
        }
        for cog in &workspace.cogs {
            self.seen(&cog.folder, Sources::watch_below);
        }
    }

    /// Whether a manifest has changed since this was asked.
    pub(super) fn takes_manifests(&mut self) -> bool {
        std::mem::take(&mut self.has_other_manifests)
    }

    /// What changes from now on is not in the build.
    pub(super) fn begin_build(&mut self) {
        let paths: Vec<PathBuf> = self.inputs.iter().chain(self.known.keys()).cloned().collect();
        for path in paths {
            let digest = digest(&path);
            self.known.insert(path, digest);
        }
        self.suspects.clear();
    }

    /// What cargo says it was built from.
    pub(super) fn built<'l>(&mut self, libraries: impl Iterator<Item = &'l PathBuf>, has_failed: bool) {
        self.has_failed = has_failed;
        if !has_failed {
            self.inputs.clear();
        }
        for library in libraries {
            // Cargo writes it beside the library: <https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>.
            let Ok(text) = fs::read_to_string(library.with_extension("d")) else { continue };
            self.inputs.extend(dep_info(&text).into_iter().map(|file| self.root.join(file)));
        }
        let folders: BTreeSet<PathBuf> =
            self.inputs.iter().filter_map(|file| file.parent().map(Path::to_owned)).collect();
        for folder in folders {
            self.seen(&folder, Sources::watch_one);
        }
    }

    fn seen(&mut self, folder: &Path, watch: fn(&mut Sources, &Path) -> notify::Result<()>) {
        if let Err(error) = watch(self, folder) {
            tracing::warn!("changes in `{}` are not seen: {error}", folder.display());
        }
    }

    /// What a build's scripts may have written leads to one more build, unless they write it each time.
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
                    "`{}` is written by the build itself, and starts no further one",
                    file.display()
                );
            }
        }
    }

    /// Waits until something has changed, and then until nothing does.
    pub(super) async fn changed(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            return;
        }
        self.next(None).await;
        while timeout(SETTLE, self.next(None)).await.is_ok() {}
    }

    /// Waits until something has changed that the build under way cannot have written itself.
    pub(super) async fn changed_during(&mut self, scripts: Scripts) {
        self.next(Some(&scripts)).await;
        while timeout(SETTLE, self.next(Some(&scripts))).await.is_ok() {}
        self.is_stale = true;
    }

    /// The next change of what a file holds.
    async fn next(&mut self, during: Option<&Scripts>) {
        while let Some(path) = self.changes.recv().await {
            if self.is_change(path, during) {
                return;
            }
        }
        // The watcher is part of `self`, and sends as long as it lives.
        std::future::pending().await
    }

    fn is_change(&mut self, path: PathBuf, during: Option<&Scripts>) -> bool {
        if path.as_os_str().is_empty() {
            return true;
        }
        if path.starts_with(&self.target) || !self.inputs.contains(&path) && self.is_passing(&path) {
            return false;
        }
        if path.is_dir() {
            // What lies in it now was there before it was watched.
            let is_new_package = path.parent().is_some_and(|folder| self.folders.contains(folder))
                && path.join(MANIFEST).is_file();
            self.has_other_manifests |= is_new_package;
            let is_source = is_new_package || self.is_in_package(&path) && has_source(&path);
            if is_source {
                self.seen(&path, Sources::watch_below);
            }
            return is_source;
        }
        if !self.is_source(&path) {
            return false;
        }
        let now = digest(&path);
        let before = self.known.insert(path.clone(), now);
        if before.unwrap_or_default() == now && (before.is_some() || now.is_none()) {
            return false;
        }
        self.has_other_manifests |= path.ends_with(MANIFEST);
        match during {
            // Cargo completes it before it compiles.
            Some(_) if path.file_name() == Some(OsStr::new("Cargo.lock")) => false,
            Some(scripts) if scripts.may_write() => {
                self.suspects.insert(path);
                false
            }
            _ => true,
        }
    }

    fn is_source(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let is_cargos = matches!(
            name,
            "Cargo.toml" | "Cargo.lock" | "rust-toolchain" | "rust-toolchain.toml" | "config.toml"
        );
        self.inputs.contains(path)
            || is_cargos && !self.is_only_data(path)
            || self.is_in_package(path) && (self.has_failed || path.extension().is_some_and(|it| it == "rs"))
    }

    /// Whether it lies in a folder, or is one, that is no part of a package.
    fn is_passing(&self, path: &Path) -> bool {
        let mut roots = self.packages.iter().chain([&self.root]);
        let inside = roots.find_map(|root| path.strip_prefix(root).ok());
        inside.is_none_or(|inside| inside.iter().any(is_passing))
    }

    /// Only cargo's own folder has a `config.toml` that a build reads.
    fn is_only_data(&self, path: &Path) -> bool {
        path.ends_with("config.toml") && !path.ends_with(".cargo/config.toml")
    }

    fn is_in_package(&self, path: &Path) -> bool {
        self.packages.iter().any(|package| path.starts_with(package))
    }

    fn watch_one(&mut self, folder: &Path) -> notify::Result<()> {
        if self.watched.insert(folder.to_owned()) && folder.is_dir() {
            self.watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(())
    }

    fn watch_below(&mut self, folder: &Path) -> notify::Result<()> {
        // Again, if it was away in between.
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

/// Folders that can hold sources.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
    let folders = folders.filter(|entry| {
        let name = entry.file_name();
        !(is_passing(&name) || name == "target" || name == "node_modules")
    });
    folders.map(|entry| entry.path()).collect()
}

fn has_source(folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.any(|entry| entry.path().extension().is_some_and(|it| it == "rs"))
        || folders_in(folder).iter().any(|inner| has_source(inner))
}

/// What editors and tools leave beside sources for a while.
fn is_passing(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    (name.starts_with(b".") && name.len() > 1 && name != b"..") && name != b".cargo" || name.ends_with(b"~")
}

/// None if it cannot be read: it is away, or will be complete in a moment.
fn digest(file: &Path) -> Option<blake3::Hash> {
    fs::read(file).ok().map(|bytes| blake3::hash(&bytes))
}

/// The files of `library: file file …`, in which a space within a name stands as `\ `.
fn dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let (mut paths, mut path, mut characters) = (Vec::new(), String::new(), files.chars().peekable());
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => path.extend(characters.next()),
            ' ' => paths.push(std::mem::take(&mut path)),
            other => path.push(other),
        }
    }
    paths.push(path);
    paths.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) => false,
        EventKind::Modify(_) => true,
        EventKind::Any | EventKind::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_list_of_files_is_read_with_spaces_in_names() {
        let text = "/t/debug/libping.so: /p/my\\ cogs/src/lib.rs /p/words.txt\n\n/p/words.txt:\n";
        let files = dep_info(text);
        assert_eq!(files, [Path::new("/p/my cogs/src/lib.rs"), Path::new("/p/words.txt")]);
        assert!(dep_info("").is_empty());
    }

    #[test]
    fn what_editors_leave_is_no_source() {
        for passing in [".lib.rs.swp", "lib.rs~", ".git", ".#lib.rs"] {
            assert!(is_passing(OsStr::new(passing)), "{passing}");
        }
        for lasting in ["lib.rs", ".cargo", "..", "."] {
            assert!(!is_passing(OsStr::new(lasting)), "{lasting}");
        }
    }
}
