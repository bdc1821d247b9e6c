//! Builds cogs from source while the host runs: shortly after a source file is edited, there is a new library.
//! It loads nothing: the new library is put into a folder of cogs, and the host's watcher does the rest.
//!
//! ```text
//! sources ──change──▶ cargo build ──each library──▶ folder of cogs ──▶ the host's watcher
//!                       ▲     │ fails
//!                       │     └──▶ the compiler's errors in the log; the running version stays
//!                       └ another change cancels the build and starts a new one
//! ```

mod build;
mod dep_info;
mod facts;
mod files;
mod install;
mod names;
mod output;
mod packages;
mod release;
mod sources;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use futures_util::future::join_all;

pub use self::facts::{Facts, facts};
pub use self::release::{Release, release};
use self::{
    build::{Build, Failed, Outcome},
    names::{Names, OldLibrary},
    packages::{CogPackage, Workspace},
    sources::Sources,
};
use crate::{duration::Shown, error::denied};

/// Why nothing can be built.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// There is no package, or a manifest is wrong. The text is cargo's.
    #[error("cannot list the packages in `{}`: {text}", .folder.display())]
    Metadata {
        /// The folder in question.
        folder: PathBuf,
        /// Cargo's message.
        text: String,
    },
    /// Cargo cannot be run.
    #[error("failed to run cargo")]
    NoCargo(#[source] io::Error),
    /// There are packages, but no cogs.
    #[error("no package in `{}` is a cog{}", .folder.display(), .almost.as_deref().unwrap_or_default())]
    NoCog {
        /// The folder of the packages.
        folder: PathBuf,
        /// What one of them lacks to be a cog.
        almost: Option<String>,
    },
    /// The compiler or cargo reported an error.
    #[error("failed to build {cogs} ({status})\n{output}")]
    Failed {
        /// The names of the cogs.
        cogs: String,
        /// Cargo's exit status.
        status: std::process::ExitStatus,
        /// The compiler's output.
        output: String,
    },
    /// Two cogs have the same library name.
    #[error("`{}` and `{}` both build the library `{library}`", .folders[0].display(), .folders[1].display())]
    Twice {
        /// Its name.
        library: String,
        /// The packages' folders.
        folders: [PathBuf; 2],
    },
    /// The folder for the libraries cannot be created.
    #[error("cannot create the folder `{}`{}", .folder.display(), denied(.folder, .source))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DevError {
    /// What the reader can do.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            DevError::Metadata { .. } => {
                Some("it takes folders with packages of cogs; `gearshift new NAME` makes one")
            }
            DevError::NoCargo(_) => Some("https://rustup.rs installs it; it must be in PATH"),
            DevError::NoCog { .. } => Some(
                "a cog's package has `gearshift-cog` among its dependencies, and in `[lib]` the line \
                 `crate-type = [\"cdylib\"]`",
            ),
            DevError::Twice { .. } => Some("rename one of them, or name only the folder of the other"),
            DevError::Failed { .. } | DevError::Folder { .. } => None,
        }
    }
}

/// Cogs that are built from source.
#[derive(Debug)]
pub struct Dev {
    workspaces: Vec<Workspace>,
    names: Names,
    folder: PathBuf,
    is_release: bool,
}

/// A library that was built and put in place.
#[derive(Debug)]
pub struct Installed {
    /// The folder of its package.
    pub package: PathBuf,
    /// Its path.
    pub library: PathBuf,
    /// Whether its content is new.
    pub is_new: bool,
}

impl Dev {
    /// Finds the cogs among the packages below some folders; each is built as its workspace prescribes.
    ///
    /// # Errors
    /// There are none, or cargo fails.
    pub fn find(folders: &[PathBuf], is_release: bool) -> Result<Dev, DevError> {
        let workspaces = packages::find_all(folders)?;
        let libraries = packages::libraries(workspaces.iter().flat_map(|workspace| &workspace.cogs))?;
        let folder = libraries_of(&workspaces);
        fs::create_dir_all(&folder).map_err(|source| DevError::Folder { folder: folder.clone(), source })?;
        install::keep_only(&folder, |library| libraries.contains_key(library));
        let names = Names::of(libraries);
        Ok(Dev { workspaces, names, folder, is_release })
    }

    /// The folder for the libraries. It contains the results of the last run from the start.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Builds, and builds again whenever sources change; `installed` receives each library. Never ends.
    pub async fn run(&self, installed: &impl AsyncFn(&Installed)) {
        join_all(self.workspaces.iter().map(|workspace| self.follow(workspace.clone(), installed))).await;
    }

    async fn follow(&self, mut workspace: Workspace, installed: &impl AsyncFn(&Installed)) {
        let mut sources = Sources::watch(&workspace);
        let mut freed = self.names.freed();
        // Libraries that `installed` has not finished with.
        let mut waiting: Vec<Installed> = Vec::new();
        // Libraries of cogs that have been renamed, and not been built since.
        let mut old: Vec<OldLibrary> = Vec::new();
        loop {
            freed.mark_unchanged();
            sources.begin_build();
            // Whether another cog already has the name of one of its libraries.
            let is_refused = if sources.take_manifests_changed()
                && let Err(error) = self.look_again(&mut workspace, &mut sources, &mut old).await
            {
                sources.set_manifests_changed();
                // Cargo's errors about a manifest have many lines.
                let text = error.to_string();
                let (first, words) = text.split_once('\n').unwrap_or((&text, ""));
                let output = Some(words).filter(|words| !words.is_empty());
                tracing::error!(
                    help = error.help(),
                    output,
                    "failed to build {}: {first}",
                    workspace.names()
                );
                matches!(error, DevError::Twice { .. })
            } else {
                self.build(&workspace, &mut sources, &mut waiting, &mut old).await;
                false
            };
            sources.end_build();
            let all_installed = async {
                while let Some(library) = waiting.first() {
                    installed(library).await;
                    waiting.remove(0);
                }
                std::future::pending().await
            };
            tokio::select! {
                () = sources.changed() => {}
                Ok(()) = freed.changed(), if is_refused => {}
                never = all_installed => never,
            }
        }
    }

