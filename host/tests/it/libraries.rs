//! The example cogs as libraries, built by cargo and found through cargo's own answer. Built once per test run.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Every example cog as built from the tree.
pub fn cog(name: &str) -> &'static Path {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let cogs = ["ping", "counter", "reminder", "lookup", "pulse", "faulty"];
        build(&cogs, &[], &[], &target().join("test-cogs"))
    });
    built.get(name).unwrap_or_else(|| panic!("cargo built no library for {name}"))
}

/// A build of `faulty` that names itself `variant`.
pub fn faulty(variant: &'static str) -> PathBuf {
    variant_of("faulty", variant, &[])
}

/// A build of `faulty` that claims an ABI that it does not speak.
pub fn liar() -> PathBuf {
    variant_of("faulty", "liar", &["--features", "faulty/lie"])
}

fn variant_of(package: &str, variant: &str, arguments: &[&str]) -> PathBuf {
    // A folder of its own: two builds in one would replace each other.
    let folder = target().join(format!("test-cogs-{variant}"));
    let built = build(&[package], arguments, &[("GEARSHIFT_TEST_VARIANT", variant)], &folder);
    built.into_values().next().unwrap_or_else(|| panic!("cargo built no library for {package} {variant}"))
}

fn build(packages: &[&str], arguments: &[&str], variables: &[(&str, &str)], target: &Path) -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo runs the tests"));
    cargo.args(["build", "--message-format=json-render-diagnostics"]).arg("--target-dir").arg(target);
    cargo.args(packages.iter().flat_map(|package| ["--package", package])).args(arguments);
    let output = cargo.envs(variables.iter().copied()).stderr(Stdio::inherit()).output().expect("cargo can be run");
    assert!(output.status.success(), "cargo could not build {packages:?}");
    let mut found = BTreeMap::new();
    for line in String::from_utf8(output.stdout).expect("cargo answers in UTF-8").lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("cargo answers in JSON");
        if message["reason"] != "compiler-artifact" || message["target"]["kind"][0] != "cdylib" {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten().filter_map(|file| file.as_str());
        if let (Some(name), Some(file)) = (message["target"]["name"].as_str(), files.last()) {
            found.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    found
}

/// Cargo's target folder, in which the test binary itself lies.
fn target() -> PathBuf {
    let binary = env::current_exe().expect("a test binary has a path");
    let target = binary.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.expect("the test binary lies in cargo's target folder").to_owned()
}

/// Puts a library into a folder the way a careful deployer does: written aside, then renamed into place.
pub fn put(library: &Path, folder: &Path, name: &str) -> PathBuf {
    let aside = folder.join(format!(".{name}.part"));
    fs::copy(library, &aside).expect("the folder can be written");
    let place = folder.join(format!("lib{name}.so"));
    fs::rename(&aside, &place).expect("the folder can be written");
    place
}
