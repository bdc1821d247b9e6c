//! `gearshift install`, `update` and `rollback` on a running bot: it stays connected, and the installed version is the
//! one that serves.

use std::{
    fs::{self, File},
    io::Write,
    sync::Arc,
    time::Duration,
};

use gearshift_sim::SimOptions;
use serde_json::Value;

use crate::{
    installing::{fails, holds, listed, ok, place},
    program::{Live, PATIENCE, Place, run},
    running::{self, discord_with},
    versions::{content, pack, with_manifest},
};

/// What a host reports about a cog.
fn served(place: &Place, cog: &str) -> Value {
    let listed: Value = serde_json::from_str(&ok(place, &["cogs", "list", "--json"]).out).unwrap();
    let mut cogs = listed["cogs"].as_array().unwrap().iter();
    cogs.find(|it| it["name"] == cog).cloned().unwrap_or_default()
}

/// Version and number of the serving generation.
fn serves(place: &Place, cog: &str) -> (String, u64) {
    let cog = served(place, cog);
    (cog["version"].as_str().unwrap_or_default().to_owned(), cog["generation"].as_u64().unwrap_or_default())
}

fn play(place: &Place) -> Live {
    let mut live = Live::start(place, &["play"]);
    live.expect("ready; the control socket is");
    live
}

