//! `gearshift upgrade`: another program continues in the host's process, with its session; with an unsuitable program,
//! the host stays as it is.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    program::{Ended, Live, PROGRAM, Place, gearshift_in, run as once},
    resuming::{Talker, assert_counted, ended, started},
    running::{ask, discord, discord_away},
};

const READY: &str = "ready; the control socket is";

fn upgrade(place: &Place, more: &[&str]) -> Ended {
    once(place, &[&["upgrade"], more].concat())
}

/// A copy of the program, installed as a careful deployer does: written to a temporary name, then renamed into place.
fn deploy(place: &Place, name: &str) -> PathBuf {
    let (aside, file) = (place.path().join("aside"), place.path().join(name));
    fs::copy(PROGRAM, &aside).unwrap();
    fs::rename(&aside, &file).unwrap();
    file
}

/// A program that is not Gearshift.
fn script(place: &Place, name: &str, text: &str) -> String {
    let file = place.file(name, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

/// What the system reports about the process, as text.
fn of_process(live: &Live, what: &str) -> String {
    let path = Path::new("/proc").join(live.id().to_string()).join(what);
    match fs::read_link(&path) {
        Ok(to) => to.to_str().unwrap().to_owned(),
        Err(_) => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
    }
}

/// What a program inherits from the previous one in its process.
fn inherited(live: &Live) -> Vec<String> {
    let status = of_process(live, "status");
    let signals = status.lines().filter(|line| line.starts_with("SigIgn:") || line.starts_with("SigBlk:"));
    let mut all: Vec<String> = signals.map(str::to_owned).collect();
    all.extend(["cmdline", "environ", "cwd"].map(|what| of_process(live, what)));
    all
}

#[test]
fn an_upgrade_loses_no_message_and_keeps_process_session_and_states() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord_away(&place, "[store]\n");
    let sim = Arc::new(sim);
    // Behind a link, as for several installed versions.
    let (first, link) = (deploy(&place, "first"), place.path().join("gearshift"));
    symlink(&first, &link).unwrap();
    let mut live = Live::spawn(gearshift_in(&place, &link).arg("run").env("DISCORD_TOKEN", sim.token()));
    live.expect(READY);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    let (sessions, before) = (sim.gateway().sessions(), inherited(&live));
    let talker = Talker::start(&runtime, &sim, "!count");
    assert_eq!(of_process(&live, "exe"), first.to_str().unwrap());
    let second = deploy(&place, "second");
    symlink(&second, place.path().join("aside")).unwrap();
    fs::rename(place.path().join("aside"), &link).unwrap();
    let upgraded = upgrade(&place, &[]);
    assert_eq!(upgraded.code, 0, "{}", upgraded.err);
    let version = env!("CARGO_PKG_VERSION");
    let shown = format!("upgraded from {version} to {version} in ");
    assert!(upgraded.out.starts_with(&shown), "{}", upgraded.out);
    assert!(upgraded.out.ends_with(", with 1 cog; the session was resumed\n"), "{}", upgraded.out);
    live.expect(&format!("upgrading to gearshift {version}"));
    live.expect("resumed shard=0");
    assert_eq!(of_process(&live, "exe"), second.to_str().unwrap());
    assert_eq!(inherited(&live), before);
    // Another file gets the path of the running one.
    deploy(&place, "second");
    assert!(of_process(&live, "exe").ends_with(" (deleted)"));
    let upgraded = upgrade(&place, &[]);
    assert_eq!(upgraded.code, 0, "{}", upgraded.err);
    live.expect("resumed shard=0");
    assert_eq!(of_process(&live, "exe"), second.to_str().unwrap());
    // And a program that is given by its path.
    let other = deploy(&place, "other");
    let upgraded = upgrade(&place, &[other.to_str().unwrap(), "--json"]);
    assert_eq!(upgraded.code, 0, "{}", upgraded.err);
    let shown: serde_json::Value = serde_json::from_str(&upgraded.out).unwrap();
    assert_eq!((&shown["process"], &shown["is_resumed"]), (&live.id().into(), &true.into()), "{shown}");
    assert_eq!(of_process(&live, "exe"), other.to_str().unwrap());
    let answers = talker.answers(&runtime, &sim);
    assert_counted(&answers, 1);
    assert_eq!(sim.gateway().sessions(), sessions, "no session was started");
    ended(live);
}

#[test]
fn a_program_that_will_not_do_leaves_the_host_as_it_is() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord(&place, "[store]\n");
    let mut live = started(&place, &sim);
    let sessions = sim.gateway().sessions();
    let version = "--version) echo gearshift 9.9.9 ;;";
    let older = format!("case $1 in {version} run) echo 'error: unexpected argument' >&2; exit 2 ;; esac");
    let stranger = format!("case $1 in {version} inspect) echo 'it speaks ABI 9.0'; exit 1 ;; esac");
    for (file, why) in [
        (place.path().join("nowhere").to_str().unwrap().to_owned(), "No such file"),
        (place.path().to_str().unwrap().to_owned(), "is not a program"),
        (place.file("text", "not a program"), "cannot be executed"),
        (script(&place, "silent", "exit 0"), "is not Gearshift"),
        (script(&place, "crashing", "kill -SEGV $$"), "was ended by signal 11"),
        (
            script(&place, "older", &older),
            "run --dry-run` failed (exit status: 2): error: unexpected argument",
        ),
        (script(&place, "stranger", &stranger), " inspect` failed (exit status: 1): it speaks ABI 9.0"),
    ] {
        let refused = upgrade(&place, &[&file]);
        assert_eq!(refused.code, 1, "{file}: {}", refused.out);
        let error = refused.err.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(error.starts_with("error: not upgraded, and the host goes on: "), "{error}");
        assert!(error.contains(why) && error.contains(&file), "{why}: {error}");
        live.expect("not upgraded, and the host goes on: ");
    }
    // A config that the new program could not start with is refused as well.
    let config = fs::read_to_string(place.path().join("gearshift.toml")).unwrap();
    place.file("gearshift.toml", &format!("{config}[limits]\nlane_queu = 3\n"));
    let refused = upgrade(&place, &[]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("unknown key `limits.lane_queu`"), "{}", refused.err);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    assert_eq!(sim.gateway().sessions(), sessions, "it stayed connected");
    ended(live);
}

