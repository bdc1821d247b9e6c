//! Builds cogs once, in release mode. It packs nothing.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    DevError,
    build::{Build, Failed},
    facts::Facts,
    packages::{self, CogPackage, Workspace},
};

/// A cog that has been built.
#[derive(Debug)]
pub struct Release {
    /// The folder of its package.
    pub folder: PathBuf,
    /// What its `Cargo.toml` says about it.
    pub facts: Facts,
    /// Its library for each target.
    pub libraries: Vec<PathBuf>,
}

/// Builds the cogs below some folders in release mode: for each of the targets, or by default for cargo's.
///
/// # Errors
/// There are no cogs, cargo fails, or a cog does not build.
pub async fn release(folders: &[PathBuf], targets: &[String]) -> Result<Vec<Release>, DevError> {
    let workspaces = packages::find_all(folders)?;
    let targets: Vec<Option<&str>> = match targets.is_empty() {
        true => vec![None],
        false => targets.iter().map(|target| Some(target.as_str())).collect(),
    };
    let mut built = Vec::new();
    for workspace in &workspaces {
        let mut libraries: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
        for target in &targets {
            let outcome = build(workspace, *target).await?;
            for cog in &workspace.cogs {
                libraries.entry(&cog.id).or_default().extend(outcome.get(&cog.id).cloned());
            }
        }
        built.extend(workspace.cogs.iter().map(|cog: &CogPackage| Release {
            folder: cog.folder.clone(),
            facts: cog.facts.clone(),
            libraries: libraries.remove(cog.id.as_str()).unwrap_or_default(),
        }));
    }
    Ok(built)
}

async fn build(workspace: &Workspace, target: Option<&str>) -> Result<BTreeMap<String, PathBuf>, DevError> {
    tracing::info!(
        "building {}{}",
        workspace.names(),
        target.map(|it| format!(" for {it}")).unwrap_or_default()
    );
    let outcome = Build::start(workspace, true, target).map_err(DevError::NoCargo)?.end(|_, _| {}).await;
    let outcome = outcome.map_err(DevError::NoCargo)?;
    if !outcome.warnings.is_empty() {
        tracing::warn!(output = %outcome.warnings, "the compiler warns");
    }
    match outcome.failed {
        None => Ok(outcome.libraries),
        Some(Failed { output, status, .. }) => {
            Err(DevError::Failed { cogs: workspace.names(), status, output })
        }
    }
}
