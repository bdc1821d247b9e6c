//! `gearshift cogs`: another process talks to the running host.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::Shutdown,
    os::unix::{fs::PermissionsExt, net::UnixStream},
};

use crate::{
    libraries::library,
    program::{Live, Place, run},
};

#[test]
fn cogs_are_listed_unloaded_loaded_and_reloaded_by_name() {
    let place = Place::with(&["ping", "counter"]);
    let mut live = Live::play(&place, &[]);
    live.say("!count");
    live.expect("1 for you");

    let listed = run(&place, &["cogs", "list"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("counter#1") && listed.out.contains("ping#1"), "{}", listed.out);

    let reloaded = run(&place, &["cogs", "reload", "counter", "ping"]);
    assert_eq!(reloaded.code, 0, "{}", reloaded.err);
    assert!(reloaded.out.contains("`counter#1` was replaced by `counter#2`"), "{}", reloaded.out);
    assert!(reloaded.out.contains("`ping#1` was replaced by `ping#2`"), "{}", reloaded.out);
    live.say("!count");
    live.expect("2 for you");

    assert!(run(&place, &["cogs", "unload", "ping"]).out.contains("`ping#2` was unloaded"));
    assert!(run(&place, &["cogs", "load", "ping"]).out.contains("`ping#3` was loaded"));
    live.say("!ping back");
    live.expect("bot (reply): pong back");
    live.say(":quit");
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_answer_to_a_reload_is_the_whole_report() {
    let place = Place::with(&["counter"]);
    let live = Live::play(&place, &[]);
    let reloaded = run(&place, &["cogs", "reload", "counter", "--json"]);
    assert_eq!(reloaded.code, 0, "{}", reloaded.err);
    let report: serde_json::Value = serde_json::from_str(&reloaded.out).unwrap();
    assert_eq!((report["from"].as_u64(), report["to"].as_u64()), (Some(1), Some(2)));
    let phases: Vec<&str> =
        report["phases"].as_array().unwrap().iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    for phase in ["prepare", "open", "setup", "pause", "save", "restore", "serve"] {
        assert!(phases.contains(&phase), "{phase} is not in {phases:?}");
    }
    assert!(report["retirement"].is_object(), "{report}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn what_came_of_an_operation_is_logged_as_of_its_generation() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[log]\nformat = \"json\"\n");
    let mut live = Live::start(&place, &["run"]);
    for (verb, generation, message) in [
        ("", 1, "`ping#1` was loaded (0.1.0) in "),
        ("reload", 2, "`ping#1` was replaced by `ping#2` in "),
        ("unload", 2, "`ping#2` was unloaded in "),
        ("load", 3, "`ping#3` was loaded (0.1.0) in "),
    ] {
        if !verb.is_empty() {
            assert_eq!(run(&place, &["cogs", verb, "ping"]).code, 0);
        }
        let line: serde_json::Value = serde_json::from_str(&live.expect(message)).unwrap();
        assert_eq!((&line["cog"], &line["generation"]), (&"ping".into(), &generation.into()), "{line}");
        assert_eq!(line["level"], "INFO");
        if generation == 1 {
            live.expect("ready; the control socket is");
        }
    }
    live.signal(15);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_refusal_is_an_error_with_help_and_exit_code_1() {
    let place = Place::with(&["ping"]);
    let live = Live::play(&place, &[]);
    let refused = run(&place, &["cogs", "reload", "pong", "ping"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("error: no library in"), "{}", refused.err);
    assert!(refused.err.contains("help: "), "{}", refused.err);
    assert!(
        refused.out.contains("`ping#1` was replaced by `ping#2`"),
        "the others are still done: {}",
        refused.out
    );
    let refused = run(&place, &["cogs", "unload", "pong", "--json"]);
    assert_eq!(refused.code, 1);
    let answer: serde_json::Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(answer["error"], "no cog `pong` is loaded");
    assert_eq!(live.end().0, 0);
}

#[test]
fn with_json_each_answer_is_a_line_as_the_help_says() {
    let place = Place::with(&["ping", "counter"]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\n[discord]\n");
    let mut live = Live::start(&place, &["play"]);
    live.expect("ready; the control socket is");
    assert_eq!(run(&place, &["cogs", "unload", "counter"]).code, 0);
    for (command, answers, is_list) in [
        (&["cogs", "list"][..], 1, false),
        (&["cogs", "info", "ping", "counter"], 2, false),
        (&["cogs", "reload", "ping", "counter"], 2, false),
        (&["status"], 1, false),
        (&["commands", "list"], 1, true),
        (&["commands", "diff"], 1, true),
        (&["state", "list"], 1, true),
    ] {
        let said = run(&place, &[command, &["--json"]].concat());
        let lines: Vec<serde_json::Value> =
            said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((said.code, lines.len()), (0, answers), "{command:?}: {}", said.out);
        for line in &lines {
            assert_eq!((line.is_array(), line.is_object()), (is_list, !is_list), "{command:?}: {line}");
            assert!(line.as_array().into_iter().flatten().all(serde_json::Value::is_object), "{line}");
        }
        let help = run(&place, &[&command[..2.min(command.len())], &["--help"]].concat()).out;
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("each answer as a line of its own: an object, or an array of"), "{help}");
    }
    let listed = run(&place, &["cogs", "list", "--json"]).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["cogs"].as_array().unwrap().len(), 2, "the cogs are below `cogs`");
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_list_says_once_what_is_wrong_and_since_when() {
    let place = Place::with(&["faulty"]);
    place.file("cogs/libnotes.so", "not a library at all");
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let list = || run(&place, &["cogs", "list", "--socket", "c.sock"]).out;
    live.say("!faulty error");
    live.expect("a handler failed");
    let listed = list();
    let line = listed.lines().find(|line| line.starts_with("faulty: last fault ")).expect(&listed);
    assert!(line.contains("s ago: command !faulty: "), "{line}");
    assert_eq!(listed.matches("libnotes.so").count(), 1, "{listed}");
    assert_eq!(run(&place, &["cogs", "reload", "faulty", "--socket", "c.sock"]).code, 0);
    let listed = list();
    assert!(!listed.contains("last fault"), "{listed}");
    // Like the handled items, they are counted over all generations.
    let row = |number: usize| -> Vec<&str> {
        listed.lines().nth(number).expect(&listed).split("  ").filter(|cell| !cell.is_empty()).collect()
    };
    let of = |name: &str| row(1)[row(0).iter().position(|cell| cell.trim() == name).expect(name)].trim();
    assert!(of("HANDLED") != "0" && of("FAULTS") == "1", "{listed}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_name_that_no_cog_has_is_answered_with_those_that_are_there() {
    let place = Place::with(&["ping", "counter"]);
    let live = Live::play(&place, &["--socket", "c.sock"]);
    assert_eq!(run(&place, &["cogs", "unload", "counter", "--socket", "c.sock"]).code, 0);
    for verb in ["load", "reload", "unload", "info"] {
        let refused = run(&place, &["cogs", verb, "pong", "--socket", "c.sock"]);
        assert_eq!(refused.code, 1, "{verb}");
        let help = refused.err.lines().find(|line| line.starts_with("help: ")).expect(&refused.err);
        assert!(help.contains("ping"), "{verb}: {help}");
        // A cog that is not loaded can be loaded, but not unloaded.
        assert_eq!(help.contains("counter"), verb != "unload", "{verb}: {help}");
    }
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_file_of_any_name_is_listed_with_its_reason_and_a_cog_with_two_files_is_named_once() {
    let place = Place::with(&["ping"]);
    fs::copy(library("ping"), place.path().join("cogs/libsame.so")).unwrap();
    place.file("cogs/libodd\n.so", "not a library at all");
    let live = Live::play(&place, &["--socket", "c.sock"]);
    let listed = run(&place, &["cogs", "list", "--socket", "c.sock"]).out;
    let line = listed.lines().find(|line| line.contains(r"libodd\n.so")).expect(&listed);
    assert!(line.contains("its name is not UTF-8, or has control characters"), "{listed}");
    let refused = run(&place, &["cogs", "load", "pong", "--socket", "c.sock"]);
    assert!(refused.err.contains("\nhelp: the folder has: ping; "), "{}", refused.err);
    assert_eq!(live.end().0, 0);
}

#[test]
fn what_is_named_as_a_library_and_is_none_is_refused_with_its_reason() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let place = Place::with(&["ping"]);
    let cogs = place.path().join("cogs");
    let ping = library("ping");
    let pipe =
        |name: &str| rustix::fs::mkfifoat(rustix::fs::CWD, cogs.join(name), rustix::fs::Mode::RWXU).unwrap();
    pipe("libpipe.so");
    fs::create_dir(cogs.join("libfolder.so")).unwrap();
    fs::copy(&ping, cogs.join(OsStr::from_bytes(b"libname\xff.so"))).unwrap();
    fs::copy(&ping, cogs.join("libtwo\nlines.so")).unwrap();
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n");
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let why = |file: &str| {
        let listed = run(&place, &["cogs", "list", "--json", "--socket", "c.sock"]).out;
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed["cogs"][0]["stage"], "serving");
        let refused = listed["refused"].as_array().unwrap().iter();
        let mut of = refused.filter(|it| it["file"].as_str().unwrap().contains(file));
        of.next().map(|it| it["reason"].as_str().unwrap().to_owned())
    };
    for (file, words) in [
        ("libpipe.so", "it is not a regular file"),
        ("libfolder.so", "it is not a regular file"),
        ("libname\u{fffd}.so", "its name is not UTF-8"),
        ("libtwo\nlines.so", "has control characters"),
    ] {
        assert!(why(file).is_some_and(|why| why.contains(words)), "{file}: {:?}", why(file));
    }
    let listed = run(&place, &["cogs", "list", "--socket", "c.sock"]).out;
    assert!(listed.contains("libtwo\\nlines.so"), "{listed}");
    let verified = run(&place, &["verify"]);
    assert!(verified.out.contains("libping.so") && !verified.out.contains("libtwo"), "{verified:?}");
    // The same for a file that appears later, and for one in place of a serving cog, which continues.
    pipe("liblater.so");
    live.expect("liblater.so");
    pipe("aside");
    fs::rename(cogs.join("aside"), cogs.join(ping.file_name().unwrap())).unwrap();
    live.expect("libping.so");
    assert!(why("libping.so").is_some_and(|why| why.contains("it is not a regular file")));
    assert_eq!(live.end().0, 0);
}

#[test]
fn without_a_host_the_exit_code_is_69() {
    let place = Place::with(&[]);
    let ended = run(&place, &["cogs", "list"]);
    assert_eq!((ended.code, ended.err.lines().next()), (69, Some("error: no host of this user is running")));
    let ended = run(&place, &["cogs", "list", "--socket", "nowhere.sock"]);
    assert_eq!(ended.code, 69);
    let said = format!("error: no host answers on `{}`: ", place.path().join("nowhere.sock").display());
    assert!(ended.err.starts_with(&said), "{}", ended.err);
}

#[test]
fn a_second_host_with_the_same_socket_is_refused_and_the_first_keeps_running() {
    let place = Place::with(&["ping"]);
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let second = run(&place, &["play", "--cogs", "cogs", "--socket", "c.sock"]);
    assert_eq!(second.code, 73);
    assert!(second.err.contains("another host (process "), "{}", second.err);
    live.say("!ping hi");
    live.expect("pong hi");
    assert_eq!(run(&place, &["cogs", "list", "--socket", "c.sock"]).code, 0);
    assert_eq!(live.end().0, 0);
}

#[test]
fn the_socket_of_a_killed_host_is_replaced() {
    let place = Place::with(&["ping"]);
    let live = Live::play(&place, &["--socket", "c.sock"]);
    live.signal(9);
    assert_eq!(live.end().0, -9);
    assert!(place.path().join("c.sock").exists());
    let live = Live::play(&place, &["--socket", "c.sock"]);
    assert_eq!(run(&place, &["cogs", "list", "--socket", "c.sock"]).code, 0);
    assert_eq!(live.end().0, 0);
    assert!(!place.path().join("c.sock").exists(), "it goes with the host");
}

#[test]
fn only_the_user_may_use_the_socket_and_nonsense_is_answered() {
    let place = Place::with(&["ping"]);
    place.file("gearshift.toml", "[limits]\nstate_max_bytes = 1024\n");
    let live = Live::play(&place, &["--socket", "c.sock"]);
    let path = place.path().join("c.sock");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let mut stream = UnixStream::connect(&path).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut ask = |line: &str| {
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()
    };
    assert_eq!(ask("{\"do\":\"dance\"}\n")["ok"], false);
    assert_eq!(ask("\u{0}\u{1}\n")["ok"], false);
    assert_eq!(ask("{\"do\":\"list\"}\n")["ok"], true, "the connection is still good");

    let mut endless = UnixStream::connect(&path).unwrap();
    // Room for a name and a verb, and for a state of 1024 bytes.
    let longest = 4096 + 1368;
    endless.write_all(&vec![b'x'; longest]).unwrap();
    let mut answer = String::new();
    endless.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("a line of at most 5464 bytes"), "{answer}");
    let mut half = UnixStream::connect(&path).unwrap();
    half.write_all(b"{\"do\":\"list\"}").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("the request ended before the end of its line"), "{answer}");
    assert_eq!(live.end().0, 0);
}

#[test]
fn clients_that_send_nothing_or_half_a_line_block_no_others() {
    let place = Place::with(&["ping"]);
    let mut live = Live::play(&place, &["--socket", "c.sock"]);
    let path = place.path().join("c.sock");
    let connect = |at: usize| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(if at.is_multiple_of(2) { b"" } else { b"{\"do\"" }).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    };
    // More than are served at once; the others wait for their turn.
    let silent: Vec<UnixStream> = (0..20).map(connect).collect();
    assert_eq!(run(&place, &["status", "--socket", "c.sock"]).code, 0);
    fs::remove_file(&path).unwrap();
    live.expect("had been removed; it was created again");
    assert_eq!(run(&place, &["status", "--socket", "c.sock"]).code, 0);
    // Room was not made by their own timeout, which would end all of them at once.
    let still = |stream: &&UnixStream| {
        let mut stream: &UnixStream = stream;
        stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    assert!(silent.iter().filter(still).count() >= 8);
    assert_eq!(live.end().0, 0);
}

#[test]
fn a_host_is_reached_while_its_config_file_is_broken() {
    let place = Place::with(&["ping"]);
    for control in ["", "[control]\nsocket = \"c.sock\"\n"] {
        place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\n{control}"));
        let mut live = Live::start(&place, &["play"]);
        live.expect("ready; the control socket is");
        for broken in ["[limits]\nlane_queu = 3\n", "[limits\n", "[limits]\nlane_queue = \"many\"\n"] {
            place.file("gearshift.toml", &format!("[cogs]\nfolder = \"cogs\"\n{control}{broken}"));
            let listed = run(&place, &["cogs", "list"]);
            assert_eq!(listed.code, 0, "{broken}: {}", listed.err);
            assert!(listed.out.contains("ping#1"), "{}", listed.out);
            assert!(listed.err.starts_with("warning: asking the host on "), "{}", listed.err);
            assert!(listed.err.contains("gearshift.toml:"), "{}", listed.err);
        }
        assert_eq!(live.end().0, 0);
    }
}