#[test]
fn a_program_that_the_system_does_not_execute_in_the_end_leaves_the_one_before() {
    let place = Place::with(&["counter"]);
    let (runtime, sim) = discord(&place, "[store]\n");
    let sim = Arc::new(sim);
    let live = started(&place, &sim);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    let sessions = sim.gateway().sessions();
    let talker = Talker::start(&runtime, &sim, "!count");
    // It removes its own execute permission at the last check.
    let text = "case $1 in --version) echo gearshift 9.9.9 ;; inspect) chmod a-x \"$0\" ;; esac";
    let failed = upgrade(&place, &[&script(&place, "new", text)]);
    assert_eq!(failed.code, 1, "{}", failed.out);
    let why = "error: failed to upgrade, and the host goes on as the program it had: `";
    assert!(failed.err.starts_with(why) && failed.err.contains("Permission denied"), "{}", failed.err);
    let answers = talker.answers(&runtime, &sim);
    assert_counted(&answers, 1);
    assert_eq!(sim.gateway().sessions(), sessions, "no session was started");
    // Signals are handled as before.
    ended(live);
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored_over_an_upgrade() {
    let place = Place::with(&["ping"]);
    let (runtime, sim) = discord(&place, "");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(PROGRAM).arg("run");
    shell.current_dir(place.path()).env("XDG_RUNTIME_DIR", place.path().join("runtime"));
    let mut live = Live::spawn(shell.env("DISCORD_TOKEN", sim.token()));
    live.expect(READY);
    let (sessions, before) = (sim.gateway().sessions(), inherited(&live));
    // The session also survives an upgrade without a store.
    for _ in 0..2 {
        let upgraded = upgrade(&place, &[]);
        assert_eq!(upgraded.code, 0, "{}", upgraded.err);
        assert!(upgraded.out.ends_with(", with 1 cog; the session was resumed\n"), "{}", upgraded.out);
    }
    assert_eq!(sim.gateway().sessions(), sessions, "no session was started");
    let after = inherited(&live);
    assert_eq!(after[..3], before[..3]);
    live.signal(1);
    assert_eq!(ask(&runtime, &sim, "!ping hi").content, "pong hi");
    ended(live);
}

#[test]
fn a_host_that_is_asked_to_end_while_it_closes_for_an_upgrade_ends() {
    let place = Place::with(&["faulty"]);
    let (runtime, sim) = discord(&place, "[store]\n");
    let mut live = started(&place, &sim);
    assert_eq!(ask(&runtime, &sim, "!faulty block 2000").content, "blocking");
    let client = Live::start(&place, &["upgrade"]);
    live.expect("upgrading to gearshift");
    live.signal(15);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    let begun = lines.iter().filter(|line| line.contains(READY)).count();
    assert_eq!(begun, 1, "no other program has begun: {lines:#?}");
    drop(client);
    ended(started(&place, &sim));
}

#[test]
fn only_the_host_of_run_can_be_upgraded() {
    let place = Place::with(&["ping"]);
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let refused = upgrade(&place, &["--socket", "c.sock"]);
    assert_eq!(refused.code, 1);
    let why = "error: only the host of `gearshift run` can be upgraded";
    assert!(refused.err.starts_with(why), "{}", refused.err);
    live.say("!ping hi");
    live.expect("pong hi");
    assert_eq!(live.end().0, 0);
    assert_eq!(upgrade(&place, &["--socket", "c.sock"]).code, 69);
}
