//! `gearshift inspect` and `gearshift check`: libraries that are inspected, and libraries that are loaded.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use crate::{
    libraries::library,
    program::{Ended, Live, Place, gearshift, run},
};

fn check(place: &Place, plan: &str, arguments: &[&str]) -> Ended {
    let output =
        gearshift(place).arg("check").args(arguments).env("GEARSHIFT_FAULTY", plan).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn inspect_shows_what_a_library_says_and_executes_nothing() {
    let place = Place::with(&[]);
    let ping = library("ping");
    let shown = run(&place, &["inspect", ping.to_str().unwrap()]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("ping 0.1.0") && shown.out.contains("/ping [text]"), "{}", shown.out);
    let shown = run(&place, &["inspect", "--json", ping.to_str().unwrap()]);
    let json: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(json["cog"]["name"], "ping");
}

#[test]
fn inspect_refuses_what_is_no_cog_with_exit_code_1() {
    let place = Place::with(&[]);
    let text = place.file("notes.so", "not a library at all");
    let ping = library("ping");
    let shown = run(&place, &["inspect", &text, ping.to_str().unwrap(), "nowhere.so"]);
    assert_eq!(shown.code, 1);
    assert!(shown.out.contains("ping 0.1.0"), "the others are still shown: {}", shown.out);
    assert!(shown.err.contains("notes.so`: it is not a library of any known format"), "{}", shown.err);
    assert!(
        shown.err.contains("help: a cog is a library, built with `crate-type = [\"cdylib\"]`"),
        "{}",
        shown.err
    );
    assert!(shown.err.contains("cannot inspect `nowhere.so`"), "{}", shown.err);
}

#[test]
fn a_path_that_is_not_utf8_is_shown_as_json_as_well() {
    let place = Place::with(&[]);
    let folder = place.path().join(OsStr::from_bytes(b"name\xff"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(library("ping"), folder.join("libping.so")).unwrap();
    let files = [folder.join("libping.so"), folder.join("nowhere.so")];
    let output = gearshift(&place).args(["inspect", "--json"]).args(&files).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).unwrap();
    let shown: Vec<serde_json::Value> =
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown[0]["cog"]["name"], "ping");
    for (shown, name) in shown.iter().zip(["libping.so", "nowhere.so"]) {
        assert!(shown["file"].as_str().unwrap().ends_with(&format!("name\u{fffd}/{name}")), "{shown}");
    }
    std::fs::write(folder.join("gearshift.toml"), "[cogs]\nfolder = \".\"\n").unwrap();
    let output = gearshift(&place).args(["list", "--json"]).current_dir(&folder).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(listed["file"].as_str().unwrap().ends_with("name\u{fffd}/libping.so"), "{listed}");
    let output = gearshift(&place).args(["install", "/nowhere/ping"]).current_dir(&folder).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(73), "{err}");
    assert!(
        err.contains("cannot install in `") && err.contains("`: its path is not UTF-8; rename it"),
        "{err}"
    );
}

