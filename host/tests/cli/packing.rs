//! `gearshift pack`: cogs become packages, with the same result each time; anything else is refused with a message, and
//! leaves nothing behind.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    packages::{RELEASE, altered, command, done, ended, fails, files},
    program::{PROGRAM, Place, workspace},
};

const ARM: (&str, &str) = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu");

/// The content of a JSON blob.
fn blob(folder: &Path, digest: &Value) -> Value {
    let name = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
    serde_json::from_slice(&fs::read(folder.join("blobs/sha256").join(name)).unwrap()).unwrap()
}

#[test]
fn a_package_holds_what_its_author_says_for_each_target_and_is_always_the_same_bytes() {
    let place = Place::with(&[]);
    let x86 = altered(&place, "x86/libping.so", "ping", &[RELEASE]);
    let arm = altered(&place, "arm/other-name.so", "ping", &[RELEASE, ARM]);
    place.file("ping/Cargo.toml", &format!(
        "[package]\nname = \"ping\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\nauthors = [\"A. Author\"]\n\
         description = \"Answers\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\ngearshift-cog = {{ path = {:?} }}\n[workspace]\n",
        workspace().join("plugin-api")
    ));
    place.file("ping/src/lib.rs", "");
    place.file("ping/README.md", "# Ping\n");
    place.file("ping/CHANGELOG.md", "## 0.1.0\n");
    place.file("ping/settings.schema.json", r#"{"type": "object", "required": ["channel"]}"#);
    let packed = |libraries: &[&str], out: &str| {
        let libraries = libraries.iter().flat_map(|library| ["--library", library]);
        let arguments: Vec<&str> =
            ["pack", "ping", "--json", "--out", out].into_iter().chain(libraries).collect();
        // Nothing is built.
        let packed = ended(command(&place, &arguments).env("CARGO", "/there/is/no/cargo"));
        assert_eq!((packed.code, &*packed.err), (0, ""));
        serde_json::from_str::<Value>(&packed.out).unwrap()
    };
    let one = packed(&[&x86, &arm], "one");
    let other = packed(&[&arm, &x86], "two");
    assert_eq!(one["digest"], other["digest"]);
    assert_eq!(files(&place.path().join("one")), files(&place.path().join("two")));
    assert_eq!(one["targets"], serde_json::json!([ARM.1, ARM.0]));

    let folder = place.path().join("one/ping");
    let index = blob(&folder, &one["digest"]);
    assert_eq!(index["annotations"]["org.opencontainers.image.version"], "0.1.0");
    assert_eq!(
        index["manifests"][0]["platform"],
        serde_json::json!({ "os": "linux", "architecture": "arm64" })
    );
    let manifest = blob(&folder, &index["manifests"][1]["digest"]);
    assert_eq!(manifest["artifactType"], "application/vnd.gearshift.cog.v1");
    let titles = manifest["layers"].as_array().unwrap().iter();
    let titles: Vec<_> =
        titles.map(|layer| &layer["annotations"]["org.opencontainers.image.title"]).collect();
    assert_eq!(titles, ["libping.so", "README.md", "CHANGELOG.md"]);
    let about = blob(&folder, &manifest["config"]["digest"]);
    for (key, value) in [
        ("name", "ping"),
        ("version", "0.1.0"),
        ("target", ARM.0),
        ("license", "MIT"),
        ("description", "Answers"),
    ] {
        assert_eq!(about[key], value);
    }
    assert_eq!(about["authors"][0], "A. Author");
    assert_eq!(about["settings"]["schema"]["required"][0], "channel");
    assert_eq!(about["commands"][0]["name"], "ping");
}

#[test]
fn what_cannot_be_packed_is_reported_with_what_to_do_and_nothing_is_written() {
    let place = Place::with(&[]);
    let fine = altered(&place, "fine.so", "ping", &[RELEASE]);
    let newer = altered(&place, "newer.so", "ping", &[RELEASE, ARM, ("\"0.1.0\"", "\"0.2.0\"")]);
    let other = altered(&place, "other.so", "counter", &[RELEASE, ARM]);
    let odd = altered(&place, "odd.so", "ping", &[RELEASE, ("\"0.1.0\"", "\"one\"")]);
    let aborts = altered(&place, "aborts.so", "ping", &[RELEASE, ("\"unwind\"", "\"abort\"")]);
    let debug = altered(&place, "debug.so", "ping", &[]);
    let text = place.file("text.so", "hello");
    let half = place.path().join("half.so");
    fs::write(&half, &fs::read(&fine).unwrap()[..9000]).unwrap();
    let missing = place.path().join("missing.so");
    let half = half.to_str().unwrap();
    for (libraries, what, help) in [
        (&[&*debug][..], "is a debug build", "--release"),
        (&[&fine, &newer], "is ping 0.2.0, and `", "one cog in one version"),
        (&[&fine, &other], "is counter 0.1.0, and `", "one cog in one version"),
        (&[&fine, &fine], "are both for `x86_64-unknown-linux-gnu`", "one library for each target"),
        (&[&odd], "the version of `", "`version` of `Cargo.toml`"),
        (&[&aborts], "`panic = \"abort\"`", "panic = \"unwind\""),
        (&[&text], "cannot pack `", "help: "),
        (&[half], "cannot pack `", "help: "),
        (&[missing.to_str().unwrap()], "cannot read `", "No such file"),
    ] {
        let libraries = libraries.iter().flat_map(|library| ["--library", library]);
        let arguments: Vec<&str> = ["pack"].into_iter().chain(libraries).collect();
        fails(&place, &arguments, 65, &[what, help]);
    }
    place.file("odd/settings.schema.json", "[]");
    fails(
        &place,
        &["pack", "odd", "--library", &fine],
        65,
        &["settings.schema.json", "a schema is a JSON object"],
    );
    fails(&place, &["pack"], 65, &["there is no `Cargo.toml`"]);
    fails(&place, &["pack", "--library", &fine, "--target", "x"], 2, &["cannot be used with"]);
    fails(&place, &["pack", "a", "b", "--library", &fine], 2, &["--library needs a single FOLDER"]);
    assert!(!place.path().join("packages").exists());
}

#[test]
fn a_version_that_is_there_with_another_content_is_replaced_only_by_force() {
    let place = Place::with(&[]);
    let first = altered(&place, "first.so", "ping", &[RELEASE]);
    let second =
        altered(&place, "second.so", "ping", &[RELEASE, ("\"name\":\"ping\"", "\"name\":\"ping\",\"x\":1")]);
    // Not part of this cog, although it is in the current folder.
    place.file("README.md", "# Another\n");
    assert!(!done(&place, &["pack", "--library", &first]).contains("already"));
    let blobs = files(&place.path().join("packages/ping/blobs"));
    assert!(blobs.iter().all(|(_, content)| content != b"# Another\n"));
    assert!(done(&place, &["pack", "--library", &first]).contains("which already existed"));
    fails(
        &place,
        &["pack", "--library", &second],
        1,
        &["already exists, as sha256:", "give it a new version"],
    );
    assert!(done(&place, &["pack", "--library", &second, "--force"]).contains("instead of sha256:"));
}

#[test]
fn a_folder_is_built_in_a_release_build_with_what_its_manifest_says() {
    let place = Place::with(&[]);
    place.file("greeter/Cargo.toml", &format!(
        "[package]\nname = \"greeter\"\nversion = \"1.2.0-rc.1+7\"\nedition = \"2024\"\nlicense = \"MIT\"\nreadme = \"docs/READ.md\"\n\
         [lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\ngearshift-cog = {{ path = {:?}, default-features = false }}\n[workspace]\n",
        workspace().join("plugin-api")
    ));
    let source = "use gearshift_cog::prelude::*;\n#[cog(unit)]\nimpl Greeter {\n/// Greets\n#[command]\n\
                  async fn hello(&self, ctx: &Context) -> Result { ctx.reply(\"hello\").await }\n}\n";
    place.file("greeter/src/lib.rs", source);
    place.file("greeter/docs/READ.md", "# Greeter\n");
    let folder = place.path().join("greeter");
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let pack = || {
        let mut command = command(&place, &["pack", "greeter", "--json"]);
        command
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("made"));
        // It is never run.
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        for name in ["CARGO_HOME", "RUSTUP_HOME"] {
            let home = env::var_os("HOME").unwrap_or_default();
            let usual = if name == "CARGO_HOME" { ".cargo" } else { ".rustup" };
            command.env(name, env::var_os(name).unwrap_or_else(|| Path::new(&home).join(usual).into()));
        }
        ended(&mut command)
    };
    let built = pack();
    assert_eq!(built.code, 0, "{}", built.err);
    let packed: Value = serde_json::from_str(&built.out).unwrap();
    assert_eq!(packed["version"], "1.2.0-rc.1+7");
    let layout = place.path().join("packages/greeter");
    let index = fs::read_to_string(layout.join("index.json")).unwrap();
    assert!(
        index.contains("\"org.opencontainers.image.ref.name\":\"1.2.0-rc.1_7\""),
        "a tag has no `+`: {index}"
    );
    let manifest = blob(&layout, &blob(&layout, &packed["digest"])["manifests"][0]["digest"]);
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    fs::write(folder.join("src/lib.rs"), source.replace(".await }", ".await; }")).unwrap();
    let broken = pack();
    assert_eq!(broken.code, 65, "{}", broken.err);
    assert!(
        broken.err.contains("failed to build `greeter`") && broken.err.contains("src/lib.rs:6"),
        "{}",
        broken.err
    );
}