    /// Reads the manifests again: a cog may have been renamed, added or removed.
    async fn look_again(
        &self,
        workspace: &mut Workspace,
        sources: &mut Sources,
        old: &mut Vec<OldLibrary>,
    ) -> Result<(), DevError> {
        let before = workspace.clone();
        let now = tokio::task::spawn_blocking(move || before.again()).await;
        let now = now.map_err(|error| DevError::NoCargo(error.into()))??;
        let gone = self.names.replace(&workspace.cogs, &now.cogs)?;
        let is_known = |library: &String| {
            workspace.cogs.iter().any(|cog| cog.library == *library)
                || old.iter().any(|it| it.name == *library)
        };
        for taken in now.cogs.iter().map(|cog| &cog.library).filter(|library| !is_known(library)) {
            // A cog of another workspace that was renamed may still serve from it.
            install::remove(&self.folder.join(taken));
        }
        old.extend(gone);
        // One that was renamed serves until it has been built under its new name.
        self.remove_old(old, |package| !now.cogs.iter().any(|cog| cog.folder == package));
        sources.follow(&now);
        *workspace = now;
        Ok(())
    }

    /// Runs one build, which is aborted if sources change meanwhile. Each library is installed as soon as it is built,
    /// even if something else fails.
    async fn build(
        &self,
        workspace: &Workspace,
        sources: &mut Sources,
        waiting: &mut Vec<Installed>,
        old: &mut Vec<OldLibrary>,
    ) {
        let what = workspace.names();
        tracing::info!("building {what}");
        let since = Instant::now();
        let build = match Build::start(workspace, self.is_release, None) {
            Ok(build) => build,
            Err(error) => return tracing::error!("failed to run cargo: {error}"),
        };
        let scripts = build.scripts();
        let arrived = |all: &BTreeMap<String, PathBuf>, package: &str| {
            if all.len() == workspace.cogs.len() {
                tracing::info!("built {what} in {}", Shown(since.elapsed()));
            }
            let cog = workspace.cogs.iter().find(|cog| cog.id == package);
            if let (Some(cog), Some(built)) = (cog, all.get(package)) {
                self.remove_old(old, |package| cog.folder == package);
                self.install(cog, built, waiting);
            }
        };
        let outcome = tokio::select! {
            outcome = build.end(arrived) => outcome,
            () = sources.changed_during(scripts) => {
                return tracing::info!("the sources of {what} changed during the build, which starts again");
            }
        };
        match outcome {
            Err(error) => tracing::error!("failed to run cargo: {error}"),
            Ok(outcome) => {
                sources.built(outcome.libraries.values(), outcome.failed.is_some());
                say(workspace, &outcome);
            }
        }
    }

    /// Removes the old libraries of some packages, unless another cog has their names now.
    fn remove_old(&self, old: &mut Vec<OldLibrary>, is_of: impl Fn(&Path) -> bool) {
        for gone in old.extract_if(.., |old| is_of(&old.package)) {
            if self.names.is_free(&gone.name) {
                install::remove(&self.folder.join(gone.name));
            }
        }
    }

    fn install(&self, cog: &CogPackage, built: &Path, waiting: &mut Vec<Installed>) {
        let library = self.folder.join(built.file_name().unwrap_or_default());
        match install::install(built, &self.folder) {
            Ok(is_new) => {
                let before = waiting.iter().position(|it| it.library == library);
                let is_new = is_new || before.is_some_and(|at| waiting.remove(at).is_new);
                waiting.push(Installed { package: cog.folder.clone(), library, is_new });
            }
            Err(error) => {
                let folder = self.folder.display();
                tracing::error!("cannot put `{}` into `{folder}`: {error}", built.display());
            }
        }
    }
}

/// Logs the compiler's output.
fn say(workspace: &Workspace, outcome: &Outcome) {
    if !outcome.warnings.is_empty() {
        tracing::warn!(output = %outcome.warnings, "the compiler warns");
    }
    let Some(Failed { first, output, status }) = &outcome.failed else { return };
    let missing: Vec<_> =
        workspace.cogs.iter().filter(|cog| !outcome.libraries.contains_key(&cog.id)).collect();
    // Something other than a cog, such as a binary of a package, may be all that failed.
    let missing = if missing.is_empty() { workspace.names() } else { packages::names(missing.into_iter()) };
    let first = first.as_ref().map(|first| format!(": {first}")).unwrap_or_default();
    tracing::error!(output = %output, "failed to build {missing} ({status}); the running version stays{first}");
}

/// A folder for these packages only: workspaces may share a target folder, and two hosts may run at once.
fn libraries_of(workspaces: &[Workspace]) -> PathBuf {
    let mut digest = blake3::Hasher::new();
    for folder in workspaces.iter().flat_map(|workspace| &workspace.folders) {
        digest.update(folder.as_os_str().as_encoded_bytes()).update(&[0]);
    }
    let target = workspaces.first().map(|first| first.target.join("gearshift")).unwrap_or_default();
    target.join(&digest.finalize().to_hex()[..8]).join("cogs")
}

fn digest(file: &Path) -> io::Result<blake3::Hash> {
    fs::read(file).map(|bytes| blake3::hash(&bytes))
}