#[test]
fn a_good_cog_passes_every_step_of_a_check() {
    let place = Place::with(&[]);
    let (ping, counter) = (library("ping"), library("counter"));
    let checked = check(&place, "", &[ping.to_str().unwrap(), counter.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    for step in ["prepare", "open", "setup", "save", "retire"] {
        let passed = checked.out.lines().filter(|line| line.trim_start().starts_with(step)).count();
        assert_eq!(passed, 2, "{step}: {}", checked.out);
    }
    assert_eq!(checked.out.matches("\n  ok").count(), 2, "{}", checked.out);
}

#[test]
fn a_cog_that_fails_is_reported_with_its_step() {
    let place = Place::with(&[]);
    let faulty = library("faulty");
    for (plan, words) in [
        ("setup=panic", "FAILED in setup: `faulty` failed: it panicked at "),
        ("setup=error", "FAILED in setup: `faulty` failed: "),
        ("save=panic", "FAILED in save: `faulty` failed: it panicked at "),
        ("teardown=panic", "FAILED in retire: `faulty` failed in `teardown`: it panicked at "),
        (
            "teardown=forge",
            r"FAILED in retire: `faulty` failed in `teardown`: asked to forge\nFORGED a line\r",
        ),
        ("drop=block 20000", "FAILED in retire: its library stays mapped: its thread has not ended"),
    ] {
        let checked = check(&place, plan, &[faulty.to_str().unwrap()]);
        assert_eq!(checked.code, 1, "{plan}");
        assert!(checked.out.contains(words), "{plan}: {}", checked.out);
    }
    let text = place.file("notes.so", "not a library at all");
    let checked = check(&place, "", &[&text, library("ping").to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("FAILED in prepare: "), "{}", checked.out);
    assert!(checked.out.contains("\n  ok"), "the others are still tried: {}", checked.out);
    assert!(checked.err.contains("error: 1 of 2 did not pass"), "{}", checked.err);
}

#[test]
fn a_cog_that_hangs_is_killed_at_the_deadline() {
    let place = Place::with(&[]);
    let faulty = library("faulty");
    for (plan, words) in [
        ("setup=block 600000", "FAILED in setup: it hung"),
        ("save=block 600000", "FAILED in save: it hung"),
        ("teardown=block 600000", "FAILED in retire: it hung"),
        ("setup=error;drop=abort", "FAILED in setup: `faulty` failed: asked to fail in setup"),
    ] {
        let checked = check(&place, plan, &["--timeout", "5", faulty.to_str().unwrap()]);
        assert_eq!(checked.code, 1);
        assert!(checked.out.contains(words), "{plan}: {}", checked.out);
    }
}

#[test]
fn what_a_cog_says_cannot_pass_for_a_line_of_the_program() {
    let place = Place::with(&["faulty", "ping"]);
    let is_forged = |text: &str| {
        text.contains(['\u{1b}', '\r']) || text.lines().any(|line| line.trim_start().starts_with("FORGED"))
    };
    let checked = check(&place, "setup=forge", &[library("faulty").to_str().unwrap()]);
    let text = checked.out + &checked.err;
    assert!(text.contains("asked to forge") && !is_forged(&text), "{text:?}");

    let mut live = Live::spawn(
        gearshift(&place)
            .args(["play", "--cogs", "cogs", "--socket", "c.sock"])
            .env("GEARSHIFT_FAULTY", "setup=forge"),
    );
    live.expect("ready; the control socket is");
    for ask in [&["load", "faulty"][..], &["list"]] {
        let asked = run(&place, &[&["cogs"], ask, &["--socket", "c.sock"]].concat());
        let text = asked.out + &asked.err;
        assert!(text.contains("asked to forge") && !is_forged(&text), "{text:?}");
    }
    live.say("!ping \u{1b}[2Jdone");
    live.expect("pong \\u{1b}[2Jdone");
    let (code, lines) = live.end();
    assert!(code == 0 && !lines.iter().any(|line| is_forged(line)), "{lines:?}");

    let script = place.file("said.txt", "alice> !ping \u{1b}[2J\nbot< something else\n");
    let played = run(&place, &["smoke", "--cogs", "cogs", &script]);
    assert!(played.out.contains("pong \\u{1b}[2J") && !is_forged(&played.out), "{:?}", played.out);
}

#[test]
fn a_cog_that_ends_the_process_is_reported_and_not_the_end_of_the_check() {
    let place = Place::with(&[]);
    // Its file looks intact, but its first instruction is invalid.
    let broken = broken_constructor(&place);
    let checked = check(&place, "", &[&broken, library("ping").to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("FAILED in open: it crashed: "), "{}", checked.out);
    assert!(checked.out.contains("\n  ok"), "{}", checked.out);
}

/// A copy of `ping` whose executable section is filled with invalid instructions.
fn broken_constructor(place: &Place) -> String {
    use object::{Object, ObjectSection};
    let mut bytes = std::fs::read(library("ping")).unwrap();
    let (at, size) = {
        let file = object::File::parse(&*bytes).unwrap();
        file.section_by_name(".text").unwrap().file_range().unwrap()
    };
    let (at, size) = (usize::try_from(at).unwrap(), usize::try_from(size).unwrap());
    // `ud2` on x86-64; zeros are invalid on aarch64.
    let fill: &[u8] = if cfg!(target_arch = "x86_64") { &[0x0f, 0x0b] } else { &[0, 0] };
    for (index, byte) in bytes[at..at + size].iter_mut().enumerate() {
        *byte = fill[index % 2];
    }
    let path = place.path().join("libbroken.so");
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_cog_is_checked_with_what_the_config_sets_for_it() {
    let place = Place::with(&[]);
    let (faulty, ping) = (library("faulty"), library("ping"));
    let (faulty, ping) = (faulty.to_str().unwrap(), ping.to_str().unwrap());
    let set = "[cogs]\n[cog.faulty.settings]\nnumbers = [1, \"x\"]\n[cog.ping.settings]\na = 1\n";
    let config = place.file("set.toml", set);
    let checked = check(&place, "", &["--config", &config, faulty, ping]);
    assert_eq!(checked.code, 1, "{}", checked.out);
    let wrong = ":3: `cog.faulty.settings.numbers[1]`: invalid type: string \"x\", expected u32";
    assert!(checked.out.contains("FAILED in setup: ") && checked.out.contains(wrong), "{}", checked.out);
    let unused = ":4: `cog.ping.settings` is not used: the cog takes no settings";
    assert!(checked.out.contains("warning: ") && checked.out.contains(unused), "{}", checked.out);
    let config = place.file("set.toml", &set.replace("\"x\"", "2"));
    let checked = check(&place, "", &["--config", &config, faulty]);
    assert_eq!(
        (checked.code, &*checked.err),
        (0, ""),
        "no other cog of the config is missed: {}",
        checked.out
    );
}
