//! `gearshift restart`: the config is read again, sessions are reopened and cogs loaded, in the same process; if that
//! cannot succeed, the host stays as it is.

use std::{
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
};

use gearshift_sim::Sim;
use tokio::runtime::Runtime;

use crate::{
    program::{Ended, Live, Place, run},
    running::{ask, discord, run as serve},
};

const STORE: &str = "token_file = \"token\"\n[store]\n";

/// A bot with `counter` that has counted once.
fn counted() -> (Place, Runtime, Sim, Live) {
    let place = Place::with(&["counter", "ping"]);
    let (runtime, sim) = discord(&place, STORE);
    place.file("token", sim.token());
    let mut live = Live::start(&place, &["run"]);
    live.expect("ready; the control socket is");
    assert!(ask(&runtime, &sim, "!count").content.starts_with("1 for you"));
    (place, runtime, sim, live)
}

fn config(place: &Place) -> String {
    std::fs::read_to_string(place.path().join("gearshift.toml")).unwrap()
}

fn restart(place: &Place) -> Ended {
    run(place, &["restart"])
}

fn process(place: &Place) -> serde_json::Value {
    let status = run(place, &["status", "--json"]);
    serde_json::from_str::<serde_json::Value>(&status.out).unwrap()["process"].clone()
}

