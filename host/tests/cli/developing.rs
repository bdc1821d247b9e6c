//! `gearshift dev`: an edit of a source becomes a new library, and that a new generation, without a word to the host.
//! With the real cargo, on packages outside this workspace.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::program::{Live, Place, gearshift, run, workspace};

/// A cog that answers `!greet` with what a file holds, and keeps how often it did.
const SOURCE: &str = r#"//! Greets.
use std::cell::Cell;
use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Greeter(Cell<u32>);

#[cog(state = 1)]
impl Greeter {
    /// Greets
    #[command]
    async fn greet(&self, ctx: &Context) -> Result {
        self.0.set(self.0.get() + 1);
        ctx.reply(format!("one {} {}", include_str!("../words.txt").trim(), self.0.get())).await
    }
}
"#;

/// A package of a cog in the folder `greeter`. Its name is its library's as well, which all tests put into one target
/// folder.
fn greeter(name: &str) -> Place {
    let place = Place::with(&[]);
    package(&place, "greeter", name, "\n[workspace]\n");
    // The versions that are here already.
    fs::copy(workspace().join("Cargo.lock"), place.path().join("greeter/Cargo.lock")).unwrap();
    place
}

fn package(place: &Place, folder: &str, name: &str, more: &str) {
    let sdk = workspace().join("plugin-api");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nname = \"the_{name}\"\n\
         crate-type = [\"cdylib\"]\n\n[dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\
         gearshift-cog = {{ path = '{}', default-features = false }}\n{more}",
        sdk.display()
    );
    place.file(&format!("{folder}/Cargo.toml"), &manifest);
    place.file(&format!("{folder}/src/lib.rs"), SOURCE);
    place.file(&format!("{folder}/words.txt"), "word\n");
}

/// One target folder for all tests: the SDK is built once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("dev")
}

/// Starts it on the package, with the SDK built before: no test waits for that.
fn develop(place: &Place, arguments: &[&str]) -> Live {
    static SDK: OnceLock<()> = OnceLock::new();
    SDK.get_or_init(|| {
        let place = greeter("first");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.arg("build").env("CARGO_TARGET_DIR", target()).current_dir(place.path().join("greeter"));
        assert!(build.status().unwrap().success());
    });
    let mut command = gearshift(place);
    command.args(["dev", "greeter"]).args(arguments).env("CARGO_TARGET_DIR", target());
    Live::spawn(command.env("DISCORD_TOKEN", "not-for-build-scripts"))
}

fn edit(place: &Place, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(place.path().join(file)).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    place.file(file, &text.replace(from, to));
}

