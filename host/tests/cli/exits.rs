//! Exit codes and error messages: one line each with its help, no panic, no debug output.

use std::{
    os::unix::net::UnixListener,
    process::{Command, Stdio},
};

use crate::program::{Ended, PROGRAM, Place, gearshift, run};

/// No user should see these.
fn is_plain(ended: &Ended) {
    for word in ["panicked", "RUST_BACKTRACE", "Error {", "Some(", "Err("] {
        assert!(!ended.err.contains(word), "{word} in {}", ended.err);
    }
}

#[test]
fn a_wrong_command_line_is_2() {
    let place = Place::with(&[]);
    for arguments in
        [&["dance"][..], &["run", "--nonsense"], &[], &["cogs", "reload"], &["check", "--timeout", "0", "x"]]
    {
        let ended = run(&place, arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn help_teaches_every_command_and_the_exit_codes() {
    let place = Place::with(&[]);
    let help = run(&place, &["--help"]);
    assert_eq!(help.code, 0);
    for word in ["run", "play", "cogs", "inspect", "check", "smoke", "69   unavailable", "78   configuration"]
    {
        assert!(help.out.contains(word), "{word} is not in {}", help.out);
    }
    assert!(!help.out.contains("try-out"), "that one is for the program itself");
    for command in ["new", "doctor", "run", "play", "cogs", "inspect", "check", "smoke"] {
        let help = run(&place, &[command, "--help"]);
        assert_eq!(help.code, 0);
        assert_eq!(run(&place, &["help", command]).out, help.out);
        assert!(
            help.out.contains("Examples:") && help.out.contains(&format!("gearshift {command} ")),
            "{}",
            help.out
        );
    }
}

#[test]
fn a_wrong_config_exits_with_78_and_names_file_line_and_field() {
    let place = Place::with(&[]);
    let ended = run(&place, &["run"]);
    assert_eq!(ended.code, 78);
    assert!(
        ended.err.starts_with("error: cannot read the config file `gearshift.toml`: No such file"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("\nhelp: create it with"), "{}", ended.err);
    is_plain(&ended);

    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[limits]\nlane_queu = 3\n");
    for command in ["run", "play"] {
        let ended = run(&place, &[command]);
        assert_eq!(ended.code, 78);
        assert!(
            ended
                .err
                .contains("gearshift.toml:4: unknown key `limits.lane_queu`; did you mean `lane_queue`?"),
            "{}",
            ended.err
        );
        is_plain(&ended);
    }
    let ended = run(&place, &["cogs", "list"]);
    assert_eq!(ended.code, 78, "{}", ended.err);

    let ended = run(&place, &["play", "--cogs", "cogs", "--config", "other.toml"]);
    assert_eq!(ended.code, 78, "a config file that is named must be there: {}", ended.err);
}

#[test]
fn a_wrong_log_filter_is_78() {
    let place = Place::with(&[]);
    place.file("gearshift.toml", "[cogs]\n[discord]\n");
    let ended = run(&place, &["run", "--log", "cog=lots"]);
    assert_eq!(ended.code, 78);
    assert!(
        ended.err.starts_with("error: cannot use the log filter `cog=lots` from --log: "),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("\nhelp: "), "{}", ended.err);
}

#[test]
fn no_token_and_what_is_plainly_none_are_78_and_nobody_is_asked() {
    let place = Place::with(&[]);
    let discord = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"http://{}\"\n",
        discord.local_addr().unwrap()
    );
    place.file("gearshift.toml", &config);
    let ended = run(&place, &["run"]);
    assert_eq!(ended.code, 78, "{}", ended.err);
    assert!(ended.err.contains("error: cannot open the discord session: "), "{}", ended.err);
    assert!(ended.err.contains("DISCORD_TOKEN") && ended.err.contains("\nhelp: "), "{}", ended.err);
    is_plain(&ended);
    for token in ["\"MTIz.abc.def\"", "'MTIz.abc.def'", "changeme", "${TOKEN}", "bot MTIz.abc.def", "<token>"]
    {
        let output = gearshift(&place).arg("run").env("DISCORD_TOKEN", token).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{token}: {err}");
        assert!(err.contains("DISCORD_TOKEN") && err.contains("\nhelp: "), "{token}: {err}");
        assert!(!err.contains("MTIz"), "{err}");
    }
    discord.set_nonblocking(true).unwrap();
    assert!(discord.accept().is_err(), "it was asked");
}

#[test]
fn a_session_that_cannot_be_opened_is_69_and_says_what_to_do() {
    let place = Place::with(&[]);
    place.file("gearshift.toml", "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"bad.db\"\n");
    place.file("bad.db", "this is not a database, it only looks like a file of the right name");
    let ended = run(&place, &["play"]);
    assert_eq!(ended.code, 69);
    assert!(ended.err.contains("cannot open the store session"), "{}", ended.err);
    is_plain(&ended);
}

#[test]
fn a_token_is_never_printed() {
    let place = Place::with(&[]);
    // Nothing listens there: it is only bound to find a free port.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v10", silent.local_addr().unwrap());
    drop(silent);
    let config =
        format!("[cogs]\nfolder = \"cogs\"\n[discord]\napi_url = \"{url}\"\nopen_timeout_ms = 500\n");
    place.file("gearshift.toml", &config);
    let token = "MTIzNDU2Nzg5MDEyMzQ1Njc4.secret.not-to-be-seen";
    let output = gearshift(&place)
        .args(["run", "--log", "trace"])
        .env("DISCORD_TOKEN", token)
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("secret") && !err.contains("MTIzNDU2"), "{err}");
}

#[test]
fn a_socket_that_cannot_be_made_is_73() {
    let place = Place::with(&[]);
    let precious = place.file("precious.db", "data");
    let ended = run(&place, &["play", "--cogs", "cogs", "--socket", &precious]);
    assert_eq!(ended.code, 73);
    assert!(ended.err.contains("it exists, but is not a socket"), "{}", ended.err);
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "data");
    let ended = run(&place, &["play", "--cogs", "cogs", "--socket", "no/such/folder/c.sock"]);
    assert_eq!(ended.code, 73);
    is_plain(&ended);
    let folder = place.file("a-file", "");
    let ended = run(&place, &["play", "--cogs", &folder]);
    assert_eq!(ended.code, 73, "a cogs folder that is a file: {}", ended.err);
}

#[test]
fn somebody_elses_socket_is_not_taken_for_a_host() {
    let place = Place::with(&[]);
    let path = place.path().join("other.sock");
    let other = UnixListener::bind(&path).unwrap();
    let closing = std::thread::spawn(move || drop(other.accept().unwrap()));
    let ended = run(&place, &["cogs", "list", "--socket", "other.sock"]);
    closing.join().unwrap();
    assert_eq!(ended.code, 69);
    let said = format!("the host on `{}` did not answer: ", path.display());
    assert!(ended.err.contains(&said), "{}", ended.err);
}

#[test]
fn output_that_cannot_be_written_is_74() {
    let place = Place::with(&["ping"]);
    let script = place.file("a.smoke", "alice> !ping hi\nbot< pong hi\n");
    let ping = place.path().join("cogs/libping.so");
    let ping = ping.to_str().unwrap();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["inspect", ping],
        &["check", ping],
        &["smoke", "--cogs", "cogs", &script],
        &["sim"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = gearshift(&place).args(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {err}");
        assert!(err.contains("error: failed to write: No space left on device"), "{err}");
    }
}

#[test]
fn a_file_that_reaches_the_limit_of_its_size_is_74() {
    let place = Place::with(&[]);
    let script = format!("ulimit -f 1; exec {PROGRAM} --help > help.txt");
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(place.path()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{err}");
    assert!(err.starts_with("error: failed to write: File too large"), "{err}");
}

#[test]
fn a_script_that_is_not_utf_8_is_65_and_says_so() {
    let place = Place::with(&["ping"]);
    let path = place.file("a.smoke", "");
    std::fs::write(&path, b"\xff\xfea\0>\0").unwrap();
    let ended = run(&place, &["smoke", "--cogs", "cogs", &path]);
    assert_eq!(ended.code, 65);
    assert!(ended.err.contains("it is UTF-16; save it as UTF-8"), "{}", ended.err);
    std::fs::write(&path, b"\xef\xbb\xbfalice> !ping hi\r\nbot< pong hi\r\n").unwrap();
    let ended = run(&place, &["smoke", "--cogs", "cogs", &path]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
}

#[test]
fn a_socket_path_that_is_too_long_is_named_alike_by_host_and_client() {
    let place = Place::with(&["ping"]);
    let path = format!("{}.sock", "x".repeat(120));
    let host = run(&place, &["play", "--cogs", "cogs", "--socket", &path]);
    let client = run(&place, &["cogs", "list", "--socket", &path]);
    assert_eq!((host.code, client.code), (73, 69));
    assert_eq!(host.err, client.err);
    assert!(host.err.contains("XDG_RUNTIME_DIR") && host.err.contains("`[control] socket`"), "{}", host.err);
}
