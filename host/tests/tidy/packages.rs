//! Which package may depend on which, according to their `Cargo.toml`. The imports of modules are checked elsewhere.

use toml::Table;

use crate::{
    nothing_found,
    sources::{Source, below, read, top},
};

/// Dependencies that a package may not have: its folder, prefixes of names, exceptions, and the reason.
const WALLS: &[(&str, &[&str], &[&str], &str)] = &[
    (
        "host/sim/",
        &["gearshift-", "abi_stable"],
        // What its clients, in a package of their own, are run with.
        &["gearshift-sim"],
        "the built-in Discord knows nothing of cogs or of the host",
    ),
    (
        "plugin-api/",
        &["gearshift-"],
        // Its other half, and what the examples in the attributes' documentation use.
        &["gearshift-cog-macros", "gearshift-cog"],
        "what crosses to a cog is plain data",
    ),
    ("plugins/", &["gearshift-"], &["gearshift-cog"], "a cog knows its SDK and nothing of the host"),
    (
        "host/Cargo.toml",
        &[
            "ping",
            "counter",
            "tags",
            "poll",
            "welcome",
            "remind",
            "pulse",
            "lookup",
            "faulty",
            "asker",
            "gearshift-bench",
        ],
        &[],
        "the host loads cogs as files",
    ),
];

fn findings(manifest: &Source) -> Vec<String> {
    let table: Table = manifest.text.parse().unwrap_or_else(|error| panic!("{}: {error}", manifest.path));
    let mut findings = Vec::new();
    for (folder, beginnings, saved, why) in WALLS {
        if !manifest.path.starts_with(folder) {
            continue;
        }
        for name in dependencies(&table) {
            if beginnings.iter().any(|begin| name.starts_with(begin)) && !saved.contains(&name) {
                findings.push(format!("{}: depends on `{name}`; {why}", manifest.path));
            }
        }
    }
    findings
}

/// Including those for builds and for tests.
fn dependencies(table: &Table) -> Vec<&str> {
    let targets = table.get("target").and_then(|targets| targets.as_table());
    let per_target =
        targets.into_iter().flat_map(|targets| targets.values()).filter_map(|target| target.as_table());
    std::iter::once(table)
        .chain(per_target)
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|kind| table.get(kind)?.as_table())
        })
        .flat_map(|kind| kind.keys().map(String::as_str))
        .collect()
}

#[test]
fn packages_keep_to_their_side_of_the_walls() {
    let manifests =
        ["host", "plugin-api", "plugins"].into_iter().flat_map(|folder| below(folder, "Cargo.toml"));
    nothing_found(&manifests.flat_map(|manifest| findings(&manifest)).collect::<Vec<_>>());
}

/// What a registry would reject about a package, according to its `Cargo.toml`, that of the workspace, and the files
/// next to it.
fn missing(manifest: &Source, workspace: &Table, has_file: impl Fn(&str) -> bool) -> Vec<String> {
    let table: Table = manifest.text.parse().unwrap_or_else(|error| panic!("{}: {error}", manifest.path));
    let package = table["package"].as_table().unwrap();
    if package.contains_key("publish") {
        return Vec::new();
    }
    let mut missing: Vec<String> = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"]
        .into_iter()
        .filter(|file| !has_file(file))
        .map(str::to_owned)
        .collect();
    missing.extend(
        ["description", "license"].into_iter().filter(|key| !package.contains_key(*key)).map(str::to_owned),
    );
    let shared = &workspace["workspace"]["dependencies"];
    for (name, own) in ["dependencies", "build-dependencies"]
        .iter()
        .filter_map(|kind| table.get(*kind)?.as_table())
        .flatten()
    {
        let said = if own.get("workspace").is_some() { &shared[name] } else { own };
        if said.get("path").is_some() && said.get("version").is_none() {
            missing.push(format!("a version of `{name}`"));
        }
    }
    missing.into_iter().map(|what| format!("{}: has no {what}", manifest.path)).collect()
}

#[test]
fn what_others_may_depend_on_can_be_packaged() {
    let workspace: Table = read("Cargo.toml").text.parse().unwrap();
    let manifests: Vec<Source> =
        ["host", "plugin-api"].into_iter().flat_map(|folder| below(folder, "Cargo.toml")).collect();
    let beside = |manifest: &Source, file: &str| top().join(&manifest.path).with_file_name(file).exists();
    let found = manifests.iter().flat_map(|it| missing(it, &workspace, |file| beside(it, file)));
    nothing_found(&found.collect::<Vec<_>>());
    let bare =
        Source::sample("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nb = { path = \"../b\" }\n");
    assert_eq!(missing(&bare, &workspace, |_| false).len(), 7);
}

#[test]
fn every_cog_forbids_unsafe_code() {
    for source in below("plugins", "lib.rs") {
        assert!(
            source.text.contains("#![forbid(unsafe_code)]"),
            "{} does not forbid unsafe code",
            source.path
        );
    }
}

#[test]
fn what_is_used_beyond_its_promises_is_pinned() {
    // The check of layouts with fresh globals is public but undocumented: any release may change it.
    let workspace: Table = read("Cargo.toml").text.parse().unwrap();
    let version = workspace["workspace"]["dependencies"]["abi_stable"]["version"].as_str().unwrap();
    assert!(version.starts_with('='), "abi_stable is {version}");
    for path in ["host/src/lib.rs", "plugin-api/src/lib.rs"] {
        assert!(read(path).text.contains("\n#![deny(unsafe_code)]\n"), "{path} does not deny unsafe code");
    }
}

#[test]
fn a_dependency_through_a_wall_is_found() {
    for (path, text) in [
        ("host/sim/Cargo.toml", "[dependencies]\ngearshift-cog.workspace = true"),
        ("plugins/ping/Cargo.toml", "[target.'cfg(unix)'.dev-dependencies]\ngearshift-host = \"1\""),
        ("plugin-api/Cargo.toml", "[build-dependencies.gearshift-sim]\nversion = \"1\""),
        ("host/Cargo.toml", "[dev-dependencies]\nping = { path = \"../plugins/ping\" }"),
    ] {
        assert_eq!(findings(&Source::sample(path, text)).len(), 1, "{path}: {text}");
    }
    let cog = Source::sample(
        "plugins/ping/Cargo.toml",
        "[dependencies]\ngearshift-cog.workspace = true\nserde = \"1\"",
    );
    assert_eq!(findings(&cog), [""; 0]);
}
