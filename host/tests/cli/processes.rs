//! `lane = "process"`: however the host ends, its processes end with it. Only the host reacts to the signals of a
//! service manager, which are sent to all processes of a service.

use std::path::Path;

use serde_json::Value;

use crate::program::{Live, PATIENCE, PROGRAM, Place, environment, run, skipped};

const CONFIG: &str = "[cogs]\nfolder = \"cogs\"\nlane = \"process\"\n[store]\n";

fn playing() -> (Place, Live) {
    let place = Place::with(&["counter", "ping"]);
    place.file("gearshift.toml", CONFIG);
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("1 for you, 1 for everybody");
    (place, live)
}

/// The processes of the cogs.
fn processes(place: &Place) -> Vec<u64> {
    let listed = run(place, &["cogs", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let cogs = listed["cogs"].as_array().unwrap();
    cogs.iter().map(|cog| cog["process"]["id"].as_u64().unwrap_or_else(|| panic!("{cog}"))).collect()
}

/// Waits until none of them exists any more.
fn all_end(processes: &[u64]) {
    let end = std::time::Instant::now() + PATIENCE;
    for process in processes {
        let folder = format!("/proc/{process}");
        while Path::new(&folder).exists() {
            assert!(std::time::Instant::now() < end, "process {process} is left");
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
    }
}

#[test]
fn a_killed_host_leaves_no_process_and_the_next_one_has_what_was_stored() {
    let (place, mut live) = playing();
    let processes = processes(&place);
    assert_eq!(processes.len(), 2);
    live.insist(9);
    all_end(&processes);
    let mut live = Live::play(&place, &[]);
    live.say("!ping");
    live.expect("pong");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn events_for_a_cog_that_crashes_too_often_are_dropped_and_that_is_logged() {
    let place = Place::with(&["faulty"]);
    place.file("gearshift.toml", &format!("{CONFIG}[limits]\nhangs_max = 1\n"));
    let mut live = Live::play(&place, &[]);
    live.say("!faulty crash 4000 abort");
    live.say("!faulty count");
    live.expect("waiting events wait for the next generation");
    live.expect("events that waited for it are dropped: it is not loaded");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_cog_that_crashes_without_a_free_descriptor_restarts_when_there_is_one() {
    let (place, mut live) = playing();
    let [counter, _] = processes(&place)[..] else { panic!("two cogs have processes") };
    live.limit_files(3);
    let killed = std::process::Command::new("kill").args(["-KILL", &counter.to_string()]).status();
    assert!(killed.unwrap().success());
    live.expect("it is brought back in 1 s");
    live.say("!count");
    live.expect("it is brought back in 2 s");
    live.limit_files(1024);
    live.expect("for everybody");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_signal_to_all_processes_ends_them_in_order_and_the_state_is_saved() {
    let (place, live) = playing();
    let processes = processes(&place);
    for process in &processes {
        for signal in ["-TERM", "-INT", "-HUP"] {
            let sent = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
            assert!(sent.unwrap().success());
        }
    }
    live.signal(15);
    assert_eq!(live.end().0, 0);
    all_end(&processes);
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("2 for you, 2 for everybody");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_process_is_shown_with_what_looks_into_it_and_a_cog_on_a_thread_can_be_moved_to_one() {
    let (place, mut live) = playing();
    let attach = |place: &Place| run(place, &["lane", "attach", "ping"]);
    let shown = attach(&place).out;
    assert!(shown.starts_with("ping#1: process ") && shown.contains("\ngdb -p "), "{shown}");
    assert_eq!(run(&place, &["cogs", "reload", "ping", "--lane", "thread"]).code, 0);
    let refused = attach(&place);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("`ping` has no process of its own"), "{}", refused.err);
    assert!(refused.err.contains("gearshift cogs reload ping --lane process"), "{}", refused.err);
    for (cog, error) in [("ping", "`ping` has no process of its own"), ("pong", "no cog `pong` is known")] {
        let refused = run(&place, &["lane", "attach", cog, "--json"]);
        let answer: serde_json::Value = serde_json::from_str(&refused.out).unwrap();
        assert_eq!((refused.code, &answer["error"]), (1, &error.into()), "{}", refused.err);
        assert!(answer["help"].is_string(), "{answer}");
    }
    assert_eq!(run(&place, &["cogs", "reload", "ping", "--lane", "process"]).code, 0);
    let shown = attach(&place).out;
    assert!(shown.starts_with("ping#3: process "), "{shown}");
    live.say("!ping");
    live.expect("pong");
    assert_eq!(run(&place, &["cogs", "unload", "ping"]).code, 0);
    let away = attach(&place);
    assert_eq!(away.code, 1);
    assert!(away.err.contains("`ping` has no process now: it is away (unloaded)"), "{}", away.err);
    assert!(away.err.contains("gearshift cogs load ping"), "{}", away.err);
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_process_of_a_lane_is_not_started_by_hand() {
    let place = Place::with(&[]);
    let ended = run(&place, &["lane-process", "ping#1"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("and not by hand"), "{}", ended.err);
}

#[test]
fn the_log_says_where_a_cog_was_when_it_crashed() {
    for sandbox in [false, true] {
        let place = Place::with(&["intruder"]);
        // A backtrace takes seconds on a busy machine, and an ordered end is not cut short by it.
        let limits = "[limits]\nhangs_max = 9\njoin_timeout_ms = 60000\n";
        place.file(
            "gearshift.toml",
            &format!("{CONFIG}{limits}[cog.intruder]\nmemory_max = \"256 MiB\"\nsandbox = {sandbox}\n"),
        );
        let mut live = Live::play(&place, &[]);
        let serves = |live: &mut Live| {
            live.say("!intruder hello");
            live.expect("hello");
        };
        for (how, signal, function, words) in [
            ("fault", 11, ": fault", ""),
            ("abort", 6, ": attempt", ""),
            ("say-and-fault", 11, ": fault", ": no end of a line"),
            ("elsewhere", 6, "", ""),
            // The C library reports this in its own words, while it holds the lock of its allocator.
            ("free-twice", 6, "free_twice", "free"),
        ] {
            live.say(&format!("!intruder {how}"));
            live.expect(&format!("stack backtrace of signal {signal}:"));
            live.expect(function);
            live.expect("intruder/src/lib.rs:");
            let ended = live.expect(&format!("its process was ended by signal {signal} ("));
            assert!(ended.contains(words), "{ended}");
            serves(&mut live);
        }
        // What it was doing when it ran out of memory, without extra delay.
        live.say("!intruder memory");
        live.expect("stack backtrace of signal 6:");
        live.expect(": attempt");
        let ended = live.expect("its process was ended by signal 6 (");
        assert!(ended.contains("and `memory_max` is 256 MiB"), "{ended}");
        serves(&mut live);
        // Rust reports this in its own words.
        live.say("!intruder overflow");
        live.expect("has overflowed its stack");
        serves(&mut live);
        // It was already asked to end, and nothing is lost with it.
        live.say("!intruder arm");
        live.expect("armed");
        assert_eq!(run(&place, &["cogs", "reload", "intruder"]).code, 0);
        live.expect("it crashed as it ended: its process was ended by signal 6 (SIGABRT)");
        serves(&mut live);
        live.signal(15);
        let (code, lines) = live.end();
        let traces = lines.iter().filter(|line| line.contains("stack backtrace")).count();
        assert_eq!((code, traces), (0, 8), "{}", lines.join("\n"));
    }
}

#[test]
fn a_check_and_a_smoke_test_are_on_the_lane_that_the_config_says() {
    let place = Place::with(&["counter", "intruder"]);
    let script = "needs counter\nneeds intruder\n\nalice> !count\nbot< 1 for you, 1 for everybody\n\nalice> !intruder read /etc/passwd\n";
    for (lane, retired, read) in [
        ("lane = \"thread\"", "bytes unmapped", "done: *"),
        ("lane = \"process\"\n[cog.intruder]\nsandbox = true", "its process has ended", "refused: *"),
    ] {
        place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\n{lane}\n"));
        let checked = run(&place, &["check", "--config", "gearshift.toml", "cogs/libcounter.so"]);
        assert!(checked.code == 0 && checked.out.contains(retired), "{lane}: {}{}", checked.out, checked.err);
        place.file("smoke.txt", &format!("{script}bot< {read}\n"));
        let played = run(&place, &["smoke", "smoke.txt"]);
        assert_eq!(played.code, 0, "{lane}: {}{}", played.out, played.err);
    }
}

#[test]
fn a_signal_of_another_process_is_named_with_its_sender_and_without_a_backtrace() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", &format!("{CONFIG}[limits]\nhangs_max = 9\n"));
    let mut live = Live::play(&place, &[]);
    for (number, name) in
        [(11, "SIGSEGV"), (14, "SIGALRM"), (29, "SIGIO"), (34, "SIGRTMIN"), (64, "SIGRTMAX")]
    {
        let mut kill = std::process::Command::new("kill");
        let process = processes(&place)[0].to_string();
        let mut kill = kill.args([&format!("-{number}"), &process]).spawn().unwrap();
        assert!(kill.wait().unwrap().success());
        let ended = live.expect(&format!("its process was ended by signal {number}"));
        let said = format!(" ({name}): process {} sent it signal {number};", kill.id());
        assert!(ended.contains(&said), "{ended}");
        live.say("!ping");
        live.expect("pong");
    }
    live.signal(15);
    let (code, lines) = live.end();
    assert_eq!(code, 0);
    assert!(!lines.iter().any(|line| line.contains("stack backtrace")), "{}", lines.join("\n"));
}

#[test]
fn the_core_dump_of_a_cog_goes_where_the_host_s_would() {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if !pattern.starts_with(|first: char| first.is_alphanumeric()) {
        return skipped("core dumps: this machine has a place of its own for them");
    }
    let place = Place::with(&["intruder"]);
    place.file("gearshift.toml", CONFIG);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh", PROGRAM, "play"])
        .current_dir(place.path())
        .envs(environment(&place));
    let mut live = Live::spawn(&mut command);
    live.expect("ready; the control socket is");
    live.say("!intruder abort");
    live.expect("its process was ended by signal 6 (SIGABRT)");
    let files = std::fs::read_dir(place.path()).unwrap();
    let names: Vec<String> =
        files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let begin: String = pattern.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    assert!(names.iter().any(|name| name.starts_with(&begin)), "{names:?}");
    live.signal(15);
    assert_eq!(live.end().0, 0);
}
