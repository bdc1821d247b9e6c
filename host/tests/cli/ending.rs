//! How a host ends: by signals, including during its start, and with a log that is not read.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    program::{Live, PATIENCE, PROGRAM, Place, gearshift, run},
    running::{ask, discord, run as serve},
};

const HANGUP: i32 = 1;
const QUIT: i32 = 3;
const TERMINATE: i32 = 15;

/// A host with a store, so that states survive it.
fn counting() -> Place {
    let place = Place::with(&["counter"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n");
    place
}

#[test]
fn a_hangup_and_a_quit_save_states_as_a_termination_does() {
    let place = counting();
    for (count, signal) in [(1, HANGUP), (2, QUIT), (3, TERMINATE)] {
        let mut live = Live::play(&place, &[]);
        live.say("!count");
        live.expect(&format!("{count} for you"));
        live.signal(signal);
        let (code, lines) = live.end();
        assert_eq!(code, 0, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains(" closed in ")), "{lines:#?}");
    }
}

#[test]
fn a_host_that_cannot_store_a_state_does_not_exit_with_0() {
    let place = counting();
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n[limits]\nclose_timeout_ms = 2000\n");
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("1 for you");
    fs::remove_file(place.path().join("gearshift.db")).unwrap();
    live.signal(TERMINATE);
    let (code, lines) = live.end();
    assert_eq!(code, 1, "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.contains("the state of `counter` could not be stored")),
        "{lines:#?}"
    );
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let place = Place::with(&["ping"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(PROGRAM).args(["play", "--cogs", "cogs"]);
    shell.current_dir(place.path()).env("XDG_RUNTIME_DIR", place.path().join("runtime"));
    let mut live = Live::spawn(&mut shell);
    live.expect("ready; the control socket is");
    live.signal(HANGUP);
    live.say("!ping still here");
    live.expect("pong still here");
    live.signal(TERMINATE);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    let place = counting();
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("1 for you");
    // As `timeout` does: it signals its child, and the child's group.
    live.signal(TERMINATE);
    live.signal(TERMINATE);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("2 for you");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_signal_is_heeded_while_a_cog_is_set_up() {
    let place = Place::with(&["faulty", "counter"]);
    place.file(
        "gearshift.toml",
        "[cogs]\nfolder = \"cogs\"\n[limits]\nsetup_timeout_ms = 600000\nclose_timeout_ms = 1000\n",
    );
    let mut live = Live::spawn(gearshift(&place).arg("play").env("GEARSHIFT_FAULTY", "setup=hang"));
    live.expect("ready shard=0");
    live.signal(TERMINATE);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(" closed in ")), "{lines:#?}");
}

#[test]
fn a_signal_is_heeded_while_a_session_is_opened() {
    let place = Place::with(&["ping"]);
    // A Discord that accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v10", silent.local_addr().unwrap());
    let config = format!(
        "[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"{url}\"\nopen_timeout_ms = 600000\n[store]\n"
    );
    place.file("gearshift.toml", &config);
    let token = "MTIzNDU2Nzg5MDEyMzQ1Njc4.silent.nobody-answers-this-one-0000000000000";
    let live = Live::spawn(gearshift(&place).arg("run").env("DISCORD_TOKEN", token));
    let _connection = silent.accept().unwrap();
    live.signal(TERMINATE);
    let (code, lines) = live.end();
    assert_eq!(code, 0, "{lines:#?}");
}

#[test]
fn a_log_that_is_not_read_blocks_nothing() {
    let place = Place::with(&["ping", "faulty"]);
    let mut child = gearshift(&place)
        .args(["play", "--cogs", "cogs", "--socket", "c.sock"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut unread = child.stderr.take().unwrap();
    writeln!(input, "{}!ping hi", "!faulty flood 10000 log\n".repeat(4)).unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("pong hi")), "no answer");
    assert_eq!(run(&place, &["cogs", "reload", "ping", "--socket", "c.sock"]).code, 0);
    drop(input);
    let until = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > until => panic!("it does not end"),
            None => std::thread::park_timeout(Duration::from_millis(5)),
        }
    };
    assert_eq!(status.code(), Some(0));
    let mut log = Vec::new();
    unread.read_to_end(&mut log).unwrap();
    assert!(!log.is_empty());
}

#[test]
fn what_a_reader_of_the_log_misses_is_counted() {
    let place = Place::with(&["ping", "faulty"]);
    let mut child = gearshift(&place)
        .args(["play", "--cogs", "cogs"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", "!faulty flood 10000 log\n".repeat(4)).unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let flooded = said.by_ref().filter(|line| line.contains("flooded 10000 times")).take(4);
    assert_eq!(flooded.count(), 4, "the cog was held up");
    let log = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        BufReader::new(log)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("lines of the log were dropped"))
    });
    let found = reader.join().unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    let found = found.expect("a line that says how many are missing");
    let (_, rest) = found.split_once(" WARN  ").unwrap();
    assert!(rest.split(' ').next().unwrap().parse::<u64>().unwrap() > 0, "{found}");
}

#[test]
fn a_removed_runtime_folder_is_created_again() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    // In one step, as the host recreates it as soon as part of it is missing.
    let vanished = place.path().join("vanished");
    fs::rename(place.path().join("runtime"), &vanished).unwrap();
    fs::remove_dir_all(vanished).unwrap();
    live.expect("had been removed; it was created again");
    let reloaded = run(&place, &["cogs", "reload", "ping"]);
    assert_eq!(reloaded.code, 0, "{}", reloaded.err);
    let second = run(&place, &["play"]);
    assert_eq!(second.code, 73);
    assert!(second.err.contains("another host (process "), "{}", second.err);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_closes_the_standard_descriptors_takes_the_log_to_no_other_file() {
    let place = Place::with(&["intruder"]);
    let (runtime, sim) = discord(&place, "");
    let mut live = serve(&place, sim.token());
    live.expect("ready; the control socket is");
    assert_eq!(ask(&runtime, &sim, "!intruder close standard").content, "done: 3 bytes");
    // Each reload opens files, which get the numbers that are free now.
    for number in 1..=3 {
        assert_eq!(run(&place, &["cogs", "reload", "intruder"]).code, 0);
        live.expect(&format!("`intruder#{number}` was replaced by `intruder#{}`", number + 1));
    }
    assert_eq!(ask(&runtime, &sim, "!intruder hello").content, "done: hello");
    live.signal(TERMINATE);
    let (code, lines) = live.end();
    assert!(code == 0 && lines.last().is_some_and(|line| line.contains("closed in")), "{code}: {lines:?}");
}
