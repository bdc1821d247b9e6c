//! Cogs as libraries: built by cargo in release, or made from a built one by giving it another name. No library is
//! loaded here.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Result;

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Cargo's target folder, which contains this program.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(target.ok_or("this program does not lie in cargo's target folder")?.to_owned())
}

/// Example cogs in release, by name.
pub(crate) fn examples(names: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    build(&workspace().join("Cargo.toml"), names, &[])
}

/// Builds packages of a workspace in release. Returns the libraries by the names of their targets.
pub(crate) fn build(
    manifest: &Path,
    packages: &[&str],
    variables: &[(&str, &str)],
) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--message-format=json-render-diagnostics"]);
    cargo.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target()?);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let output = cargo.envs(variables.iter().copied()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("cargo could not build {}", packages.join(", ")).into());
    }
    let mut built = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let is_cog = message["reason"] == "compiler-artifact" && message["target"]["kind"][0] == "cdylib";
        let mut files =
            message["filenames"].as_array().into_iter().flatten().filter_map(|file| file.as_str());
        if let (true, Some(name), Some(file)) =
            (is_cog, message["target"]["name"].as_str(), files.next_back())
        {
            built.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    match packages.iter().find(|package| !built.contains_key(&package.replace('-', "_"))) {
        Some(missing) => Err(format!("cargo built no library for `{missing}`").into()),
        None => Ok(built),
    }
}

/// Copies a library, with every occurrence of a text replaced by another one of the same length.
///
/// # Errors
/// The lengths differ, or the text does not occur.
pub(crate) fn with_text(library: &Path, from: &str, to: &str, copy: &Path) -> Result<()> {
    if from.len() != to.len() {
        return Err(format!("`{from}` and `{to}` are not of one length").into());
    }
    let mut bytes = fs::read(library)?;
    let (mut at, mut found) = (0, 0);
    while at + from.len() <= bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
        at += 1;
    }
    if found == 0 {
        return Err(format!("`{}` does not hold the text `{from}`", library.display()).into());
    }
    Ok(fs::write(copy, bytes)?)
}
