//! What to build: packages that are cogs, as cargo sees them. It reads no sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use cargo_metadata::{CrateType, Metadata, Package, TargetKind};

use super::{DevError, facts::Facts};
use crate::config::TOKEN_VARIABLE;

/// The file name of a manifest.
pub(super) const MANIFEST: &str = "Cargo.toml";
/// The crate that every cog depends on.
pub(super) const SDK: &str = "gearshift-cog";

/// Cogs that are built together.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// The folders in which they are searched.
    pub(super) folders: BTreeSet<PathBuf>,
    /// The folder of its manifest.
    pub(super) root: PathBuf,
    /// Cargo's target folder.
    pub(super) target: PathBuf,
    /// Sorted by name.
    pub(super) cogs: Vec<CogPackage>,
    /// The ids of the cogs, and of their dependencies in the workspace, that have a build script.
    pub(super) scripts: BTreeSet<String>,
    /// Folders of their path dependencies, in the workspace or elsewhere.
    pub(super) dependencies: BTreeSet<PathBuf>,
    /// When cargo was asked for it: later changes may be missing.
    pub(super) since: SystemTime,
}

/// A package that is a cog.
#[derive(Debug, Clone)]
pub(super) struct CogPackage {
    /// Cargo's id.
    pub(super) id: String,
    /// The package name.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// The file name of its library.
    pub(super) library: String,
    /// What its manifest says about it.
    pub(super) facts: Facts,
}

impl Workspace {
    /// Merges the same workspace, found from another folder.
    pub(super) fn add(&mut self, other: Workspace) {
        self.folders.extend(other.folders);
        self.since = self.since.min(other.since);
        self.scripts.extend(other.scripts);
        self.dependencies.extend(other.dependencies);
        self.cogs.extend(other.cogs);
        self.cogs.sort_by(|one, other| one.name.cmp(&other.name));
        self.cogs.dedup_by(|one, other| one.id == other.id);
    }

    /// Reads it again after a manifest has changed. A folder that is gone, or has no more cogs, does not affect others.
    pub(super) fn again(&self) -> Result<Workspace, DevError> {
        let mut again: Option<Workspace> = None;
        for folder in self.folders.iter().filter(|folder| folder.is_dir()) {
            // Of packages that are workspaces of their own, a mistake in one is none of the others' business.
            let place = if self.root.starts_with(folder) && self.root.is_dir() { &self.root } else { folder };
            let found = match find(place) {
                Err(DevError::NoCog { .. }) => continue,
                found => found?,
            };
            for found in found.into_iter().filter(|found| found.root == self.root) {
                match &mut again {
                    Some(again) => again.add(found),
                    None => again = Some(found),
                }
            }
        }
        let mut again = again.ok_or_else(|| DevError::NoCog { folder: self.root.clone(), almost: None })?;
        libraries(again.cogs.iter())?;
        // A folder that is gone may be created again.
        again.folders.clone_from(&self.folders);
        Ok(again)
    }

    /// The names of its cogs.
    pub(super) fn names(&self) -> String {
        names(self.cogs.iter())
    }
}

/// The names of the cogs' libraries, with the folders of the cogs.
///
/// # Errors
/// Two have the same name.
pub(super) fn libraries<'c>(
    cogs: impl Iterator<Item = &'c CogPackage>,
) -> Result<BTreeMap<String, PathBuf>, DevError> {
    let mut libraries = BTreeMap::new();
    for cog in cogs {
        if let Some(other) = libraries.insert(cog.library.clone(), cog.folder.clone()) {
            let folders = [other, cog.folder.clone()];
            return Err(DevError::Twice { library: cog.library.clone(), folders });
        }
    }
    Ok(libraries)
}

/// "`ping`", "`counter` and `ping`".
pub(super) fn names<'c>(cogs: impl Iterator<Item = &'c CogPackage>) -> String {
    let names: Vec<String> = cogs.map(|cog| format!("`{}`", cog.name)).collect();
    match names.as_slice() {
        [names @ .., last] if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        names => names.concat(),
    }
}

/// The cogs below all of the folders, with each workspace once.
pub(super) fn find_all(folders: &[PathBuf]) -> Result<Vec<Workspace>, DevError> {
    let mut workspaces: BTreeMap<PathBuf, Workspace> = BTreeMap::new();
    for folder in folders {
        for found in find(folder)? {
            match workspaces.get_mut(&found.root) {
                Some(known) => known.add(found),
                None => _ = workspaces.insert(found.root.clone(), found),
            }
        }
    }
    Ok(workspaces.into_values().collect())
}

/// The cogs below `folder`: in the workspace that it belongs to, or else in the packages directly below it.
pub(super) fn find(folder: &Path) -> Result<Vec<Workspace>, DevError> {
    let failed = |text: String| DevError::Metadata { folder: folder.to_owned(), text };
    let folder = folder.canonicalize().map_err(|error| failed(error.to_string()))?;
    if !folder.is_dir() {
        return Err(failed("it is not a folder".to_owned()));
    }
    let around = folder.ancestors().find(|folder| folder.join(MANIFEST).is_file());
    let packages = if around == Some(&folder) { Vec::new() } else { below(&folder) };
    match around {
        None if packages.is_empty() => {
            Err(failed(format!("there is no `{MANIFEST}` in it, above it or in its folders")))
        }
        None => find_in(&folder, &packages),
        Some(_) => match find_in(&folder, std::slice::from_ref(&folder)) {
            // The workspace above may exclude them.
            Err(DevError::NoCog { .. }) if !packages.is_empty() => find_in(&folder, &packages),
            found => found,
        },
    }
}