#[test]
fn a_restart_reads_the_config_again_and_keeps_states_in_the_same_process() {
    let (place, runtime, sim, mut live) = counted();
    let before = process(&place);
    place.file("gearshift.toml", &config(&place).replace("[discord]\n", "[discord]\nprefix = \"?\"\n"));
    let restarted = restart(&place);
    assert_eq!(restarted.code, 0, "{}", restarted.err);
    assert!(restarted.out.starts_with("restarted in ") && restarted.out.ends_with(", with 2 cogs\n"));
    live.expect("ready; the control socket is");
    assert!(ask(&runtime, &sim, "?count").content.starts_with("2 for you"));
    assert_eq!((process(&place), before), (live.id().into(), live.id().into()));

    // Once more, and the host has still not released the bot.
    assert_eq!(restart(&place).code, 0);
    let other = Place::with(&[]);
    other.file("gearshift.toml", &config(&place).replace(STORE, ""));
    assert_eq!(serve(&other, sim.token()).end().0, 73);
    assert!(ask(&runtime, &sim, "?count").content.starts_with("3 for you"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_restart_says_where_the_states_are_that_the_config_no_longer_names() {
    let (place, runtime, sim, live) = counted();
    let with = config(&place);
    let without = with.replace("[store]\n", "");
    let elsewhere = with.replace("[store]\n", "[store]\npath = \"other.db\"\n");
    for (text, note) in [
        (&without, "gearshift.db`, which the config no longer names\n"),
        (&with, ", with 2 cogs\n"),
        (&elsewhere, "gearshift.db`, which the config no longer names\n"),
        (&with, "other.db`, which the config no longer names\n"),
    ] {
        place.file("gearshift.toml", text);
        let restarted = restart(&place);
        assert!(restarted.code == 0 && restarted.out.ends_with(note), "{}{}", restarted.out, restarted.err);
    }
    assert!(ask(&runtime, &sim, "!count").content.starts_with("2 for you"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn restarts_leave_no_file_and_no_thread_behind() {
    let (place, runtime, sim, live) = counted();
    let held = || {
        let count = |what: &str| std::fs::read_dir(format!("/proc/{}/{what}", live.id())).unwrap().count();
        (count("fd"), count("task"))
    };
    let restarts = |times: usize| {
        for _ in 0..times {
            assert_eq!(restart(&place).code, 0);
        }
        assert!(ask(&runtime, &sim, "!ping").content.starts_with("pong"));
        held()
    };
    // One file or thread may still be on its way out.
    let (before, after) = (restarts(5), restarts(20));
    assert!(after.0 < before.0 + 5 && after.1 < before.1 + 5, "{before:?} {after:?}");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_config_that_is_wrong_leaves_the_host_as_it_is() {
    let (place, runtime, sim, mut live) = counted();
    let (good, sessions) = (config(&place), sim.gateway().sessions());
    for (wrong, why) in [
        (format!("{good}[limits]\nlane_queu = 3\n"), "unknown key `limits.lane_queu`"),
        (good.replace("\"cogs\"", "\"cgos\""), "cannot use the cogs folder `"),
        (good.replace("\"token\"", "\"other\""), "Discord answered 401"),
        (good.replace("\"token\"", "\"nowhere\""), "cannot read the token file `"),
    ] {
        place.file("other", "MTIzNDU2Nzg5MDEyMzQ1Njc4.another.token-of-somebody-else");
        place.file("gearshift.toml", &wrong);
        let refused = restart(&place);
        assert_eq!(refused.code, 1, "{why}");
        let error = refused.err.lines().find(|line| line.starts_with("error: not restarted")).unwrap();
        assert!(error.starts_with("error: not restarted, and the host goes on: "), "{error}");
        assert!(refused.err.contains(why), "{why}: {}", refused.err);
        live.expect("not restarted, and the host goes on: ");
    }
    assert!(ask(&runtime, &sim, "!count").content.starts_with("2 for you"));
    assert_eq!(sim.gateway().sessions(), sessions, "it stayed connected");
    place.file("gearshift.toml", &good);
    assert_eq!(restart(&place).code, 0);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_that_cannot_open_with_its_new_config_keeps_the_old_one() {
    let (place, runtime, sim, live) = counted();
    // The host has the store's file locked until it has closed, so the error only shows then.
    let store = "[store]\npath = \"nowhere/gearshift.db\"\n";
    place.file("gearshift.toml", &config(&place).replace("[store]\n", store));
    let failed = restart(&place);
    assert_eq!(failed.code, 1, "{}", failed.out);
    let text = "error: failed to restart, and the host goes on with the config it had: cannot open the store session: ";
    assert!(failed.err.starts_with(text), "{}", failed.err);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("2 for you"));
    assert_eq!(process(&place), live.id());
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_control_socket_moves_with_the_config() {
    let (place, runtime, sim, live) = counted();
    let listed = run(&place, &["cogs", "list"]);
    assert_eq!(listed.code, 0);
    let before = std::fs::read_dir(place.path().join("runtime/gearshift")).unwrap();
    let before: Vec<_> = before
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "sock"))
        .collect();
    let [before] = &before[..] else { panic!("{before:?}") };
    place.file("gearshift.toml", &format!("{}[control]\nsocket = \"c.sock\"\n", config(&place)));
    let restarted = run(&place, &["restart", "--socket", before.to_str().unwrap()]);
    assert_eq!(restarted.code, 0, "{}", restarted.err);
    assert!(ask(&runtime, &sim, "!count").content.starts_with("2 for you"));
    assert_eq!(run(&place, &["cogs", "list"]).code, 0);
    assert!(place.path().join("c.sock").exists() && !before.exists());
    // The same socket by another path.
    symlink(".", place.path().join("link")).unwrap();
    place.file("gearshift.toml", &config(&place).replace("\"c.sock\"", "\"link/c.sock\""));
    for _ in 0..2 {
        let restarted = restart(&place);
        assert_eq!(restarted.code, 0, "{}", restarted.err);
    }
    assert!(ask(&runtime, &sim, "!count").content.starts_with("3 for you"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_metrics_move_to_an_address_that_needs_the_same_port() {
    let (place, _runtime, _sim, live) = counted();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let plain = config(&place);
    let restart_at = |address: &str, store: &str| {
        let config = plain.replace("[store]\n", store);
        let metrics = format!("[metrics]\naddress = \"{address}:{port}\"\nexpose = true\n");
        place.file("gearshift.toml", &format!("{config}{metrics}"));
        restart(&place)
    };
    let is_open = |address: &str| TcpStream::connect((address, port)).is_ok();
    assert_eq!(restart_at("127.0.0.1", "[store]\n").code, 0);
    // Another program has the port at another address.
    let other = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let refused = restart_at("0.0.0.0", "[store]\n");
    assert_eq!(refused.code, 1);
    let text = "error: not restarted, and the host goes on: cannot serve metrics at `0.0.0.0:";
    assert!(refused.err.starts_with(text), "{}", refused.err);
    assert!(is_open("127.0.0.1"), "it is where it was");
    drop(other);
    let restarted = restart_at("0.0.0.0", "[store]\n");
    assert_eq!(restarted.code, 0, "{}", restarted.err);
    assert!(is_open("127.0.0.2"));
    // If the host then goes on with the config that it had, the endpoint moves back.
    assert_eq!(restart_at("127.0.0.1", "[store]\npath = \"nowhere/gearshift.db\"\n").code, 1);
    assert!(is_open("127.0.0.2"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_signal_right_after_a_restart_ends_in_order() {
    let (place, runtime, sim, live) = counted();
    assert_eq!(restart(&place).code, 0);
    live.signal(1);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    let live = serve(&place, sim.token());
    assert!(ask(&runtime, &sim, "!count").content.starts_with("2 for you"));
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn only_the_host_of_run_can_be_restarted() {
    let place = Place::with(&["ping"]);
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let refused = run(&place, &["restart", "--socket", "c.sock"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.starts_with("error: only the host of `gearshift run` can be restarted"),
        "{}",
        refused.err
    );
    live.say("!ping hi");
    live.expect("pong hi");
    assert_eq!(live.end().0, 0);
    assert_eq!(run(&place, &["restart", "--socket", "c.sock"]).code, 69);
}
