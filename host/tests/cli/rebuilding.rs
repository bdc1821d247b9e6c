//! `[build]`: an edit of a source becomes a new library, and that a new generation, without a word to the host.

use std::fs;

use crate::program::{Live, Place, gearshift, library, workspace};

/// A config whose build command is a script: what cargo does is cargo's matter, that it is called is the host's.
fn place(script: &str) -> Place {
    let place = Place::with(&["ping"]);
    place.file("plugins/ping/Cargo.toml", "[package]\nname = \"ping\"\n");
    place.file("plugins/ping/src/lib.rs", "// one");
    place.file("plugins/counter/Cargo.toml", "[package]\nname = \"counter\"\n");
    place.file("plugins/counter/src/lib.rs", "// one");
    place.file("build.sh", script);
    place.file(
        "gearshift.toml",
        "[cogs]\nfolder = \"cogs\"\n[build]\ncommand = [\"sh\", \"build.sh\", \"{package}\"]\n",
    );
    place
}

fn play(place: &Place) -> Live {
    let mut live = Live::start(place, &["play"]);
    live.expect("cogs are rebuilt when their sources in");
    live
}

#[test]
fn the_changed_package_is_built_and_becomes_live() {
    let library = library("counter");
    let name = library.file_name().unwrap().to_str().unwrap();
    // As cargo does: complete elsewhere, and then there in one step.
    let script = format!("echo \"$1\" >> built\ncp '{}' {name} && mv {name} cogs/\n", library.display());
    let place = place(&script);
    let mut live = play(&place);
    place.file("plugins/counter/src/lib.rs", "// two");
    live.expect("built `counter` in");
    live.expect("`counter#1` was loaded");
    live.say("!count");
    live.expect("1 for you, 1 for everybody");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
    assert_eq!(fs::read_to_string(place.path().join("built")).unwrap(), "counter\n", "and nothing else was");
}

#[test]
fn a_build_that_fails_shows_the_compilers_words_and_leaves_the_bot_alone() {
    let place = place("echo '   Compiling ping v0.1.0' >&2; echo 'error: expected `;`' >&2; exit 101\n");
    let mut live = play(&place);
    place.file("plugins/ping/src/lib.rs", "// two");
    live.expect("failed to build `ping` (exit status: 101)");
    live.expect("error: expected `;`");
    live.say("!ping hi");
    live.expect("bot (reply): pong hi");
    live.say(":quit");
    let (code, lines) = live.end();
    assert_eq!(code, 0);
    assert!(!lines.iter().any(|line| line.contains("Compiling")), "{lines:#?}");
}

#[test]
fn a_change_during_a_build_leads_to_another_one() {
    // Each build waits until it is let go.
    let place = place("echo begun >> begun; read line < gate\n");
    let gate = place.path().join("gate");
    assert!(std::process::Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let mut live = play(&place);
    place.file("plugins/ping/src/lib.rs", "// two");
    live.expect("building `ping`");
    place.file("plugins/ping/src/lib.rs", "// three");
    fs::write(&gate, "go\n").unwrap();
    live.expect("built `ping` in");
    live.expect("building `ping`");
    fs::write(&gate, "go\n").unwrap();
    live.expect("built `ping` in");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
    assert_eq!(fs::read_to_string(place.path().join("begun")).unwrap(), "begun\nbegun\n");
}

#[test]
fn the_demo_is_executable_and_explains_itself() {
    let demo = workspace().join("scripts/demo");
    let help = std::process::Command::new(demo).arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("Usage: scripts/demo"));
}

#[test]
fn a_build_does_not_get_the_bots_token() {
    let place = place("env > environment; echo 'error: enough' >&2; exit 101\n");
    let mut command = gearshift(&place);
    let mut live = Live::spawn(command.arg("play").env("DISCORD_TOKEN", "not-for-build-scripts"));
    live.expect("cogs are rebuilt when their sources in");
    place.file("plugins/ping/src/lib.rs", "// two");
    live.expect("failed to build `ping`");
    let environment = fs::read_to_string(place.path().join("environment")).unwrap();
    assert!(environment.contains("CARGO_TERM_COLOR"), "{environment}");
    assert!(!environment.contains("not-for-build-scripts"), "{environment}");
    assert_eq!(live.end().0, 0);
}