#[test]
fn an_edit_serves_a_moment_later_with_the_state_and_a_mistake_is_shown_with_its_place() {
    let place = greeter("edited");
    let mut live = develop(&place, &[]);
    live.expect("`edited#1` was loaded");
    live.say("!greet");
    live.expect("one word 1");
    edit(&place, "greeter/src/lib.rs", "one", "two");
    live.expect("`edited#1` was replaced by `edited#2`");
    live.say("!greet");
    live.expect("two word 2");
    // What is included counts as well.
    place.file("greeter/words.txt", "text\n");
    live.expect("was replaced by `edited#3`");
    live.say("!greet");
    live.expect("two text 3");
    // A mistake leaves what serves, and says where it is.
    edit(&place, "greeter/src/lib.rs", "use std::cell::Cell;", "use std::cell::Cell;\nmod other;");
    live.expect("what serves stays: src/lib.rs:3:1: file not found for module `other`");
    live.expect("error[E0583]");
    live.say("!greet");
    live.expect("two text 4");
    // So does a file that was missing.
    place.file("greeter/src/other.rs", "//! Another one.\n");
    live.expect("was replaced by `edited#4`");
    edit(&place, "greeter/src/lib.rs", "two", "three");
    live.expect("was replaced by `edited#5`");
    live.say("!greet");
    live.expect("three text 5");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn packages_that_come_go_and_change_their_names_are_followed() {
    let place = greeter("one");
    let mut live = develop(&place, &[]);
    live.expect("`one#1` was loaded");
    // Another version, and then another name.
    edit(&place, "greeter/Cargo.toml", "0.1.0", "0.2.0");
    live.expect("built `one` in");
    edit(&place, "greeter/Cargo.toml", "name = \"one\"\n", "name = \"two\"\n");
    live.expect("built `two` in");
    live.expect("`two#1` was loaded (0.2.0)");
    // A manifest that is wrong leaves what serves, and says why.
    edit(&place, "greeter/Cargo.toml", "[lib]", "[lib");
    live.expect("failed to build `two`: cannot see what packages are in");
    live.say("!greet");
    live.expect("one word 1");
    edit(&place, "greeter/Cargo.toml", "[lib", "[lib]");
    live.expect("built `two` in");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_fails_to_compile_leaves_the_others_of_its_workspace() {
    let place = Place::with(&[]);
    place.file("greeter/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"left\", \"right\"]\n");
    package(&place, "greeter/left", "left", "");
    package(&place, "greeter/right", "right", "");
    edit(&place, "greeter/right/src/lib.rs", "fn greet", "fn wave");
    fs::copy(workspace().join("Cargo.lock"), place.path().join("greeter/Cargo.lock")).unwrap();
    let mut live = develop(&place, &[]);
    live.expect("built `left` and `right` in");
    live.expect("#1` was loaded");
    live.expect("#1` was loaded");
    edit(&place, "greeter/left/src/lib.rs", "use std", "uses std");
    live.expect(
        "failed to build `left` (exit status: 101); what serves stays: left/src/lib.rs:2:6: expected",
    );
    edit(&place, "greeter/right/src/lib.rs", "one", "two");
    live.expect("failed to build `left`");
    live.expect("`right#1` was replaced by `right#2`");
    live.say("!greet");
    live.expect("one word 1");
    live.say("!wave");
    live.expect("two word 1");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_build_script_that_writes_a_source_each_time_starts_no_endless_build() {
    let place = greeter("scripted");
    // Each time another text; it also sees that it gets no token.
    let script = "fn main() {\n    assert!(std::env::var_os(\"DISCORD_TOKEN\").is_none());\n    \
                  let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();\n    \
                  println!(\"cargo::rerun-if-changed=src/made.rs\");\n    \
                  std::fs::write(\"src/made.rs\", format!(\"pub const MADE: u128 = {now};\\n\")).unwrap();\n}\n";
    place.file("greeter/build.rs", script);
    place.file("greeter/src/made.rs", "pub const MADE: u128 = 0;\n");
    edit(&place, "greeter/src/lib.rs", "use std::cell::Cell;", "use std::cell::Cell;\nmod made;");
    edit(&place, "greeter/src/lib.rs", ".trim()", ".trim(), made::MADE > 0");
    edit(&place, "greeter/src/lib.rs", "one {} {}", "one {} {} {}");
    let mut live = develop(&place, &[]);
    live.expect("greeter/src/made.rs` is written by the build itself");
    // An edit still counts, and nothing else has begun a build.
    edit(&place, "greeter/src/lib.rs", "one", "two");
    live.expect("building `scripted`");
    live.expect("built `scripted` in");
    live.expect("was replaced by");
    live.say("!greet");
    live.expect("two word true 1");
    live.say(":quit");
    let (code, lines) = live.end();
    assert_eq!(code, 0);
    let builds = lines.iter().filter(|line| line.contains("building `scripted`")).count();
    assert!(builds <= 4, "{lines:#?}");
}

#[test]
fn a_target_folder_that_another_cargo_holds_is_said() {
    let place = greeter("locked");
    // Built once, so that the lock is there.
    let mut live = develop(&place, &[]);
    live.expect("`locked#1` was loaded");
    let lock = fs::File::open(target().join("debug/.cargo-lock")).unwrap();
    // Another test may build just now.
    lock.lock().unwrap();
    edit(&place, "greeter/src/lib.rs", "one", "two");
    live.expect("another cargo works with the");
    lock.unlock().unwrap();
    live.expect("was replaced by `locked#2`");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_new_version_is_tried_by_its_smoke_transcript_if_that_is_wanted() {
    let place = greeter("smoked");
    place.file("greeter/smoke.txt", "alice> !greet\nbot< one word 1\n");
    let mut live = develop(&place, &["--smoke"]);
    live.expect("smoke.txt (2 steps");
    edit(&place, "greeter/src/lib.rs", "one", "two");
    live.expect("failed: `");
    live.expect("two word 1");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_folder_without_a_cog_is_an_error_that_says_what_is_missing() {
    let place = Place::with(&[]);
    place.file("empty/readme", "");
    let package = |name: &str, rest: &str| {
        place.file(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n{rest}"),
        );
        place.file(&format!("{name}/src/lib.rs"), "");
    };
    package("other", "");
    package("almost", "[dependencies]\ngearshift-cog = \"0.1\"\n");
    package("wrong", "[lib\n");
    for (folder, texts) in [
        ("nowhere", ["cannot see what packages are in `nowhere`", "gearshift new NAME"]),
        ("empty", ["could not find `Cargo.toml`", "gearshift new NAME"]),
        ("other", ["no package in", "`gearshift-cog` among its dependencies"]),
        ("almost", ["`almost` makes no dynamic library", "crate-type = [\"cdylib\"]"]),
        ("wrong", ["cannot see what packages are in", "unclosed table"]),
    ] {
        let ended = run(&place, &["dev", folder]);
        assert_eq!(ended.code, 65, "{folder}: {}", ended.err);
        for text in texts {
            assert!(ended.err.contains(text), "{folder}: {}", ended.err);
        }
    }
}

#[test]
fn the_demo_is_executable_and_explains_itself() {
    let demo = workspace().join("scripts/demo");
    let help = std::process::Command::new(demo).arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("Usage: scripts/demo"));
}