/// The cogs below `folder` that belong to the workspaces of these packages.
fn find_in(folder: &Path, packages: &[PathBuf]) -> Result<Vec<Workspace>, DevError> {
    let failed = |text: String| DevError::Metadata { folder: folder.to_owned(), text };
    let mut almost = None;
    let mut found = Vec::new();
    let since = SystemTime::now();
    let metadata = packages.iter().map(|package| metadata(package));
    let metadata: Vec<Metadata> = metadata.collect::<Result<_, _>>().map_err(|error| match error {
        Unanswered::NoCargo(error) => DevError::NoCargo(error),
        Unanswered::Said(text) => failed(text),
    })?;
    for metadata in metadata {
        let members = metadata.workspace_packages();
        let below = |package: &&&Package| package.manifest_path.as_std_path().starts_with(folder);
        let mut cogs = Vec::new();
        for package in members.iter().filter(below) {
            match cog(package) {
                Ok(cog) => cogs.extend(cog),
                Err(lack) => almost = Some(lack),
            }
        }
        if cogs.is_empty() {
            continue;
        }
        cogs.sort_by(|one, other| one.name.cmp(&other.name));
        let needed = needed(&members, &cogs);
        let has_script = |package: &&&Package| package.targets.iter().any(|it| it.is_custom_build());
        found.push(Workspace {
            folders: BTreeSet::from([folder.to_owned()]),
            root: metadata.workspace_root.clone().into(),
            target: metadata.target_directory.clone().into(),
            scripts: needed.iter().filter(has_script).map(|package| package.id.repr.clone()).collect(),
            dependencies: needed.iter().flat_map(|package| paths(package)).collect(),
            cogs,
            since,
        });
    }
    if found.is_empty() { Err(DevError::NoCog { folder: folder.to_owned(), almost }) } else { Ok(found) }
}

/// The package as a cog; `None` if it is not one; what it lacks if it was meant to be one.
fn cog(package: &Package) -> Result<Option<CogPackage>, String> {
    let uses_sdk = |package: &Package| {
        package
            .dependencies
            .iter()
            .any(|it| it.name == SDK && it.kind == cargo_metadata::DependencyKind::Normal)
    };
    if !uses_sdk(package) {
        return Ok(None);
    }
    let library = package.targets.iter().find(|target| target.crate_types.contains(&CrateType::CDyLib));
    let Some(library) = library else {
        let is_library = package.targets.iter().any(|it| it.kind.contains(&TargetKind::Lib));
        // The SDK's own crates and helper crates of cogs are libraries as well.
        return match is_library {
            true => Err(format!(": `{}` does not build a dynamic library", package.name)),
            false => Ok(None),
        };
    };
    let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
    Ok(Some(CogPackage {
        id: package.id.repr.clone(),
        name: package.name.to_string(),
        folder: folder.to_owned().into(),
        library: format!(
            "{}{}{}",
            std::env::consts::DLL_PREFIX,
            library.name.replace('-', "_"),
            std::env::consts::DLL_SUFFIX
        ),
        facts: Facts {
            authors: package.authors.clone(),
            description: package.description.clone(),
            license: package.license.clone(),
            readme: package.readme.clone().map(PathBuf::from),
            repository: package.repository.clone(),
        },
    }))
}

/// The cogs, and the members that they depend on.
fn needed<'m>(members: &[&'m Package], cogs: &[CogPackage]) -> Vec<&'m Package> {
    let mut needed: Vec<&Package> =
        members.iter().copied().filter(|it| cogs.iter().any(|cog| cog.id == it.id.repr)).collect();
    let mut next = 0;
    while let Some(package) = needed.get(next).copied() {
        let paths: Vec<PathBuf> = paths(package).collect();
        let is_of_it = |member: &&&Package| {
            member.manifest_path.parent().is_some_and(|it| paths.iter().any(|path| it.as_std_path() == path))
        };
        for member in members.iter().filter(is_of_it) {
            if !needed.iter().any(|known| known.id == member.id) {
                needed.push(member);
            }
        }
        next += 1;
    }
    needed
}

/// The folders of a package's path dependencies.
fn paths(package: &Package) -> impl Iterator<Item = PathBuf> {
    package.dependencies.iter().filter_map(|it| it.path.clone()).map(PathBuf::from)
}

/// Why cargo gave no answer.
enum Unanswered {
    NoCargo(io::Error),
    Said(String),
}

/// Cargo's metadata of the package or workspace that a folder belongs to.
fn metadata(folder: &Path) -> Result<Metadata, Unanswered> {
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
    let output = cargo.output().map_err(Unanswered::NoCargo)?;
    if !output.status.success() {
        return Err(Unanswered::Said(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Unanswered::Said(error.to_string()))
}

/// Direct subfolders that have a manifest.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join(MANIFEST).is_file());
    folders.sort();
    folders
}

/// The cargo that started this process, or the one in the `PATH`.
pub(super) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Build scripts are third-party code, and need no token.
    cargo.env_remove(TOKEN_VARIABLE);
    // Nobody can answer a prompt; without one ssh and git fail with a message.
    cargo.env("GIT_TERMINAL_PROMPT", "0");
    if std::env::var_os("GIT_SSH_COMMAND").is_none() {
        cargo.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    // Cargo resolves it relative to its working directory, which varies.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(target) = std::env::var_os(name).and_then(|target| std::path::absolute(target).ok()) {
            cargo.env(name, target);
        }
    }
    cargo
}