#[test]
fn processes_that_pack_at_once_or_are_killed_leave_whole_versions() {
    let place = Place::with(&[]);
    let library = |word: &str, version: &str| {
        let (word, version) =
            (format!("\"name\":\"ping\",\"word\":\"{word}\""), format!("\"version\":\"{version}\""));
        let changes = [RELEASE, ("\"name\":\"ping\"", &*word), ("\"version\":\"0.1.0\"", &*version)];
        altered(&place, &format!("{}.so", word.len() + version.len()), "ping", &changes)
    };
    let versions = ["1.0.0", "1.0.10", "1.0.100", "1.0.1000"];
    let running: Vec<_> = versions
        .iter()
        .map(|version| {
            command(&place, &["pack", "--library", &library("a", version)])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    for version in versions {
        done(&place, &["pull", &format!("./packages/ping:{version}"), "--out", "all"]);
    }
    let (one, other) = (library("one", "2.0.0"), library("another", "2.0.0"));
    let pack = |library: &str| ["pack", "--force", "--library", library].map(str::to_owned);
    done(&place, &pack(&one).each_ref().map(String::as_str));
    let mut killed = 0;
    for (at, milliseconds) in (0..400).step_by(25).enumerate() {
        let library = if at % 2 == 0 { &other } else { &one };
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", &format!("0.{milliseconds:03}"), PROGRAM]).args(pack(library));
        command.current_dir(place.path()).stdout(Stdio::null()).stderr(Stdio::null());
        killed += usize::from(!command.status().unwrap().success());
        done(&place, &["pull", "./packages/ping:2.0.0", "--out", "last", "--force"]);
    }
    assert!(killed > 0, "none was killed");
}
