//! `gearshift dev`: an edit of a source results in a new library, and that in a new generation, without an order to the
//! host. With the real cargo, on packages outside this workspace.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::program::{Live, Place, gearshift, run, workspace};

/// A cog that answers `!greet` with the content of a file and counts its answers.
pub(crate) const SOURCE: &str = r#"//! Greets.
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

/// A cog's package in the folder `greeter`. Its name is also its library's, as all tests share one target folder.
pub(crate) fn greeter(name: &str) -> Place {
    let place = Place::with(&[]);
    package(&place, "greeter", name, "\n[workspace]\n");
    // The versions that are already downloaded.
    fs::copy(workspace().join("Cargo.lock"), place.path().join("greeter/Cargo.lock")).unwrap();
    place
}

pub(crate) fn package(place: &Place, folder: &str, name: &str, more: &str) {
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

/// For cargo, in the build of the SDK and below `gearshift dev` alike. Most of what is built would be for a debugger.
fn build_environment() -> [(&'static str, OsString); 2] {
    [("CARGO_TARGET_DIR", target().into()), ("CARGO_PROFILE_DEV_DEBUG", "0".into())]
}

/// Starts it on the package. The SDK is built before, so that no test waits for that.
pub(crate) fn develop(place: &Place, arguments: &[&str]) -> Live {
    develop_in(place, &[&["greeter"], arguments].concat())
}

/// The same with other folders.
pub(crate) fn develop_in(place: &Place, arguments: &[&str]) -> Live {
    static SDK: OnceLock<()> = OnceLock::new();
    SDK.get_or_init(|| {
        let place = greeter("first");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.arg("build").envs(build_environment()).current_dir(place.path().join("greeter"));
        assert!(build.status().unwrap().success());
    });
    let mut command = gearshift(place);
    command.arg("dev").args(arguments).envs(build_environment());
    Live::spawn(command.env("DISCORD_TOKEN", "not-for-build-scripts"))
}

pub(crate) fn edit(place: &Place, file: &str, from: &str, to: &str) {
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
    // Included files are watched as well.
    place.file("greeter/words.txt", "text\n");
    live.expect("was replaced by `edited#3`");
    live.say("!greet");
    live.expect("two text 3");
    // After an error, the old generation keeps serving, and the place of the error is shown.
    edit(&place, "greeter/src/lib.rs", "use std::cell::Cell;", "use std::cell::Cell;\nmod other;");
    live.expect("the running version stays: src/lib.rs:3:1: file not found for module `other`");
    live.expect("error[E0583]");
    live.say("!greet");
    live.expect("two text 4");
    // Adding a missing file starts a build as well.
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
fn what_was_gone_back_from_is_named_again_when_it_is_saved_again_and_loaded_when_it_is_corrected() {
    let place = greeter("undone");
    let mut live = develop(&place, &[]);
    live.expect("`undone#1` was loaded");
    edit(&place, "greeter/src/lib.rs", "self.0.set", "assert!(self.0.get() > 9); self.0.set");
    live.expect("was replaced by `undone#2`");
    for _ in 0..3 {
        live.say("!greet");
    }
    live.expect("went back from `undone#2` to the code of `undone#1`, which is `undone#3` now");
    live.expect("help: `gearshift cogs reload undone` loads its file anyway");
    edit(&place, "greeter/src/lib.rs", "//! Greets.", "//! Greets!");
    live.expect("it is the version that the host went back from");
    live.expect("help: ");
    edit(&place, "greeter/src/lib.rs", "> 9", "< 9");
    live.expect("was replaced by `undone#4`");
    live.say("!greet");
    live.expect("one word 1");
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
    live.expect("#1` was loaded");
    live.expect("#1` was loaded");
    edit(&place, "greeter/left/src/lib.rs", "use std", "uses std");
    live.expect(
        "failed to build `left` (exit status: 101); the running version stays: left/src/lib.rs:2:6: expected",
    );
    edit(&place, "greeter/right/src/lib.rs", "one", "two");
    live.expect("`right#1` was replaced by `right#2`");
    live.say("!greet");
    live.expect("one word 1");
    live.say("!wave");
    live.expect("two word 1");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_mistake_in_a_path_dependency_and_its_mending_are_seen_before_anything_was_built() {
    let place = greeter("dependent");
    edit(
        &place,
        "greeter/Cargo.toml",
        "[dependencies]\n",
        "[dependencies]\nshared = { path = \"../shared\" }\n",
    );
    edit(&place, "greeter/src/lib.rs", "one {} {}\", ", "one {} {} {}\", shared::word(), ");
    place
        .file("shared/Cargo.toml", "[package]\nname = \"shared\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    place.file("shared/src/lib.rs", "pub fn word() -> &'static str { 1 }\n");
    let mut live = develop(&place, &[]);
    live.expect("failed to build `dependent`");
    place.file("shared/src/lib.rs", "mod words;\npub fn word() -> &'static str { words::WORD }\n");
    live.expect("file not found for module `words`");
    place.file("shared/src/words.rs", "pub(crate) const WORD: &str = \"shared\";\n");
    live.expect("`dependent#1` was loaded");
    live.say("!greet");
    live.expect("one shared word 1");
    // Other files next to the sources start no build, not even after a failed one.
    place.file("greeter/src/lib.rs", "mistake");
    live.expect("failed to build `dependent`");
    let log = place.file("greeter/bot.log", "");
    live.expect("failed to build `dependent`");
    for line in 0..50 {
        fs::write(&log, format!("line {line}\n")).unwrap();
    }
    live.say("!greet");
    live.expect("one shared word 2");
    live.say(":quit");
    let (code, lines) = live.end();
    assert_eq!(code, 0);
    let builds = lines.iter().filter(|line| line.contains("building `dependent`")).count();
    assert!(builds <= 6, "{lines:#?}");
}

#[test]
fn a_build_script_that_writes_a_source_each_time_starts_no_endless_build() {
    let place = greeter("scripted");
    // The text differs each time; the script also checks that it gets no token.
    let script = "fn main() {\n    assert!(std::env::var_os(\"DISCORD_TOKEN\").is_none());\n    \
                  let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();\n    \
                  std::fs::write(\"src/made.rs\", format!(\"pub const MADE: u128 = {now};\\n\")).unwrap();\n}\n";
    place.file("greeter/build.rs", script);
    place.file("greeter/src/made.rs", "pub const MADE: u128 = 0;\n");
    edit(&place, "greeter/src/lib.rs", "use std::cell::Cell;", "use std::cell::Cell;\nmod made;");
    edit(&place, "greeter/src/lib.rs", ".trim()", ".trim(), made::MADE > 0");
    edit(&place, "greeter/src/lib.rs", "one {} {}", "one {} {} {}");
    let mut live = develop(&place, &[]);
    live.expect("greeter/src/made.rs` is written by the build itself");
    // Edits still start builds, and nothing else has started one.
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
    assert!(builds <= 7, "{lines:#?}");
}

#[test]
fn waiting_for_another_cargos_lock_is_logged() {
    let place = greeter("locked");
    // Built once, so that the lock exists.
    let mut live = develop(&place, &[]);
    live.expect("`locked#1` was loaded");
    let lock = fs::File::open(target().join("debug/.cargo-lock")).unwrap();
    // Another test may be building right now.
    lock.lock().unwrap();
    edit(&place, "greeter/src/lib.rs", "one", "two");
    live.expect("waiting for another cargo, which uses the");
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
        ("nowhere", ["cannot list the packages in `nowhere`", "gearshift new NAME"]),
        ("empty", ["there is no `Cargo.toml` in it", "gearshift new NAME"]),
        ("other/Cargo.toml", ["`other/Cargo.toml`: it is not a folder", "gearshift new NAME"]),
        ("other", ["no package in", "`gearshift-cog` among its dependencies"]),
        ("almost", ["`almost` does not build a dynamic library", "crate-type = [\"cdylib\"]"]),
        ("wrong", ["cannot list the packages in", "unclosed table"]),
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

#[test]
fn the_demo_runs_what_cargo_built_wherever_its_config_puts_it() {
    let place = Place::with(&[]);
    for file in ["Cargo.toml", "Cargo.lock", "plugin-api/x", "plugins/ping/x", "plugins/counter/x"] {
        place.file(file, "");
    }
    fs::create_dir(place.path().join("scripts")).unwrap();
    fs::copy(workspace().join("scripts/demo"), place.path().join("scripts/demo")).unwrap();
    // It needs no more of cargo than this: where it builds, and a program there.
    let cargo = "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ncase \"$*\" in\n\
                 metadata*) printf '{\"target_directory\":\"%s\",\"version\":1}' \"$PWD/elsewhere\" ;;\n\
                 *gearshift-host) mkdir -p elsewhere/debug && cp bin/bot elsewhere/debug/gearshift ;;\nesac\n";
    for (program, text) in [("bin/cargo", cargo), ("bin/bot", "#!/bin/sh\necho the bot runs\n")] {
        let file = place.file(program, text);
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::join_paths(
        [place.path().join("bin")]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut demo = Command::new(place.path().join("scripts/demo"));
    let tour = demo.arg("--tour").env("PATH", path.unwrap()).env_remove("CARGO_TARGET_DIR").output().unwrap();
    let out = String::from_utf8_lossy(&tour.stdout);
    assert!(out.contains("   the bot runs\n"), "{out}{}", String::from_utf8_lossy(&tour.stderr));
}