#[test]
fn a_running_bot_gets_replaces_and_loses_cogs_and_each_is_replaced_once() {
    let place = place(&["1.0.0"]);
    let mut live = play(&place);
    let installed = ok(&place, &["install", "./packages/ping"]);
    assert!(
        installed.out.starts_with("ping: installed 1.0.0: `ping#1` was loaded (1.0.0)"),
        "{}",
        installed.out
    );
    live.say("!ping hi");
    live.expect("pong hi");
    pack(&place, "ping", "1.1.0", |_| {});
    let updated = ok(&place, &["update"]);
    assert!(
        updated.out.starts_with("ping: 1.0.0 → 1.1.0: `ping#1` was replaced by `ping#2`"),
        "{}",
        updated.out
    );
    ok(&place, &["verify"]);
    assert!(holds(&place, "1.1.0"));
    ok(&place, &["rollback", "ping"]);
    assert!(holds(&place, "1.0.0"));
    live.say("!ping again");
    live.expect("pong again");
    ok(&place, &["verify"]);
    // The watcher has seen each file, and has done nothing.
    assert_eq!(serves(&place, "ping"), ("1.0.0".to_owned(), 3));
    let gone = ok(&place, &["uninstall", "ping"]);
    assert!(gone.out.contains("ping: uninstalled 1.0.0: `ping#3` was unloaded"), "{}", gone.out);
    assert_eq!(serves(&place, "ping").1, 0);
    ok(&place, &["install", "./packages/ping"]);
    assert_eq!(serves(&place, "ping"), ("1.1.0".to_owned(), 4));
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_version_that_fails_leaves_what_serves_and_what_is_installed() {
    let place = place(&["1.0.0", "1.1.0"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n");
    pack(&place, "faulty", "1.0.0", |_| {});
    let mut live = play(&place);
    ok(&place, &["install", "./packages/faulty", "./packages/ping:1.0.0"]);
    live.say("!faulty arm setup panic");
    live.expect("bot (reply): ");
    pack(&place, "faulty", "1.1.0", |_| {});
    ok(&place, &["install", "./packages/ping@^1"]);
    let before = content(&place.path().join("gearshift.lock"));
    let refused = fails(&place, &["update"], "error: `faulty` stays 1.0.0: ");
    assert!(
        refused.err.contains("`faulty#2` failed in `setup`; `faulty#1` keeps serving"),
        "{}",
        refused.err
    );
    assert_eq!(serves(&place, "faulty"), ("1.0.0".to_owned(), 1));
    assert!(before == content(&place.path().join("gearshift.lock")), "the lock says what is there");
    ok(&place, &["verify"]);
    // A first installation that fails leaves nothing.
    ok(&place, &["uninstall", "faulty"]);
    fails(&place, &["install", "./packages/faulty"], "error: `faulty` is not installed: ");
    assert!(!place.path().join("cogs/libfaulty.so").exists());
    assert_eq!(listed(&place, "faulty"), Value::Null);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_command_that_one_cog_gives_up_and_another_takes_is_installed_in_the_order_that_serves() {
    let place = place(&["1.0.0"]);
    pack(&place, "counter", "1.0.0", |_| {});
    let live = play(&place);
    ok(&place, &["install", "./packages/ping", "./packages/counter"]);
    let renamed = |name: &'static str| {
        move |manifest: &mut Value| {
            manifest["commands"][0]["name"] = name.into();
            if manifest["commands"][0]["discord"].is_object() {
                manifest["commands"][0]["discord"]["name"] = name.into();
            }
        }
    };
    pack(&place, "ping", "1.1.0", renamed("pang"));
    pack(&place, "counter", "1.1.0", renamed("ping"));
    let updated = ok(&place, &["update"]);
    assert_eq!(updated.err, "");
    assert_eq!((&*serves(&place, "ping").0, &*serves(&place, "counter").0), ("1.1.0", "1.1.0"));
    ok(&place, &["verify"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn file_and_lock_follow_a_host_that_goes_back_by_itself() {
    let place = place(&[]);
    let config = "[cogs]\nfolder = \"cogs\"\n[store]\n[limits]\nprobation_faults = 1\n";
    place.file("gearshift.toml", config);
    pack(&place, "faulty", "1.0.0", |_| {});
    let mut live = play(&place);
    ok(&place, &["install", "./packages/faulty"]);
    pack(&place, "faulty", "1.1.0", |_| {});
    ok(&place, &["update"]);
    live.say("!faulty panic");
    live.expect(
        "libfaulty.so` and `gearshift.lock` are back at `faulty` 1.0.0: the host went back from 1.1.0",
    );
    assert_eq!(serves(&place, "faulty"), ("1.0.0".to_owned(), 3));
    let library = with_manifest("faulty", "1.0.0", |_| {});
    assert!(content(&place.path().join("cogs/libfaulty.so")) == Some(library));
    ok(&place, &["verify"]);
    let stays = ok(&place, &["update"]);
    let why = "1.0.0 stays: the host went back from 1.1.0 by itself, and there is no newer one; `gearshift install ";
    assert!(stays.out.contains(why), "{}", stays.out);
    pack(&place, "faulty", "1.2.0", |_| {});
    ok(&place, &["update"]);
    assert_eq!(serves(&place, "faulty").0, "1.2.0");
    ok(&place, &["verify"]);
    assert_eq!(live.end().0, 0);
}

#[test]
fn two_commands_do_not_change_what_is_installed_at_once() {
    let place = place(&["1.0.0"]);
    ok(&place, &["install", "./packages/ping"]);
    let mut busy = File::create(place.path().join(".gearshift/busy")).unwrap();
    busy.lock().unwrap();
    busy.write_all(b"process 7 (gearshift update)").unwrap();
    for command in [&["update"][..], &["install", "./packages/ping"], &["rollback", "ping"], &["verify"]] {
        let ended = run(&place, command);
        assert_eq!(ended.code, 73, "{command:?}: {}", ended.err);
        assert!(
            ended.err.contains("error: process 7 (gearshift update) is changing what is"),
            "{}",
            ended.err
        );
    }
    ok(&place, &["list"]);
    drop(busy);
    ok(&place, &["verify"]);
}

#[test]
fn a_host_with_another_folder_says_so() {
    let place = place(&["1.0.0"]);
    fs::create_dir(place.path().join("others")).unwrap();
    let mut live = Live::start(&place, &["play", "--cogs", "others"]);
    live.expect("ready; the control socket is");
    fails(&place, &["install", "./packages/ping"], "the host has its cogs in `");
    assert!(!place.path().join("cogs/libping.so").exists());
    assert_eq!(live.end().0, 0);
}

/// The number of updates and rollbacks, with as many messages as the machine can handle, up to 500 a second.
const ROUNDS: usize = 10;

#[test]
fn no_event_is_lost_doubled_or_reordered_by_updates_and_rollbacks() {
    let place = place(&[]);
    for version in ["1.0.0", "1.1.0"] {
        pack(&place, "counter", version, |_| {});
    }
    // It forgets nothing that is checked at the end.
    let options =
        SimOptions { transcript_limit: 1 << 20, history_per_channel: 1 << 20, ..SimOptions::default() };
    let (runtime, sim) = discord_with(options, &place, "");
    ok(&place, &["install", "./packages/counter:1.0.0"]);
    ok(&place, &["install", "./packages/counter@^1"]);
    let mut live = running::run(&place, sim.token());
    live.expect("ready; the control socket is");
    assert!(runtime.block_on(sim.connected(1, PATIENCE)), "the bot did not connect");
    let sim = Arc::new(sim);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let (talker, handle) = (Arc::clone(&sim), runtime.handle().clone());
    let talking = std::thread::spawn(move || {
        let alice = talker.member("alice").unwrap();
        let mut said = Vec::new();
        while stopped.recv_timeout(Duration::from_millis(2)).is_err() {
            said.push(handle.block_on(alice.say("general", "!count")).unwrap());
        }
        said
    });
    for _ in 0..ROUNDS / 2 {
        ok(&place, &["rollback", "counter"]);
        ok(&place, &["install", "./packages/counter@^1"]);
    }
    stop.send(()).unwrap();
    let said = talking.join().unwrap();
    assert!(said.len() > 50, "only {} messages", said.len());
    // The count is the cog's state, which is passed from generation to generation.
    for (before, message) in said.iter().enumerate() {
        let reply = runtime
            .block_on(sim.reply_to(*message, PATIENCE))
            .unwrap_or_else(|| panic!("message {before} of {} is lost", said.len()));
        assert!(reply.content.starts_with(&format!("{} for you", before + 1)), "{}", reply.content);
    }
    let answers = sim.messages("general").unwrap();
    let answers = answers.iter().filter(|message| message.content.contains(" for you")).count();
    assert_eq!(answers, said.len(), "one is doubled");
    assert_eq!(serves(&place, "counter"), ("1.1.0".to_owned(), ROUNDS as u64 + 1));
    ok(&place, &["verify"]);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
